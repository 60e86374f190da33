"""All that decides who hears of something in a project, and when: read at once by whoever tells of it."""

from typing import NamedTuple

from chalicelib.core.alerts import Channel
from chalicelib.core.escalation import Policy
from chalicelib.core.maintenance import Window
from chalicelib.core.monitors import Spec
from chalicelib.storage.channels import ChannelItem, in_order, to_channel
from chalicelib.storage.entries import Entry
from chalicelib.storage.policies import PolicyItem, to_policy
from chalicelib.storage.tables import conflicts
from chalicelib.storage.windows import WindowItem, to_window


class Setup(NamedTuple):
    """What a project's people set up."""

    windows: list[Window]
    channels: list[Channel]
    policies: list[Policy]

    def policy_of(self, spec: Spec | None) -> Policy | None:
        """Return the policy by which a monitor's incidents escalate, or None."""
        wanted = spec.policy_id if spec else ""
        return next((policy for policy in self.policies if policy.policy_id == wanted), None)


class Setups:
    """The setups of one deployment."""

    def of_project(self, project_id: str) -> Setup:
        """Return a project's windows, channels and policies: one Query."""
        with conflicts():
            entries = list(Entry.query(project_id, consistent_read=True))
        return Setup(
            [to_window(entry) for entry in entries if isinstance(entry, WindowItem)],
            in_order(to_channel(entry) for entry in entries if isinstance(entry, ChannelItem)),
            [to_policy(entry) for entry in entries if isinstance(entry, PolicyItem)],
        )
