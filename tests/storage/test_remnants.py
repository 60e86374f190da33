from dataclasses import replace

import pytest

from chalicelib import aws
from chalicelib.core.errors import NotFound
from chalicelib.storage.entries import Entry
from chalicelib.storage.remnants import Remnant
from tests.storage.examples import MINUTE, NOON, alices
from tests.storage.owned import a_channel, a_window

pytestmark = pytest.mark.usefixtures("alice")


def entries():
    """Return the keys of everything that is stored with owners."""
    return {(entry.owner, entry.item) for entry in Entry.scan()}


def test_a_deletion_notes_what_is_left(tools):
    """What belonged to a deleted project or organization is noted with it, until nothing is left."""
    organization, project = alices()
    assert tools.remnants.all() == []

    tools.projects.remove(project, organization, project.project_id, NOON)
    tools.organizations.remove(organization, NOON + MINUTE)

    remnants = [Remnant("", "alices", NOON + MINUTE), Remnant("alices-project", "alices", NOON)]
    assert tools.remnants.all() == remnants
    tools.remnants.forget(remnants[0])
    assert tools.remnants.all() == remnants[1:]


def test_what_a_project_owned_is_deleted_part_by_part(tools):
    """Its channels and windows go, with what leads to them, as many as were asked for; the rest later."""
    before = entries()
    channels, windows = [a_channel(), a_channel()], [a_window()]
    for channel in channels:
        tools.channels.add(channel)
    tools.windows.add(windows[0])

    parts = [tools.remnants.clear("alices-project", 2) for _ in range(3)]

    assert parts == [True, True, False]  # the project itself is the fourth
    assert entries() == before - {("alices-project", "project")}
    for find, name in (
        (tools.channels.project_of, channels[0].channel_id),
        (tools.windows.project_of, windows[0].window_id),
    ):
        with pytest.raises(NotFound):
            find(name)


def test_what_a_process_does_not_know_is_deleted_too(tools, engine):
    """Whoever clears has not imported every kind of entry there is: none is passed over for that."""
    client = aws.client("dynamodb", engine.settings.region, engine.settings.endpoint_url)
    key = {"owner": {"S": "alices-project"}, "item": {"S": "page#1"}}
    client.put_item(TableName="wakeful-projects", Item=key | {"cls": {"S": "page"}})

    tools.remnants.clear("alices-project", 100)

    assert "Item" not in client.get_item(TableName="wakeful-projects", Key=key)


def test_a_name_that_is_another_organizations_slug_stays(tools):
    """What an organization's members are called under is not what leads to the slugs of others."""
    child, project = alices(
        project_id="childs", organization_id="child", ping_key="childs-key", badge_key="childs-badge"
    )
    child = replace(child, organization_id="child", slug="bobs", parent_id="alices")
    tools.projects.found(child, project)
    other, hers = alices(project_id="others", organization_id="other", ping_key="o", badge_key="o")
    tools.projects.found(replace(other, organization_id="other", slug="child"), hers)

    tools.remnants.clear("alices", 100)

    assert ("organization#child", "pointer") in entries()
    assert not {item for owner, item in entries() if owner == "alices"}
