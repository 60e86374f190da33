from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.findings import (
    WARNINGS,
    Findings,
    RecordSet,
    Registration,
    Survey,
    Warned,
    compare,
    due_warning,
    host_of,
    is_settled,
    learned,
    next_look,
    title_of,
)
from chalicelib.core.monitors import Spec
from chalicelib.core.targets import DnsTarget, DomainTarget, HttpTarget, TcpTarget, TlsTarget, Watch

NOW = datetime(2026, 2, 15, 5, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def a_spec(target=None):
    """Return the spec of a monitor of *target*; of a heartbeat where there is none."""
    return Spec("m1", "p1", "o1", NOW, "badge", watch=Watch(target) if target else None)


def mx(*values, **more):
    """Return the MX records of shop.example."""
    return RecordSet("MX", "shop.example", values, **more)


def seen(*records, at=NOW):
    """Return a survey that found *records*."""
    return Survey("shop.example", at, records=records)


def registered(expires, at=NOW, **more):
    """Return what is known of shop.example, as it was *at* that time."""
    facts = {"checked": at, "registration": Registration("shop.example", "Names & Co", expires, True)}
    return Findings("m1", "www.shop.example", **(facts | more))


@pytest.mark.parametrize(
    ("target", "host"),
    [
        (HttpTarget("https://user:secret@WWW.Shop.example:8443/cart?x=1"), "www.shop.example"),
        (TcpTarget("db.shop.example.", 5432), "db.shop.example"),
        (TlsTarget("shop.example"), "shop.example"),
        (DnsTarget("_dmarc.shop.example", "TXT"), "_dmarc.shop.example"),
        (DomainTarget(" shop.example "), "shop.example"),
        (DomainTarget("магазин.рф"), "xn--80aairftm.xn--p1ai"),
    ],
)
def test_a_target_has_a_name(target, host):
    """The name comes from wherever a kind of target has it, in lower case and as DNS writes it."""
    assert host_of(a_spec(target)) == host


@pytest.mark.parametrize(
    "target",
    [
        None,
        HttpTarget("http://93.184.216.34/"),
        HttpTarget("http://[2001:db8::1]:80/"),
        HttpTarget("http://[nonsense"),
        HttpTarget("not a URL"),
        TcpTarget("127.1", 80),
        TlsTarget("localhost"),
        DnsTarget("a..example"),
        DomainTarget("shop.example/../x"),
        DomainTarget("x" * 64 + ".example"),
        DomainTarget("й" * 70 + ".рф"),
        DomainTarget(".".join(["abcdefgh"] * 40)),
    ],
)
def test_what_has_no_name_is_not_surveyed(target):
    """A heartbeat has none, nor have addresses, single labels, and what cannot be a name (R176)."""
    assert host_of(a_spec(target)) is None


def test_what_is_seen_first_is_the_baseline():
    """A type's first answer is no change, not even an empty one."""
    survey = seen(mx("10 a"), RecordSet("CAA", "shop.example"))
    baselines, changes = compare({}, survey)
    assert (baselines, changes) == ({found.record_type: found for found in survey.records}, ())


@pytest.mark.parametrize(
    ("before", "after", "change_type"),
    [(("10 a",), ("10 b",), "modified"), ((), ("10 a",), "added"), (("10 a",), (), "removed")],
)
def test_what_differs_is_a_change_and_the_next_baseline(before, after, change_type):
    """One entry tells what was and what is; seen again, that is nothing new (R175)."""
    known, _ = compare({}, seen(mx(*before)))
    baselines, [change] = compare(known, seen(mx(*after), at=NOW + DAY))
    assert (change.at, change.record_type, change.change_type) == (NOW + DAY, "MX", change_type)
    assert (change.previous, change.new) == (before, after)
    assert compare(baselines, seen(mx(*after)))[1] == ()


def test_silence_and_time_to_live_are_no_change():
    """A type that could not be asked for keeps its baseline, and a counted-down TTL is the same record."""
    known, _ = compare({}, seen(mx("10 a", ttl=300)))
    assert compare(known, seen()) == (known, ())
    assert compare(known, seen(mx("10 a", ttl=7))) == (known, ())


def test_another_name_begins_anew():
    """Where the registered domain becomes known later, its records are not those of the host that changed."""
    known, _ = compare({}, seen(RecordSet("MX", "www.shop.example")))
    baselines, changes = compare(known, seen(mx("10 a")))
    assert (baselines["MX"], changes) == (mx("10 a"), ())


def test_validation_is_kept_up_to_date_without_a_change():
    """That DNSSEC vouches for the same records, or no longer, is seen in the baseline."""
    known, _ = compare({}, seen(mx("10 a", dnssec_valid=True)))
    baselines, changes = compare(known, seen(mx("10 a", dnssec_valid=False)))
    assert (baselines["MX"].dnssec_valid, changes) == (False, ())


value_sets = st.lists(st.sampled_from("abc"), unique=True).map(lambda values: tuple(sorted(values)))


@given(st.lists(value_sets, min_size=1))
def test_changes_lead_from_the_first_answer_to_the_last(answers):
    """However often records change, each change begins where the one before it ended."""
    baselines, story = {}, [answers[0]]
    for values in answers:
        baselines, changes = compare(baselines, seen(mx(*values)))
        for change in changes:
            assert change.previous == story[-1] != change.new
            story.append(change.new)
    assert story[-1] == answers[-1] == baselines["MX"].values


def test_the_documents_days_remaining():
    """Whole days, rounded down, from the survey to the end: the document's own example (R174)."""
    assert registered(datetime(2027, 8, 13, tzinfo=UTC)).days_remaining == 543
    assert registered(NOW + DAY - HOUR).days_remaining == 0
    assert registered(NOW - HOUR).days_remaining == -1
    assert registered(None).days_remaining is None


@given(st.lists(st.integers(-40, 20 * 24), unique=True).map(sorted))
def test_each_threshold_is_told_once(hours):
    """Whenever surveys come, people are warned at the threshold that is reached, of none twice."""
    end, known, told = NOW + 20 * DAY, registered(NOW + 20 * DAY), []
    for at in (NOW + hour * HOUR for hour in hours):
        known = replace(known, checked=at)
        warned = due_warning(known)
        left = (end - at) // DAY
        reached = [threshold for threshold in WARNINGS if left <= threshold]
        if warned:
            assert warned.days == reached[-1]
            told.append(warned.days)
            known = replace(known, warned=warned)
        assert not reached or told[-1] == reached[-1]
    assert told == sorted(set(told), reverse=True)


def test_an_end_that_moves_by_hours_is_the_same():
    """Registries round differently: what is told stays told, and stays of the end that was named first."""
    known = registered(NOW + 10 * DAY, warned=Warned(14, NOW + 10 * DAY - HOUR, "shop.example"))
    assert (is_settled(known), due_warning(known)) == (False, None)
    nearer = replace(known, checked=NOW + 4 * DAY)
    assert due_warning(nearer) == Warned(7, NOW + 10 * DAY - HOUR, "shop.example")


@pytest.mark.parametrize("host", ["", "shop.test", "noshop.example"])
def test_a_warning_is_settled_by_renewal_or_by_looking_elsewhere(host):
    """A later end settles it, and so does another host; one in the same domain does not."""
    known = registered(NOW + 10 * DAY, warned=Warned(14, NOW + 10 * DAY, "shop.example"))
    assert not is_settled(known)
    assert not is_settled(replace(known, host="shop.example", registration=None))
    renewed = replace(known.registration, expires=NOW + 375 * DAY)
    assert is_settled(replace(known, registration=renewed))
    assert is_settled(replace(known, host=host, registration=None))


def test_a_silent_registry_changes_nothing():
    """What was known of a registration stays known, and time goes on (R174)."""
    known = learned(registered(NOW + 10 * DAY), seen(at=NOW + DAY), {})
    assert (known.registration.registrar, known.days_remaining) == ("Names & Co", 9)


@pytest.mark.parametrize(
    ("days", "title"),
    [(14, "in 14 days"), (1, "in 1 day"), (0, "today")],
)
def test_the_title_says_how_long(days, title):
    """In words that people use."""
    assert title_of("shop.example", days) == f"shop.example expires {title}"
    assert title_of("shop.example", -1) == "shop.example has expired"


@given(st.integers(-10_000, 10_000))
def test_the_next_look_is_within_a_day(minutes):
    """At the same time of day, however late somebody looked: what was missed is not made up for."""
    at = next_look(NOW, NOW + minutes * timedelta(minutes=1))
    assert (at - NOW) % DAY == timedelta(0)
    late = at - (NOW + max(0, minutes) * timedelta(minutes=1))
    assert timedelta(0) < late <= DAY
