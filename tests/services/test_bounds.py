"""What is read as a whole has a bound, whoever adds to it and however."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core.errors import Invalid, LimitReached
from chalicelib.core.incidents import Stage, Update, identify
from chalicelib.local.house import built
from chalicelib.services import access, incidents, maintenance
from chalicelib.services.incidents import MOST_UPDATES, IncidentWish
from chalicelib.services.maintenance import MOST_RECURRING
from chalicelib.storage.flips import RETENTION
from chalicelib.storage.keys import Lane
from chalicelib.storage.windows import WindowItem

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def house():
    """Return one house for these few tests."""
    with built() as alices:
        yield alices


@pytest.fixture(scope="module")
def alice(house):
    """Return who holds the key of Alice's project."""
    return access.enter(house.tools, house.foundation.api_key, Lane.V1, house.clock.now)


def window(house, alice, begun=HOUR, **wish):
    """Return a new window that began a while ago and lasts as long from now."""
    now = house.clock.now
    wish = {"title": "Work", "starts": now - begun, "ends": now - begun + 2 * HOUR, **wish}
    return maintenance.add(house.tools, alice, wish, now)


def test_a_timeline_is_full_for_amendments_too_but_can_be_resolved(house, alice):
    """A changed stage is a line like any other; only the last one finds room in the end (R53, R55)."""
    tools, now = house.tools, house.clock.now
    found = incidents.open_(tools, alice, IncidentWish("Long story"), now)
    for first in range(0, MOST_UPDATES, 90):
        lines = range(first, min(first + 90, MOST_UPDATES))
        told = [Update(identify(now, str(n)), found.incident_id, now, Stage.MONITORING, "…") for n in lines]
        found = tools.incidents.save(found, found, *told)
    with pytest.raises(LimitReached):
        incidents.amend(tools, alice, found.incident_id, IncidentWish(stage=Stage.IDENTIFIED), now)
    wish = IncidentWish(stage=Stage.RESOLVED)
    assert incidents.amend(tools, alice, found.incident_id, wish, now).resolved == now


def test_only_so_many_windows_recur(house, alice):
    """Each is worked out anew whenever something is announced; those that happen once stay welcome (R58)."""
    first = window(house, alice, rrule="FREQ=DAILY")
    for n in range(1, MOST_RECURRING):
        house.tools.windows.add(replace(first, window_id=f"{first.window_id}-{n}"))
    with pytest.raises(LimitReached):
        window(house, alice, rrule="FREQ=DAILY")
    once = window(house, alice)
    with pytest.raises(LimitReached):
        maintenance.amend(house.tools, alice, once.window_id, {"rrule": "FREQ=DAILY"}, house.clock.now)
    changed = maintenance.amend(house.tools, alice, first.window_id, {"title": "Nights"}, house.clock.now)
    assert changed.title == "Nights"


def test_count_counts_from_a_year_ago_at_most(house, alice):
    """To count from long ago is work that everybody who announces something would do (R58)."""
    with pytest.raises(Invalid, match="more than a year ago"):
        window(house, alice, begun=400 * DAY, rrule="FREQ=WEEKLY;COUNT=9999")


def test_what_only_the_past_knows_is_forgotten_with_it(house, alice):
    """A window that was deleted after it began expires with the flips that it explains (R61, R155)."""
    gone = window(house, alice)
    now = house.clock.now
    maintenance.delete(house.tools, alice, gone.window_id, now)
    stored = WindowItem.get(gone.project_id, f"window#{gone.window_id}")
    assert stored.expires_at == (now + RETENTION).replace(microsecond=0)
