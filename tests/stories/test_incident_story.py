"""What breaks becomes an incident: opened by the outage, taken on by people, resolved by its end."""

from datetime import timedelta

import pytest

from chalicelib.messages import FlipNotice, Purge
from chalicelib.services.housekeeping import purge
from tests.stories.neighbours import mails, new_check
from tests.stories.telling import INCIDENTS, MINUTE, SECOND, asked, incidents, pass_to, remind, spelled

HOUR = timedelta(hours=1)


def story(house, incident):
    """Return an incident's timeline: how far it had come, and what was said."""
    told = asked(house, "GET", f"{INCIDENTS}/{incident['id']}").json()["updates"]
    return [f"{line['status']}: {line['message']}" for line in told]


def test_an_outage_is_one_incident_from_its_beginning_to_its_end(house, receiver):
    """A failure opens it, the recovery resolves it, each at its own time (R12, R49, R51)."""
    check = new_check(house, name="Backup")
    check.ping("fail")
    began = house.clock()
    house.advance(seconds=1)
    [opened] = incidents(house)
    assert opened["title"] == "Backup is down"
    assert (opened["autoCreated"], opened["impact"], opened["status"]) == (True, "MAJOR", "INVESTIGATING")
    assert (opened["startedAt"], opened["checkIds"]) == (spelled(began), [check.check_id])
    house.advance(minutes=3)
    check.ping()
    ended = house.clock()
    house.advance(seconds=1)
    [resolved] = incidents(house)
    assert (resolved["id"], resolved["status"]) == (opened["id"], "RESOLVED")
    assert resolved["resolvedAt"] == spelled(ended)
    assert [line.partition(":")[0] for line in story(house, resolved)] == ["INVESTIGATING", "RESOLVED"]
    assert receiver.reasons() == ["went_down", "recovered"]


def test_a_deleted_check_leaves_no_open_incident(house, receiver):
    """Whether its outage went on, or had ended a moment before and nobody was told of that yet."""
    for last in ("fail", ""):
        check = new_check(house)
        check.ping("fail")
        house.advance(seconds=2)
        if not last:
            check.ping()
        assert asked(house, "DELETE", f"/v1/checks/{check.check_id}").status == 204
        purge(house.tools, Purge(check.check_id), house.clock())
        assert {incident["status"] for incident in incidents(house)} == {"RESOLVED"}
    house.advance(seconds=5)
    assert {incident["status"] for incident in incidents(house)} == {"RESOLVED"}
    assert receiver.reasons() == ["went_down", "went_down"]


def test_the_next_outage_is_another_incident(house, receiver):
    """However often a flip is announced, each outage has exactly one (R12, R49)."""
    check = new_check(house)
    for action in ("fail", "", "fail"):
        check.ping(action)
        for flip in check.flips:
            house.tools.queues.flip(FlipNotice.of(flip))
        house.advance(seconds=5)
    assert [incident["status"] for incident in incidents(house)] == ["INVESTIGATING", "RESOLVED"]
    assert receiver.reasons() == ["went_down", "recovered", "went_down"]


@pytest.mark.usefixtures("alices_mail")
def test_people_are_reminded_until_somebody_takes_it_on(house, receiver):
    """Every so many hours, to the second, by every channel; then no more, but the end is told (R26)."""
    check = new_check(house, name="Backup")
    remind(check, hours=6)
    check.ping("fail")
    began = house.clock()
    for hours in (6, 12):
        pass_to(house, began + hours * HOUR - SECOND)
        assert len(receiver.heard) == hours // 6
        house.advance(seconds=2)
    assert receiver.reasons() == ["went_down", "still_down", "still_down"]
    late = [heard.at - began - 6 * n * HOUR for n, heard in enumerate(receiver.heard)]
    assert timedelta() <= min(late)
    assert max(late) <= SECOND
    assert len({heard.delivery for heard in receiver.heard}) == 3
    [incident] = incidents(house)
    assert asked(house, "POST", f"{INCIDENTS}/{incident['id']}/acknowledge").status == 200
    pass_to(house, began + 19 * HOUR + SECOND)
    check.ping()
    house.advance(seconds=1)
    assert receiver.reasons() == ["went_down", "still_down", "still_down", "recovered"]
    first, *reminders, last = [mail.subject for mail in mails(house)]
    assert (first, last) == ("Down: Backup", "Up: Backup (was down 19 h)")
    assert [subject.partition(":")[0] for subject in reminders] == ["Still down"] * 2


