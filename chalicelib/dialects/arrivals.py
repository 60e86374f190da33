"""What a ping over HTTP carries, whichever dialect takes it."""

from chalicelib.core.errors import Invalid
from chalicelib.core.signals import BODY_LIMIT, Action, Arrival, parse_rid
from chalicelib.dialects.http import Request

WORDS = {"": Action.SUCCESS, "start": Action.START, "fail": Action.FAIL, "log": Action.LOG}
AGENT_LIMIT = 200
HIGHEST_EXIT_STATUS = 255


def is_action(word: str) -> bool:
    """Whether the last part of a path is an action: a known word or a number."""
    return word in WORDS or (word.isascii() and word.isdigit())


def arrival(request: Request, action: str, arrival_id: str) -> Arrival:
    """Return the ping that *request* carries, cut to what we keep.

    Raises Invalid for a bad run id and an exit status over 255. Nothing else about a request loses a ping:
    odd headers, any body, any content type.
    """
    exit_status = None
    if action.isdigit():
        exit_status = _exit_status(action)
    kind = WORDS.get(action) or (Action.FAIL if exit_status else Action.SUCCESS)
    body = request.body[:BODY_LIMIT]
    return Arrival(
        arrival_id=arrival_id,
        action=kind,
        rid=parse_rid(request.first("rid")),
        exit_status=exit_status,
        scheme=request.base_url.partition(":")[0],
        method=request.method,
        remote_addr=request.source_ip,
        agent=request.headers.get("user-agent", "")[:AGENT_LIMIT],
        body=body,
        body_size=len(body),
    )


def _exit_status(digits: str) -> int:
    # Thousands of digits would cost time to convert, and are too large whatever they say.
    short = digits.lstrip("0") or "0"
    if len(short) > len(str(HIGHEST_EXIT_STATUS)) or int(short) > HIGHEST_EXIT_STATUS:
        raise Invalid("url", "invalid url format")
    return int(short)
