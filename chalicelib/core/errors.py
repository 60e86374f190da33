"""Refusals: what a request or a race can be told, before any dialect gives it a form."""

from datetime import datetime


class Refusal(Exception):
    """Something was asked that cannot be done; nothing was stored."""


class Invalid(Refusal):
    """A value that was given breaks a rule: *field* names it, *reason* finishes the sentence.

    Where *field* is empty, *reason* is a whole sentence.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field} {reason}".strip())
        self.field = field
        self.reason = reason


class InvalidFields(Invalid):
    """Several values break rules: *faults* are (field, reason), each as in Invalid; at least one."""

    def __init__(self, faults: tuple[tuple[str, str], ...]) -> None:
        self.faults = faults
        if len(faults) == 1:
            super().__init__(*faults[0])
        else:
            super().__init__("", "; ".join(f"{field} {reason}".strip() for field, reason in faults))


class Unauthorized(Refusal):
    """The caller did not prove who it is."""


class Forbidden(Refusal):
    """The caller is known, but this is not its to see or to change."""


class NotFound(Refusal):
    """No such thing; the message names the kind of thing."""


class Conflict(Refusal):
    """The thing is no longer, or not, in the state that the request presumes."""


class LimitReached(Refusal):
    """The plan allows no more of these."""


class TooMany(Refusal):
    """Too many requests; asking again at *retry_at* may succeed. *limit* is what was allowed."""

    def __init__(self, message: str, retry_at: datetime, limit: int | None = None) -> None:
        super().__init__(message)
        self.retry_at = retry_at
        self.limit = limit


class Unavailable(Refusal):
    """Something we stand on does not answer now; the same request may succeed in *retry_after* seconds."""

    def __init__(self, message: str, retry_after: int = 5) -> None:
        super().__init__(message)
        self.retry_after = retry_after
