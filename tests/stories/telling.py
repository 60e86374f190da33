"""How stories ask about incidents and windows, and how long quiet hours pass."""

import json
from datetime import timedelta

from chalicelib.storage.ticks import Tick
from tests.stories.neighbours import speak

INCIDENTS = "/v1/incidents"
WINDOWS = "/v1/maintenance"
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


def spelled(moment):
    """Return *moment* as requests and answers spell it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def asked(house, method, road, **wish):
    """Return what Alice is answered."""
    return speak(house, method, road, json.dumps(wish).encode() if wish else b"")


def incidents(house):
    """Return the project's incidents, the newest first, as the API shows them."""
    return asked(house, "GET", INCIDENTS).json()["incidents"]


def remind(check, hours):
    """Let people be reminded of a check's outages every so many *hours*; None: not at all."""
    changed = asked(check.house, "PATCH", f"/v1/checks/{check.check_id}", reminderIntervalHours=hours)
    assert changed.status == 200


def pass_to(house, moment):
    """Let time pass until *moment*, but for its last minutes as if each tick had come and found nothing."""
    house.pump.drain()
    quiet = moment.replace(second=0, microsecond=0) - 2 * MINUTE
    if house.clock.now < quiet:
        house.tools.ticks.record(quiet - MINUTE, Tick())
        house.clock.now = quiet
        house.pump.tick()
        house.pump.drain()
    house.advance(seconds=(moment - house.clock.now).total_seconds())
