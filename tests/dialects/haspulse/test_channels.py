import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels.base import MASK
from haspulse.anything import documents, patiently, texts
from haspulse.asking import CHANNELS, ONE, ask, hook, refusal


@pytest.fixture(scope="module")
def shared(house):
    """Return the id of a channel that many tests ask about and none changes."""
    body = b'{"type": "WEBHOOK", "name": "shared", "config": {"url": "http://127.0.0.1:9/"}}'
    return house.ask("POST", CHANNELS, body, X_Api_Key=house.foundation.api_key).json()["id"]


# --- creating and seeing ------------------------------------------------------------------------------------


def test_a_webhook_is_created_and_seen(carol):
    """POST answers 201 with the channel and its id; GET shows the same (R41-R43)."""
    made = carol.post(
        CHANNELS, {"type": "WEBHOOK", "name": "Hook", "config": {"url": "http://127.0.0.1:9/x"}}
    )
    channel = made.json()
    assert made.status == 201
    assert list(channel) == [
        *("id", "projectId", "type", "name", "config", "broken", "lastError", "createdAt", "updatedAt")
    ]
    assert (channel["type"], channel["name"], channel["broken"]) == ("WEBHOOK", "Hook", False)
    assert channel["config"]["url"] == "http://127.0.0.1:9/x"
    assert channel["updatedAt"] == channel["createdAt"]
    assert channel["createdAt"] == carol.house.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert ask(carol, "show", channel["id"]).json() == channel
    assert ask(carol, "list").json() == {"channels": [channel]}


def test_an_email_channel_is_created(carol):
    """An address that looks like one is taken (R43, R44)."""
    made = carol.post(CHANNELS, {"type": "EMAIL", "name": "Alice", "config": {"email": "alice@example.org"}})
    assert (made.status, made.json()["config"]["email"]) == (201, "alice@example.org")


def test_a_list_is_in_the_order_of_creation_and_of_the_project(carol, bob):
    """The project's own, the oldest first (R41)."""
    made = []
    for name in ("b", "a", "c"):
        carol.house.clock.now = carol.house.clock.now.replace(second=len(made))
        made.append(carol.channel(name))
    assert ask(carol, "list").json() == {"channels": made}
    assert not {one["id"] for one in made} & {one["id"] for one in ask(bob, "list").json()["channels"]}


FAULTS = {
    "no JSON": (b"{", "body"),
    "no body": (b"", "body"),
    "no UTF-8": (b"\xff", "body"),
    "brackets without end": (b"[" * 100_000, "body"),
    "NaN": (b'{"type": "WEBHOOK", "name": NaN, "config": {}}', "body"),
    "digits without end": (b'{"name": ' + b"9" * 5000 + b"}", "body"),
    "a list": (b"[]", "object"),
    "null": (b"null", "object"),
    "no type": (b'{"name": "x", "config": {}}', "type"),
    "no name": (b'{"type": "WEBHOOK", "config": {}}', "name"),
    "no config": (b'{"type": "WEBHOOK", "name": "x"}', "config"),
    "a type that there is not": (b'{"type": "FAX", "name": "x", "config": {}}', "type"),
    "a type in small letters": (b'{"type": "webhook", "name": "x", "config": {}}', "type"),
    "a type that is no text": (b'{"type": 1, "name": "x", "config": {}}', "type"),
    "an empty name": (b'{"type": "WEBHOOK", "name": "", "config": {"url": "http://x.example/"}}', "name"),
    "a long name": (b'{"type": "WEBHOOK", "name": "%s", "config": {}}' % (b"x" * 101), "name"),
    "a name with NUL": (b'{"type": "WEBHOOK", "name": "a\\u0000", "config": {}}', "name"),
    "half a letter": (b'{"type": "WEBHOOK", "name": "\\ud800", "config": {}}', "body"),
    "half a letter in a url": (
        b'{"type": "WEBHOOK", "name": "x", "config": {"url": "http://x.example/\\ud800"}}',
        "body",
    ),
    "half a letter in a header": (
        b'{"type": "WEBHOOK", "name": "x", "config": {"url": "http://x", "headers": {"A": "\\ud800"}}}',
        "body",
    ),
    "a config that is no object": (b'{"type": "WEBHOOK", "name": "x", "config": []}', "config"),
    "a webhook without a url": (b'{"type": "WEBHOOK", "name": "x", "config": {}}', "url"),
    "a url that is none": (b'{"type": "WEBHOOK", "name": "x", "config": {"url": "gopher://x"}}', "url"),
    "a url of a number": (b'{"type": "WEBHOOK", "name": "x", "config": {"url": 7}}', "url"),
    "an address that is none": (b'{"type": "EMAIL", "name": "x", "config": {"email": "nobody"}}', "email"),
    "no address": (b'{"type": "EMAIL", "name": "x", "config": {}}', "email"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_invalid_is_told_and_not_stored(hapless, fault):
    """400, BAD_REQUEST, and a sentence that names what is wrong (R28, R44, R72)."""
    body, named = FAULTS[fault]
    status, code, sentence = refusal(hapless.post(CHANNELS, body))
    assert (status, code) == (400, "BAD_REQUEST")
    assert named in sentence.lower()
    assert ask(hapless, "list").json() == {"channels": []}


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded", "text/plain", ""])
def test_the_content_type_is_no_matter(carol, kind):
    """JSON is JSON, whatever its Content-Type claims."""
    assert ask(carol, "create", Content_Type=kind).status == 201


# --- changing -----------------------------------------------------------------------------------------------


def test_a_name_alone_may_change(alice):
    """What is not given stays, null included (R45)."""
    channel = hook(alice, "http://127.0.0.1:9/", secret="s3cret-of-alice")
    changed = ask(alice, "change", channel["id"], {"name": "New name", "config": None})
    assert (changed.status, changed.json()) == (200, channel | {"name": "New name"})
    assert ask(alice, "change", channel["id"], {}).json() == changed.json()
    assert ask(alice, "show", channel["id"]).json() == changed.json()


def test_a_secret_that_is_left_out_is_kept(alice, receiver):
    """The url changes, and what is sent is still signed with the secret that nobody repeated (R45)."""
    channel = hook(alice, "http://127.0.0.1:9/", secret="s3cret-of-alice")
    changed = ask(alice, "change", channel["id"], {"config": {"url": receiver.url}}).json()
    assert (changed["config"]["url"], changed["config"]["secret"]) == (receiver.url, MASK)
    ask(alice, "test", channel["id"])
    assert "X-Wakeful-Signature" in receiver.headers[0]


def test_a_secret_may_be_taken_away(alice, receiver):
    """An empty secret is a change like any other (R45)."""
    channel = hook(alice, receiver.url, secret="s3cret-of-alice")
    assert ask(alice, "change", channel["id"], {"config": {"secret": ""}}).json()["config"]["secret"] == ""
    ask(alice, "test", channel["id"])
    assert "X-Wakeful-Signature" not in receiver.headers[0]


def test_a_type_may_be_repeated_but_not_changed(alice):
    """Who sends back all that was shown is not refused; a type that nobody meant to change stays (R45)."""
    slack = {"type": "SLACK_WEBHOOK", "name": "Slack", "config": {"webhookUrl": "http://127.0.0.1:9/x"}}
    channel = alice.post(CHANNELS, slack).json()
    for same in ("SLACK", "SLACK_WEBHOOK"):
        assert ask(alice, "change", channel["id"], {"type": same, "name": same}).json()["name"] == same
    for other in ("EMAIL", "slack", "NONE"):
        sentence = refusal(ask(alice, "change", channel["id"], {"type": other, "name": other}))[2]
        assert sentence == "type cannot change"
    assert ask(alice, "show", channel["id"]).json()["name"] == "SLACK_WEBHOOK"


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": "x" * 101},
        {"name": 7},
        {"config": []},
        {"config": {"url": "gopher://x"}},
        {"config": {"secret": MASK}},
        {"config": {"url": ""}},
        b"{",
        b"[]",
    ],
)
def test_an_invalid_change_changes_nothing(alice, shared, changes):
    """What is masked cannot be stored by repeating the mask, nor anything else that is wrong (R45, R72)."""
    before = ask(alice, "show", shared).json()
    assert refusal(ask(alice, "change", shared, changes))[:2] == (400, "BAD_REQUEST")
    assert ask(alice, "show", shared).json() == before


