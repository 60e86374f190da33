"""Organizations and projects with all that is read together with them: channels, pointers, reservations."""

from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import DiscriminatorAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.transactions import TransactWrite

from chalicelib.core.alerts import Channel
from chalicelib.core.errors import Conflict, NotFound
from chalicelib.core.monitors import Spec, unique_key
from chalicelib.core.tenancy import Organization, Project
from chalicelib.storage.tables import (
    Actions,
    EpochAttribute,
    ExpiryAttribute,
    Table,
    conflicts,
    connection_of,
)

RESERVED_FOR = timedelta(minutes=1)  # by then every index shows the new monitor


class Entry(Table):
    """Something that belongs to an owner: an organization, a project or a public key."""

    short_name = "projects"

    class Meta:
        table_name = ""

    owner = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    cls = DiscriminatorAttribute()


class OrganizationItem(Entry, discriminator="organization"):
    """An organization; `n_monitors` is counted by the transactions that add and remove them."""

    name = UnicodeAttribute()
    slug = UnicodeAttribute()
    plan = UnicodeAttribute()
    created = EpochAttribute()
    default_project_id = UnicodeAttribute()
    n_monitors = NumberAttribute(default=0)


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


class ChannelItem(Entry, discriminator="channel"):
    """A way to reach people."""

    kind = UnicodeAttribute()
    name = UnicodeAttribute()
    config = JSONAttribute()
    created = EpochAttribute()
    broken = UnicodeAttribute(null=True)
    last_error = UnicodeAttribute(null=True)


class PointerItem(Entry, discriminator="pointer"):
    """Where a public key leads: a ping key to a project, a unique key to a monitor, a badge key to either."""

    project_id = UnicodeAttribute()
    monitor_id = UnicodeAttribute(null=True)


class ReservationItem(Entry, discriminator="reservation"):
    """Who is creating the one monitor of a description, until the indexes show it."""

    monitor_id = UnicodeAttribute()
    expires_at = ExpiryAttribute()


class Projects:
    """The organizations and projects of one deployment."""

    def organization(self, organization_id: str) -> Organization:
        """Return an organization; raises NotFound."""
        item = _get(OrganizationItem, organization_id, "organization", "Organization not found")
        return Organization(
            item.owner,
            item.name,
            item.slug,
            item.plan,
            item.created,
            item.default_project_id,
            int(item.n_monitors),
        )

    def project(self, project_id: str) -> Project:
        """Return a project; raises NotFound."""
        return _to_project(_get(ProjectItem, project_id, "project", "Project not found"))

    def settings(self, project_id: str) -> tuple[Project, list[Channel]]:
        """Return a project and its channels in the order of their creation: one Query."""
        with conflicts():
            entries = list(Entry.query(project_id, consistent_read=True))
        projects = [_to_project(entry) for entry in entries if isinstance(entry, ProjectItem)]
        if not projects:
            raise NotFound("Project not found")
        channels = [_to_channel(entry) for entry in entries if isinstance(entry, ChannelItem)]
        return projects[0], sorted(channels, key=lambda channel: (channel.created, channel.channel_id))

    def of_ping_key(self, ping_key: str) -> Project:
        """Return the project that *ping_key* opens; raises NotFound."""
        pointer = _get(PointerItem, f"key#{ping_key}", "pointer", "Project not found")
        return self.project(pointer.project_id)

    def of_badge_key(self, badge_key: str) -> tuple[str, str]:
        """Return the ids of the project and of the monitor ("" for the whole project) of a badge.

        Raises NotFound.
        """
        pointer = _get(PointerItem, f"badge#{badge_key}", "pointer", "Badge not found")
        return pointer.project_id, pointer.monitor_id or ""

    def of_unique_key(self, key: str) -> tuple[str, str]:
        """Return the ids of the project and of the monitor that a unique key stands for; raises NotFound."""
        pointer = _get(PointerItem, f"unique#{key}", "pointer", "Check not found")
        return pointer.project_id, pointer.monitor_id

    def add(self, organization: Organization, project: Project) -> None:
        """Store a new organization and its first project; raises Conflict where either exists already."""
        items: tuple[Entry, ...] = (
            OrganizationItem(
                organization.organization_id,
                "organization",
                name=organization.name,
                slug=organization.slug,
                plan=organization.plan,
                created=organization.created,
                default_project_id=organization.default_project_id,
            ),
            *_project_items(project),
        )
        with conflicts(), TransactWrite(connection=connection_of(Entry)) as transaction:
            for item in items:
                transaction.save(item, condition=Entry.owner.does_not_exist())

    def channel(self, project_id: str, channel_id: str) -> Channel:
        """Return a channel of the project; raises NotFound."""
        return _to_channel(_get(ChannelItem, project_id, f"channel#{channel_id}", "Channel not found"))

    def add_channel(self, channel: Channel) -> None:
        """Store a new channel."""
        with conflicts():
            _channel_item(channel).save(condition=ChannelItem.owner.does_not_exist())

    def save_channel(self, channel: Channel) -> None:
        """Store a changed channel; raises Conflict when it is gone."""
        with conflicts():
            _channel_item(channel).save(condition=ChannelItem.owner.exists())

    def remove_channel(self, project_id: str, channel_id: str) -> None:
        """Delete a channel; raises NotFound when somebody else was first."""
        try:
            with conflicts():
                ChannelItem(project_id, f"channel#{channel_id}").delete(condition=ChannelItem.owner.exists())
        except Conflict as error:
            raise NotFound("Channel not found") from error

    def note_error(self, project_id: str, channel_id: str, error: str, *, broken: bool) -> None:
        """Keep what a channel's provider said last; *broken* gives it up, no *error* takes it back."""
        if error:
            actions: Actions = [ChannelItem.last_error.set(error[:300])]
            actions += [ChannelItem.broken.set(error[:300])] if broken else []
        else:
            actions = [ChannelItem.last_error.remove(), ChannelItem.broken.remove()]
        try:
            with conflicts():
                ChannelItem(project_id, f"channel#{channel_id}").update(
                    actions, condition=ChannelItem.owner.exists()
                )
        except Conflict:
            return  # the channel was deleted meanwhile

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
            held = _get(ReservationItem, item.owner, "reservation", "Reservation not found")
            return str(held.monitor_id)
        return monitor_id


