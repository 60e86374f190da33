"""The table of what is looked up by its owner: of organizations, projects and public keys."""

from typing import Any

from pynamodb.attributes import DiscriminatorAttribute, UnicodeAttribute

from chalicelib.core.errors import NotFound
from chalicelib.storage.tables import Table, conflicts

POINTER = "pointer"


class Entry(Table):
    """Something that belongs to an owner: an organization, a project or a public key."""

    short_name = "projects"

    class Meta:
        table_name = ""

    owner = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    cls = DiscriminatorAttribute()


class PointerItem(Entry, discriminator="pointer"):
    """Where a public key or an id leads: to a project, and perhaps to one of its monitors."""

    project_id = UnicodeAttribute()
    monitor_id = UnicodeAttribute(null=True)


def get(model: Any, owner: str, item: str, missing: str) -> Any:
    """Return an entry as it is now; raises NotFound with the sentence *missing*."""
    try:
        with conflicts():
            return model.get(owner, item, consistent_read=True)
    except model.DoesNotExist as error:
        raise NotFound(missing) from error


def project_of(owner: str, missing: str) -> str:
    """Return the id of the project that a key or an id leads to; raises NotFound."""
    return str(get(PointerItem, owner, POINTER, missing).project_id)
