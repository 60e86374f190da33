"""Work that was announced: what fails meanwhile is nobody's alarm, until the work is over."""

from datetime import timedelta

import pytest

from chalicelib.core.spans import Span
from chalicelib.services import history
from tests.stories.neighbours import mails, new_check
from tests.stories.telling import MINUTE, SECOND, WINDOWS, asked, incidents, pass_to, remind, spelled


def new_window(house, minutes, begun=1, **wish):
    """Return the id of a window that began *begun* minutes ago and is over in *minutes*."""
    now = house.clock()
    times = {"startsAt": spelled(now - begun * MINUTE), "endsAt": spelled(now + minutes * MINUTE)}
    return asked(house, "POST", WINDOWS, title="Moving house", **times, **wish).json()["id"]


def uptime(check):
    """Return how much of the time since it was created a check was up, in percent."""
    monitor, now = check.monitor, check.house.clock()
    return history.uptime(check.house.tools, monitor, Span(monitor.spec.created, now), now).percent


@pytest.mark.usefixtures("alices_mail")
def test_what_fails_meanwhile_is_told_when_the_work_is_over(house, receiver):
    """In an active window a check that goes down tells nobody, opens no incident that anybody sees and loses
    no uptime; still down at the window's end, it does all three then, to the second (R59).
    """
    check = new_check(house, name="Backup")
    check.ping()
    house.advance(minutes=1)
    new_window(house, minutes=10, begun=0)
    end = house.clock() + 10 * MINUTE
    house.advance(minutes=9, seconds=59)
    assert check.status == "down"
    assert (receiver.heard, mails(house), incidents(house)) == ([], [], [])
    assert uptime(check) == 100

    house.advance(seconds=2)
    assert receiver.reasons() == ["went_down"]
    assert timedelta() <= receiver.heard[0].at - end <= SECOND
    assert [mail.subject for mail in mails(house)] == ["Down: Backup"]
    [incident] = incidents(house)
    assert (incident["title"], incident["status"]) == ("Backup is down", "INVESTIGATING")
    assert (incident["startedAt"], incident["checkIds"]) == (spelled(end), [check.check_id])

    house.advance(minutes=5)
    assert uptime(check) < 100
    check.ping()
    house.advance(seconds=1)
    assert receiver.reasons() == ["went_down", "recovered"]
    assert incidents(house)[0]["resolvedAt"] == spelled(house.clock() - SECOND)


def test_what_failed_a_moment_before_is_told_afterwards_too(house, receiver):
    """Nobody is told in a window, not even of what broke before it, but was only found out in it (R59)."""
    check = new_check(house)
    new_window(house, minutes=10, begun=-1)
    house.advance(seconds=59)
    check.ping("fail")
    house.sleep(seconds=2)
    house.advance(minutes=8)
    assert (check.status, receiver.heard) == ("down", [])
    house.advance(minutes=2)
    assert receiver.reasons() == ["went_down"]


@pytest.mark.usefixtures("alices_mail")
def test_what_recovers_meanwhile_is_told_to_nobody(house, receiver):
    """Neither that it went down, nor that it came back, then or at the window's end (R59)."""
    check = new_check(house)
    new_window(house, minutes=10)
    check.ping("fail")
    house.advance(minutes=5)
    check.ping()
    house.advance(seconds=30)
    assert check.turns == ["pending to down by fail", "down to up by success"]
    for _ in range(10):
        check.ping()
        house.advance(minutes=1)
    assert (receiver.heard, mails(house), incidents(house)) == ([], [], [])


@pytest.mark.parametrize("how", ["PATCH", "DELETE"])
def test_work_that_ends_early_ends_now(house, receiver, how):
    """Moving an active window's end into the past, or deleting it, tells at once what is down (R60, R61)."""
    check = new_check(house)
    window_id = new_window(house, minutes=60)
    check.ping("fail")
    house.advance(minutes=5)
    assert receiver.heard == []
    ended = house.clock()
    wish = {"endsAt": spelled(ended - 2 * MINUTE)} if how == "PATCH" else {}
    assert asked(house, how, f"{WINDOWS}/{window_id}", **wish).status < 300
    house.advance(seconds=1)
    assert receiver.reasons() == ["went_down"]
    assert receiver.heard[0].at - ended <= SECOND
    assert [incident["startedAt"] for incident in incidents(house)] == [spelled(ended)]
    assert check.status == "down"


def test_work_that_takes_longer_keeps_silent_longer(house, receiver):
    """A window whose end moves away, and one that follows without a gap, hold the news back (R59, R60)."""
    check = new_check(house)
    window_id = new_window(house, minutes=5)
    check.ping("fail")
    house.advance(minutes=4)
    later = house.clock() + 3 * MINUTE
    asked(house, "PATCH", f"{WINDOWS}/{window_id}", endsAt=spelled(later))
    new_window(house, minutes=6, begun=-3)
    house.advance(minutes=5, seconds=59)
    assert (receiver.heard, incidents(house)) == ([], [])
    house.advance(seconds=2)
    assert receiver.reasons() == ["went_down"]
    assert incidents(house)[0]["startedAt"] == spelled(later + 3 * MINUTE)


@pytest.mark.parametrize(
    ("wish", "is_covered"),
    [
        ({}, True),
        ({"tags": ["prod", "web"]}, True),
        ({"tags": ["web"]}, False),
        ({"checkIds": ["other"]}, False),
        ({"checkIds": ["other"], "tags": ["db"]}, True),
        ({"recurrence": "FREQ=DAILY"}, True),
    ],
    ids=str,
)
def test_only_what_is_worked_on_keeps_silent(house, receiver, wish, is_covered):
    """Checks by their ids or their tags, all of them where neither is named, and again each day (R59)."""
    check, other = new_check(house, tags="prod db"), new_check(house)
    if "checkIds" in wish:
        wish = wish | {"checkIds": [other.check_id]}
    days = 1440 if "recurrence" in wish else 0
    new_window(house, minutes=10 - days, begun=days, **wish)
    check.ping("fail")
    house.advance(seconds=1)
    assert (receiver.reasons() == [], incidents(house) == []) == (is_covered, is_covered)


@pytest.mark.parametrize("verb", ["pause", "delete"])
def test_what_is_given_up_meanwhile_is_told_to_nobody(house, receiver, verb):
    """A check that is paused or deleted in the window is no news at its end (R59)."""
    check = new_check(house)
    new_window(house, minutes=5)
    check.ping("fail")
    house.advance(minutes=1)
    assert (check.ask("DELETE") if verb == "delete" else check.ask("POST", verb)).status == 200
    house.advance(minutes=6)
    assert (receiver.heard, incidents(house)) == ([], [])


def test_nobody_is_reminded_while_somebody_works_on_it(house, receiver):
    """A reminder that falls into a window waits for its end (R26, R59)."""
    check = new_check(house)
    remind(check, hours=1)
    check.ping("fail")
    pass_to(house, house.clock() + 50 * MINUTE)
    new_window(house, minutes=20)
    end = house.clock() + 20 * MINUTE
    house.advance(minutes=19, seconds=59)
    assert receiver.reasons() == ["went_down"]
    house.advance(seconds=2)
    assert receiver.reasons() == ["went_down", "still_down"]
    assert receiver.heard[-1].at - end <= SECOND
