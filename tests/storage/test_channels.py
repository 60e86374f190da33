from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.alerts import Channel
from chalicelib.core.errors import Conflict, NotFound
from chalicelib.storage.channels import ChannelItem
from chalicelib.storage.entries import Entry
from tests.emulators import at_once
from tests.storage.examples import NOON, SECOND, alices, ids, moments, on_engines, texts
from tests.storage.owned import a_channel, json_values

pytestmark = pytest.mark.usefixtures("alice")


@pytest.fixture
def channel(tools):
    """Return Alice's webhook, stored."""
    channel = a_channel()
    tools.channels.add(channel)
    return channel


def found(tools, channel):
    """Return the channel as it is stored now."""
    return tools.channels.find("alices-project", channel.channel_id)


def entries():
    """Return the keys of everything that is stored with owners."""
    return {(entry.owner, entry.item) for entry in Entry.scan()}


@on_engines
@given(
    channel=st.builds(
        Channel,
        ids,
        st.just("alices-project"),
        texts,
        texts,
        st.dictionaries(texts, json_values),
        moments,
        texts,
        texts,
        st.none() | moments,
    )
)
def test_every_channel_comes_back(tools, channel):
    """A channel's configuration is kept as it was given, however it is nested, and so is what broke it."""
    tools.channels.add(channel)

    assert found(tools, channel) == channel
    assert tools.channels.project_of(channel.channel_id) == "alices-project"


def test_a_projects_channels_are_read_at_once(tools, wire):
    """They come in the order of their creation, without those of others, and cost one Query (R41)."""
    tools.projects.found(*_bobs())
    younger, elder = a_channel(created=NOON + SECOND), a_channel(created=NOON)
    for channel in (younger, elder, a_channel(project_id="bobs-project")):
        tools.channels.add(channel)
    wire.calls.clear()

    assert tools.channels.of_project("alices-project") == [elder, younger]
    assert wire.operations == ["Query"]


def _bobs():
    """Return Bob's organization and his project."""
    organization, project = alices(
        project_id="bobs-project", organization_id="bobs", ping_key="bobs-key", badge_key="bobs-badge"
    )
    return replace(organization, organization_id="bobs", slug="bob"), project


def test_nothing_is_added_to_a_project_that_is_gone(tools):
    """A channel for a project that somebody deleted meanwhile is refused, and leaves no trace (R40)."""
    before = entries()

    with pytest.raises(Conflict):
        tools.channels.add(a_channel(project_id="gone"))

    assert entries() == before


def test_a_channel_is_not_stored_over_another(tools, channel):
    """A new channel never takes the place of one that is there."""
    with pytest.raises(Conflict):
        tools.channels.add(replace(channel, name="Thief"))

    assert found(tools, channel) == channel


def test_a_changed_channel_is_stored(tools):
    """A change replaces the whole channel: what it no longer has is gone (R45)."""
    channel = a_channel(broken="410 Gone", last_error="410 Gone")
    tools.channels.add(channel)
    mended = replace(channel, config={"url": "https://b.example"}, broken="", last_error="", updated=NOON)

    tools.channels.save(mended)

    assert found(tools, channel) == mended


def test_a_change_does_not_bring_a_deleted_channel_back(tools):
    """A change to a channel that somebody deleted meanwhile is refused (R46)."""
    channel = a_channel()

    with pytest.raises(Conflict):
        tools.channels.save(channel)

    with pytest.raises(NotFound):
        found(tools, channel)


def test_a_channel_is_deleted_once(tools, channel):
    """Of many who delete a channel one does, the others find nothing, and nothing leads to it (R46)."""
    outcomes = at_once(10, lambda _: tools.channels.remove("alices-project", channel.channel_id))

    assert outcomes.count(None) == 1
    assert {str(outcome) for outcome in outcomes if outcome} == {"Channel not found"}
    with pytest.raises(NotFound, match="Channel not found"):
        tools.channels.project_of(channel.channel_id)


def test_a_deletion_that_meets_another_write_is_not_taken_for_done(tools, wire, channel):
    """Where a provider's last word is noted at that very moment, the channel is still there, and told so."""
    reasons = [{"Code": "TransactionConflict", "Message": ""}, {"Code": "None"}]
    wire.refuse("TransactWriteItems", "TransactionCanceledException", CancellationReasons=reasons)

    with pytest.raises(Conflict):
        tools.channels.remove("alices-project", channel.channel_id)

    assert found(tools, channel) == channel


@pytest.mark.parametrize(
    ("error", "broken", "kept"),
    [
        ("timed out", False, {"last_error": "timed out"}),
        ("410 Gone", True, {"last_error": "410 Gone", "broken": "410 Gone"}),
        ("x" * 999, True, {"last_error": "x" * 300, "broken": "x" * 300}),
        ("", False, {}),
    ],
)
def test_what_a_provider_said_is_kept(tools, channel, error, broken, kept):
    """A channel remembers its provider's last word, cut to 300 characters; a permanent one gives it up."""
    tools.channels.note_error("alices-project", channel.channel_id, error, broken=broken)

    assert found(tools, channel) == replace(channel, **kept)


def test_a_success_takes_an_error_back(tools):
    """A channel that works again says so."""
    channel = a_channel(last_error="410 Gone", broken="410 Gone")
    tools.channels.add(channel)

    tools.channels.note_error("alices-project", channel.channel_id, "", broken=False)

    assert found(tools, channel) == replace(channel, last_error="", broken="")


def test_an_error_does_not_bring_a_deleted_channel_back(tools):
    """The last word of a deleted channel's provider interests nobody."""
    tools.channels.note_error("alices-project", "gone", "timed out", broken=True)

    assert list(ChannelItem.query("alices-project")) == []


def test_those_that_are_sent_digests_are_found_at_once(tools, wire, channel):
    """Whoever is deleted, or says so, is sent none any more; one Query however many there are (R209)."""
    first, second = a_channel(), a_channel()
    for subscriber in (first, second):
        tools.channels.add(subscriber, subscribes=True)
    wire.calls.clear()
    known = {(one.project_id, one.channel_id) for one in (first, second)}
    assert set(tools.channels.subscribers()) == known
    assert wire.operations == ["Query"]
    tools.channels.remove("alices-project", first.channel_id)
    assert tools.channels.subscribers() == [("alices-project", second.channel_id)]
    for _ in range(2):
        tools.channels.unsubscribe("alices-project", second.channel_id)
    assert tools.channels.subscribers() == []
    assert found(tools, channel) == channel
