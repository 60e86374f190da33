"""Escalation policies come back, are found by their project, and are nobody's twice."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.errors import Conflict, NotFound
from chalicelib.core.escalation import Policy, Rung
from chalicelib.storage.entries import Entry
from tests.storage.examples import HOUR, MINUTE, NOON, few_texts, ids, moments, on_engines, texts

pytestmark = pytest.mark.usefixtures("alice")

rungs = st.builds(Rung, st.integers(0, 600_000).map(lambda n: timedelta(seconds=n)), few_texts)
policies = st.builds(
    Policy,
    ids,
    st.just("alices-project"),
    texts,
    st.lists(rungs, min_size=1, max_size=4).map(tuple),
    moments,
    st.integers(0, 10),
    st.none() | moments,
)


@pytest.fixture
def policy(tools):
    """Return a policy of Alice's, stored."""
    policy = Policy("ladder", "alices-project", "oncall", (Rung(5 * MINUTE, ("pager",)),), NOON)
    tools.policies.add(policy)
    return policy


@on_engines
@given(policy=policies, other=policies)
def test_every_policy_comes_back(tools, policy, other):
    """As it was added, and as it was changed (R99)."""
    tools.policies.add(policy)
    assert tools.policies.find("alices-project", policy.policy_id) == policy
    assert tools.policies.project_of(policy.policy_id) == "alices-project"
    changed = replace(other, policy_id=policy.policy_id)
    tools.policies.save(policy, changed)
    assert tools.policies.find("alices-project", policy.policy_id) == changed


def test_of_two_who_change_it_one_is_told(tools, policy):
    """Nobody's change is lost without a word (R121)."""
    tools.policies.save(policy, replace(policy, name="first", updated=NOON + MINUTE))
    with pytest.raises(Conflict):
        tools.policies.save(policy, replace(policy, name="second", updated=NOON + HOUR))


def test_a_project_lists_its_policies_by_name(tools, policy):
    """Its own alone (R99)."""
    early = replace(policy, policy_id="other", name="day shift")
    tools.policies.add(early)
    assert tools.policies.of_project("alices-project") == [early, policy]
    assert tools.policies.of_project("bobs-project") == []


def test_a_deleted_policy_leaves_nothing(tools, policy):
    """Neither itself nor what led to it; a second time there is none (R99)."""
    before = {(entry.owner, entry.item) for entry in Entry.scan()}
    tools.policies.remove(policy)
    after = {(entry.owner, entry.item) for entry in Entry.scan()}
    assert before - after == {("alices-project", "policy#ladder"), ("policy#ladder", "pointer")}
    with pytest.raises(NotFound):
        tools.policies.remove(policy)
    with pytest.raises(Conflict):
        tools.policies.save(policy, replace(policy, name="too late"))


def test_nothing_is_added_to_a_project_that_is_gone(tools, policy):
    """It would be nobody's (R36)."""
    with pytest.raises(Conflict):
        tools.policies.add(replace(policy, policy_id="stray", project_id="gone"))
