"""How the tests ask about checks, read the answers, and count what reading costs."""

from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from chalicelib import aws
from chalicelib.core.monitors import create
from chalicelib.dialects import ids
from chalicelib.storage.monitors import spec_item, state_item
from chalicelib.storage.states import Part
from haspulse.asking import refusal

CHECKS = "/v1/checks"
SITE = "http://127.0.0.1:9/"
ROUTES = {
    "list": ("GET", CHECKS),
    "create": ("POST", CHECKS),
    "show": ("GET", CHECKS + "/{}"),
    "change": ("PATCH", CHECKS + "/{}"),
    "delete": ("DELETE", CHECKS + "/{}"),
    "pause": ("POST", CHECKS + "/{}/pause"),
    "resume": ("POST", CHECKS + "/{}/resume"),
    "stats": ("GET", CHECKS + "/{}/stats"),
}
ONE = [name for name in ROUTES if name not in ("list", "create")]
WISHES = {"create": {"name": "Nightly backup"}, "change": {"name": "changed"}}
TARGETS = {
    "HTTP": {"url": SITE},
    "TCP": {"host": "127.0.0.1", "port": 9},
    "DNS": {"host": "example.org"},
    "TLS": {"host": "example.org"},
    "DOMAIN": {"domain": "example.org"},
}


def ask(person, name, code="", fields=None, **headers):
    """Ask a route about the check *code*, with fields that suit it."""
    method, path = ROUTES[name]
    body = WISHES.get(name, b"") if fields is None else fields
    return person.ask(method, path.format(code), body, **headers)


def new(person, **fields):
    """Return a new check, a moment after whatever was made before it."""
    person.house.clock.now += timedelta(milliseconds=1)
    made = ask(person, "create", fields=WISHES["create"] | fields)
    assert made.status == 201, made.text
    return made.json()


def probed(person, kind="HTTP", target=(), **fields):
    """Return a new check of an active *kind*; *target* is what its target has besides what it must."""
    return new(person, type=kind, target=TARGETS[kind] | dict(target), **fields)


def refused(reply):
    """Return the sentence of a 400, in small letters."""
    status, code, sentence = refusal(reply)
    assert (status, code) == (400, "BAD_REQUEST"), sentence
    return sentence.lower()


def crowd(person, count):
    """Return the names of so many checks more, in the order of their creation, stored at a stroke."""
    alike = stored(person, new(person)).spec
    specs = [
        replace(
            alike,
            monitor_id=person.house.tools.new_id(),
            name=f"check {n:02d}",
            created=alike.created + timedelta(seconds=n),
        )
        for n in range(1, count + 1)
    ]
    with Part.batch_write() as batch:
        for spec in specs:
            batch.save(spec_item(spec))
            batch.save(state_item(spec.monitor_id, create(spec).state, 1))
    return [alike.name, *(spec.name for spec in specs)]


def seen(person, check):
    """Return a check as it is now."""
    return ask(person, "show", check["id"]).json()


def changed(person, check, **fields):
    """Return a check, changed."""
    reply = ask(person, "change", check["id"], fields)
    assert reply.status == 200, reply.text
    return reply.json()


def listed(person, query=""):
    """Return the checks that *person* is shown."""
    reply = person.get(CHECKS + query)
    assert reply.status == 200, reply.text
    return reply.json()["checks"]


def names(person, query=""):
    """Return the names of the checks that *person* is shown."""
    return [check["name"] for check in listed(person, query)]


def stored(person, check):
    """Return a check as the house knows it."""
    return person.house.tools.monitors.load(check["id"], fresh=True)


def spelled(check):
    """Return a check's id as other dialects write it."""
    return ids.spell(ids.MONITOR, check["id"])


@contextmanager
def counting(house):
    """Yield a tally of the calls to DynamoDB inside the block."""
    tally = Counter()
    settings = house.tools.settings
    events = aws.client("dynamodb", settings.region, settings.endpoint_url).meta.events

    def note(model, **_):
        tally[model.name] += 1

    events.register("before-call.dynamodb", note)
    try:
        yield tally
    finally:
        events.unregister("before-call.dynamodb", note)
