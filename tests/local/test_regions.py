from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.local.emulation import build, emulated_aws, has_visible
from chalicelib.local.house import FURNISHED
from chalicelib.local.pump import Pump
from chalicelib.messages import ProbeBundle
from chalicelib.queues import Queues
from chalicelib.settings import Settings
from tests.emulators import MiniStack, credentials

HOME, *ELSEWHERE = REGIONS = FURNISHED.probe_regions


@pytest.fixture(params=["moto", "ministack"])
def settings(request, tmp_path):
    """Return the settings of a deployment with three regions, on either emulator."""
    with in_memory() if request.param == "moto" else at_an_address(tmp_path) as emulated:
        yield build(emulated)


@contextmanager
def in_memory():
    """Let moto be the AWS."""
    with emulated_aws():
        yield FURNISHED


@contextmanager
def at_an_address(folder):
    """Let MiniStack be the AWS."""
    stack = MiniStack(folder)
    try:
        with credentials():
            yield replace(FURNISHED, endpoint_url=stack.url)
    finally:
        stack.stop()


def order_from(settings, regions):
    """Order a probe from each region."""
    now = datetime.now(UTC)  # noqa: TID251  the emulator's clock is the wall's
    late = now - timedelta(seconds=1)
    Queues(settings).probe([ProbeBundle(region, late, ()) for region in regions], now)


def listening(settings):
    """Return a pump whose probers only note which order came to which region."""
    from app import app

    pump, heard = Pump(app, settings), []

    def noting(region):
        def note(event, _):
            heard.extend(
                (region, ProbeBundle.from_json(record["body"]).region) for record in event["Records"]
            )

        return note

    lines = [line for line in pump.lines if line.name == "probe"]
    pump.lines = [replace(line, handler=noting(line.region)) for line in lines]
    return pump, heard


def test_every_region_has_its_own_queue(settings):
    """What is ordered from a region comes to that region's prober alone, on either emulator."""
    pump, heard = listening(settings)
    order_from(settings, REGIONS)
    assert pump.drain() == len(REGIONS)
    assert sorted(heard) == sorted((region, region) for region in REGIONS)


def test_a_stack_that_is_there_is_taken_as_it_is(settings):
    """A second start on an AWS that remembers the first finds the queues of every region again."""
    assert build(settings) == settings


def test_a_region_can_be_cut_off(settings):
    """Without its line a region is cut off: its orders stay where they are, the others are worked off."""
    pump, heard = listening(settings)
    pump.lines = [line for line in pump.lines if line.region not in ELSEWHERE[:1]]
    order_from(settings, REGIONS)
    pump.drain()
    assert {region for region, _ in heard} == set(REGIONS) - {ELSEWHERE[0]}


def test_a_glance_sees_what_waits_in_its_region():
    """A queue of one region holds a message while the queue of the same name elsewhere is empty."""
    with emulated_aws():
        settings = build(FURNISHED)
        order_from(settings, ELSEWHERE[:1])
        seen = {region: has_visible(region, settings.probes_queue_in(region)) for region in REGIONS}
    assert seen == {region: region == ELSEWHERE[0] for region in REGIONS}


def test_home_is_probed_from_whatever_else_is_told(monkeypatch):
    """Further regions are told with spaces or commas; home comes first, and none counts twice."""
    monkeypatch.setenv("AWS_REGION", HOME)
    monkeypatch.setenv("PROBE_REGIONS", f"{ELSEWHERE[0]}, {HOME} {ELSEWHERE[1]},{ELSEWHERE[0]}")
    assert Settings.from_env().probe_regions == REGIONS
