"""How the tests ask about uptime monitors, read the answers, and let regions answer."""

import json
from datetime import timedelta
from pathlib import Path

from chalicelib.core.consensus import Answer, Result
from chalicelib.core.status import Verdict
from chalicelib.dialects import ids
from chalicelib.messages import ResultBundle
from chalicelib.services import judging

DOCUMENTED = json.loads(Path(__file__).with_name("documented.json").read_text())
MONITORS = "/api/v1/uptime-monitors"
NOBODY = "00000000-0000-4000-8000-000000000000"
SITE = "http://127.0.0.1:9/"
ROUTES = {
    "list": ("GET", MONITORS),
    "create": ("POST", MONITORS),
    "show": ("GET", MONITORS + "/{}"),
    "change": ("PUT", MONITORS + "/{}"),
    "delete": ("DELETE", MONITORS + "/{}"),
    "checks": ("GET", MONITORS + "/{}/checks"),
}
ONE = [name for name in ROUTES if name not in ("list", "create")]
CHANGES = ["create", "change", "delete"]
WISHES = {"create": {"name": "Site", "url": SITE}, "change": {"name": "changed"}}


def ask(person, name, code="", fields=None, **headers):
    """Ask a route about the monitor *code*, with wrapped fields that suit it."""
    method, path = ROUTES[name]
    given = WISHES.get(name) if fields is None else fields
    body = b"" if given is None else {"uptime_monitor": given}
    return person.ask(method, path.format(code), body, **headers)


def refusal(reply):
    """Return (status, sentence) of an answer, once it is seen to say nothing else (R220)."""
    fault = reply.json()
    assert list(fault) == ["error"]
    return reply.status, fault["error"]


def invalid(reply):
    """Return (status, field), once the sentence is seen to be made of the field and the reason."""
    fault = reply.json()
    assert list(fault) == ["error", "field", "reason"]
    assert fault["error"] == f"{fault['field']} {fault['reason']}"
    assert fault["reason"]
    return reply.status, fault["field"]


def watched(person, **fields):
    """Return a new monitor, a moment after whatever was made before it."""
    person.house.clock.now += timedelta(milliseconds=1)
    made = ask(person, "create", fields=WISHES["create"] | fields)
    assert made.status == 201, made.text
    return made.json()["data"]


def listed(person):
    """Return all monitors as *person* sees them."""
    return ask(person, "list").json()["data"]


def seen(person, monitor):
    """Return a monitor as it is now."""
    return ask(person, "show", monitor["id"]).json()["data"]


def stored(person, monitor):
    """Return a monitor as the house knows it."""
    return person.house.tools.monitors.load(ids.read("mon", monitor["id"]), fresh=True)


def hear(person, monitor, verdict=Verdict.UP, **found):
    """Let regions answer a round that is due now, and have it judged."""
    answered(person, stored(person, monitor).spec, verdict, **found)


def answered(person, spec, verdict, *, regions=("us-east-1",), jury=("us-east-1",), **result):
    """Have the answers of *regions* judged, which all say the same."""
    now = person.house.clock.now
    facts = {"ms": 145.3, "code": 200} | result
    answers = tuple(
        Answer(spec.monitor_id, now, spec.watch.version, jury, (), Result(region, verdict, **facts))
        for region in regions
    )
    judging.collect(person.house.tools, ResultBundle(answers), now)


def rows(person, monitor, query=""):
    """Return the rows of a monitor's checks."""
    return person.get(f"{MONITORS}/{monitor['id']}/checks{query}").json()["data"]
