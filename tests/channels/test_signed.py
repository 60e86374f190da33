import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given, settings
from hypothesis.strategies import binary, integers, lists, text

from chalicelib.channels.signed import hexdigest, iso_ms, sign, written

TIMES = integers(0, 2**32).map(lambda second: datetime.fromtimestamp(second, UTC))


@settings(deadline=None)
@given(binary(max_size=50), TIMES, lists(text(min_size=1, max_size=20), min_size=1, max_size=2))
def test_a_signature_is_one_per_secret(body, at, secrets):
    """The time stands first; each secret signs the time, a full stop and the raw body (R125, R211)."""
    first, *digests = sign(body, at, *secrets).split(",")
    signed = f"{int(at.timestamp())}.".encode() + body
    assert first == f"t={int(at.timestamp())}"
    assert digests == [
        "v1=" + hmac.new(secret.encode("utf-8", "replace"), signed, hashlib.sha256).hexdigest()
        for secret in secrets
    ]


def test_a_digest_is_what_everybody_computes():
    """The example that the encyclopaedia gives: lower-case hex (R211)."""
    told = b"The quick brown fox jumps over the lazy dog"
    assert hexdigest(told, "key") == "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"


def test_moments_have_milliseconds_and_z():
    """Moments are in UTC, to the millisecond, rounded down; what there is not is null (R202)."""
    oslo = timezone(timedelta(hours=1))
    assert iso_ms(datetime(2026, 2, 19, 16, 30, 0, 999_999, oslo)) == "2026-02-19T15:30:00.999Z"
    assert iso_ms(None) is None


def test_a_document_is_utf_8_with_moments_as_texts():
    """Letters are sent as they are, half characters cannot break it, and moments become texts."""
    body = written({"name": "Größe \ud800", "at": datetime(2026, 2, 19, tzinfo=UTC)})
    assert "Größe".encode() in body
    assert json.loads(body) == {"name": "Größe ?", "at": "2026-02-19T00:00:00.000Z"}
