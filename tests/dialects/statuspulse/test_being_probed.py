"""What a monitor asks for is done: its target lies on loopback, and the regions really go there."""

from datetime import timedelta
from itertools import pairwise

from chalicelib.core.status import Verdict
from chalicelib.dialects import ids
from statuspulse.asking import changed, created, site, status_of
from tests.stories.targets import always, serving

HALF_A_MINUTE = timedelta(seconds=30)


def rounds_of(person, monitor_id, limit=100):
    """Return a monitor's newest rounds that are judged, the oldest first."""
    house = person.house
    found = house.tools.rounds.latest(ids.read(ids.MONITOR, monitor_id), limit, house.clock.now)
    return [one for one in found if one.verdict][::-1]


def test_it_is_probed_as_often_and_from_where_it_asks(house, alice):
    """Twice a minute, judged by its own region alone, across a change of its config (R91, R95, R97, R116)."""
    house.advance(minutes=1)  # whoever is new is probed ahead as far as the wheel has come
    with serving() as target:
        monitor_id = site(alice, url=target.url, interval_seconds=30, regions=["eu-west-1"])
        house.advance(minutes=2)
        changed(alice, monitor_id, timeout_ms=2000)
        house.advance(minutes=3)
    judged = rounds_of(alice, monitor_id)
    assert {one.jury for one in judged} == {("eu-west-1",)}
    assert {one.version for one in judged} == {0, 1}
    moments = sorted({one.at for one in judged})
    waits = [later - earlier for earlier, later in pairwise(moments)]
    assert max(waits) == HALF_A_MINUTE
    assert waits[-4:] == [HALF_A_MINUTE] * 4
    assert set(target.asked) == {"eu-west-1"}


def test_what_is_expected_is_good(house, alice):
    """503 fails unless it is asked for (R98)."""
    with serving() as target:
        target.script = always(503)
        bad = site(alice, url=target.url, interval_seconds=30)
        good = site(alice, url=target.url, interval_seconds=30, expected_status=[503, "200-299"])
        house.advance(minutes=1)
        assert status_of(alice, good)["state"] == "up"
        assert status_of(alice, bad)["state"] in ("pending", "down")
        assert status_of(alice, bad)["last_result"]["status_code"] == 503
        assert rounds_of(alice, bad)[-1].verdict is Verdict.DOWN


def test_a_port_is_connected_to(house, alice):
    """What listens is up; what does not is not (R92)."""
    with serving() as target:
        port = int(target.url.rpartition(":")[2].strip("/"))
        wish = {"name": "Port", "type": "tcp", "interval_seconds": 30}
        listening = created(alice, url=f"tcp://127.0.0.1:{port}", **wish)["monitor_id"]
        silent = created(alice, host="127.0.0.1", port=9, **wish)["monitor_id"]
        house.advance(minutes=1)
        assert status_of(alice, listening)["state"] == "up"
        assert rounds_of(alice, silent)[-1].verdict is Verdict.DOWN
