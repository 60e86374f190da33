"""People manage organizations and projects; deleting one takes all along that it owns."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from chalicelib.core.errors import Conflict, Forbidden, LimitReached
from chalicelib.core.tenancy import Caller, Level, Organization, Permission, Project, slugify
from chalicelib.services import access, clearing
from chalicelib.services.auditing import Deed, note
from chalicelib.services.keys import SECRET_LENGTH, KeyWish, issue
from chalicelib.storage.remnants import Remnant
from chalicelib.toolbox import Toolbox

PING_KEY_LENGTH = 22
TRIES = 5
FIRST = "default"  # the slug of a deployment's first organization: a second one of that slug is refused
ADMIN = KeyWish("admin", "hp_", Level.ORGANIZATION)
READ_WRITE = KeyWish("read-write", "hcw_")
READ_ONLY = KeyWish("read-only", "hcr_", permission=Permission.READ)


@dataclass(frozen=True, slots=True)
class Names:
    """What an organization or a project is called; None stays as it is, or is made up from the name."""

    name: str | None = None
    slug: str | None = None

    @property
    def given(self) -> list[str]:
        """Which of them are not None."""
        return [word for word in ("name", "slug") if getattr(self, word) is not None]


def organizations(tools: Toolbox, caller: Caller) -> list[Organization]:
    """Return the caller's organization, and those that were created with its keys (R62)."""
    own = tools.organizations.find(caller.key.organization_id)
    return (
        [own, *tools.organizations.children_of(own.organization_id)] if caller.is_of_organization else [own]
    )


def find_organization(tools: Toolbox, caller: Caller, organization_id: str) -> Organization:
    """Return an organization; raises NotFound, and Forbidden where the caller is no member (R63)."""
    found = tools.organizations.find(organization_id)
    own = caller.key.organization_id
    is_ours = found.organization_id == own or (caller.is_of_organization and found.parent_id == own)
    if not is_ours:
        raise Forbidden("you are no member of this organization")
    return found


@dataclass(frozen=True, slots=True)
class NewOrganization:
    """An organization, and the secret that opens all of it, shown once."""

    organization: Organization
    admin_key: str


def create_organization(tools: Toolbox, caller: Caller, names: Names, now: datetime) -> NewOrganization:
    """Create an organization with its first project and the key that manages it (R64).

    Raises Conflict for a taken slug.
    """
    access.require_write(caller)
    access.require_organization(caller)
    if not caller.plan.organizations:
        raise LimitReached("the plan allows no further organizations")
    own = tools.organizations.find(caller.key.organization_id)
    made = _settle(tools, names, own.plan, own.organization_id, now)
    key = issue(tools, made, "", ADMIN, now)
    note(tools, caller, _of_organization("created", made), now)
    return NewOrganization(made, key.secret)


def amend_organization(
    tools: Toolbox, caller: Caller, organization_id: str, names: Names, now: datetime
) -> Organization:
    """Change an organization's name or slug; raises Conflict for a taken slug (R65)."""
    access.require_write(caller)
    access.require_organization(caller)
    before = find_organization(tools, caller, organization_id)
    after = replace(before, name=names.name or before.name, slug=names.slug or before.slug, updated=now)
    _or_taken(lambda: tools.organizations.amend(before, after))
    note(tools, caller, _of_organization("changed", after, fields=names.given), now)
    return after


def delete_organization(tools: Toolbox, caller: Caller, organization_id: str, now: datetime) -> None:
    """Delete an organization and all that it owns: its keys open nothing any more (R66)."""
    access.require_write(caller)
    access.require_organization(caller)
    gone = find_organization(tools, caller, organization_id)
    tools.organizations.remove(gone, now)
    note(tools, caller, _of_organization("deleted", gone), now)
    clearing.begin(tools, Remnant("", organization_id, now), now)


def projects(tools: Toolbox, caller: Caller) -> list[Project]:
    """Return the projects that the caller sees, in the order of their creation (R36)."""
    if caller.is_wide:
        return tools.projects.of_organization(caller.key.organization_id)
    return [tools.projects.find(caller.project_id)]


def default_project_of(tools: Toolbox, caller: Caller) -> str:
    """Return the id of the project in which keys of the caller's organization create."""
    if caller.is_wide:
        return caller.project_id
    return tools.organizations.find(caller.key.organization_id).default_project_id


def find_project(tools: Toolbox, caller: Caller, project_id: str) -> Project:
    """Return a project; raises NotFound, and Forbidden for another's (R37)."""
    found = tools.projects.find(project_id)
    access.require_reach(tools, caller, project_id)
    return found


def create_project(tools: Toolbox, caller: Caller, names: Names, now: datetime) -> Project:
    """Create a project in the caller's organization; raises Conflict for a taken slug (R38)."""
    access.require_write(caller)
    access.require_organization(caller)
    organization = tools.organizations.find(caller.key.organization_id)
    project = _blank(tools, organization, names, now)
    _or_taken(lambda: tools.projects.add(project))
    note(tools, caller, _of_project("created", project), now)
    return project


