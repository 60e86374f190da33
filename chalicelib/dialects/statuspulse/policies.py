"""/v1/escalation-policies: who is called next while nobody takes an incident on (R99)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from chalicelib.core import escalation
from chalicelib.core.errors import Conflict, NotFound
from chalicelib.core.escalation import LONGEST, MOST_REPETITIONS, MOST_STEPS, Policy, Rung
from chalicelib.dialects import ids
from chalicelib.dialects.http import Answer, Visit, iso_z
from chalicelib.dialects.statuspulse import manners, rules, schema, urls
from chalicelib.dialects.statuspulse.hearing import MOST_CHANNELS
from chalicelib.dialects.statuspulse.references import POLICY, Place
from chalicelib.dialects.statuspulse.schema import Rule, list_of, object_of
from chalicelib.services import access, addressing
from chalicelib.services import policies as services
from chalicelib.services.policies import PolicyWish

MANNERS = manners.MANNERS
MINUTE = timedelta(minutes=1)


def policies(visit: Visit) -> Answer:
    """List the policies, or create one."""
    if visit.request.method == "GET":
        found = services.list_(visit.tools, visit.caller)
        names = _names(visit, {policy.project_id for policy in found})
        return Answer(200, {"policies": [_shown(policy, names) for policy in found], "total": len(found)})
    access.require_write(visit.caller)  # 403 comes before 400
    place = Place(visit.tools, visit.caller.project_id, visit.now)
    blank = Policy("", place.project_id, "", (), visit.now)
    wish = _wish(visit, place, blank, ("name", "steps"))
    return _answer(visit, services.add(visit.tools, visit.caller, wish, visit.now), 201)


def policy(visit: Visit) -> Answer:
    """Show, change or delete one policy; what is not given stays."""
    found = _find(visit)
    if visit.request.method == "GET":
        return _answer(visit, found)
    access.require_write(visit.caller)
    if visit.request.method == "DELETE":
        services.remove(visit.tools, visit.caller, found.policy_id, visit.now)
        return Answer(204)
    wish = _wish(visit, Place(visit.tools, found.project_id, visit.now), found)
    return _answer(visit, services.amend(visit.tools, visit.caller, found.policy_id, wish, visit.now))


def _find(visit: Visit) -> Policy:
    try:
        policy_id = ids.read(POLICY, visit.request.params["id"].lower())
    except NotFound as error:
        raise NotFound(services.MISSING) from error
    return services.find(visit.tools, visit.caller, policy_id)


def _wish(visit: Visit, place: Place, before: Policy, required: tuple[str, ...] = ()) -> PolicyWish:
    """Return what the body asks of the policy *before*, once its channels are stored.

    Raises InvalidFields, Invalid and Conflict before anything is.
    """
    given = schema.fields(schema.document_of(visit.request.body), _form(place), required)
    steps = given.get("steps")
    rungs = None if steps is None else tuple(map(_rung, steps))
    _require_possible(place, _amended(before, given, rungs))
    channels = [channel for step in steps or () for channel in step["channels"]]
    caller = replace(visit.caller, project_id=place.project_id, is_wide=False)
    addressing.ensure(visit.tools, caller, channels, visit.now)
    return PolicyWish(given.get("name"), rungs, given.get("repeat"))


def _amended(before: Policy, given: Mapping[str, Any], rungs: tuple[Rung, ...] | None) -> Policy:
    plain = {name: given[name] for name in ("name", "repeat") if name in given}
    return replace(before, rungs=before.rungs if rungs is None else rungs, **plain)


def _require_possible(place: Place, wanted: Policy) -> None:
    """Raise Invalid or Conflict for what would be refused once its channels are stored: then they stayed."""
    escalation.check(wanted)
    others = (policy for policy in place.setup.policies if policy.policy_id != wanted.policy_id)
    if any(policy.name == wanted.name for policy in others):
        raise Conflict(services.TAKEN)


def _form(place: Place) -> dict[str, Rule]:
    step = object_of(
        {
            "after_minutes": rules.whole(0, LONGEST // MINUTE),
            "channels": list_of(place.channel, MOST_CHANNELS, 1),
        },
        ("after_minutes", "channels"),
    )
    return {
        "name": rules.text(1, 100),
        "steps": list_of(step, MOST_STEPS, 1),
        "repeat": rules.whole(0, MOST_REPETITIONS),
    }


def _rung(step: Mapping[str, Any]) -> Rung:
    channels = dict.fromkeys(channel.channel_id for channel in step["channels"])
    return Rung(step["after_minutes"] * MINUTE, tuple(channels))


def _answer(visit: Visit, shown: Policy, status: int = 200) -> Answer:
    return Answer(status, _shown(shown, _names(visit, {shown.project_id})))


def _names(visit: Visit, projects: set[str]) -> dict[str, str]:
    """Return what the channels of some projects are shown as."""
    return schema.together(urls.shown(visit.tools.channels.of_project(project)) for project in projects)


def _shown(shown: Policy, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "policy_id": ids.spell(POLICY, shown.policy_id),
        "name": shown.name,
        "steps": [
            {
                "after_minutes": rung.after // MINUTE,
                "channels": [names.get(channel_id, channel_id) for channel_id in rung.channels],
            }
            for rung in shown.rungs
        ],
        "repeat": shown.repeat,
        "created_at": iso_z(shown.created),
        "updated_at": iso_z(shown.updated or shown.created),
    }
