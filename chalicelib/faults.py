"""A fault of ours, as the log may tell it: what it is and where it arose, never in its own words.

What an exception says may quote what it was about, a body, a URL or a key; its name and its place do not.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from traceback import extract_tb, format_tb

from chalicelib.core.errors import Refusal

DEEPEST = 5  # causes

log = logging.getLogger(__name__)


def tell(log: logging.Logger, sentence: str, fault: BaseException, **ids: str) -> None:
    """Log as an error that *sentence* came true by *fault*; *ids* name what it happened to."""
    log.error("%s: %s", sentence, named(fault), extra={**ids, **traced(fault)}, stacklevel=2)


def named(fault: BaseException) -> str:
    """Return the name of *fault*, with the code that AWS refused by, where it did."""
    response = getattr(fault, "response", None)
    refused = response.get("Error", {}) if isinstance(response, dict) else {}
    code = getattr(fault, "cause_response_code", None) or refused.get("Code")
    return f"{type(fault).__name__}({code})" if code else type(fault).__name__


def traced(fault: BaseException) -> dict[str, str]:
    """Return the fields of a log line about *fault*; its trace begins with what it came of."""
    inmost = extract_tb(fault.__traceback__)[-1:]
    steps = (f"{''.join(format_tb(one.__traceback__))}{named(one)}\n" for one in reversed(_chain(fault)))
    return {
        "fault": named(fault),
        "place": "".join(f"{frame.filename}:{frame.lineno}" for frame in inmost),
        "trace": "".join(steps),
    }


def _chain(fault: BaseException) -> list[BaseException]:
    """Return *fault* and what it came of, the nearest first."""
    chain = [fault]
    while len(chain) <= DEEPEST:
        last = chain[-1]
        cause = last.__cause__ or (None if last.__suppress_context__ else last.__context__)
        if cause is None:
            break
        chain.append(cause)
    return chain


class Broken(Exception):
    """A fault of ours, told already: what Lambda writes of it into the log has no words of its own."""


@contextmanager
def wordless() -> Iterator[None]:
    """Let what breaks in the block raise Broken instead; refusals pass through, in words of ours."""
    try:
        yield
    except Refusal:
        raise
    except Exception as fault:  # noqa: BLE001  it is raised again, in another form
        tell(log, "an event could not be worked off", fault)
        raise Broken(named(fault)) from None
