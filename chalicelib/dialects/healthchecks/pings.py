"""The pinging API: /ping/<uuid> and /ping/<ping key>/<slug>, each with start, fail, log or a number.

Answers are plain words, or JSON for those who say that they accept it, and for all under /v1 (v1_pings.py).
"""

import re
from collections.abc import Callable
from datetime import datetime

from chalicelib.core.errors import Conflict, Invalid, NotFound, TooMany, Unavailable
from chalicelib.core.signals import BODY_LIMIT, CANONICAL_UUID
from chalicelib.dialects.arrivals import arrival, is_action
from chalicelib.dialects.http import Answer, Manners, Request, Visit, WrongMethod, patience
from chalicelib.services import pinging
from chalicelib.services.pinging import SlugAddress
from chalicelib.toolbox import Toolbox

WORD = re.compile(r"[A-Za-z0-9_-]+")
SLUG = re.compile(r"[a-z0-9_-]{1,100}")
PING_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")


def admit(tools: Toolbox, request: Request, now: datetime) -> None:
    """Let everybody in: the address is the secret."""


JSON = "application/json"
OURS = (500, "INTERNAL_ERROR", "internal error")
SENTENCES: dict[type[Exception], tuple[int, str, str]] = {
    Invalid: (400, "BAD_REQUEST", ""),  # of these two the refusal itself says what is wrong
    NotFound: (404, "NOT_FOUND", "not found"),
    WrongMethod: (405, "METHOD_NOT_ALLOWED", "method not allowed"),
    Conflict: (409, "CONFLICT", ""),
    TooMany: (429, "RATE_LIMITED", "rate limit exceeded"),
    Unavailable: (503, "UNAVAILABLE", "temporarily unavailable"),
}


def refuse(refusal: Exception, now: datetime) -> Answer:
    """Return the plain sentences that ping clients know, or the same in JSON where *refusal* notes that."""
    if JSON in getattr(refusal, "__notes__", ()):
        return refuse_in_json(refusal, now)
    status, _, sentence = _told(refusal)
    return Answer(status, sentence, patience(refusal, now))


def refuse_in_json(refusal: Exception, now: datetime) -> Answer:
    """Return a code and a sentence (R17, R71, R75)."""
    status, code, sentence = _told(refusal)
    if isinstance(refusal, NotFound):
        sentence = "check not found"
    told = {"error": code, "message": sentence[:1].upper() + sentence[1:]}
    return Answer(status, told, {"Content-Type": JSON, **patience(refusal, now)})


def _told(refusal: Exception) -> tuple[int, str, str]:
    """Return the status, the code and the sentence that tell a refusal, and nothing that betrays more."""
    status, code, sentence = SENTENCES.get(type(refusal), OURS)
    if isinstance(refusal, Invalid):
        sentence = refusal.reason
    return status, code, sentence or str(refusal)


def accept_in_json(answer: Answer) -> Answer:
    """Return *answer*, which took a ping, in JSON (R17)."""
    return Answer(answer.status, {"ok": True}, {"Content-Type": JSON})


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
    return _as_accepted(visit, by_id)


def ping_tail(visit: Visit) -> Answer:
    """Take an action by id, or a success by slug."""
    return _as_accepted(visit, by_tail)


def ping_slug_action(visit: Visit) -> Answer:
    """Take an action by slug."""
    return _as_accepted(visit, by_slug_and_action)


def _as_accepted(visit: Visit, take: Callable[[Visit], Answer]) -> Answer:
    """Answer in JSON to those whose headers say that they accept it."""
    accepted = visit.request.headers.get("accept", "").lower()
    if JSON not in (kind.partition(";")[0].strip() for kind in accepted.split(",")):
        return take(visit)
    try:
        return accept_in_json(take(visit))
    except Exception as refusal:
        refusal.add_note(JSON)  # whoever tells it knows no more of the request than this
        raise


def by_id(visit: Visit) -> Answer:
    """Take a success by id, whoever is to be told."""
    return _take_by_id(visit, "")


def by_tail(visit: Visit) -> Answer:
    """Take an action by id, or a success by slug, whoever is to be told."""
    params = visit.request.params
    if CANONICAL_UUID.fullmatch(params["code"]) and is_action(params["tail"]):
        return _take_by_id(visit, params["tail"])
    return _take_by_slug(visit, "")


def by_slug_and_action(visit: Visit) -> Answer:
    """Take an action by slug, whoever is to be told."""
    if not is_action(visit.request.params["action"]):
        raise NotFound("no such action")
    return _take_by_slug(visit, visit.request.params["action"])


def _take_by_id(visit: Visit, action: str) -> Answer:
    code = visit.request.params["code"]
    if not CANONICAL_UUID.fullmatch(code):
        raise NotFound("Check not found")
    pinging.record(visit.tools, code, arrival(visit.request, action, visit.tools.new_id()), visit.now)
    return Answer(200, "OK")


def _take_by_slug(visit: Visit, action: str) -> Answer:
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
