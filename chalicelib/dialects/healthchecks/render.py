"""Our model in the words of the Management API v3."""

from datetime import datetime
from typing import Any

from chalicelib.core.monitors import Monitor, unique_key
from chalicelib.core.summaries import rhythm, summarize


def check(monitor: Monitor, site: str, now: datetime, *, readonly: bool) -> dict[str, Any]:
    """Return a check, its keys in the documented order; *site* is the address that its URLs begin with.

    A read-only key sees no way to act on the check, but a stable name for it (R264-R270, R276).
    """
    spec = monitor.spec
    shown = summarize(spec, monitor.state, now)
    if readonly:
        return shown | {"unique_key": unique_key(spec.monitor_id)} | rhythm(spec)
    management = f"{site}/api/v3/checks/{spec.monitor_id}"
    return (
        shown
        | {
            "uuid": spec.monitor_id,
            "ping_url": f"{site}/ping/{spec.monitor_id}",
            "update_url": management,
            "pause_url": f"{management}/pause",
            "resume_url": f"{management}/resume",
            "channels": ",".join(sorted(spec.channels)),
        }
        | rhythm(spec)
    )