# --- deleting -----------------------------------------------------------------------------------------------


def test_a_deleted_channel_is_gone_from_every_check(carol):
    """204 without a body; the checks that it was assigned to keep their others (R46)."""
    gone, kept = carol.channel("gone"), carol.channel("kept")
    both, one, none = carol.check(channels="*"), carol.check(channels=gone["id"]), carol.check()
    answer = ask(carol, "delete", gone["id"])
    assert (answer.status, answer.body) == (204, b"")
    assert [carol.see(check)["channels"] for check in (both, one, none)] == [kept["id"], "", ""]
    assert {ask(carol, name, gone["id"]).status for name in ONE} == {404}
    assert ask(carol, "list").json() == {"channels": [kept]}


def test_nothing_is_sent_to_a_deleted_channel(alice, anyone, receiver):
    """Not even what was already on its way (R46)."""
    channel = hook(alice, receiver.url)
    check = alice.check(channels=channel["id"])
    anyone.get(f"/ping/{check['uuid']}/fail")
    ask(alice, "delete", channel["id"])
    alice.house.advance(seconds=30)
    assert receiver.heard == []


# --- anything at all ----------------------------------------------------------------------------------------

CONFIG = ["url", "urlDown", "urlUp", "method", "methodUp", "headers", "body", "secret", "email", "up", "down"]
configs = st.dictionaries(st.sampled_from(CONFIG), documents, max_size=4)
channels = st.fixed_dictionaries(
    {"type": st.sampled_from(["WEBHOOK", "EMAIL"]), "name": texts, "config": configs},
    optional={"extra": documents},
)


@patiently
@given(wish=st.one_of(channels, documents))
def test_any_json_makes_a_channel_or_is_refused(alice, wish):
    """201 or 400, and what was made can be seen again (R72)."""
    alice.house.clock.now = alice.house.clock.now.replace(microsecond=0)
    made = alice.post(CHANNELS, wish)
    assert made.status in (201, 400)
    if made.status == 201:
        assert ask(alice, "show", made.json()["id"]).json() == made.json()


@patiently
@given(wish=st.one_of(configs.map(lambda config: {"config": config}), documents))
def test_any_json_changes_a_channel_or_leaves_it(alice, shared, wish):
    """200 or 400, and afterwards the channel can still be seen (R45, R72)."""
    changed = ask(alice, "change", shared, wish)
    assert changed.status in (200, 400)
    assert ask(alice, "show", shared).status == 200
