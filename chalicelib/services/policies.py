"""People manage escalation policies: who is called next while nobody takes an incident on (R99)."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid5

from chalicelib.core import escalation
from chalicelib.core.errors import Conflict, Invalid, LimitReached
from chalicelib.core.escalation import Policy, Rung
from chalicelib.core.tenancy import Caller
from chalicelib.services import access
from chalicelib.services.auditing import Deed, note
from chalicelib.toolbox import Toolbox

TRIES = 5
MOST = 50  # of a project; whoever announces something reads them all
MISSING = "Escalation policy not found"
TAKEN = "there is an escalation policy of that name"


@dataclass(frozen=True, slots=True)
class PolicyWish:
    """What a policy is to be; None stays as it is."""

    name: str | None = None
    rungs: tuple[Rung, ...] | None = None
    repeat: int | None = None


def list_(tools: Toolbox, caller: Caller) -> list[Policy]:
    """Return the caller's policies by name, project by project."""
    return [
        policy
        for project_id in access.reach(tools, caller)
        for policy in tools.policies.of_project(project_id)
    ]


def find(tools: Toolbox, caller: Caller, policy_id: str) -> Policy:
    """Return one policy; raises NotFound, and Forbidden for another project's."""
    project_id = access.require_reach(tools, caller, tools.policies.project_of(policy_id), MISSING)
    return tools.policies.find(project_id, policy_id)


def add(tools: Toolbox, caller: Caller, wish: PolicyWish, now: datetime) -> Policy:
    """Store a new policy; raises Invalid, LimitReached, and Conflict where its name is taken."""
    access.require_write(caller)
    project_id = caller.project_id
    others = tools.policies.of_project(project_id)
    if len(others) >= MOST:
        raise LimitReached(f"a project has at most {MOST} escalation policies")
    policy = Policy(
        _new_id(tools, project_id, wish.name or "", others),
        project_id,
        wish.name or "",
        wish.rungs or (),
        now,
        wish.repeat or 0,
    )
    _check(tools, policy, others)
    access.add_to_project(tools, project_id, lambda: _add(tools, policy))
    note(tools, caller, _deed("created", policy), now)
    return policy


def amend(tools: Toolbox, caller: Caller, policy_id: str, wish: PolicyWish, now: datetime) -> Policy:
    """Change what *wish* names; incidents that are being escalated go on by what it is then."""
    access.require_write(caller)
    given = {name: getattr(wish, name) for name in PolicyWish.__slots__ if getattr(wish, name) is not None}
    for attempt in range(TRIES):
        before = find(tools, caller, policy_id)
        after = replace(before, **given, updated=now)
        _check(tools, after, tools.policies.of_project(before.project_id))
        try:
            tools.policies.save(before, after)
        except Conflict:
            tools.back_off(attempt)
            continue
        note(tools, caller, _deed("changed", after), now)
        return after
    raise Conflict("too many others change this policy at the moment")


def remove(tools: Toolbox, caller: Caller, policy_id: str, now: datetime) -> None:
    """Delete a policy; raises Conflict, naming one, while monitors follow it."""
    access.require_write(caller)
    policy = find(tools, caller, policy_id)
    for spec in tools.monitors.specs_of(policy.project_id):
        if spec.policy_id == policy_id:
            raise Conflict(f"{spec.title} follows this escalation policy")
    tools.policies.remove(policy)
    note(tools, caller, _deed("deleted", policy), now)


def without_channel(
    policies: Iterable[Policy], channel_id: str, now: datetime
) -> list[tuple[Policy, Policy]]:
    """Return those of *policies* that call a channel, each with what it is without it.

    Raises Conflict, naming the policy, where one of its steps would call nobody.
    """
    changed = []
    for policy in policies:
        rungs = tuple(
            replace(rung, channels=tuple(other for other in rung.channels if other != channel_id))
            for rung in policy.rungs
        )
        if not all(rung.channels for rung in rungs):
            raise Conflict(f"a step of the escalation policy {policy.name} calls this channel alone")
        if rungs != policy.rungs:
            changed.append((policy, replace(policy, rungs=rungs, updated=now)))
    return changed


def _new_id(tools: Toolbox, project_id: str, name: str, others: Iterable[Policy]) -> str:
    """Return an id drawn from the name: of two that are created under it at once, one is refused."""
    drawn = str(uuid5(UUID(project_id), json.dumps(["policy", name])))
    # Whose id it is may have another name by now.
    return tools.new_id() if any(policy.policy_id == drawn for policy in others) else drawn


def _add(tools: Toolbox, policy: Policy) -> None:
    try:
        tools.policies.add(policy)
    except Conflict:
        _require_free(policy, tools.policies.of_project(policy.project_id))
        raise


def _check(tools: Toolbox, policy: Policy, others: Iterable[Policy]) -> None:
    """Raise Invalid for a policy that cannot be climbed, Conflict where its name is another's."""
    escalation.check(policy)
    _require_free(policy, (other for other in others if other.policy_id != policy.policy_id))
    known = {channel.channel_id for channel in tools.channels.of_project(policy.project_id)}
    for rung in policy.rungs:
        for channel_id in rung.channels:
            if channel_id not in known:
                raise Invalid("steps", f"names no channel of the project: {channel_id[:100]}")


def _require_free(policy: Policy, others: Iterable[Policy]) -> None:
    if any(other.name == policy.name for other in others):
        raise Conflict(TAKEN)


def _deed(what: str, policy: Policy) -> Deed:
    return Deed(f"policy.{what}", policy.policy_id, policy.name, policy.project_id)