@pytest.mark.parametrize("how", ["resolved", "deleted", "no longer wanted"])
def test_nobody_is_reminded_of_what_people_call_over(house, receiver, how):
    """A resolved or deleted incident, or a check that reminds no more; its end is told once (R26, R112)."""
    check = new_check(house)
    remind(check, hours=1)
    check.ping("fail")
    began = house.clock()
    house.advance(minutes=1)
    road = f"{INCIDENTS}/{incidents(house)[0]['id']}"
    if how == "resolved":
        assert asked(house, "PATCH", road, status="RESOLVED").status == 200
    elif how == "deleted":
        assert asked(house, "DELETE", road).status == 204
    else:
        remind(check, hours=None)
    pass_to(house, began + 2 * HOUR)
    check.ping()
    house.advance(seconds=1)
    assert receiver.reasons() == ["went_down", "resolved" if how == "resolved" else "recovered"]


def test_who_wants_it_during_an_outage_is_reminded_from_then_on(house, receiver):
    """The hours count from the change (R26, R30)."""
    check = new_check(house)
    check.ping("fail")
    pass_to(house, house.clock() + 30 * MINUTE)
    remind(check, hours=1)
    pass_to(house, house.clock() + HOUR - SECOND)
    assert receiver.reasons() == ["went_down"]
    house.advance(seconds=2)
    assert receiver.reasons() == ["went_down", "still_down"]


def test_what_people_resolved_stays_so(house, receiver):
    """People hear that it is resolved; the recovery adds nothing to that, and opens nothing (R53, R112)."""
    check = new_check(house)
    check.ping("fail")
    house.advance(minutes=1)
    [incident] = incidents(house)
    resolved = asked(house, "PATCH", f"{INCIDENTS}/{incident['id']}", status="RESOLVED").json()
    house.advance(minutes=1)
    check.ping()
    house.advance(seconds=1)
    assert incidents(house) == [resolved]
    assert receiver.reasons() == ["went_down", "resolved"]


@pytest.mark.parametrize("verb", ["pause", "delete"])
def test_what_is_given_up_is_over(house, receiver, verb):
    """Whoever pauses or deletes a check that is down resolves its incident (R31, R32)."""
    check = new_check(house)
    check.ping("fail")
    house.advance(minutes=1)
    assert receiver.reasons() == ["went_down"]
    assert (check.ask("DELETE") if verb == "delete" else check.ask("POST", verb)).status == 200
    over = house.clock()
    house.advance(seconds=2)
    [incident] = incidents(house)
    assert (incident["status"], incident["resolvedAt"]) == ("RESOLVED", spelled(over))


def test_people_s_own_lines_stand_among_ours(house):
    """The timeline tells everything in its order; the incident follows what people say of it (R53, R55)."""
    check = new_check(house)
    check.ping("fail")
    house.advance(minutes=1)
    road = f"{INCIDENTS}/{incidents(house)[0]['id']}"
    asked(house, "POST", f"{road}/updates", status="IDENTIFIED", message="The disk is full.")
    house.advance(seconds=30)
    asked(house, "PATCH", road, title="A full disk", impact="CRITICAL")
    check.ping()
    house.advance(seconds=1)
    [incident] = incidents(house)
    assert (incident["title"], incident["impact"]) == ("A full disk", "CRITICAL")
    assert [line.partition(":")[0] for line in story(house, incident)] == [
        "INVESTIGATING",
        "IDENTIFIED",
        "RESOLVED",
    ]
