from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.alerts import Channel
from chalicelib.core.errors import Conflict, NotFound
from chalicelib.core.tenancy import Organization, Project
from chalicelib.storage.projects import RESERVED_FOR, ChannelItem, Entry
from chalicelib.toolbox import random_id
from tests.emulators import at_once
from tests.storage.examples import MINUTE, NOON, SECOND, alices, ids, moments, on_engines, texts

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)


def a_channel(**changes):
    """Return Alice's webhook."""
    channel = Channel(
        random_id(), "alices-project", "webhook", "Pager", {"url": "https://a.example/hook"}, NOON
    )
    return replace(channel, **changes)


@pytest.fixture
def alice(tools):
    """Return Alice's organization and project, stored."""
    organization, project = alices()
    tools.projects.add(organization, project)
    return organization, project


@on_engines
@given(
    organization=st.builds(Organization, ids, texts, texts, texts, moments, ids),
    project=st.builds(
        Project, ids, ids, texts, texts, ids, ids, texts, moments, st.sampled_from(["free", "maker"])
    ),
)
def test_what_is_stored_comes_back(tools, organization, project):
    """Every fact of an organization and of a project is kept, empty and odd texts too."""
    tools.projects.add(organization, project)

    assert tools.projects.organization(organization.organization_id) == organization
    assert tools.projects.project(project.project_id) == project
    assert tools.projects.of_ping_key(project.ping_key) == project
    assert tools.projects.of_badge_key(project.badge_key) == (project.project_id, "")


@on_engines
@given(
    channel=st.builds(
        Channel, ids, ids, texts, texts, st.dictionaries(texts, json_values), moments, texts, texts
    )
)
def test_every_channel_comes_back(tools, channel):
    """A channel's configuration is kept as it was given, however it is nested, and so is what broke it."""
    tools.projects.add_channel(channel)

    assert tools.projects.channel(channel.project_id, channel.channel_id) == channel


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize(
    ("ask", "missing"),
    [
        (lambda projects: projects.organization("bobs"), "Organization not found"),
        (lambda projects: projects.project("bobs"), "Project not found"),
        (lambda projects: projects.settings("bobs"), "Project not found"),
        (lambda projects: projects.of_ping_key("bobs"), "Project not found"),
        (lambda projects: projects.of_badge_key("bobs"), "Badge not found"),
        (lambda projects: projects.of_unique_key("bobs"), "Check not found"),
        (lambda projects: projects.channel("alices-project", "bobs"), "Channel not found"),
    ],
)
def test_what_is_not_there_is_not_found(tools, ask, missing):
    """Each kind of thing that is missing is called by its name."""
    with pytest.raises(NotFound, match=missing):
        ask(tools.projects)


@pytest.mark.usefixtures("alice")
def test_ids_of_one_kind_open_no_other(tools):
    """An organization's id is no project's, and a project's no organization's."""
    with pytest.raises(NotFound):
        tools.projects.project("alices")
    with pytest.raises(NotFound):
        tools.projects.organization("alices-project")


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize(
    ("taken", "changes"),
    [
        ("organization", {"project_id": "new-project", "ping_key": "new-key", "badge_key": "new-badge"}),
        ("project", {"organization_id": "new", "ping_key": "new-key", "badge_key": "new-badge"}),
        ("ping key", {"organization_id": "new", "project_id": "new-project", "badge_key": "new-badge"}),
        ("badge key", {"organization_id": "new", "project_id": "new-project", "ping_key": "new-key"}),
    ],
)
def test_a_new_organization_is_stored_whole_or_not_at_all(tools, taken, changes):
    """Where an id, the ping key or the badge key is taken, nothing of the whole is stored."""
    before = {(entry.owner, entry.item) for entry in Entry.scan()}
    organization, project = alices(**changes)
    organization = replace(organization, organization_id=project.organization_id)

    with pytest.raises(Conflict):
        tools.projects.add(organization, project)

    assert {(entry.owner, entry.item) for entry in Entry.scan()} == before, f"the {taken} was taken"


def test_settings_are_read_at_once(tools, wire, alice):
    """A project and its channels, in the order of their creation, cost one Query (R41)."""
    younger, elder = a_channel(created=NOON + SECOND), a_channel(created=NOON)
    tools.projects.add_channel(younger)
    tools.projects.add_channel(elder)
    tools.projects.add_channel(a_channel(project_id="bobs-project"))
    wire.calls.clear()

    assert tools.projects.settings("alices-project") == (alice[1], [elder, younger])
    assert wire.operations == ["Query"]


