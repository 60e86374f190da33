from datetime import timedelta

import pytest

from chalicelib.core.consensus import Answer, Result
from chalicelib.core.maintenance import Window
from chalicelib.core.status import Verdict
from chalicelib.messages import ResultBundle
from chalicelib.services import judging
from haspulse.checking import ask, counting, new, probed, refused, stored

DAY, HOUR, MINUTE = (timedelta(seconds=n) for n in (86_400, 3600, 60))


def stats(person, check, query=""):
    """Return the statistics of a check."""
    reply = person.get(f"/v1/checks/{check['id']}/stats{query}")
    assert reply.status == 200, reply.text
    return reply.json()


@pytest.fixture
def noon(house):
    """Return the noon of a day that nothing has happened on yet; the clock stands there."""
    house.clock.now = (house.clock.now + DAY).replace(hour=12, minute=0)
    return house.clock.now


def test_a_check_without_a_past_has_ninety_days_of_nothing(alice):
    """A day without data is null, and not 0 per cent; so is everything else that nobody knows (R34, R35)."""
    check = new(alice)
    found = stats(alice, check)
    today = alice.house.clock.now
    assert found == {
        "checkId": check["id"],
        "days": [
            {
                "date": f"{today - n * DAY:%Y-%m-%d}",
                "upPercent": None,
                "upMinutes": 0,
                "downMinutes": 0,
                "totalPings": 0,
            }
            for n in reversed(range(90))
        ],
        "uptimePercent": None,
        "durationP50Ms": None,
        "durationP95Ms": None,
        "durationP99Ms": None,
    }


def test_a_heartbeats_days_are_told(alice, anyone, noon):
    """Six hours up, half an hour down, half an hour paused, then new: minutes, pings, and a run (R35)."""
    clock = alice.house.clock
    check = new(alice)
    for later, tail in (
        (0, "/start"),
        (2, ""),
        (6 * 3600, "/fail"),
        (6.5 * 3600, "pause"),
        (7 * 3600, "resume"),
    ):
        clock.now = noon + timedelta(seconds=later)
        if tail in ("pause", "resume"):
            ask(alice, tail, check["id"])
        else:
            anyone.get(f"/ping/{check['id']}{tail}")
    clock.now = noon + DAY
    found = stats(alice, check, "?days=2")
    up = round((6 * HOUR - timedelta(seconds=2)) / MINUTE, 2)
    percent = round(100 * up / (up + 30), 4)
    assert found["days"] == [
        {
            "date": f"{noon:%Y-%m-%d}",
            "upPercent": pytest.approx(percent, abs=0.001),
            "upMinutes": up,
            "downMinutes": 30,
            "totalPings": 3,
        },
        {
            "date": f"{noon + DAY:%Y-%m-%d}",
            "upPercent": None,
            "upMinutes": 0,
            "downMinutes": 0,
            "totalPings": 0,
        },
    ]
    assert found["uptimePercent"] == found["days"][0]["upPercent"]
    assert [found[f"durationP{p}Ms"] for p in (50, 95, 99)] == [2000, 2000, 2000]


def test_a_probed_checks_rounds_are_its_pings(alice, noon):
    """Rounds are counted, and their latencies are the durations, within a seventh of the truth (R35)."""
    check = probed(alice)
    house = alice.house
    for n in range(20):
        house.clock.now = noon + n * 5 * MINUTE
        result = Result("us-east-1", Verdict.UP, 100.0 if n < 18 else 2000.0, 200)
        answer = Answer(
            check["id"], house.clock.now, stored(alice, check).spec.watch.version, ("us-east-1",), (), result
        )
        judging.collect(house.tools, ResultBundle((answer,)), house.clock.now)
    found = stats(alice, check, "?days=1")
    assert (found["days"][0]["totalPings"], found["uptimePercent"]) == (20, 100)
    assert found["durationP50Ms"] == pytest.approx(100, rel=0.15)
    assert found["durationP95Ms"] == found["durationP99Ms"] == pytest.approx(2000, rel=0.15)


def test_maintenance_leaves_the_uptime_alone(alice, anyone, noon):
    """A check that fails inside a window was not down (R59)."""
    house, check = alice.house, new(alice)
    start = noon + HOUR
    window = Window(
        house.tools.new_id(), check["projectId"], "Move", start, start + HOUR, noon, monitors=(check["id"],)
    )
    house.tools.windows.add(window)
    for moment, tail in ((noon, ""), (start, "/fail"), (start + HOUR, "")):
        house.clock.now = moment
        anyone.get(f"/ping/{check['id']}{tail}")
    house.clock.now = start + 2 * HOUR
    [today] = stats(alice, check, "?days=1")["days"]
    assert (today["upPercent"], today["upMinutes"], today["downMinutes"]) == (100, pytest.approx(120), 0)


@pytest.mark.parametrize("days", ["0", "366", "-1", "x", "", "1.5", "9" * 400])
def test_days_are_from_one_to_365(alice, days):
    """400 naming the parameter (R35, R72)."""
    check = new(alice)
    assert refused(alice.get(f"/v1/checks/{check['id']}/stats?days={days}")).startswith("days")


@pytest.mark.parametrize(("make", "queries"), [(new, 5), (probed, 5)])
def test_a_year_is_told_by_few_calls(alice, make, queries):
    """The key's write and a handful of Queries, however many days are asked for (R34)."""
    check = make(alice)
    for days in (1, 365):
        with counting(alice.house) as tally:
            assert len(stats(alice, check, f"?days={days}")["days"]) == days
        assert tally["UpdateItem"] == 1
        assert tally["Query"] <= queries
        assert set(tally) == {"UpdateItem", "Query"}
