from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest

from chalicelib import aws
from chalicelib.core.monitors import unique_key
from healthchecks.asking import CHECKS
from healthchecks.pinging import YEAR, ping


@pytest.fixture
def check(alice):
    """Return a new check of Alice's, with nothing due while these tests run."""
    return alice.check(timeout=YEAR, grace=YEAR)


def flips(person, check, query=""):
    """Return the flips as they are listed."""
    reply = person.get(f"{CHECKS}{check['uuid']}/flips/{query}")
    assert reply.status == 200, reply.text
    return reply.json()


@pytest.fixture
def story(alice, check):
    """Return a check that came up, fell, and came up again, an hour apart each; and when it did."""
    moments = []
    for tail in ("", "/fail", ""):
        alice.house.clock.now += timedelta(hours=1)
        ping(alice, check, tail)
        moments.append(alice.house.clock.now)
    return check, moments


def unix(moment):
    """Return a moment in whole seconds."""
    return int(moment.timestamp())


def told(moments, ups):
    """Return flips as they are to be listed, the newest first."""
    return [
        {"timestamp": at.isoformat(timespec="seconds"), "up": up} for at, up in zip(moments, ups, strict=True)
    ][::-1]


def test_flips_are_a_bare_array_newest_first(alice, story):
    """Each change of status is told with its moment and where it led (R351)."""
    check, moments = story
    assert flips(alice, check) == told(moments, [1, 0, 1])
    assert [list(flip) for flip in flips(alice, check)] == [["timestamp", "up"]] * 3


def test_no_flips_are_an_empty_array(alice, check):
    """What never changed has nothing to tell (R351)."""
    assert flips(alice, check) == []


def test_pauses_are_no_flips(alice, story):
    """Pausing and resuming say nothing of the thing watched."""
    check, moments = story
    for deed in ("pause", "resume"):
        alice.house.clock.now += timedelta(minutes=1)
        assert alice.post(f"{CHECKS}{check['uuid']}/{deed}").status == 200
    assert flips(alice, check) == told(moments, [1, 0, 1])


def test_silence_is_a_flip_at_the_very_deadline(alice):
    """A check that falls silent went down at its deadline, whenever that was noticed (R351, R376)."""
    check = alice.check(timeout=60, grace=60)
    ping(alice, check)
    deadline = alice.house.clock.now + timedelta(minutes=2)
    alice.house.advance(minutes=5)
    assert flips(alice, check)[0] == told([deadline], [0])[0]


def test_a_reader_finds_flips_by_unique_key(alice, reader, story):
    """The unique key leads to the same flips, with either key; so does the id (R352)."""
    check, moments = story
    by_key = {"uuid": unique_key(check["uuid"])}
    seen = [flips(person, code) for person in (alice, reader) for code in (check, by_key)]
    assert seen == [told(moments, [1, 0, 1])] * 4


def test_a_unique_key_is_known_in_its_own_project_only(bob, story):
    """To another project the unique key means nothing: 404 (R358)."""
    assert bob.get(f"{CHECKS}{unique_key(story[0]['uuid'])}/flips/").status == 404


def test_seconds_look_back(alice, story):
    """`seconds` leaves out what is older (R353)."""
    check, moments = story
    whole = told(moments, [1, 0, 1])
    assert flips(alice, check, "?seconds=1800") == whole[:1]
    assert flips(alice, check, "?seconds=3601") == whole[:2]
    assert flips(alice, check, f"?seconds={YEAR}") == whole
    assert [flips(alice, check, query) for query in ("?seconds=0", "?seconds=")] == [whole] * 2


def test_start_and_end_cut_out_a_span(alice, story):
    """`start` is inclusive, `end` is not, and they combine (R354, R355)."""
    check, moments = story
    whole = told(moments, [1, 0, 1])
    first, second, third = map(unix, moments)
    assert flips(alice, check, f"?start={second}") == whole[:2]
    assert flips(alice, check, f"?start={second + 1}") == whole[:1]
    assert flips(alice, check, f"?end={second}") == whole[2:]
    assert flips(alice, check, f"?end={second + 1}") == whole[1:]
    assert flips(alice, check, f"?start={first + 1}&end={third}") == whole[1:2]
    assert flips(alice, check, f"?start={first}&seconds=1800") == whole[:1]


@contextmanager
def questions(house):
    """Yield a list of what DynamoDB is asked for inside the block."""
    asked = []
    settings = house.tools.settings
    events = aws.client("dynamodb", settings.region, settings.endpoint_url).meta.events

    def note(params, **_):
        asked.append(params["body"])

    events.register("before-call.dynamodb.Query", note)
    try:
        yield asked
    finally:
        events.unregister("before-call.dynamodb.Query", note)


@pytest.mark.parametrize(
    "query", ["?start=2000000000&end=1000000000", "?start=1000&end=1000", "?end=0", "?start=10000000000"]
)
def test_a_span_without_time_in_it_is_empty(alice, story, query):
    """A span that ends before it begins, that is long over or far ahead has no flips (R354, R355).

    DynamoDB would refuse to look for them, so that it is not asked.
    """
    with questions(alice.house) as asked:
        assert flips(alice, story[0], query) == []
    assert not [body for body in asked if b"wakeful-flips" in body]


@pytest.mark.parametrize("name", ["seconds", "start", "end"])
@pytest.mark.parametrize("value", ["abc", "-1", "1.5", "-1x", "+1", "1e3", "%20", "²", "9" * 12, "9" * 5000])
def test_what_is_no_number_is_refused(alice, check, name, value):
    """A filter that is no whole number within reason is 400 (R356)."""
    reply = alice.get(f"{CHECKS}{check['uuid']}/flips/?{name}={value}")
    assert reply.status == 400
    assert name in reply.json()["error"]


@pytest.mark.parametrize(("name", "highest"), [("seconds", YEAR), ("start", 10**10), ("end", 10**10)])
def test_filters_have_a_highest_value(alice, check, name, highest):
    """A year back, and ten thousand million seconds, are as far as one may ask (R356)."""
    target = f"{CHECKS}{check['uuid']}/flips/?{name}="
    assert [alice.get(f"{target}{value}").status for value in (highest, highest + 1)] == [200, 400]


def test_three_months_are_remembered(alice, story):
    """After 93 days every flip is there; after half a year none is, though its row may be (R357)."""
    check, moments = story
    before: datetime = alice.house.clock.now
    try:
        alice.house.clock.now = moments[0] + timedelta(days=93)
        assert len(flips(alice, check)) == 3
        alice.house.clock.now = moments[-1] + timedelta(days=180)
        assert flips(alice, check) == []
        assert flips(alice, check, "?start=0") == []
    finally:
        alice.house.clock.now = before
