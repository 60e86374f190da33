import json
from dataclasses import replace
from datetime import timedelta

import pytest
from broken import answering

from chalicelib.core.steps import Step
from haspulse.asking import NOBODY
from haspulse.checking import new, seen

PREFIXES = ["/ping", "/v1/ping"]
JSON = "application/json"
LATER = ["id", "pingUrl", "createdAt", "updatedAt"]


def log_of(person, check):
    """Return what the log keeps of a check's pings, the oldest first, without what names each of them."""
    pings = person.house.tools.pings
    n_pings = person.house.tools.monitors.load(check["id"], fresh=True).state.n_pings
    kept = [pings.find(check["id"], n) for n in range(1, n_pings + 1)]
    return [(one.n, one.action, replace(one.arrival, arrival_id="")) for one in kept]


def flips_of(person, check):
    """Return how a check turned."""
    now = person.house.clock.now
    found = person.house.tools.flips.between(check["id"], now - timedelta(days=1), now + timedelta(seconds=1))
    return [(flip.at, flip.old, flip.new, flip.cause) for flip in found]


@pytest.mark.parametrize(
    ("method", "tail"),
    [
        *(("GET", ""), ("GET", "/fail"), ("GET", "/0")),
        *(("POST", ""), ("POST", "/log"), ("POST", "/7")),
        *(("HEAD", ""), ("HEAD", "/start")),
    ],
)
def test_both_prefixes_do_the_same(alice, anyone, method, tail):
    """Log, status and flips of two checks agree that are pinged under one prefix each (R9-R15, R383)."""
    twins = [new(alice), new(alice)]
    alice.house.clock.now += timedelta(seconds=1)
    body = b"the job's last words" if method == "POST" else b""
    for prefix, check in zip(PREFIXES, twins, strict=True):
        for part in ("/start", tail):
            answer = anyone.ask(method, f"{prefix}/{check['id']}{part}", body, User_Agent="cron")
            assert answer.status == 200
            assert answer.headers["Ping-Body-Limit"] == "10000"
    one, other = ({k: v for k, v in seen(alice, check).items() if k not in LATER} for check in twins)
    assert one == other
    assert log_of(alice, twins[0]) == log_of(alice, twins[1])
    assert [arrival.body for _, _, arrival in log_of(alice, twins[1])] == [body, body]
    assert flips_of(alice, twins[0]) == flips_of(alice, twins[1])


def test_words_are_the_default_and_json_is_told_under_v1(alice, anyone):
    """OK in plain text; {"ok": true} under /v1, whatever is accepted there (R17)."""
    check = new(alice)
    plain = anyone.get(f"/ping/{check['id']}")
    assert (plain.text, plain.headers["Content-Type"]) == ("OK", "text/plain; charset=utf-8")
    for accept in ("", "text/plain"):
        told = anyone.get(f"/v1/ping/{check['id']}", Accept=accept)
        assert (told.status, told.json(), told.headers["Content-Type"]) == (200, {"ok": True}, JSON)


@pytest.mark.parametrize(
    ("accept", "is_json"),
    [
        ("application/json", True),
        ("text/html, Application/JSON;q=0.9", True),
        ("*/*", False),
        ("text/plain", False),
        ("application/jsonp", False),
        ("", False),
    ],
)
def test_who_accepts_json_is_told_in_json(alice, anyone, accept, is_json):
    """The header decides about the answer, and about nothing else (R17)."""
    check = new(alice)
    for number, tail in enumerate(["", "/fail"], start=1):
        answer = anyone.get(f"/ping/{check['id']}{tail}", Accept=accept)
        assert answer.text == (json.dumps({"ok": True}) if is_json else "OK")
        assert len(log_of(alice, check)) == number
    refused = anyone.get(f"/ping/{NOBODY}", Accept=accept)
    assert refused.status == 404
    assert refused.text.startswith("{" if is_json else "not found")


