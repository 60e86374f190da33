"""/ack: somebody takes an incident on, by the link in its message and without a login."""

from chalicelib.dialects.http import Answer, Visit
from chalicelib.services import links
from chalicelib.web.manners import manners
from chalicelib.web.pages import page

ROOT = ""
MISSING = "This link is not valid, or not any longer. The newest message about the incident may have another."

MANNERS = manners(MISSING, ROOT)


def acknowledge(visit: Visit) -> Answer:
    """Show the incident and one button; only its POST acts, for mail scanners follow every link (R213)."""
    request, now = visit.request, visit.now
    token = request.first("token") or ""
    if request.method == "POST":
        incident, is_new = links.take_on_by_link(visit.tools, token, request.first("via") or "", now)
    else:
        incident, is_new = links.open_link(visit.tools, token, now), False
    return page("acknowledge.html.j2", ROOT, incident=incident, is_new=is_new)
