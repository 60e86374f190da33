"""The pinging API: /ping/<uuid> and /ping/<ping key>/<slug>, each with start, fail, log or a number."""

import re
from datetime import datetime

from chalicelib.core.errors import Conflict, Invalid, NotFound, TooMany, Unavailable
from chalicelib.core.signals import BODY_LIMIT, CANONICAL_UUID, Action, Arrival, parse_rid
from chalicelib.dialects.http import Answer, Manners, Request, Visit, WrongMethod, patience
from chalicelib.services import pinging
from chalicelib.services.pinging import SlugAddress
from chalicelib.toolbox import Toolbox

WORDS = {"": Action.SUCCESS, "start": Action.START, "fail": Action.FAIL, "log": Action.LOG}
WORD = re.compile(r"[A-Za-z0-9_-]+")
SLUG = re.compile(r"[a-z0-9_-]{1,100}")
PING_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
AGENT_LIMIT = 200
HIGHEST_EXIT_STATUS = 255


def admit(tools: Toolbox, request: Request, now: datetime) -> None:
    """Let everybody in: the address is the secret."""


SENTENCES: dict[type[Exception], tuple[int, str]] = {
    NotFound: (404, "not found"),
    WrongMethod: (405, "method not allowed"),
    TooMany: (429, "rate limit exceeded"),
    Unavailable: (503, "temporarily unavailable"),
}


def refuse(refusal: Exception, now: datetime) -> Answer:
    """Return the plain sentences that ping clients know."""
    match refusal:
        case Conflict():
            return Answer(409, str(refusal))
        case Invalid():
            return Answer(400, refusal.reason)
    status, sentence = SENTENCES.get(type(refusal), (500, "internal error"))
    return Answer(status, sentence, patience(refusal, now))


def dress(methods: tuple[str, ...]) -> dict[str, str]:
    """Return what every answer to a ping carries."""
    return {
        "Content-Type": "text/plain; charset=utf-8",
        "Ping-Body-Limit": str(BODY_LIMIT),
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Allow-Methods": ", ".join((*methods, "OPTIONS")),
        "Cache-Control": "max-age=0, no-cache, no-store, must-revalidate, private",
    }


MANNERS = Manners(admit, refuse, dress)


def ping(visit: Visit) -> Answer:
    """Take a success by id."""
    return _by_id(visit, "")


def ping_tail(visit: Visit) -> Answer:
    """Take an action by id, or a success by slug."""
    params = visit.request.params
    if CANONICAL_UUID.fullmatch(params["code"]) and is_action(params["tail"]):
        return _by_id(visit, params["tail"])
    return _by_slug(visit, "")


def ping_slug_action(visit: Visit) -> Answer:
    """Take an action by slug."""
    if not is_action(visit.request.params["action"]):
        raise NotFound("no such action")
    return _by_slug(visit, visit.request.params["action"])


def is_action(word: str) -> bool:
    """Whether the last part of a path is an action: a known word or a number."""
    return word in WORDS or (word.isascii() and word.isdigit())


def _by_id(visit: Visit, action: str) -> Answer:
    code = visit.request.params["code"]
    if not CANONICAL_UUID.fullmatch(code):
        raise NotFound("Check not found")
    pinging.record(visit.tools, code, arrival(visit.request, action, visit.tools.new_id()), visit.now)
    return Answer(200, "OK")


def _by_slug(visit: Visit, action: str) -> Answer:
    request, slug = visit.request, visit.request.params["tail"]
    if not PING_KEY.fullmatch(request.params["code"]) or not WORD.fullmatch(slug):
        raise NotFound("Check not found")
    if not SLUG.fullmatch(slug):
        raise Invalid("url", "invalid url format")
    created = pinging.record_by_slug(
        visit.tools,
        SlugAddress(request.params["code"], slug, create=request.first("create") == "1"),
        arrival(request, action, visit.tools.new_id()),
        visit.now,
    )
    return Answer(201, "Created") if created else Answer(200, "OK")


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
