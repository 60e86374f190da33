"""Who hears of a monitor, of what and when, both ways: severity, routes, quiet hours, targets (R119)."""

from collections.abc import Mapping
from typing import Any

from chalicelib.core.errors import Invalid
from chalicelib.core.monitors import HOUR, Spec
from chalicelib.core.routes import MOST_RULES, Quiet, Topic
from chalicelib.core.routes import Rule as Route
from chalicelib.core.service_levels import LEAST_TARGET, MOST_TARGET, Period, Sla
from chalicelib.core.status import Impact
from chalicelib.dialects.statuspulse import rules
from chalicelib.dialects.statuspulse.references import Place
from chalicelib.dialects.statuspulse.schema import Rule, list_of, meaning, object_of, one_or_several, or_null

MOST_CHANNELS = 50
SEVERITIES = {"minor": Impact.MINOR, "major": Impact.MAJOR, "critical": Impact.CRITICAL}
EVENTS = {topic.value: topic for topic in Topic if topic is not Topic.OTHER}
PERIODS = {period.value: period for period in Period}


def table(place: Place) -> dict[str, Rule]:
    """Return the rules of these fields; each means fields of Spec, channels as things and not as ids."""
    return {
        "severity": meaning("severity", rules.word(SEVERITIES)),
        "escalation_policy": meaning("policy_id", or_null(place.policy_id), lambda found: found or ""),
        "notifications": meaning("channels", list_of(place.channel, MOST_CHANNELS)),
        "notification_routing": meaning("rules", list_of(_route(place), MOST_RULES)),
        "sla": meaning("sla", or_null(_sla)),
        "quiet_hours": meaning("quiet", or_null(quiet)),
        "reminder_interval_hours": meaning("remind_every", or_null(rules.whole(1, 168)), _hours),
    }


def shown(spec: Spec, channels: dict[str, str], policies: dict[str, str]) -> dict[str, Any]:
    """Return these fields of *spec*; *channels* and *policies* say what each id is shown as."""
    return {
        "severity": severity(spec.severity),
        "escalation_policy": policies.get(spec.policy_id) if spec.policy_id else None,
        "notifications": [channels.get(channel_id, channel_id) for channel_id in spec.channels],
        "notification_routing": [_shown_route(route, channels) for route in spec.rules],
        "sla": {"target_pct": spec.sla.target, "period": spec.sla.period.value} if spec.sla else None,
        "quiet_hours": _shown_quiet(spec.quiet) if spec.quiet else None,
        "reminder_interval_hours": spec.remind_every // HOUR if spec.remind_every else None,
    }


def severity(impact: Impact) -> str:
    """Return what we call an impact; what has none is minor."""
    return "minor" if impact is Impact.NONE else impact.value.lower()


def _hours(count: int | None) -> Any:
    return count * HOUR if count else None


def _route(place: Place) -> Rule:
    when = object_of(
        {
            "severity": one_or_several(rules.word(SEVERITIES), len(SEVERITIES)),
            "event": one_or_several(rules.word(EVENTS), len(EVENTS)),
        }
    )
    return object_of({"when": when, "channels": list_of(place.channel, MOST_CHANNELS, 1)}, ("channels",))


def _shown_route(route: Route, channels: dict[str, str]) -> dict[str, Any]:
    when: dict[str, list[str]] = {}
    if route.severities:
        when["severity"] = [severity(impact) for impact in route.severities]
    if route.topics:
        when["event"] = [topic.value for topic in route.topics]
    return {"when": when, "channels": [channels.get(channel_id, channel_id) for channel_id in route.channels]}


def _sla(value: Any) -> Sla:
    form = {"target_pct": rules.number(LEAST_TARGET, MOST_TARGET), "period": rules.word(PERIODS)}
    given = object_of(form, ("target_pct",))(value)
    return Sla(float(given["target_pct"]), given.get("period", Period.MONTH))


def quiet(value: Any, severities: Mapping[str, Impact] = SEVERITIES) -> Quiet:
    """Return the quiet hours that an object of start, end, timezone and spares names; raises Invalid."""
    form = {
        "start": rules.clock,
        "end": rules.clock,
        "timezone": rules.zone,
        "spares": rules.word(severities),
    }
    given = object_of(form, ("start", "end"))(value)
    if given["start"] == given["end"]:
        raise Invalid("end", "must differ from start")
    return Quiet(
        given["start"], given["end"], given.get("timezone", "UTC"), given.get("spares", Impact.CRITICAL)
    )


def _shown_quiet(quiet: Quiet) -> dict[str, Any]:
    return {
        "start": quiet.begins.strftime("%H:%M"),
        "end": quiet.ends.strftime("%H:%M"),
        "timezone": quiet.timezone,
        "spares": severity(quiet.spares),
    }
