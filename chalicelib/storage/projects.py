"""Projects, how public keys lead to them and to their monitors, and who is creating what."""

from datetime import datetime, timedelta

from pynamodb.attributes import UnicodeAttribute
from pynamodb.transactions import TransactWrite

from chalicelib.core.errors import Conflict
from chalicelib.core.monitors import Spec, unique_key
from chalicelib.core.tenancy import Organization, Project
from chalicelib.storage.entries import POINTER, Entry, PointerItem, get
from chalicelib.storage.organizations import (
    MemberItem,
    OrganizationItem,
    add_organization,
    member_of,
    members,
    organization_exists,
)
from chalicelib.storage.remnants import Remnant, remnant_item
from chalicelib.storage.tables import (
    Actions,
    EpochAttribute,
    ExpiryAttribute,
    changes,
    conflicts,
    connection_of,
)

ITEM = "project"
RESERVED_FOR = timedelta(minutes=1)  # by then every index shows the new monitor


class ProjectItem(Entry, discriminator="project"):
    """A project."""

    organization_id = UnicodeAttribute()
    name = UnicodeAttribute()
    slug = UnicodeAttribute()
    ping_key = UnicodeAttribute()
    badge_key = UnicodeAttribute()
    badge_secret = UnicodeAttribute()
    plan = UnicodeAttribute()
    created = EpochAttribute()
    updated = EpochAttribute(null=True)


class ReservationItem(Entry, discriminator="reservation"):
    """Who is creating the one monitor of a description, until the indexes show it."""

    monitor_id = UnicodeAttribute()
    expires_at = ExpiryAttribute()


class Projects:
    """The projects of one deployment."""

    def find(self, project_id: str) -> Project:
        """Return a project; raises NotFound."""
        return _to_project(get(ProjectItem, project_id, ITEM, "Project not found"))

    def ids_in(self, organization_id: str) -> list[str]:
        """Return the ids of an organization's projects: one Query."""
        return members(organization_id, "project#")

    def of_organization(self, organization_id: str) -> list[Project]:
        """Return an organization's projects in the order of their creation."""
        found = [(project_id, ITEM) for project_id in self.ids_in(organization_id)]
        with conflicts():
            items = list(ProjectItem.batch_get(found, consistent_read=True)) if found else []
        return sorted(map(_to_project, items), key=lambda project: (project.created, project.project_id))

    def of_ping_key(self, ping_key: str) -> Project:
        """Return the project that *ping_key* opens; raises NotFound."""
        pointer = get(PointerItem, f"key#{ping_key}", POINTER, "Project not found")
        return self.find(pointer.project_id)

    def of_badge_key(self, badge_key: str) -> tuple[str, str]:
        """Return the ids of the project and of the monitor ("" for the whole project) of a badge.

        Raises NotFound.
        """
        pointer = get(PointerItem, f"badge#{badge_key}", POINTER, "Badge not found")
        return pointer.project_id, pointer.monitor_id or ""

    def of_unique_key(self, key: str) -> tuple[str, str]:
        """Return the ids of the project and of the monitor that a unique key stands for; raises NotFound."""
        pointer = get(PointerItem, f"unique#{key}", POINTER, "Check not found")
        return pointer.project_id, pointer.monitor_id

    def found(self, organization: Organization, project: Project) -> None:
        """Store a new organization and its first project; raises Conflict where its slug is taken."""
        with conflicts(), TransactWrite(connection=connection_of(Entry)) as transaction:
            add_organization(transaction, organization)
            for item in _project_items(project):
                transaction.save(item, condition=Entry.owner.does_not_exist())

    def add(self, project: Project) -> None:
        """Store a further project; raises Conflict where its slug is taken, or its organization gone."""
        with conflicts(), TransactWrite(connection=connection_of(Entry)) as transaction:
            organization_exists(transaction, project.organization_id)
            for item in _project_items(project):
                transaction.save(item, condition=Entry.owner.does_not_exist())

    def amend(self, before: Project, after: Project) -> None:
        """Store a changed name or slug; raises Conflict where that is taken, or the old one is gone."""
        actions = changes(before, after, ProjectItem, {})  # alone: somebody may change the others meanwhile
        if not actions:
            return
        with conflicts(), TransactWrite(connection=connection_of(Entry)) as transaction:
            item = ProjectItem(before.project_id, ITEM)
            transaction.update(item, actions, condition=ProjectItem.slug == before.slug)
            if after.slug != before.slug:
                transaction.save(_member_item(after), condition=Entry.owner.does_not_exist())
                transaction.delete(_member_item(before))

    def remove(self, project: Project, organization: Organization, heir_id: str, now: datetime) -> None:
        """Delete a project, and note that what it owned must follow; *heir_id* is the default from now on.

        Raises Conflict when any of them was changed meanwhile.
        """
        heir: Actions = [OrganizationItem.default_project_id.set(heir_id)]
        default = OrganizationItem.default_project_id == organization.default_project_id
        item, member, *pointers = _project_items(project)
        with conflicts(), TransactWrite(connection=connection_of(Entry)) as transaction:
            transaction.delete(item, condition=ProjectItem.slug == project.slug)
            transaction.update(member_of(project.organization_id), heir, condition=default)
            if heir_id != organization.default_project_id:
                project_exists(transaction, heir_id)
            transaction.delete(member)
            for pointer in pointers:
                transaction.delete(pointer)
            transaction.save(remnant_item(Remnant(project.project_id, project.organization_id, now)))

    def reserve(self, project_id: str, description: str, monitor_id: str, now: datetime) -> str:
        """Return the id under which the one monitor of *description* is being created: ours, or another's.

        Indexes show a new monitor a moment late; until then this keeps two callers from creating it twice.
        """
        item = ReservationItem(
            f"{project_id}/{description}", "reservation", monitor_id=monitor_id, expires_at=now + RESERVED_FOR
        )
        free = ReservationItem.owner.does_not_exist() | (ReservationItem.expires_at <= now)
        try:
            with conflicts():
                item.save(condition=free)
        except Conflict:
            held = get(ReservationItem, item.owner, "reservation", "Reservation not found")
            return str(held.monitor_id)
        return monitor_id


