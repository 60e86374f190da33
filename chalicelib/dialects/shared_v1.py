"""/v1/incidents, which two dialects have: the body of a POST says which of them is spoken (R382)."""

from chalice import Blueprint, Response

from chalicelib.dialects.http import Request, parse_json, read
from chalicelib.dialects.routing import METHODS, Route, answer

PATH = "/v1/incidents"
HASPULSE, STATUSPULSE = "chalicelib.dialects.haspulse", "chalicelib.dialects.statuspulse"
SPOKEN = frozenset({"incident_id", "monitor_id", "state", "external_ids", "pagerduty_id", "jira_ticket"})
ROUTES = (Route(PATH, ("GET", "POST"), "incidents.incidents"),)  # in either package

blueprint = Blueprint(__name__)


@blueprint.route(PATH, methods=list(METHODS), content_types=["*/*"], name="shared_v1_incidents")
def incidents() -> Response:
    """Hand the request to the dialect that it speaks."""
    request = read(blueprint.current_request)
    return answer(request, package_of(request), ROUTES[0])


def package_of(request: Request) -> str:
    """Return which dialect *request* speaks; what names nothing of StatusPulse's is Haspulse's."""
    if request.method != "POST":
        return HASPULSE
    try:
        document = parse_json(request.body)
    except ValueError:
        return HASPULSE
    return STATUSPULSE if isinstance(document, dict) and SPOKEN & document.keys() else HASPULSE
