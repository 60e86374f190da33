"""Organizations: who pays, for how many monitors and keys, and which projects are theirs."""

from datetime import datetime

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.transactions import TransactWrite

from chalicelib.core.errors import NotFound
from chalicelib.core.tenancy import Organization
from chalicelib.storage.entries import POINTER, Entry, PointerItem, get
from chalicelib.storage.remnants import Remnant, remnant_item
from chalicelib.storage.tables import Actions, EpochAttribute, changes, conflicts, connection_of

ITEM = "organization"
MISSING = "Organization not found"


class OrganizationItem(Entry, discriminator="organization"):
    """An organization; its numbers are counted by the transactions that add and remove."""

    name = UnicodeAttribute()
    slug = UnicodeAttribute()
    plan = UnicodeAttribute()
    created = EpochAttribute()
    updated = EpochAttribute(null=True)
    default_project_id = UnicodeAttribute()
    parent_id = UnicodeAttribute(null=True)
    n_monitors = NumberAttribute(default=0)
    n_keys = NumberAttribute(default=0)
    is_gone = BooleanAttribute(null=True)  # deleted, and kept until all that it owned is


class MemberItem(Entry, discriminator="member"):
    """What an organization has: a project, under its slug; or another organization, under its id."""

    member_id = UnicodeAttribute()


class Organizations:
    """The organizations of one deployment."""

    def find(self, organization_id: str, *, deleted: bool = False) -> Organization:
        """Return an organization, or one that was *deleted* as long as it owns anything; raises NotFound."""
        item = get(OrganizationItem, organization_id, ITEM, MISSING)
        if item.is_gone and not deleted:
            raise NotFound(MISSING)
        return _to_organization(item)

    def children_of(self, parent_id: str) -> list[Organization]:
        """Return the organizations that keys of *parent_id* created, in the order of their creation."""
        found = [(child, ITEM) for child in members(parent_id, "organization#")]
        with conflicts():
            items = list(OrganizationItem.batch_get(found, consistent_read=True)) if found else []
        children = [_to_organization(item) for item in items if not item.is_gone]
        return sorted(children, key=lambda child: (child.created, child.organization_id))

    def amend(self, before: Organization, after: Organization) -> None:
        """Store a changed name or slug; raises Conflict where that is taken, or the old one is gone."""
        actions = changes(before, after, OrganizationItem, {})  # alone: somebody may change the others
        if not actions:
            return
        unchanged = OrganizationItem.is_gone.does_not_exist() & (OrganizationItem.slug == before.slug)
        with conflicts(), TransactWrite(connection=connection_of(Entry)) as transaction:
            transaction.update(member_of(before.organization_id), actions, condition=unchanged)
            if after.slug != before.slug:
                pointer = PointerItem(_slug(after), POINTER, project_id=after.organization_id)
                transaction.save(pointer, condition=Entry.owner.does_not_exist())
                transaction.delete(PointerItem(_slug(before), POINTER))

    def remove(self, organization: Organization, now: datetime) -> None:
        """Delete an organization, and note that what it owned must follow; raises Conflict after another."""
        organization_id = organization.organization_id
        mark: Actions = [OrganizationItem.is_gone.set(True)]
        unchanged = OrganizationItem.is_gone.does_not_exist() & (OrganizationItem.slug == organization.slug)
        with conflicts(), TransactWrite(connection=connection_of(Entry)) as transaction:
            transaction.update(member_of(organization_id), mark, condition=unchanged)
            transaction.delete(PointerItem(_slug(organization), POINTER))
            transaction.save(remnant_item(Remnant("", organization_id, now)))
            if organization.parent_id:
                transaction.delete(_as_child(organization))


def member_of(organization_id: str) -> OrganizationItem:
    """Return the organization's item to act on in a transaction."""
    return OrganizationItem(organization_id, ITEM)


def organization_exists(transaction: TransactWrite, organization_id: str) -> None:
    """Let *transaction* fail where the organization is gone."""
    there = OrganizationItem.owner.exists() & OrganizationItem.is_gone.does_not_exist()
    transaction.condition_check(OrganizationItem, organization_id, ITEM, there)


def members(owner: str, prefix: str) -> list[str]:
    """Return the ids of an organization's members of one sort: `project#` or `organization#`.

    A project that gets another slug at this moment may be met under both.
    """
    with conflicts():
        found = MemberItem.query(owner, MemberItem.item.startswith(prefix), consistent_read=True)
        return list(dict.fromkeys(str(item.member_id) for item in found))


def add_organization(transaction: TransactWrite, organization: Organization) -> None:
    """Let *transaction* store a new organization; it fails where its slug is taken."""
    item = OrganizationItem(
        organization.organization_id,
        ITEM,
        name=organization.name,
        slug=organization.slug,
        plan=organization.plan,
        created=organization.created,
        default_project_id=organization.default_project_id,
        parent_id=organization.parent_id or None,
    )
    slug = PointerItem(_slug(organization), POINTER, project_id=organization.organization_id)
    transaction.save(item, condition=Entry.owner.does_not_exist())
    transaction.save(slug, condition=Entry.owner.does_not_exist())
    if organization.parent_id:
        organization_exists(transaction, organization.parent_id)
        transaction.save(_as_child(organization))


def _as_child(organization: Organization) -> MemberItem:
    child = organization.organization_id
    return MemberItem(organization.parent_id, f"organization#{child}", member_id=child)


def _slug(organization: Organization) -> str:
    return f"organization#{organization.slug}"


def _to_organization(item: OrganizationItem) -> Organization:
    return Organization(
        item.owner,
        item.name,
        item.slug,
        item.plan,
        item.created,
        item.default_project_id,
        int(item.n_monitors),
        int(item.n_keys),
        item.parent_id or "",
        item.updated,
    )
