"""A service level is missed: told once a period, at the very second when its budget is used up."""

from datetime import timedelta

import pytest

from tests.stories.neighbours import new_check
from tests.stories.telling import INCIDENTS, MINUTE, WINDOWS, asked, incidents, pass_to, spelled

BUDGET = timedelta(minutes=14, seconds=24)  # of a day at 99 percent


@pytest.fixture
def check(house, receiver):
    """Return a check that is to be up 99 percent of each day, told to the receiver."""
    assert receiver
    check = new_check(house, name="Shop", timeout=86_400)
    house.clock.now += MINUTE
    configure(check, sla={"target_pct": 99, "period": "day"})
    return check


def configure(check, **wish):
    """Change how a check is told of."""
    changed = asked(check.house, "PUT", f"/v1/monitors/{check.check_id}/config", **wish)
    assert changed.status == 200, changed.text


def missed(receiver):
    """Return when it was told that a level was missed."""
    told = [heard for heard in receiver.heard if heard.story["reason"] == "sla_missed"]
    return [heard.at.replace(microsecond=0) for heard in told]


def standing(check):
    """Return what the status says of the service level."""
    return asked(check.house, "GET", f"/v1/status/{check.check_id}").json()["sla"]


def test_a_long_outage_misses_it_when_the_budget_is_used_up(house, receiver, check):
    """Not before, and only once that day, however long it lasts (R123)."""
    check.ping("fail")
    began = house.clock().replace(microsecond=0)
    house.advance(minutes=14, seconds=23)
    assert missed(receiver) == []
    assert standing(check)["breached"] is False
    house.advance(minutes=30)
    assert missed(receiver) == [began + BUDGET]
    shown = standing(check)
    assert (shown["breached"], shown["error_budget_seconds"]) == (True, 864)
    assert shown["error_budget_remaining_seconds"] == 0
    [incident] = incidents(house)
    told = asked(house, "GET", f"{INCIDENTS}/{incident['id']}").json()["updates"]
    assert told[-1]["message"] == "The service level of 99.0 % is missed for this day."


def test_an_outage_that_goes_on_misses_the_next_day_as_well(house, receiver, check):
    """Each period has a budget of its own, and its own news (R123)."""
    check.ping("fail")
    began = house.clock().replace(microsecond=0)
    midnight = (began + timedelta(days=1)).replace(hour=0, minute=0, second=0)
    house.advance(minutes=16)
    pass_to(house, midnight + BUDGET + MINUTE)
    assert missed(receiver) == [began + BUDGET, midnight + BUDGET]


def test_short_outages_add_up(house, receiver, check):
    """The second of them uses up what the first left; the third is no news any more (R123)."""
    for _ in range(3):
        check.ping("fail")
        house.advance(minutes=8)
        check.ping()
        house.advance(minutes=1)
    first = house.clock() - 27 * MINUTE
    assert [round((at - first) / MINUTE, 1) for at in missed(receiver)] == [15.4]


def test_maintenance_costs_no_budget(house, receiver, check):
    """What is down under maintenance is not down by any promise (R59, R123, R155)."""
    starts = house.clock() + 5 * MINUTE
    window = {"title": "Disks", "startsAt": spelled(starts), "endsAt": spelled(starts + 20 * MINUTE)}
    assert asked(house, "POST", WINDOWS, **window, checkIds=[check.check_id]).status == 201
    check.ping("fail")
    began = house.clock().replace(microsecond=0)
    house.advance(minutes=40)
    assert missed(receiver) == [began + BUDGET + 20 * MINUTE]


def test_an_outage_told_late_is_counted_all_the_same(house, receiver, check):
    """Its end may be announced before anybody's timer came: the level is looked at then, too (R123)."""
    check.ping("fail")
    house.sleep(minutes=30)
    check.ping()
    house.advance(minutes=1)
    assert len(missed(receiver)) == 1
    assert receiver.reasons()[-1] in ("recovered", "was_down", "sla_missed")