def test_channels_without_a_project_are_no_project(tools):
    """What is left of a deleted project does not bring it back."""
    tools.projects.add_channel(a_channel())

    with pytest.raises(NotFound, match="Project not found"):
        tools.projects.settings("alices-project")


def test_a_channel_is_not_stored_over_another(tools):
    """A new channel never takes the place of one that is there."""
    channel = a_channel()
    tools.projects.add_channel(channel)

    with pytest.raises(Conflict):
        tools.projects.add_channel(replace(channel, name="Thief"))

    assert tools.projects.channel("alices-project", channel.channel_id) == channel


def test_a_changed_channel_is_stored(tools):
    """A change replaces the whole channel: what it no longer has is gone (R45)."""
    channel = a_channel(broken="410 Gone", last_error="410 Gone")
    tools.projects.add_channel(channel)
    mended = replace(channel, config={"url": "https://b.example"}, broken="", last_error="")

    tools.projects.save_channel(mended)

    assert tools.projects.channel("alices-project", channel.channel_id) == mended


def test_a_change_does_not_bring_a_deleted_channel_back(tools):
    """A change to a channel that somebody deleted meanwhile is refused (R46)."""
    channel = a_channel()

    with pytest.raises(Conflict):
        tools.projects.save_channel(channel)

    with pytest.raises(NotFound):
        tools.projects.channel("alices-project", channel.channel_id)


def test_a_channel_is_deleted_once(tools):
    """Of two who delete a channel the second finds nothing (R46)."""
    channel = a_channel()
    tools.projects.add_channel(channel)

    tools.projects.remove_channel("alices-project", channel.channel_id)

    with pytest.raises(NotFound, match="Channel not found"):
        tools.projects.remove_channel("alices-project", channel.channel_id)


@pytest.mark.parametrize(
    ("error", "broken", "kept"),
    [
        ("timed out", False, {"last_error": "timed out"}),
        ("410 Gone", True, {"last_error": "410 Gone", "broken": "410 Gone"}),
        ("x" * 999, True, {"last_error": "x" * 300, "broken": "x" * 300}),
        ("", False, {}),
    ],
)
def test_what_a_provider_said_is_kept(tools, error, broken, kept):
    """A channel remembers its provider's last word, cut to 300 characters; a permanent one gives it up."""
    channel = a_channel()
    tools.projects.add_channel(channel)

    tools.projects.note_error("alices-project", channel.channel_id, error, broken=broken)

    assert tools.projects.channel("alices-project", channel.channel_id) == replace(channel, **kept)


def test_a_success_takes_an_error_back(tools):
    """A channel that works again says so."""
    channel = a_channel(last_error="410 Gone", broken="410 Gone")
    tools.projects.add_channel(channel)

    tools.projects.note_error("alices-project", channel.channel_id, "", broken=False)

    found = tools.projects.channel("alices-project", channel.channel_id)
    assert (found.last_error, found.broken) == ("", "")


def test_an_error_does_not_bring_a_deleted_channel_back(tools):
    """The last word of a deleted channel's provider interests nobody."""
    tools.projects.note_error("alices-project", "gone", "timed out", broken=True)

    assert list(ChannelItem.query("alices-project")) == []


def test_of_many_who_create_the_same_monitor_one_wins(tools):
    """Of 20 callers who reserve a description at once, one is told its own id and all others that very id
    (R309).
    """
    told = at_once(20, lambda n: tools.projects.reserve("alices-project", "unique#1", f"id-{n}", NOON))

    assert len(set(told)) == 1
    assert told[int(told[0].removeprefix("id-"))] == told[0]


def test_a_reservation_holds_for_its_time(tools):
    """The second caller is told the first one's id until the reservation runs out; then it is free again."""
    held = [
        tools.projects.reserve("alices-project", "unique#1", name, NOON + after)
        for name, after in (
            ("first", 0 * SECOND),
            ("second", RESERVED_FOR - SECOND),
            ("third", RESERVED_FOR),
            ("fourth", RESERVED_FOR + SECOND),
        )
    ]

    assert held == ["first", "first", "third", "third"]


def test_descriptions_are_reserved_each_for_itself(tools):
    """Another description, and another project, have reservations of their own."""
    reserve = tools.projects.reserve

    assert reserve("alices-project", "unique#1", "a", NOON) == "a"
    assert reserve("alices-project", "unique#2", "b", NOON) == "b"
    assert reserve("bobs-project", "unique#1", "c", NOON + MINUTE / 2) == "c"


def test_a_repeated_reservation_is_still_ours(tools, wire):
    """When the answer was lost and the client asked again, the caller still learns that it won."""
    wire.lose_answer("PutItem")

    assert tools.projects.reserve("alices-project", "unique#1", "ours", NOON) == "ours"