def member_of(organization_id: str) -> OrganizationItem:
    """Return the organization's item to act on in a transaction."""
    return OrganizationItem(organization_id, "organization")


def _get(model: Any, owner: str, item: str, missing: str) -> Any:
    try:
        with conflicts():
            return model.get(owner, item, consistent_read=True)
    except model.DoesNotExist as error:
        raise NotFound(missing) from error


def pointers_to(spec: Spec) -> tuple[PointerItem, ...]:
    """Return the items that lead from a monitor's public keys to it."""
    owners = f"badge#{spec.badge_key}", f"unique#{unique_key(spec.monitor_id)}"
    return tuple(
        PointerItem(owner, "pointer", project_id=spec.project_id, monitor_id=spec.monitor_id)
        for owner in owners
    )


def _project_items(project: Project) -> tuple[Entry, ...]:
    return (
        ProjectItem(
            project.project_id,
            "project",
            organization_id=project.organization_id,
            name=project.name,
            slug=project.slug,
            ping_key=project.ping_key,
            badge_key=project.badge_key,
            badge_secret=project.badge_secret,
            plan=project.plan,
            created=project.created,
        ),
        PointerItem(f"key#{project.ping_key}", "pointer", project_id=project.project_id),
        PointerItem(f"badge#{project.badge_key}", "pointer", project_id=project.project_id),
    )


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
    )


def _channel_item(channel: Channel) -> ChannelItem:
    return ChannelItem(
        channel.project_id,
        f"channel#{channel.channel_id}",
        kind=channel.kind,
        name=channel.name,
        config=channel.config,
        created=channel.created,
        broken=channel.broken or None,
        last_error=channel.last_error or None,
    )


def _to_channel(item: ChannelItem) -> Channel:
    return Channel(
        channel_id=item.item.removeprefix("channel#"),
        project_id=item.owner,
        kind=item.kind,
        name=item.name,
        config=item.config,
        created=item.created,
        broken=item.broken or "",
        last_error=item.last_error or "",
    )
