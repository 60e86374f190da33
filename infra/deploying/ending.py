"""How a program for operators ends: well, or with one sentence that says what to do."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError, ProfileNotFound

from chalicelib.core.errors import Refusal
from infra.deploying.refusals import NOT_SIGNED, advice, message_of
from infra.halting import Halt

if TYPE_CHECKING:
    from collections.abc import Callable

REFUSED = 2
INTERRUPTED = 130  # as shells have it


def ended(act: Callable[[], None]) -> int:
    """Do *act* and return the exit status of the program; what stopped it is on stderr."""
    try:
        act()
    except Halt as halt:
        return _stopped(str(halt), REFUSED)
    except ClientError as error:
        return _stopped(f"{advice(error)} Mend that and run this again.", REFUSED)
    except BotoCoreError as error:
        remedy = NOT_SIGNED if isinstance(error, ProfileNotFound) else "Run this again"
        return _stopped(f"AWS was not reached: {message_of(error)}. {remedy}.", REFUSED)
    except Refusal as refusal:
        return _stopped(f"The tables refuse: {refusal}. Run this again.", REFUSED)
    except KeyboardInterrupt:
        return _stopped("Interrupted. Run this again, and it goes on from here.", INTERRUPTED)
    return 0


def _stopped(sentence: str, status: int) -> int:
    sys.stderr.write(f"{sentence}\n")
    return status
