"""A project with many checks, stored without asking for each."""

from datetime import timedelta

from chalicelib.core.monitors import Spec, create
from chalicelib.core.schedules import Every
from chalicelib.storage.entries import Entry
from chalicelib.storage.monitors import spec_item, state_item
from chalicelib.storage.projects import pointers_to
from chalicelib.storage.states import Part

HOUR = timedelta(hours=1)


def fill(house, project, many, tagged):
    """Store *many* checks of *project*, one a second; the first *tagged* of them carry the tag `db`."""
    with Part.batch_write() as batch, Entry.batch_write() as pointers:
        for n in range(many):
            spec = Spec(
                monitor_id=house.tools.new_id(),
                project_id=project.project_id,
                organization_id=project.organization_id,
                created=house.clock.now + timedelta(seconds=n),
                badge_key=house.tools.new_id(),
                name=f"check {n:03d}",
                slug=f"check-{n:03d}",
                tags="prod db" if n < tagged else "prod",
                schedule=Every(HOUR),
            )
            batch.save(spec_item(spec))
            batch.save(state_item(spec.monitor_id, create(spec).state, 1))
            for pointer in pointers_to(spec):
                pointers.save(pointer)
