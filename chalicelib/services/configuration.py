"""The operator moves a project's configuration: reads it whole, and makes the project what another says."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any, TypeVar

from chalicelib.core.alerts import Channel
from chalicelib.core.configuration import SECTIONS, Change, Check, Configuration
from chalicelib.core.errors import NotFound
from chalicelib.core.escalation import Policy, Rung
from chalicelib.core.maintenance import Window, next_start
from chalicelib.core.monitors import Spec
from chalicelib.core.spans import INSTANT
from chalicelib.core.status import Status
from chalicelib.core.tenancy import ApiKey, Caller, Level, Permission, Quota
from chalicelib.services import channels, maintenance, policies, watching
from chalicelib.services.channels import ChannelWish
from chalicelib.services.policies import PolicyWish
from chalicelib.toolbox import Toolbox

# What a monitor is and what became of it; all other fields of Spec are what people want.
IDENTITY = ("monitor_id", "project_id", "organization_id", "created", "badge_key", "updated")
OF_WINDOW = ("title", "starts", "ends", "description", "monitors", "tags", "rrule", "timezone")

Thing = TypeVar("Thing")


def of_project(tools: Toolbox, project_id: str) -> Configuration:
    """Return what people configured in a project, windows that are over among it."""
    setup = tools.setups.of_project(project_id)
    monitors = tools.monitors.of_project(project_id)
    windows = [window for window in setup.windows if not window.retired]
    return Configuration(
        tuple(setup.channels),
        tuple(sorted(setup.policies, key=lambda policy: policy.name)),
        tuple(Check(one.spec, one.state.status is Status.PAUSED) for one in monitors),
        tuple(sorted(windows, key=lambda window: (window.starts, window.created, window.window_id))),
    )


def ahead(configuration: Configuration, now: datetime) -> Configuration:
    """Return *configuration* without the windows that are over."""
    windows = tuple(window for window in configuration.windows if next_start(window, now))
    return replace(configuration, windows=windows)


def is_free(tools: Toolbox, monitor_id: str) -> bool:
    """Whether a new monitor may have that id: none has it, and nothing is left of one that had."""
    try:
        tools.monitors.load(monitor_id, fresh=True)
    except NotFound:
        return not (tools.pings.latest(monitor_id, 1, 1) or tools.flips.newest(monitor_id, 1))
    return False


def operator(tools: Toolbox, project_id: str, now: datetime) -> Caller:
    """Return who works on a project's tables without a key: the audit trail knows the operator by name.

    Raises NotFound for a project that there is not.
    """
    project = tools.projects.find(project_id)
    organization = tools.organizations.find(project.organization_id)
    key = ApiKey(
        secret_hash="",
        key_id="",
        organization_id=organization.organization_id,
        project_id=project.project_id,
        name="operator",
        prefix="",
        level=Level.PROJECT,
        permission=Permission.WRITE,
        plan=organization.plan,
        created=now,
    )
    return Caller(key, project.project_id, Quota(0, 0, now))


@dataclass
class Placement:
    """Makes a project what the configuration *wanted* says, one change after another.

    What is new gets its id from the service that makes it; *wanted* had to call it something before that.
    """

    tools: Toolbox
    caller: Caller
    wanted: Configuration
    now: datetime
    ids: dict[str, str] = field(default_factory=dict)  # of what is new: the one it was called by, and its own

    def carry_out(self, changes: Iterable[Change], *, prune: bool) -> Iterator[Change]:
        """Yield each of *changes* once it is made; what is missing goes last, and only to *prune*.

        Where a service refuses, what was made stays made: the same once more makes the rest. Raises Refusal.
        """
        changes = list(changes)
        for section in SECTIONS:  # nothing names what comes after it
            for change in changes:
                if change.section == section and change.after:
                    self._place(change)
                    yield change
        for section in reversed(SECTIONS):
            for change in changes:
                if prune and change.section == section and not change.after:
                    REMOVE[section](self.tools, self.caller, change.id, self._moment())
                    yield change

    def _moment(self) -> datetime:
        """Return a moment of its own for each deed: lists keep the order in which things were made."""
        self.now += INSTANT
        return self.now

    def _place(self, change: Change) -> None:
        is_new = change.before is None
        match change.section:
            case "channels":
                self._channel(_of(self.wanted.channels, "channel_id", change.id), is_new=is_new)
            case "policies":
                self._policy(_of(self.wanted.policies, "policy_id", change.id), is_new=is_new)
            case "windows":
                self._window(_of(self.wanted.windows, "window_id", change.id), is_new=is_new)
            case _:
                [check] = [each for each in self.wanted.checks if each.spec.monitor_id == change.id]
                self._check(check, is_new=is_new)

    def _channel(self, channel: Channel, *, is_new: bool) -> None:
        wish = ChannelWish(channel.name, channel.config, channel.kind)
        if is_new:
            made = channels.add(self.tools, self.caller, wish, self._moment())
            self.ids[channel.channel_id] = made.channel_id
        else:
            channels.amend(self.tools, self.caller, channel.channel_id, wish, self._moment())

    def _policy(self, policy: Policy, *, is_new: bool) -> None:
        rungs = tuple(Rung(rung.after, self._real(rung.channels)) for rung in policy.rungs)
        wish = PolicyWish(policy.name, rungs, policy.repeat)
        if is_new:
            made = policies.add(self.tools, self.caller, wish, self._moment())
            self.ids[policy.policy_id] = made.policy_id
        else:
            policies.amend(self.tools, self.caller, policy.policy_id, wish, self._moment())

    def _check(self, check: Check, *, is_new: bool) -> None:
        spec, now = check.spec, self._moment()
        wish = {each.name: getattr(spec, each.name) for each in fields(Spec) if each.name not in IDENTITY}
        heard = tuple(sorted(self._real(spec.channels)))
        wish |= {
            "channels": lambda _: heard,  # known to be the project's: nobody need look them up again
            "rules": tuple(replace(rule, channels=self._real(rule.channels)) for rule in spec.rules),
            "policy_id": self.ids.get(spec.policy_id, spec.policy_id),
        }
        if is_new:
            wish["monitor_id"] = spec.monitor_id  # so that the addresses stay to which its job pings
            monitor = watching.create(self.tools, self.caller, wish, now)
        else:
            monitor = watching.amend(self.tools, self.caller, spec.monitor_id, wish, now)
        if check.paused != (monitor.state.status is Status.PAUSED):
            change = watching.pause if check.paused else watching.resume
            change(self.tools, self.caller, spec.monitor_id, self._moment())

    def _window(self, window: Window, *, is_new: bool) -> None:
        wish = {name: getattr(window, name) for name in OF_WINDOW}
        if is_new:
            maintenance.add(self.tools, self.caller, wish, self._moment())
        else:
            maintenance.amend(self.tools, self.caller, window.window_id, wish, self._moment())

    def _real(self, ids: Iterable[str]) -> tuple[str, ...]:
        return tuple(self.ids.get(each, each) for each in ids)


REMOVE: Mapping[str, Callable[[Toolbox, Caller, str, datetime], Any]] = {
    "channels": channels.remove,
    "policies": policies.remove,
    "checks": watching.delete,
    "windows": maintenance.delete,
}


def _of(things: Iterable[Thing], name: str, wanted: str) -> Thing:
    return next(thing for thing in things if getattr(thing, name) == wanted)
