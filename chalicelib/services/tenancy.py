"""People manage what belongs to a project: its channels now, and the keys that open it."""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from chalicelib.channels import transport_for
from chalicelib.core.alerts import Channel, Fate, Reason
from chalicelib.core.errors import NotFound
from chalicelib.core.monitors import Spec
from chalicelib.core.tenancy import (
    ApiKey,
    Caller,
    Level,
    Organization,
    Permission,
    Project,
    hash_secret,
)
from chalicelib.services import access, watching
from chalicelib.services.composing import compose
from chalicelib.services.delivering import Outcome, attempt, replay
from chalicelib.storage.deliveries import Delivery
from chalicelib.toolbox import Toolbox

SECRET_LENGTH = 32  # of every key, prefix included: Healthchecks' clients check it (R252)
LOG_LENGTH = 100


def channels(tools: Toolbox, caller: Caller) -> list[Channel]:
    """Return the project's channels in the order of their creation (R41)."""
    return tools.projects.settings(caller.project_id)[1]


def find_channel(tools: Toolbox, caller: Caller, channel_id: str) -> Channel:
    """Return one channel of the project; raises NotFound (R42)."""
    return tools.projects.channel(caller.project_id, channel_id)


def add_channel(
    tools: Toolbox, caller: Caller, kind: str, name: str, config: dict[str, Any], now: datetime
) -> Channel:
    """Store a new channel; raises Invalid naming the field at fault (R43, R44)."""
    access.require_write(caller)
    channel = Channel(
        channel_id=tools.new_id(),
        project_id=caller.project_id,
        kind=kind,
        name=name,
        config=_checked(tools, kind, config),
        created=now,
    )
    tools.projects.add_channel(channel)
    return channel


def amend_channel(
    tools: Toolbox, caller: Caller, channel_id: str, name: str | None, config: dict[str, Any] | None
) -> Channel:
    """Change a channel's name or parts of its configuration; what was broken gets a new chance (R45)."""
    access.require_write(caller)
    channel = find_channel(tools, caller, channel_id)
    if name is not None:
        channel = replace(channel, name=name)
    if config is not None:
        config = _checked(tools, channel.kind, channel.config | config)
        channel = replace(channel, config=config, broken="", last_error="")
    tools.projects.save_channel(channel)
    return channel


def remove_channel(tools: Toolbox, caller: Caller, channel_id: str, now: datetime) -> None:
    """Delete a channel and take it off every monitor; what is on its way to it is not sent (R46)."""
    access.require_write(caller)
    find_channel(tools, caller, channel_id)

    def without_it(spec: Spec) -> tuple[str, ...]:
        return tuple(other for other in spec.channels if other != channel_id)

    for monitor in watching.list_(tools, caller):
        if channel_id in monitor.spec.channels:
            with suppress(NotFound):  # deleted meanwhile, and its channels with it
                watching.amend(tools, caller, monitor.spec.monitor_id, {"channels": without_it}, now)
    # Last of all: a crash before this leaves the channel there to be deleted again.
    tools.projects.remove_channel(caller.project_id, channel_id)


def test_channel(tools: Toolbox, caller: Caller, channel_id: str, now: datetime) -> Outcome:
    """Really send a test message, by the road that alerts take, and tell how it went (R47, R48)."""
    access.require_write(caller)
    channel = find_channel(tools, caller, channel_id)
    delivery = Delivery(f"test#{channel_id}#{tools.new_id()}", channel_id, now, str(Reason.TEST))
    tools.deliveries.queue(delivery)
    claimed = tools.deliveries.claim(delivery, now)
    outcome = attempt(tools, channel, compose(tools, claimed, channel, now))
    fate = Fate.SENT if outcome.sent else Fate.FAILED
    tools.deliveries.settle(claimed, fate, outcome.error, tools.clock())
    if outcome.error != channel.last_error:
        tools.projects.note_error(caller.project_id, channel_id, outcome.error, broken=False)
    return outcome


def deliveries(tools: Toolbox, caller: Caller, channel_id: str) -> list[Delivery]:
    """Return the newest messages to one channel, and how they fared."""
    find_channel(tools, caller, channel_id)
    return tools.deliveries.of_channel(channel_id, LOG_LENGTH)


def replay_delivery(tools: Toolbox, caller: Caller, channel_id: str, story: str) -> None:
    """Send a message that was given up once more; raises NotFound, and Conflict when it was not."""
    access.require_write(caller)
    replay(tools, find_channel(tools, caller, channel_id), story)


def _checked(tools: Toolbox, kind: str, config: dict[str, Any]) -> dict[str, Any]:
    return transport_for(kind).check(config, allow_private=tools.settings.allow_private_targets)


@dataclass(frozen=True, slots=True)
class Foundation:
    """The first organization with its first project, and the secrets that open them, shown once."""

    organization: Organization
    project: Project
    admin_key: str
    api_key: str
    read_only_key: str


def found(tools: Toolbox, name: str, now: datetime) -> Foundation:
    """Create an organization, its first project, and a key of each kind."""
    organization_id, project_id = tools.new_id(), tools.new_id()
    organization = Organization(organization_id, name, "default", "self_hosted", now, project_id)
    project = Project(
        project_id,
        organization_id,
        name,
        "default",
        ping_key=tools.new_secret(22),
        badge_key=tools.new_id(),
        badge_secret=tools.new_secret(SECRET_LENGTH),
        created=now,
    )
    tools.projects.add(organization, project)
    keys = [
        issue_key(tools, project, ApiKeyWish(name, prefix, level, permission), now)
        for name, prefix, level, permission in (
            ("admin", "hp_", Level.ORGANIZATION, Permission.WRITE),
            ("read-write", "hcw_", Level.PROJECT, Permission.WRITE),
            ("read-only", "hcr_", Level.PROJECT, Permission.READ),
        )
    ]
    return Foundation(organization, project, *keys)


@dataclass(frozen=True, slots=True)
class ApiKeyWish:
    """What a new key is to be; *prefix* tells people which dialect it was made for."""

    name: str
    prefix: str = "hp_"
    level: Level = Level.PROJECT
    permission: Permission = Permission.WRITE


def issue_key(tools: Toolbox, project: Project, wish: ApiKeyWish, now: datetime) -> str:
    """Store a new key and return its secret, which nobody can read again (R68)."""
    secret = wish.prefix + tools.new_secret(SECRET_LENGTH - len(wish.prefix))
    tools.keys.issue(
        ApiKey(
            hash_secret(secret),
            tools.new_id(),
            project.organization_id,
            project.project_id,
            wish.name,
            secret[:8],
            wish.level,
            wish.permission,
            project.plan,
            now,
        )
    )
    return secret
