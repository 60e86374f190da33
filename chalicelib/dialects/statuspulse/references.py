"""What a request names besides itself: a project's channels, and its policies."""

from datetime import datetime
from functools import cached_property
from typing import Any

from chalicelib.core.alerts import Channel
from chalicelib.core.errors import Invalid, NotFound
from chalicelib.dialects import ids
from chalicelib.dialects.statuspulse import rules, urls
from chalicelib.services.addressing import channel_at
from chalicelib.storage.setups import Setup
from chalicelib.toolbox import Toolbox

POLICY = "pol"
LONGEST = 1000  # characters of what names a channel
NO_CHANNEL = f"names no channel of the project by id or name, and must otherwise be {urls.FORMS}"


class Place:
    """One project, as a request at *now* may refer to what is in it: read once, and only if it does."""

    def __init__(self, tools: Toolbox, project_id: str, now: datetime) -> None:
        self.tools = tools
        self.project_id = project_id
        self.now = now

    @cached_property
    def setup(self) -> Setup:
        """What the project's people set up."""
        return self.tools.setups.of_project(self.project_id)

    def channel(self, value: Any) -> Channel:
        """Return the channel that *value* names by its id, its name, or where it leads; perhaps a new one.

        What it is shown as names it, too. Raises Invalid.
        """
        text = rules.text(1, LONGEST)(value)
        shown = urls.shown(self.setup.channels)
        named = [
            channel
            for channel in self.setup.channels
            if text in (channel.channel_id, channel.name, shown[channel.channel_id])
        ]
        if len(named) > 1:
            raise Invalid("", "names several channels; give the id of one")
        return named[0] if named else self._led_to(text)

    def _led_to(self, text: str) -> Channel:
        if not urls.is_url(text):
            raise Invalid("", NO_CHANNEL)
        address = urls.address_of(text)
        try:
            return channel_at(self.tools, self.project_id, self.setup.channels, address, self.now)
        except Invalid as refusal:
            raise Invalid("", f"leads nowhere: {refusal}") from None

    def policy_id(self, value: Any) -> str:
        """Return the id of the policy that *value* names by its id or name; raises Invalid (R99)."""
        text = rules.text(1, LONGEST)(value)
        policy_id = identifier(POLICY, text)
        for policy in self.setup.policies:
            if policy_id == policy.policy_id or text == policy.name:
                return policy.policy_id
        raise Invalid("", f"names no escalation policy: {text[:100]}")


def identifier(word: str, text: str) -> str:
    """Return the id that *text* spells, or "" where it spells none."""
    try:
        return ids.read(word, text.lower())
    except NotFound:
        return ""
