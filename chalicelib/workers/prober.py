"""Probe the targets of a bundle; what is found goes home as it comes."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from chalice import Blueprint

from chalicelib.core.errors import Unavailable
from chalicelib.settings import queue_name
from chalicelib.workers.batches import each

if TYPE_CHECKING:
    from chalicelib.core.consensus import Answer, Result
    from chalicelib.messages import ProbeBundle, ProbeOrder, SurveyOrder
    from chalicelib.toolbox import Toolbox

LONGEST_REST = timedelta(seconds=2)  # one for SQS's whole seconds, and one for clocks that differ
TOO_LATE = timedelta(seconds=60)  # after which a round tells nobody anything
LONGEST_PROBE = 60.0  # seconds; the Lambda itself has not many more
PER_MESSAGE = 50  # answers
MESSAGE_BYTES = 200_000

blueprint = Blueprint(__name__)

log = logging.getLogger(__name__)


@blueprint.on_sqs_message(queue=queue_name("probes"), batch_size=1)
def probe(event: Any) -> dict[str, list[dict[str, str]]]:
    """Make the probes that a bundle orders."""
    return each(event, work_off)


def work_off(body: str) -> None:
    """Work off one ProbeBundle, at its moment, or one SurveyOrder."""
    from chalicelib.messages import SurveyOrder, probe_order
    from chalicelib.toolbox import current

    tools, message = current(), probe_order(body)
    if isinstance(message, SurveyOrder):
        _survey(tools, message)
    else:
        _probe(tools, message)


def _survey(tools: "Toolbox", order: "SurveyOrder") -> None:
    from chalicelib.messages import SurveyResult
    from chalicelib.probes.base import Limits
    from chalicelib.probes.survey import survey

    allow_private = tools.settings.allow_private_targets
    limits = Limits(tools.settings.region, tools.clock(), allow_private=allow_private)
    tools.queues.results(SurveyResult(order.monitor_id, survey(order.host, order.domain, limits)))


def _probe(tools: "Toolbox", bundle: "ProbeBundle") -> None:
    from chalicelib.probes import bundles

    if not _is_in_time(tools, bundle.starts):
        n_late = len(bundle.orders)
        log.warning("%d probes came too late to be made", n_late, extra={"region": bundle.region})
        return
    unsent: list[Answer] = []
    for group in bundles.run([partial(_answer, tools, bundle.region, order) for order in bundle.orders]):
        unsent += group
        with suppress(Unavailable):  # the next group, or the end, is another chance
            _send(tools, unsent)
            unsent = []
    _send(tools, unsent)


def _is_in_time(tools: "Toolbox", starts: datetime) -> bool:
    """Wait for *starts*, the rest of a second perhaps, and say whether it is not long over."""
    now = tools.clock()
    if now < starts:
        tools.rest(min(starts - now, LONGEST_REST).total_seconds())
    return now - starts <= TOO_LATE


def _answer(tools: "Toolbox", region: str, order: "ProbeOrder") -> "Answer":
    """Make one probe; whatever happens is an answer."""
    from chalicelib.core.consensus import Answer

    result = _result(tools, region, order)
    return Answer(order.monitor_id, order.at, order.version, order.jury, order.witnesses, result)


def _result(tools: "Toolbox", region: str, order: "ProbeOrder") -> "Result":
    import msgspec

    from chalicelib.core.consensus import Result
    from chalicelib.core.targets import TARGETS
    from chalicelib.probes import probe
    from chalicelib.probes.base import Limits

    try:
        target = msgspec.convert(order.target, TARGETS[order.kind])
    except (KeyError, msgspec.ValidationError):
        return Result(region, None, error="the target cannot be understood")
    timeout = min(order.timeout, LONGEST_PROBE)
    allow_private = tools.settings.allow_private_targets
    return probe(order.kind, target, Limits(region, tools.clock(), timeout, order.slow_ms, allow_private))


def _send(tools: "Toolbox", answers: Sequence["Answer"]) -> None:
    from chalicelib.messages import ResultBundle

    for parcel in _parcels(answers):
        tools.queues.results(ResultBundle(tuple(parcel)))


def _parcels(answers: Sequence["Answer"]) -> Iterator[list["Answer"]]:
    """Return *answers* in as few parts as messages can hold."""
    from chalicelib.messages import packed, weight_of

    return packed(answers, weight_of, PER_MESSAGE, MESSAGE_BYTES)
