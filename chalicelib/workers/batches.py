"""How a batch of SQS messages is worked off: each by itself, and only the failed ones come back."""

import logging
from collections.abc import Callable
from typing import Any

from chalicelib.core.errors import Refusal
from chalicelib.faults import tell

log = logging.getLogger(__name__)


def each(event: Any, handle: Callable[[str], None]) -> dict[str, list[dict[str, str]]]:
    """Hand the body of each record of *event* to *handle*; return those that SQS must bring again."""
    failed = []
    for record in event:
        try:
            handle(record.body)
        except Refusal as refusal:
            log.warning("a message comes back later: %s", refusal)
            failed.append(record)
        except Exception as fault:  # noqa: BLE001  the others must not wait for it
            tell(log, "a message could not be worked off", fault)
            failed.append(record)
    return {"batchItemFailures": [{"itemIdentifier": record.to_dict()["messageId"]} for record in failed]}