def insist(anyone, path, status, code, sentence, method="GET"):
    """See that a refusal is told in JSON under /v1, and to those who accept it (R17, R71)."""
    told = [anyone.ask(method, f"/v1{path}")]
    if method == "GET":
        told.append(anyone.get(path, Accept=JSON))
    for answer in told:
        assert (answer.status, answer.headers["Content-Type"]) == (status, JSON)
        assert answer.json() == {"error": code, "message": sentence}


@pytest.mark.parametrize(
    "tail", [NOBODY, "nope", f"{NOBODY}/start", "key/slug", "key/slug/fail", "key/slug/nope", "%00"]
)
def test_what_is_unknown_is_not_found_in_json(anyone, tail):
    """404 in the common form, which tells nothing else (R16, R75)."""
    insist(anyone, f"/ping/{tail}", 404, "NOT_FOUND", "Check not found")


def test_what_is_refused_is_told_in_json(alice, anyone, house):
    """A bad exit status, a bad run id, a slug of several, another method (R78)."""
    twins = [new(alice, slug="told-twins"), new(alice, slug="told-twins")]
    check = twins[0]["id"]
    insist(anyone, f"/ping/{check}/256", 400, "BAD_REQUEST", "Invalid url format")
    insist(anyone, f"/ping/{check}?rid=1", 400, "BAD_REQUEST", "Invalid uuid format")
    slug = f"/ping/{house.foundation.project.ping_key}/told-twins"
    insist(anyone, slug, 409, "CONFLICT", "Ambiguous slug")
    insist(anyone, f"/ping/{check}", 405, "METHOD_NOT_ALLOWED", "Method not allowed", "PUT")
    assert [log_of(alice, twin) for twin in twins] == [[], []]


def unforeseen(**_):
    """Break as only a bug does."""
    raise RuntimeError("table wakeful-monitors at 10.0.0.7")


def test_what_we_could_not_do_is_told_in_json(alice, anyone, house):
    """A silent database is temporary, and a fault of ours tells no internals (R77)."""
    path = f"/ping/{new(alice)['id']}"
    with answering(house, "UpdateItem"):
        insist(anyone, path, 503, "UNAVAILABLE", "Temporarily unavailable")
        assert int(anyone.get(f"/v1{path}").headers["Retry-After"]) >= 1
    with answering(house, "UpdateItem", unforeseen):
        insist(anyone, path, 500, "INTERNAL_ERROR", "Internal error")


def test_too_many_pings_are_told_in_json(alice, anyone, house):
    """The thousand of a minute are counted under both prefixes together, and cost no key anything (R80)."""
    check = new(alice)
    anyone.get(f"/v1/ping/{check['id']}")
    state = house.tools.monitors.load(check["id"], fresh=True).state
    house.tools.commits.turn(check["id"], state, Step(replace(state, in_minute=999)))
    assert anyone.get(f"/ping/{check['id']}").text == "OK"
    insist(anyone, f"/ping/{check['id']}", 429, "RATE_LIMITED", "Rate limit exceeded")
    assert "Retry-After" in anyone.get(f"/v1/ping/{check['id']}").headers


def test_a_slug_is_pinged_and_created_under_v1(alice, anyone, house):
    """By ping key and slug all is as it is under /ping (R9, R17)."""
    address = f"/v1/ping/{house.foundation.project.ping_key}/made-under-v1"
    made = anyone.get(f"{address}?create=1")
    assert (made.status, made.json()) == (201, {"ok": True})
    again = anyone.get(f"{address}/fail")
    assert (again.status, again.json()) == (200, {"ok": True})
    [check] = alice.get("/v1/checks?search=made-under-v1").json()["checks"]
    assert check["status"] == "DOWN"


@pytest.mark.parametrize("tail", ["", "/start", "/slug/fail"])
def test_pages_of_others_may_ping_under_v1(anyone, tail):
    """Browsers may ask first, and read what they are answered."""
    asked = anyone.ask("OPTIONS", f"/v1/ping/{NOBODY}{tail}")
    assert (asked.status, asked.body) == (204, b"")
    assert anyone.get(f"/v1/ping/{NOBODY}").headers["Access-Control-Allow-Origin"] == "*"
