"""What is left of what was deleted: noted with the deletion itself, so that a purge that dies goes on."""

from dataclasses import dataclass
from datetime import datetime

from pynamodb.attributes import UnicodeAttribute

from chalicelib.storage.entries import POINTER, Entry
from chalicelib.storage.tables import EpochAttribute, Table, conflicts

GONE = "gone"
LED_TO = ("channel#", "policy#", "window#")  # the entries whose ids lead to them


@dataclass(frozen=True, slots=True)
class Remnant:
    """What is left of a project; of a whole organization where *project_id* is empty."""

    project_id: str
    organization_id: str
    since: datetime


class RemnantItem(Entry, discriminator="remnant"):
    """A project or organization that was deleted, until nothing is left of it."""

    project_id = UnicodeAttribute(null=True)
    organization_id = UnicodeAttribute()
    since = EpochAttribute()


class TraceItem(Table):
    """An entry of whatever kind, by its keys alone.

    A query for Entry brings those kinds only that this process has imported: others would be left for ever.
    """

    short_name = Entry.short_name

    class Meta:
        table_name = ""

    owner = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)


class Remnants:
    """The remnants of one deployment."""

    def all(self) -> list[Remnant]:
        """Return what is deleted, but not without traces yet: one Query."""
        with conflicts():
            found = RemnantItem.query(GONE, consistent_read=True)
            return [Remnant(item.project_id or "", item.organization_id, item.since) for item in found]

    def clear(self, owner: str, limit: int) -> bool:
        """Delete up to *limit* entries of an owner that is gone, and what leads to them.

        Return whether any may be left.
        """
        with conflicts():
            traces = list(
                TraceItem.query(owner, limit=limit, consistent_read=True, attributes_to_get=["owner", "item"])
            )
            with TraceItem.batch_write() as batch:
                for trace in traces:
                    if trace.item.startswith(LED_TO):
                        batch.delete(TraceItem(trace.item, POINTER))
                    batch.delete(trace)
        return len(traces) == limit

    def forget(self, remnant: Remnant) -> None:
        """Note that nothing is left of it."""
        with conflicts():
            remnant_item(remnant).delete()


def remnant_item(remnant: Remnant) -> RemnantItem:
    """Return the item that notes what is left."""
    return RemnantItem(
        GONE,
        remnant.project_id or remnant.organization_id,
        project_id=remnant.project_id or None,
        organization_id=remnant.organization_id,
        since=remnant.since,
    )
