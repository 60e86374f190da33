"""How the tests ask about channels, and read the answers."""

CHANNELS = "/v1/channels"
NOBODY = "00000000-0000-4000-8000-000000000000"
ROUTES = {
    "list": ("GET", CHANNELS),
    "create": ("POST", CHANNELS),
    "show": ("GET", CHANNELS + "/{}"),
    "change": ("PATCH", CHANNELS + "/{}"),
    "delete": ("DELETE", CHANNELS + "/{}"),
    "test": ("POST", CHANNELS + "/{}/test"),
    "log": ("GET", CHANNELS + "/{}/deliveries"),
    "replay": ("POST", CHANNELS + "/{}/deliveries"),
}
ONE = [name for name in ROUTES if name not in ("list", "create")]
CHANGES = ["create", "change", "delete", "test", "replay"]
WISHES = {
    "create": {"type": "WEBHOOK", "name": "Hook", "config": {"url": "http://127.0.0.1:9/"}},
    "change": {"name": "changed"},
    "replay": {"deliveryId": "flip#none#none"},
}


def ask(person, name, code="", body=None, **headers):
    """Ask a route about the channel *code*, with a body that suits it."""
    method, path = ROUTES[name]
    wish = WISHES.get(name, b"") if body is None else body
    return person.ask(method, path.format(code), wish, **headers)


def refusal(reply):
    """Return (status, code, sentence) of an answer, once it is seen to have the common form (R71)."""
    fault = reply.json()
    assert list(fault) == ["error", "message"]
    assert fault["error"].isupper()
    assert fault["message"]
    return reply.status, fault["error"], fault["message"]


def hook(person, url, **config):
    """Return a new webhook."""
    made = person.post(CHANNELS, {"type": "WEBHOOK", "name": "Hook", "config": {"url": url, **config}})
    assert made.status == 201, made.text
    return made.json()


def log_of(person, channel):
    """Return a channel's log, the newest first."""
    return ask(person, "log", channel["id"]).json()["deliveries"]
