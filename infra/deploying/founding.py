"""Who may come in first: the first organization and its keys, and a key for our own look around."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from chalicelib.core.errors import NotFound
from chalicelib.services.keys import KeyWish, issue
from chalicelib.services.tenancy import (
    ADMIN,
    FIRST,
    READ_ONLY,
    READ_WRITE,
    Foundation,
    found_first,
)
from chalicelib.settings import Settings
from chalicelib.storage.entries import POINTER, PointerItem, get
from chalicelib.storage.organizations import OrganizationItem
from chalicelib.toolbox import Toolbox, using

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chalicelib.core.tenancy import Organization

NAME = "My project"
LOOKING = KeyWish("smoke test of a deployment", "hcw_")


@contextmanager
def inside(prefix: str, region: str, rest: Callable[[float], None]) -> Iterator[Toolbox]:
    """Hand over the tools of a deployment, with the operator's own credentials."""
    settings = replace(Settings.from_env(), prefix=prefix, region=region)
    with using(Toolbox(settings, rest=rest)) as tools:
        yield tools


def found(tools: Toolbox, *, new_keys: bool) -> dict[str, str]:
    """Return what opens a deployment that has no key yet, or wants new ones; else nothing.

    A run may have died between the organization and its keys, or before it showed them; *new_keys* is for the
    latter.
    """
    organization = first_organization(tools)
    if organization is None:
        return found_first(tools, NAME, tools.clock()).opening
    owners = (organization.organization_id, organization.default_project_id)
    if any(tools.keys.of_owner(owner) for owner in owners) and not new_keys:
        return {}
    secrets = [
        issue(tools, organization, owner, wish, tools.clock()).secret
        for owner, wish in (("", ADMIN), (owners[1], READ_WRITE), (owners[1], READ_ONLY))
    ]
    return Foundation(organization, tools.projects.find(owners[1]), *secrets).opening


def first_organization(tools: Toolbox) -> Organization | None:
    """Return the organization that a deployment was founded with, by its slug, else the oldest."""
    with suppress(NotFound):
        pointer = get(PointerItem, f"organization#{FIRST}", POINTER, "not founded")
        return tools.organizations.find(pointer.project_id)
    items = [item for item in OrganizationItem.scan() if not (item.is_gone or item.parent_id)]
    oldest = min(items, key=lambda item: item.created, default=None)
    return tools.organizations.find(oldest.owner) if oldest else None


@contextmanager
def borrowed_key(tools: Toolbox) -> Iterator[str]:
    """Hand over a key of the first project that opens it only as long as the block runs."""
    organization = first_organization(tools)
    if organization is None:
        raise NotFound("there is no organization")
    project_id = organization.default_project_id
    for left in tools.keys.of_owner(project_id):
        if left.name == LOOKING.name:  # by a run that was killed
            tools.keys.revoke(left)
    made = issue(tools, organization, project_id, LOOKING, tools.clock())
    try:
        yield made.secret
    finally:
        tools.keys.revoke(made.key)
