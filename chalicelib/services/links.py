"""The addresses that messages carry, and what one of them may do without a login."""

import re
from datetime import datetime
from urllib.parse import urlencode

from chalicelib.core.errors import NotFound
from chalicelib.core.incidents import Incident
from chalicelib.core.links import ACKNOWLEDGE, Claim, claim_of, expiry, is_genuine, token_of
from chalicelib.services.incidents import take_on_unasked
from chalicelib.toolbox import Toolbox

MISSING = "this link is not valid, or no longer"
ROAD = re.compile(r"[a-z]{1,20}")  # what a message came by; the link's holder may write anything there


def acknowledge_url(
    tools: Toolbox, incident: Incident, told: datetime | None = None, via: str = "webhook"
) -> str:
    """Return the link that takes *incident* on; "" where we do not know our own address (R213).

    It ends a week after its message was *told*, or else after the incident began.
    """
    if not tools.settings.public_url:
        return ""
    claim = Claim(incident.incident_id, expiry(told or incident.created))
    secret = tools.projects.find(incident.project_id).badge_secret
    query = urlencode({"token": token_of(claim, ACKNOWLEDGE, secret), "via": via})
    return f"{tools.settings.public_url}/ack?{query}"


def dashboard_url(tools: Toolbox, monitor_id: str) -> str:
    """Return the address of a monitor's page; "" where we do not know our own, or it has none (R214)."""
    address = tools.settings.public_url
    return f"{address}/monitors/{monitor_id}" if address and monitor_id else ""


def open_link(tools: Toolbox, token: str, now: datetime) -> Incident:
    """Return the incident that *token* may take on.

    Raises NotFound for a token that is forged, has ended or serves another purpose: one answer for all.
    """
    claim = claim_of(token)
    if claim is None or claim.expires <= now:
        raise NotFound(MISSING)
    try:
        incident = tools.incidents.find(claim.thing_id)
        secret = tools.projects.find(incident.project_id).badge_secret
    except NotFound:
        raise NotFound(MISSING) from None
    if incident.held or not is_genuine(token, ACKNOWLEDGE, secret):
        raise NotFound(MISSING)
    return incident


def take_on_by_link(tools: Toolbox, token: str, via: str, now: datetime) -> tuple[Incident, bool]:
    """Take on the incident of *token*, and return it and whether that changed anything.

    It did not where somebody was faster, or the incident is resolved. Raises NotFound as `open_link` does.
    """
    incident = open_link(tools, token, now)
    by = f"acknowledge link ({via})" if ROAD.fullmatch(via) else "acknowledge link"
    return take_on_unasked(tools, incident.incident_id, by, now)
