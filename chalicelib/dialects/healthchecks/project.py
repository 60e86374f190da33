"""The Management API v3: what belongs to the whole project, its channels and its badges."""

from chalicelib.core.badges import ALL
from chalicelib.dialects.healthchecks import manners, render
from chalicelib.dialects.healthchecks.manners import require_write
from chalicelib.dialects.http import Answer, Visit
from chalicelib.services import channels as ways
from chalicelib.services import reporting

MANNERS = manners.MANNERS


def channels(visit: Visit) -> Answer:
    """List the project's integrations (R359)."""
    require_write(visit)
    found = ways.list_(visit.tools, visit.caller)
    return Answer(200, {"channels": [render.channel(channel) for channel in found]})


def badges(visit: Visit) -> Answer:
    """Return the addresses of every tag's badges, and of the whole project's (R360, R361, R369)."""
    project = reporting.project(visit.tools, visit.caller)
    tags = [*reporting.tags(visit.tools, visit.caller), ALL]
    return Answer(200, {"badges": {tag: render.badges(project, tag, visit.site) for tag in tags}})