def amend_project(tools: Toolbox, caller: Caller, project_id: str, names: Names, now: datetime) -> Project:
    """Change a project's name or slug; raises Conflict for a taken slug (R39)."""
    access.require_write(caller)
    before = find_project(tools, caller, project_id)
    after = replace(before, name=names.name or before.name, slug=names.slug or before.slug, updated=now)
    _or_taken(lambda: tools.projects.amend(before, after))
    note(tools, caller, _of_project("changed", after, fields=names.given), now)
    return after


def delete_project(tools: Toolbox, caller: Caller, project_id: str, now: datetime) -> None:
    """Delete a project and all that it owns: its ids are not found any more, its keys open nothing (R40).

    Where it was the default one, the oldest of the others is from now on. Raises Conflict for the last one.
    """
    access.require_write(caller)
    access.require_organization(caller)
    for attempt in range(TRIES):
        gone = find_project(tools, caller, project_id)
        organization = tools.organizations.find(gone.organization_id)
        heir_id = _heir(tools, organization, gone)
        try:
            tools.projects.remove(gone, organization, heir_id, now)
        except Conflict:
            tools.back_off(attempt)
        else:
            note(tools, caller, _of_project("deleted", gone), now)
            clearing.begin(tools, Remnant(project_id, gone.organization_id, now), now)
            return
    raise Conflict("too many others change this organization at the moment")


def _heir(tools: Toolbox, organization: Organization, gone: Project) -> str:
    if organization.default_project_id != gone.project_id:
        return organization.default_project_id
    others = [
        p for p in tools.projects.of_organization(gone.organization_id) if p.project_id != gone.project_id
    ]
    if not others:
        raise Conflict("this is the organization's last project; delete the organization instead")
    return others[0].project_id


@dataclass(frozen=True, slots=True)
class Foundation:
    """An organization with its first project, and the secrets that open them, shown once."""

    organization: Organization
    project: Project
    admin_key: str
    api_key: str
    read_only_key: str

    @property
    def opening(self) -> dict[str, str]:
        """What people and programs need to begin."""
        return {
            "organization_id": self.organization.organization_id,
            "project_id": self.project.project_id,
            "admin_key": self.admin_key,
            "api_key": self.api_key,
            "read_only_key": self.read_only_key,
            "ping_key": self.project.ping_key,
        }


def found(tools: Toolbox, name: str, now: datetime) -> Foundation:
    """Create an organization of the operator's, its first project, and a key of each kind."""
    try:
        return _found(tools, Names(name), now)
    except Conflict:
        slug = f"{slugify(name)[:50]}-{tools.new_id()[:8]}"
        return _found(tools, Names(name, slug), now)


def found_first(tools: Toolbox, name: str, now: datetime) -> Foundation:
    """Create the first organization of a deployment as `found` does; raises Conflict where it is there."""
    return _found(tools, Names(name, FIRST), now)


def _found(tools: Toolbox, names: Names, now: datetime) -> Foundation:
    organization = _settle(tools, names, "self_hosted", "", now)
    project_id = organization.default_project_id
    secrets = [
        issue(tools, organization, owner, wish, now).secret
        for owner, wish in (("", ADMIN), (project_id, READ_WRITE), (project_id, READ_ONLY))
    ]
    return Foundation(organization, tools.projects.find(project_id), *secrets)


def _settle(tools: Toolbox, names: Names, plan: str, parent_id: str, now: datetime) -> Organization:
    """Store a new organization and its first project; raises Conflict for a taken slug."""
    name = names.name or ""
    organization = Organization(
        tools.new_id(), name, names.slug or slugify(name), plan, now, tools.new_id(), parent_id=parent_id
    )
    project = replace(
        _blank(tools, organization, Names(name, "default"), now), project_id=organization.default_project_id
    )
    _or_taken(lambda: tools.projects.found(organization, project))
    return organization


def _blank(tools: Toolbox, organization: Organization, names: Names, now: datetime) -> Project:
    name = names.name or ""
    return Project(
        tools.new_id(),
        organization.organization_id,
        name,
        names.slug or slugify(name),
        ping_key=tools.new_secret(PING_KEY_LENGTH),
        badge_key=tools.new_id(),
        badge_secret=tools.new_secret(SECRET_LENGTH),
        created=now,
        plan=organization.plan,
    )


def _or_taken(write: Callable[[], None]) -> None:
    try:
        write()
    except Conflict as error:
        raise Conflict("this slug is taken, or somebody else was first") from error


def _of_organization(what: str, organization: Organization, **details: Any) -> Deed:
    return Deed(f"organization.{what}", organization.organization_id, organization.name, details=details)


def _of_project(what: str, project: Project, **details: Any) -> Deed:
    return Deed(f"project.{what}", project.project_id, project.name, project.project_id, details)
