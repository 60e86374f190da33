"""Mondays: what the week came to, told to whoever subscribed."""

import json
from datetime import timedelta

import pytest

from tests.stories.neighbours import new_channel, new_check, receiving, speak
from tests.stories.telling import pass_to

MONDAY = timedelta(days=7)


@pytest.fixture
def hook(house):
    """Run a receiver on loopback."""
    with receiving(house.clock) as peer:
        yield peer


def subscribe(house, hook):
    """Return a channel that is sent a digest."""
    return new_channel(house, "INDIEPULSE", url=hook.url + "/", secret="Alice's own secret")


def digests(hook):
    """Return the digests that came."""
    told = [json.loads(heard.body) for heard in hook.heard]
    return [one for one in told if one["event_type"] == "digest.weekly"]


def test_a_new_channel_is_greeted(house, hook):
    """A test event is sent while it is set up, once (R210)."""
    subscribe(house, hook)
    house.advance(seconds=1)
    assert [json.loads(heard.body)["event_type"] for heard in hook.heard] == ["test"]


def test_every_monday_morning_brings_the_last_week(house, hook):
    """With what was down, for how long, and how much that leaves (R209)."""
    subscribe(house, hook)
    job, other = new_check(house, name="Backup", timeout=604_800), new_check(house, timeout=604_800)
    pass_to(house, house.clock() + timedelta(hours=5))
    for check in (job, other):
        check.ping()
    house.advance(hours=1)
    job.ping("fail")
    house.advance(minutes=30)
    job.ping()
    monday = house.clock().replace(hour=8, minute=0, second=0, microsecond=0) + MONDAY
    pass_to(house, monday - timedelta(minutes=1))
    assert digests(hook) == []
    pass_to(house, monday + timedelta(hours=2, minutes=1))
    [digest] = digests(hook)
    assert set(digest) == {"event_type", "timestamp", "workspace", "digest"}
    week = digest["digest"]
    assert (week["monitors"], week["incidents"], week["downtime_seconds"]) == (2, 1, 1800)
    assert [one["title"] for one in week["longest_incidents"]] == ["Backup is down"]
    [least] = week["least_available"]
    assert least["name"] == "Backup"
    assert least["uptime_percent"] < week["uptime_percent"] < 100


def test_whoever_left_hears_nothing_more(house, hook):
    """A deleted channel, or one whose project is gone (R209)."""
    channel = subscribe(house, hook)
    assert speak(house, "DELETE", f"/v1/channels/{channel}").status == 204
    assert house.tools.channels.subscribers() == []
    pass_to(house, house.clock() + MONDAY + timedelta(hours=1))
    assert digests(hook) == []
