"""What a channel's transport is: one class a kind, which checks its configuration and sends alerts."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from chalicelib.core.alerts import Alert
from chalicelib.settings import Settings

MASK = "********"  # what is shown where a secret is


class SendError(Exception):
    """The provider did not take the message.

    *permanent* says that no repetition will help (the address is gone); *retry_after*, in seconds, is
    how long the provider asked us to wait.
    """

    def __init__(self, message: str, *, permanent: bool = False, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Outlet:
    """What transports are handed to reach the world with."""

    settings: Settings
    clock: Callable[[], datetime]


class Transport(Protocol):
    """A kind of channel."""

    def __init__(self, config: dict[str, Any], outlet: Outlet) -> None: ...

    @staticmethod
    def check(config: dict[str, Any], *, allow_private: bool) -> dict[str, Any]:
        """Return *config* as it is stored, every field present; raises Invalid naming the field.

        What it returned may be given again together with changes, as a person writes them: what they
        leave out stays as it was (R45). *allow_private* lets URLs point into our own network.
        """

    @staticmethod
    def mask(config: dict[str, Any]) -> dict[str, Any]:
        """Return what may be shown of *config*: no secret in it."""

    def send(self, alert: Alert) -> None:
        """Send *alert*, or nothing where the configuration says to be silent; raises SendError."""
