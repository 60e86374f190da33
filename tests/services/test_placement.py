from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core.configuration import Configuration, difference, document, labels
from chalicelib.core.errors import Conflict
from chalicelib.core.escalation import Rung
from chalicelib.services import channels, maintenance, policies, watching
from chalicelib.services.channels import ChannelWish
from chalicelib.services.configuration import Placement, ahead, is_free, of_project, operator
from chalicelib.services.policies import PolicyWish


@pytest.fixture
def caller(house):
    """Return the operator in Alice's project."""
    return operator(house.tools, house.foundation.project.project_id, house.clock())


@pytest.fixture
def present(house, caller):
    """Return Alice's project: a policy that calls a channel, and a check that follows it."""
    tools, now = house.tools, house.clock()
    wish = ChannelWish("Ops", {"email": "a@example.org"}, "EMAIL")
    ops = channels.add(tools, caller, wish, now).channel_id
    ladder = (Rung(timedelta(minutes=5), (ops,)),)
    policy = policies.add(tools, caller, PolicyWish("On call", ladder), now)
    wish = {"name": "Nightly", "channels": (ops,), "policy_id": policy.policy_id}
    watching.create(tools, caller, wish, now)
    return of_project(tools, caller.project_id)


def changes(before, after):
    """Return what makes one project of another."""
    known = labels(after).over(labels(before))
    return list(difference(document(before, known), document(after, known)))


def sections(made):
    """Return of what sort each change was."""
    return [change.section for change in made]


def placed(house, caller, before, after, **options):
    """Return the changes that were made, in their order."""
    placement = Placement(house.tools, caller, after, house.clock())
    return list(placement.carry_out(changes(before, after), **{"prune": True} | options))


def test_what_is_named_by_others_comes_first_and_goes_last(house, caller, present):
    """So that at no time anything names what is not there; without pruning nothing goes."""
    empty = Configuration()
    assert placed(house, caller, present, empty, prune=False) == []
    assert sections(placed(house, caller, present, empty)) == ["checks", "policies", "channels"]
    house.pump.drain()
    assert sections(placed(house, caller, empty, present)) == ["channels", "policies", "checks"]


def test_what_is_new_is_named_by_the_ids_that_it_got(house, caller, present):
    """A configuration from elsewhere calls its things by ids of elsewhere; a check alone keeps its own."""
    placed(house, caller, present, Configuration())
    house.pump.drain()
    placed(house, caller, Configuration(), present)
    found = of_project(house.tools, caller.project_id)
    [ops], [policy], [check] = found.channels, found.policies, found.checks
    assert ops.channel_id != present.channels[0].channel_id
    assert policy.rungs[0].channels == check.spec.channels == (ops.channel_id,)
    assert check.spec.policy_id == policy.policy_id
    assert check.spec.monitor_id == present.checks[0].spec.monitor_id


def test_what_was_made_before_a_refusal_stays_and_the_rest_follows(house, caller, present):
    """Somebody took the policy's name meanwhile; once that is settled, the same makes what is missing."""
    [policy] = present.policies
    wanted = replace(present, policies=(*present.policies, replace(policy, policy_id="new", name="Second")))
    wanted = replace(wanted, channels=(replace(present.channels[0], name="Desk"),))
    other = policies.add(house.tools, caller, PolicyWish("Second", policy.rungs), house.clock())
    with pytest.raises(Conflict, match="there is an escalation policy of that name"):
        placed(house, caller, present, wanted)
    policies.remove(house.tools, caller, other.policy_id, house.clock())
    again = of_project(house.tools, caller.project_id)
    assert again.channels[0].name == "Desk"
    assert sections(placed(house, caller, again, wanted)) == ["policies"]


def test_an_id_is_free_when_nothing_is_left_of_whom_it_named(house, caller, present):
    """Its pings would be taken for those of the new one, and hide them."""
    monitor_id = present.checks[0].spec.monitor_id
    house.ask("GET", f"/ping/{monitor_id}")
    assert not is_free(house.tools, monitor_id)
    watching.delete(house.tools, caller, monitor_id, house.clock())
    assert not is_free(house.tools, monitor_id)
    house.pump.drain()
    assert is_free(house.tools, monitor_id)


def test_windows_that_are_over_are_history(house, caller):
    """They stay where they are, and are no part of what is moved."""
    now = house.clock()
    for days in (-2, 2):
        starts = now + timedelta(days=days)
        wish = {"title": str(days), "starts": starts, "ends": starts + timedelta(hours=1)}
        maintenance.add(house.tools, caller, wish, now)
    found = of_project(house.tools, caller.project_id)
    assert [window.title for window in found.windows] == ["-2", "2"]
    assert [window.title for window in ahead(found, now).windows] == ["2"]
