from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.badges import sign
from chalicelib.core.links import ACKNOWLEDGE, LIFETIME, TOKEN, Claim, claim_of, expiry, is_genuine, token_of

SECRET = "s" * 32
MORNING = datetime(2026, 3, 2, 8, tzinfo=UTC)
CLAIM = Claim(str(UUID(int=7)), MORNING)

often = settings(max_examples=50, deadline=None)
claims = st.builds(
    Claim,
    st.uuids().map(str),
    st.datetimes(datetime(1970, 1, 1), timezones=st.just(UTC)).map(lambda at: at.replace(microsecond=0)),  # noqa: DTZ001
)


@often
@given(claim=claims)
def test_a_token_says_what_was_signed(claim):
    """Any thing and any second can be signed, in letters that no address has to escape (R213)."""
    token = token_of(claim, ACKNOWLEDGE, SECRET)
    assert TOKEN.fullmatch(token)
    assert claim_of(token) == claim
    assert is_genuine(token, ACKNOWLEDGE, SECRET)


@often
@given(claim=claims, at=st.integers(0, 59), letter=st.characters())
def test_one_letter_changed_is_a_forgery(claim, at, letter):
    """Every letter counts: none can be altered, left out or added, be it one that base64 overlooks (R213)."""
    token = token_of(claim, ACKNOWLEDGE, SECRET)
    altered = token[:at] + letter + token[at + 1 :]
    assert is_genuine(altered, ACKNOWLEDGE, SECRET) == (altered == token)
    assert not is_genuine(token[:at] + letter + token[at:], ACKNOWLEDGE, SECRET)
    assert not is_genuine(token[:at], ACKNOWLEDGE, SECRET)


@often
@given(mine=claims, yours=claims)
def test_a_signature_is_good_for_one_claim(mine, yours):
    """What signs one incident until one moment does not sign another, nor the same for longer (R213)."""
    body = len(token_of(mine, ACKNOWLEDGE, SECRET)) - 32
    for other in (yours, Claim(mine.thing_id, yours.expires), Claim(yours.thing_id, mine.expires)):
        mixed = token_of(other, ACKNOWLEDGE, SECRET)[:body] + token_of(mine, ACKNOWLEDGE, SECRET)[body:]
        assert is_genuine(mixed, ACKNOWLEDGE, SECRET) == (other == mine)


def test_a_token_serves_one_purpose_of_one_project():
    """Neither another purpose, nor another project's secret, nor a badge's signature passes (R213)."""
    assert not is_genuine(token_of(CLAIM, "resolve an incident", SECRET), ACKNOWLEDGE, SECRET)
    assert not is_genuine(token_of(CLAIM, ACKNOWLEDGE, "t" * 32), ACKNOWLEDGE, SECRET)
    body = token_of(CLAIM, ACKNOWLEDGE, SECRET)[:-32]
    assert not is_genuine(body + sign(body, SECRET) * 4, ACKNOWLEDGE, SECRET)
    assert len(ACKNOWLEDGE.split()) > 1  # a tag has no spaces: no badge shows a part of this purpose's key


@often
@given(text=st.text() | st.from_regex(TOKEN, fullmatch=True))
def test_whatever_comes_is_read_or_is_no_token(text):
    """No text breaks the reading, and nothing made up is genuine (R213)."""
    claim = claim_of(text)
    assert claim is None or TOKEN.fullmatch(text)
    assert not is_genuine(text, ACKNOWLEDGE, SECRET)


@often
@given(told=st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_a_link_ends_a_week_after_it_was_told(told):
    """Its end follows from when it was told, to the second, whoever asks and whenever (R213)."""
    assert timedelta() <= told + LIFETIME - expiry(told) < timedelta(seconds=1)
    assert timedelta(days=7) == LIFETIME
    claim = Claim(CLAIM.thing_id, expiry(told))
    assert claim_of(token_of(claim, ACKNOWLEDGE, SECRET)) == claim
