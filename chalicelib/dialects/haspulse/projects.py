"""/v1/projects: an organization's projects; keys of project level see their own."""

from typing import Any

from chalicelib.core.tenancy import Project
from chalicelib.dialects.haspulse import fields, manners, parse
from chalicelib.dialects.http import Answer, Visit, iso_z
from chalicelib.services import tenancy

MANNERS = manners.MANNERS


def projects(visit: Visit) -> Answer:
    """List the projects that the key may see, or create one (R36, R38)."""
    if visit.request.method == "GET":
        page = parse.page_of(visit.request)
        listed = parse.paged("projects", tenancy.projects(visit.tools, visit.caller), page)
        default = tenancy.default_project_of(visit.tools, visit.caller)
        return Answer(200, listed | {"projects": [_shown(one, visit, default) for one in listed["projects"]]})
    wish = parse.read(visit.request.body, fields.NewNames)
    made = tenancy.create_project(visit.tools, visit.caller, wish.names, visit.now)
    return Answer(201, _whole(visit, made))


def project(visit: Visit) -> Answer:
    """Show, change or delete one project (R37, R39, R40)."""
    project_id = parse.id_of(visit, "Project not found")
    if visit.request.method == "GET":
        return Answer(200, _whole(visit, tenancy.find_project(visit.tools, visit.caller, project_id)))
    if visit.request.method == "DELETE":
        tenancy.delete_project(visit.tools, visit.caller, project_id, visit.now)
        return Answer(204)
    wish = parse.read(visit.request.body, fields.NameChanges)
    changed = tenancy.amend_project(visit.tools, visit.caller, project_id, wish.names, visit.now)
    return Answer(200, _whole(visit, changed))


def _whole(visit: Visit, shown: Project) -> dict[str, Any]:
    return _shown(shown, visit, tenancy.default_project_of(visit.tools, visit.caller))


def _shown(shown: Project, visit: Visit, default_id: str) -> dict[str, Any]:
    """Return a project; its ping key, with which anybody can ping, only to those who may write."""
    ping_key = {"pingKey": shown.ping_key} if visit.caller.may_write else {}
    return {
        "id": shown.project_id,
        "organizationId": shown.organization_id,
        "name": shown.name,
        "slug": shown.slug,
        **ping_key,
        "isDefault": shown.project_id == default_id,
        "createdAt": iso_z(shown.created),
        "updatedAt": iso_z(shown.updated or shown.created),
    }
