"""The audit trail: what people changed, kept by organization, the newest within reach."""

from datetime import timedelta

from pynamodb.attributes import JSONAttribute, UnicodeAttribute

from chalicelib.core.audits import Entry
from chalicelib.storage.tables import EpochAttribute, ExpiryAttribute, Table, conflicts

RETENTION = timedelta(days=400)


class AuditItem(Table):
    """One change; ids sort by when it was made."""

    short_name = "audits"

    class Meta:
        table_name = ""

    organization_id = UnicodeAttribute(hash_key=True)
    entry_id = UnicodeAttribute(range_key=True)
    project_id = UnicodeAttribute(null=True)
    at = EpochAttribute()
    key_id = UnicodeAttribute()
    key_name = UnicodeAttribute(null=True)
    action = UnicodeAttribute()
    object_id = UnicodeAttribute()
    object_name = UnicodeAttribute(null=True)
    details = JSONAttribute(null=True)
    expires_at = ExpiryAttribute()


class Audits:
    """The audit trail of one deployment."""

    def add(self, entry: Entry) -> None:
        """Store what was changed."""
        item = AuditItem(
            entry.organization_id,
            entry.entry_id,
            project_id=entry.project_id or None,
            at=entry.at,
            key_id=entry.key_id,
            key_name=entry.key_name or None,
            action=entry.action,
            object_id=entry.object_id,
            object_name=entry.object_name or None,
            details=entry.details or None,
            expires_at=entry.at + RETENTION,
        )
        with conflicts():
            item.save()

    def before(self, organization_id: str, entry_id: str, limit: int) -> list[Entry]:
        """Return up to *limit* changes older than *entry_id* ("" for the newest), the newest first."""
        older = AuditItem.entry_id < entry_id if entry_id else None
        with conflicts():
            found = AuditItem.query(organization_id, older, scan_index_forward=False, limit=limit)
            return [_to_entry(item) for item in found]


def _to_entry(item: AuditItem) -> Entry:
    return Entry(
        item.entry_id,
        item.organization_id,
        item.project_id or "",
        item.at,
        item.key_id,
        item.key_name or "",
        item.action,
        item.object_id,
        item.object_name or "",
        item.details or {},
    )
