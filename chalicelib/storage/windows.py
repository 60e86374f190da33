"""Maintenance windows, kept with their project."""

from pynamodb.attributes import BooleanAttribute, ListAttribute, UnicodeAttribute
from pynamodb.transactions import TransactWrite

from chalicelib.core.errors import NotFound
from chalicelib.core.maintenance import Window
from chalicelib.storage import flips
from chalicelib.storage.entries import POINTER, Entry, PointerItem, get, project_of
from chalicelib.storage.projects import project_exists
from chalicelib.storage.tables import (
    EpochAttribute,
    ExpiryAttribute,
    conflicts,
    connection_of,
    defaults,
    worth_storing,
)

MISSING = "Maintenance window not found"
EMPTY = defaults(Window)
KEYS = ("window_id", "project_id")


class WindowItem(Entry, discriminator="window"):
    """A window; absent attributes mean the default of Window."""

    title = UnicodeAttribute()
    starts = EpochAttribute()
    ends = EpochAttribute()
    created = EpochAttribute()
    description = UnicodeAttribute(null=True)
    monitors: ListAttribute[str] = ListAttribute(null=True)
    tags: ListAttribute[str] = ListAttribute(null=True)
    rrule = UnicodeAttribute(null=True)
    timezone = UnicodeAttribute(null=True)
    since = EpochAttribute(null=True)
    until = EpochAttribute(null=True)
    retired = BooleanAttribute(null=True)
    updated = EpochAttribute(null=True)
    expires_at = ExpiryAttribute(null=True)  # of a retired one: when nobody can ask for its time any more


class Windows:
    """The maintenance windows of one deployment."""

    def find(self, project_id: str, window_id: str) -> Window:
        """Return a window of the project that is not retired; raises NotFound."""
        window = to_window(get(WindowItem, project_id, _name(window_id), MISSING))
        if window.retired:
            raise NotFound(MISSING)
        return window

    def project_of(self, window_id: str) -> str:
        """Return the id of the project that a window belongs to; raises NotFound."""
        return project_of(_name(window_id), MISSING)

    def of_project(self, project_id: str) -> list[Window]:
        """Return a project's windows, also those that only its past knows."""
        with conflicts():
            found = WindowItem.query(project_id, WindowItem.item.startswith("window#"), consistent_read=True)
            return [to_window(item) for item in found]

    def add(self, window: Window) -> None:
        """Store a new window; raises Conflict where its project is gone."""
        pointer = PointerItem(_name(window.window_id), POINTER, project_id=window.project_id)
        with conflicts(), TransactWrite(connection=connection_of(Entry)) as transaction:
            project_exists(transaction, window.project_id)
            transaction.save(_item(window), condition=WindowItem.owner.does_not_exist())
            transaction.save(pointer)

    def replace(self, before: Window, *after: Window) -> None:
        """Store what became of a window, all at once; nothing is left of it where *after* is empty.

        Raises Conflict when somebody else changed it meanwhile.
        """
        key = before.project_id, _name(before.window_id)
        unchanged = WindowItem.owner.exists() & (
            WindowItem.updated == before.updated if before.updated else WindowItem.updated.does_not_exist()
        )
        with conflicts(), TransactWrite(connection=connection_of(Entry)) as transaction:
            for window in after:
                keeps_its_name = window.window_id == before.window_id
                transaction.save(_item(window), condition=unchanged if keeps_its_name else None)
            if before.window_id not in {window.window_id for window in after}:
                transaction.delete(WindowItem(*key), condition=unchanged)
                transaction.delete(PointerItem(key[1], POINTER))


def to_window(item: WindowItem) -> Window:
    """Return the window that *item* stores."""
    stored = {
        name: getattr(item, name) for name in EMPTY if getattr(item, name) is not None and name not in KEYS
    }
    for name in ("monitors", "tags"):
        stored[name] = tuple(stored.get(name, ()))
    return Window(
        item.item.removeprefix("window#"),
        item.owner,
        item.title,
        item.starts,
        item.ends,
        item.created,
        **stored,
    )


def _name(window_id: str) -> str:
    return f"window#{window_id}"


def _item(window: Window) -> WindowItem:
    values = worth_storing(window, EMPTY)
    for name in ("monitors", "tags"):
        if name in values:
            values[name] = list(values[name])
    facts = {name: value for name, value in values.items() if name not in KEYS}
    expiry = window.until + flips.RETENTION if window.retired and window.until else None
    return WindowItem(window.project_id, _name(window.window_id), **facts, expires_at=expiry)
