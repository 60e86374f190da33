"""Whichever call to AWS fails while an outage is told, held back or cleared away: nothing stays half done."""

from contextlib import contextmanager

import pytest

from chalicelib.core.errors import Unauthorized
from chalicelib.local.house import built
from chalicelib.services import access, announcing, tenancy
from chalicelib.services.keys import KeyWish, create
from chalicelib.services.tenancy import Names
from chalicelib.storage.keys import Lane
from tests.stories.faults import DEAD, DEAD_AFTER, REFUSED, UNANSWERED, on_the_wire
from tests.stories.neighbours import (
    calls_through,
    empty_queues_answer_at_once,
    new_channel,
    new_check,
    receiving,
)
from tests.stories.telling import MINUTE, WINDOWS, asked, incidents, spelled

pytestmark = pytest.mark.usefixtures("quiet")

WAYS = (REFUSED, UNANSWERED, DEAD, DEAD_AFTER)
WRITES = {"announce": 8, "wake": 6, "api": 5}  # of a room in its story below, when all goes well

LATER = {"api": 3}  # writes of the same room that are not spoiled: the ping that ends the outage


@pytest.fixture(scope="module")
def house():
    """Return one house for all of these stories: each has a check of its own."""
    with built() as alices, empty_queues_answer_at_once():
        yield alices


@pytest.fixture(scope="module")
def receiver(house):
    """Return who hears of everything in Alice's project."""
    with receiving(house.clock) as peer:
        new_channel(house, "WEBHOOK", url=peer.url + "/")
        yield peer


def new_window(house, check, minutes):
    """Return the road to a check's window, which is active for so many *minutes*."""
    now = house.clock()
    times = {"startsAt": spelled(now - MINUTE), "endsAt": spelled(now + minutes * MINUTE)}
    made = asked(house, "POST", WINDOWS, title="Work", checkIds=[check.check_id], **times).json()
    return f"{WINDOWS}/{made['id']}"


def made_by(wire, room):
    """Return how many writes a room asked for: who dies while reading might as well not have begun."""
    return sum(call.room == room and call.writes for call in wire.calls)


def outage(house, begin):
    """Live through an outage; whatever fails of it comes again before its end."""
    check = new_check(house, timeout=86400)
    begin()
    check.ping("fail")
    house.advance(minutes=2)
    check.ping()
    house.advance(minutes=2)
    return check


def held_outage(house, begin):
    """Live through an outage that maintenance holds back at first."""
    check = new_check(house, timeout=86400)
    new_window(house, check, minutes=1)
    begin()
    check.ping("fail")
    house.advance(minutes=4)
    check.ping()
    house.advance(seconds=1)
    return check


def outage_of_ended_work(house, begin):
    """Live through an outage whose maintenance is called off, by somebody who asks until it is."""
    check = new_check(house, timeout=86400)
    road = new_window(house, check, minutes=600)
    check.ping("fail")
    house.advance(seconds=10)
    begin()
    for _ in range(3):
        if asked(house, "DELETE", road).status < 500:
            break
    house.advance(minutes=2)
    check.ping()
    house.advance(seconds=1)
    return check


STORIES = {"announce": outage, "wake": held_outage, "api": outage_of_ended_work}


def lived(house, room, nth=0):
    """Live a room's story with its write number *nth* spoiled in one of the ways; return check and wire."""
    with on_the_wire(house) as wire:

        def is_the_nth(call):
            return call.room == room and call.writes and made_by(wire, room) == nth

        def begin():
            wire.calls.clear()
            if nth:
                wire.spoil(WAYS[nth % len(WAYS)], is_the_nth)

        return STORIES[room](house, begin), wire


def reasons(receiver, check):
    """Return why a check's people were called, in the order of arrival."""
    return [heard.story["reason"] for heard in receiver.heard if check.check_id in heard.delivery]


def is_over(house, check):
    """Whether the one incident of a check is resolved, and time alone moves it no more."""
    [incident] = [one for one in incidents(house) if one["checkIds"] == [check.check_id]]
    return incident["status"] == "RESOLVED" and house.tools.incidents.find(incident["id"]).look_at is None


@pytest.mark.parametrize("room", WRITES)
def test_when_all_goes_well(house, receiver, room):
    """The stories that are spoiled below have as many writes as are spoiled (R12, R59, R61)."""
    check, wire = lived(house, room)
    assert made_by(wire, room) - LATER.get(room, 0) == WRITES[room]
    assert reasons(receiver, check) == ["went_down", "recovered"]
    assert is_over(house, check)


@pytest.mark.parametrize(("room", "nth"), [(room, nth + 1) for room in WRITES for nth in range(WRITES[room])])
def test_a_write_may_fail(house, receiver, room, nth):
    """Refused, unanswered or dead at any write of its own, a room leaves one incident, told once and over."""
    check, wire = lived(house, room, nth)
    assert wire.spoiled
    assert reasons(receiver, check) == ["went_down", "recovered"]
    assert is_over(house, check)


@contextmanager
def at_the_first(operation, table, do):
    """Let somebody else *do* something just before the first such call is made."""
    waiting = [do]

    def carry(_, asked_for, arguments, make):
        if asked_for == operation and table in str(arguments) and waiting:
            waiting.pop()()
        return make()

    with calls_through(carry):
        yield
    assert not waiting


def test_what_recovers_while_it_is_released_is_told_whole(house, receiver):
    """Nobody hears of an outage without hearing of its end (R59)."""
    check = new_check(house, timeout=86400)
    new_window(house, check, minutes=1)
    check.ping("fail")
    house.advance(seconds=30)

    def recover():
        check.ping()
        [_, flip] = check.flips
        announcing.announce(house.tools, check.check_id, flip.at, house.clock())

    with at_the_first("PutItem", "wakeful-deliveries", recover):
        house.advance(minutes=1)
    house.advance(minutes=2)
    assert reasons(receiver, check) in (["was_down"], ["went_down", "recovered"])
    assert is_over(house, check)


def test_work_that_is_called_off_as_something_fails_holds_nothing_back(house, receiver):
    """A window that is deleted between being read and the incident does not keep the alarm to its old end."""
    check = new_check(house, timeout=86400)
    road = new_window(house, check, minutes=600)
    with at_the_first("TransactWriteItems", "wakeful-incidents", lambda: asked(house, "DELETE", road)):
        check.ping("fail")
        house.advance(seconds=1)
    house.advance(seconds=10)
    assert reasons(receiver, check) == ["went_down"]


def test_a_deletion_takes_keys_back_though_its_message_is_refused(house):
    """Where the topic does not answer, what opens an organization goes all the same (R40, R66)."""
    tools, now = house.tools, house.clock()
    admin = access.enter(tools, house.foundation.admin_key, Lane.V1, now)
    child = tenancy.create_organization(tools, admin, Names("Child"), now)
    its = access.enter(tools, child.admin_key, Lane.V1, now)
    project = tenancy.create_project(tools, its, Names("Second"), now)
    inside = [create(tools, its, KeyWish("first"), now)]
    inside += [create(tools, access.acting_in(tools, its, project.project_id), KeyWish("second"), now)]
    with on_the_wire(house) as wire, wire.enter("here"):
        wire.spoil(REFUSED, lambda call: call.operation == "Publish")
        tenancy.delete_organization(tools, admin, child.organization.organization_id, now)
    assert wire.spoiled
    for secret in (child.admin_key, *(key.secret for key in inside)):
        with pytest.raises(Unauthorized):
            access.enter(tools, secret, Lane.V1, now)
