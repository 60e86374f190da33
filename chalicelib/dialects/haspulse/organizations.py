"""/v1/organizations: the key's own, and those that were created with keys of organization level."""

from typing import Any

from chalicelib.core.tenancy import Organization
from chalicelib.dialects.haspulse import fields, manners, parse
from chalicelib.dialects.http import Answer, Visit, iso_z
from chalicelib.services import tenancy

MANNERS = manners.MANNERS


def organizations(visit: Visit) -> Answer:
    """List the organizations that the key may see, or create one (R62, R64)."""
    if visit.request.method == "GET":
        found = tenancy.organizations(visit.tools, visit.caller)
        return Answer(200, {"organizations": [_shown(one) for one in found]})
    wish = parse.read(visit.request.body, fields.NewNames)
    made = tenancy.create_organization(visit.tools, visit.caller, wish.names, visit.now)
    return Answer(201, _shown(made.organization) | {"fullKey": made.admin_key})


def organization(visit: Visit) -> Answer:
    """Show, change or delete one organization (R63, R65, R66)."""
    organization_id = parse.id_of(visit, "Organization not found")
    if visit.request.method == "GET":
        return Answer(200, _shown(tenancy.find_organization(visit.tools, visit.caller, organization_id)))
    if visit.request.method == "DELETE":
        tenancy.delete_organization(visit.tools, visit.caller, organization_id, visit.now)
        return Answer(204)
    wish = parse.read(visit.request.body, fields.NameChanges)
    changed = tenancy.amend_organization(visit.tools, visit.caller, organization_id, wish.names, visit.now)
    return Answer(200, _shown(changed))


def _shown(shown: Organization) -> dict[str, Any]:
    """Return an organization; no plan of ours has a trial."""
    return {
        "id": shown.organization_id,
        "name": shown.name,
        "slug": shown.slug,
        "plan": shown.plan,
        "trialEndsAt": None,
        "defaultProjectId": shown.default_project_id,
        "createdAt": iso_z(shown.created),
        "updatedAt": iso_z(shown.updated or shown.created),
    }