def project_exists(transaction: TransactWrite, project_id: str) -> None:
    """Let *transaction* fail where the project is gone: nothing may be added to it any more."""
    transaction.condition_check(ProjectItem, project_id, ITEM, ProjectItem.owner.exists())


def pointers_to(spec: Spec) -> tuple[PointerItem, ...]:
    """Return the items that lead from a monitor's public keys to it."""
    owners = f"badge#{spec.badge_key}", f"unique#{unique_key(spec.monitor_id)}"
    return tuple(
        PointerItem(owner, POINTER, project_id=spec.project_id, monitor_id=spec.monitor_id)
        for owner in owners
    )


def _project_items(project: Project) -> tuple[Entry, ...]:
    return (
        ProjectItem(
            project.project_id,
            ITEM,
            organization_id=project.organization_id,
            name=project.name,
            slug=project.slug,
            ping_key=project.ping_key,
            badge_key=project.badge_key,
            badge_secret=project.badge_secret,
            plan=project.plan,
            created=project.created,
        ),
        _member_item(project),
        PointerItem(f"key#{project.ping_key}", POINTER, project_id=project.project_id),
        PointerItem(f"badge#{project.badge_key}", POINTER, project_id=project.project_id),
    )


def _member_item(project: Project) -> MemberItem:
    """Return what makes it its organization's, under its slug: no two have the same."""
    return MemberItem(project.organization_id, f"project#{project.slug}", member_id=project.project_id)


def _to_project(item: ProjectItem) -> Project:
    return Project(
        item.owner,
        item.organization_id,
        item.name,
        item.slug,
        item.ping_key,
        item.badge_key,
        item.badge_secret,
        item.created,
        item.plan,
        item.updated,
    )
