from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.errors import Conflict, NotFound
from chalicelib.core.escalation import Policy, Rung
from chalicelib.core.maintenance import Window
from chalicelib.storage import flips
from chalicelib.storage.entries import Entry
from chalicelib.storage.windows import WindowItem
from tests.emulators import at_once
from tests.storage.examples import (
    HOUR,
    MINUTE,
    NOON,
    SECOND,
    few_texts,
    ids,
    moments,
    on_engines,
    texts,
)
from tests.storage.owned import a_channel, a_window

pytestmark = pytest.mark.usefixtures("alice")


@pytest.fixture
def window(tools):
    """Return Alice's window, stored."""
    window = a_window()
    tools.windows.add(window)
    return window


def found(tools, window):
    """Return the window as it is stored now."""
    return tools.windows.find("alices-project", window.window_id)


@on_engines
@given(
    window=st.builds(
        Window,
        ids,
        st.just("alices-project"),
        texts,
        moments,
        moments,
        moments,
        description=texts,
        monitors=few_texts,
        tags=few_texts,
        rrule=texts,
        timezone=texts,
        since=st.none() | moments,
        until=st.none() | moments,
        updated=st.none() | moments,
    )
)
def test_every_window_comes_back(tools, window):
    """Every fact of a window is kept, also where it is empty or odd."""
    tools.windows.add(window)

    assert found(tools, window) == window
    assert tools.windows.project_of(window.window_id) == "alices-project"


def test_all_that_decides_who_hears_is_read_at_once(tools, wire, window):
    """Windows, also retired ones, channels, the oldest first, and policies cost one Query."""
    retired = a_window(window_id=window.window_id + "@earlier", retired=True, until=NOON)
    tools.windows.add(retired)
    younger, elder = a_channel(created=NOON + SECOND), a_channel()
    tools.channels.add(younger)
    tools.channels.add(elder)
    policy = Policy("l-1", "alices-project", "oncall", (Rung(SECOND, (elder.channel_id,)),), NOON)
    tools.policies.add(policy)
    wire.calls.clear()

    windows, channels, policies = tools.setups.of_project("alices-project")

    assert wire.operations == ["Query"]
    assert windows == tools.windows.of_project("alices-project") == [window, retired]
    assert channels == [elder, younger]
    assert policies == [policy]


def test_a_retired_window_is_not_found(tools):
    """What only the past knows is shown to nobody (R61)."""
    retired = a_window(retired=True)
    tools.windows.add(retired)

    with pytest.raises(NotFound, match="Maintenance window not found"):
        found(tools, retired)


@pytest.mark.parametrize(
    ("changes", "expires"),
    [
        ({}, None),
        ({"until": NOON}, None),
        ({"until": NOON, "retired": True}, NOON + flips.RETENTION),
    ],
)
def test_the_past_is_kept_as_long_as_its_flips(tools, changes, expires):
    """A retired window goes when nobody can ask any more what it covered; no other ever does."""
    window = a_window(**changes)
    tools.windows.add(window)

    item = WindowItem.get("alices-project", f"window#{window.window_id}")
    assert item.expires_at == expires


@pytest.mark.parametrize("changes", [{"project_id": "gone"}, {"window_id": "taken"}])
def test_a_window_that_may_not_be_added_leaves_no_trace(tools, changes):
    """None is added to a project that is gone, and none takes another's place."""
    tools.windows.add(a_window(window_id="taken"))
    before = {(entry.owner, entry.item) for entry in Entry.scan()}

    with pytest.raises(Conflict):
        tools.windows.add(a_window(**changes))

    assert {(entry.owner, entry.item) for entry in Entry.scan()} == before


def test_a_changed_window_and_its_past_are_stored_together(tools, window):
    """A change to a window that has begun leaves what was, retired, beside what is now (R60)."""
    changed = replace(window, ends=NOON + 2 * HOUR, since=NOON + MINUTE, updated=NOON + MINUTE)
    past = replace(window, window_id=f"{window.window_id}@1", until=NOON + MINUTE, retired=True)

    tools.windows.replace(window, changed, past)

    assert found(tools, window) == changed
    assert tools.windows.of_project("alices-project") == [changed, past]


def test_a_deleted_window_that_had_begun_stays_for_the_past(tools, window):
    """It is found no more, but what it covered is still known (R61)."""
    past = replace(window, until=NOON + MINUTE, retired=True, updated=NOON + MINUTE)

    tools.windows.replace(window, past)

    assert tools.windows.of_project("alices-project") == [past]
    with pytest.raises(NotFound):
        found(tools, window)


def test_a_deleted_window_that_never_began_leaves_no_trace(tools, window):
    """Nothing is kept of it, and nothing leads to it (R61)."""
    tools.windows.replace(window)

    assert tools.windows.of_project("alices-project") == []
    with pytest.raises(NotFound, match="Maintenance window not found"):
        tools.windows.project_of(window.window_id)


@pytest.mark.parametrize("is_deletion", [True, False])
def test_of_many_who_change_a_window_one_does(tools, window, is_deletion):
    """Whoever decided on what is no more is refused, and nothing of what it wanted is stored (R60, R61)."""

    def act(n):
        moment = NOON + (n + 1) * SECOND
        changed = replace(window, title=f"by {n}", updated=moment)
        past = replace(window, window_id=f"{window.window_id}@{n}", retired=True, until=moment)
        tools.windows.replace(window, *([] if is_deletion else [changed]), past)

    outcomes = at_once(10, act)

    winner = outcomes.index(None)
    assert [type(outcome) for outcome in outcomes].count(Conflict) == 9
    stored = {kept.window_id: kept.title for kept in tools.windows.of_project("alices-project")}
    now = {} if is_deletion else {window.window_id: f"by {winner}"}
    assert stored == {f"{window.window_id}@{winner}": window.title} | now
