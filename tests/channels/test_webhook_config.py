import json

import pytest

from chalicelib.channels.base import MASK
from chalicelib.channels.webhook import Webhook
from chalicelib.core.errors import Invalid

HOOK = "https://hooks.example/alarm"
PLAIN = {"method": "POST", "url": HOOK, "headers": {}, "body": ""}
SILENT = {**PLAIN, "url": ""}


def check(allow_private=False, **config):
    return Webhook.check(config, allow_private=allow_private)


def test_a_url_and_a_secret_are_enough():
    """`{url, secret}` is for both statuses; all the rest has its default (R44)."""
    assert check(url=HOOK, secret="hush") == {"down": PLAIN, "up": PLAIN, "secret": "hush"}
    assert check(url=HOOK)["secret"] == ""


def test_each_status_can_have_its_own():
    """Down and up have methods, URLs, headers and bodies of their own where they are given (R44)."""
    stored = check(
        url=HOOK,
        urlUp="https://hooks.example/ok",
        methodUp="put",
        headers={"X-Key": "a"},
        headersDown={"X-Key": "b"},
        bodyDown="$NAME",
    )
    assert stored["down"] == {"method": "POST", "url": HOOK, "headers": {"X-Key": "b"}, "body": "$NAME"}
    assert stored["up"] == {
        "method": "PUT",
        "url": "https://hooks.example/ok",
        "headers": {"X-Key": "a"},
        "body": "",
    }


def test_a_status_without_a_url_is_silent():
    """One URL is enough, for down or for up."""
    assert check(urlDown=HOOK)["up"] == SILENT
    assert check(url=HOOK, urlDown="")["down"] == SILENT


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({}, "url"),
        ({"url": ""}, "url"),
        ({"url": 7}, "url"),
        ({"url": "hooks.example"}, "url"),
        ({"url": "ftp://hooks.example/"}, "url"),
        ({"url": "https://hooks.example/ x"}, "url"),
        ({"url": "https://hooks.example/" + "x" * 1000}, "url"),
        ({"url": HOOK, "urlUp": "javascript:alert(1)"}, "urlUp"),
        ({"url": HOOK, "method": "DELETE"}, "method"),
        ({"url": HOOK, "methodDown": 1}, "methodDown"),
        ({"url": HOOK, "body": "x" * 1001}, "body"),
        ({"url": HOOK, "bodyUp": {"a": 1}}, "bodyUp"),
        ({"url": HOOK, "headers": "X: y"}, "headers"),
        ({"url": HOOK, "headers": {"X Y": "z"}}, "headers"),
        ({"url": HOOK, "headers": {"X": 1}}, "headers"),
        ({"url": HOOK, "headers": {"X": "a\r\nEvil: 1"}}, "headers"),
        ({"url": HOOK, "headersUp": {f"X-{n}": "v" * 90 for n in range(11)}}, "headersUp"),
        ({"url": HOOK, "headers": {"host": "inside.example"}}, "headers"),
        ({"url": HOOK, "headers": {"Content-Length": "3"}}, "headers"),
        ({"url": HOOK, "headers": {"X-Wakeful-Signature": "t=1,v1=0"}}, "headers"),
        ({"url": HOOK, "secret": "s" * 201}, "secret"),
        ({"url": HOOK, "secret": ["s"]}, "secret"),
    ],
)
def test_what_cannot_work_is_refused(config, field):
    """Each invalid field is refused by its own name (R44)."""
    with pytest.raises(Invalid) as refusal:
        Webhook.check(config, allow_private=False)
    assert refusal.value.field == field


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest",
        "http://127.0.0.1:9001/",
        "http://10.0.0.5/",
        "http://localhost/",
        "http://0x7f000001/",
        "http://ok.example@[::1]/",
    ],
)
def test_literal_private_targets_are_refused(url):
    """A URL that spells out an address of our own network is refused when it is stored (R102, R391)."""
    for field in ("url", "urlDown", "urlUp"):
        with pytest.raises(Invalid, match="is refused"):
            check(**{field: url})


def test_private_targets_can_be_opened_but_metadata_cannot():
    """Where private targets are allowed loopback is taken, and metadata still is not (R102)."""
    assert check(allow_private=True, url="http://127.0.0.1:8000/")["up"]["url"] == "http://127.0.0.1:8000/"
    with pytest.raises(Invalid, match="metadata"):
        check(allow_private=True, url="http://169.254.169.254/")


def test_a_url_may_hold_placeholders():
    """Placeholders are no fault of a URL, wherever they stand."""
    assert check(url="https://$TAG1.hooks.example/$NAME?s=$STATUS")


def test_what_is_left_out_of_a_change_stays():
    """What was stored, checked again with a change, keeps its secret and all that was not named (R45)."""
    stored = check(url=HOOK, secret="hush", bodyDown="$NAME", headers={"X-Key": "k"})
    assert Webhook.check(stored, allow_private=False) == stored
    changed = Webhook.check({**stored, "url": "https://new.example/"}, allow_private=False)
    assert changed["secret"] == "hush"
    assert changed["down"] == {**stored["down"], "url": "https://new.example/"}
    assert changed["up"]["url"] == "https://new.example/"
    silenced = Webhook.check({**stored, "urlUp": ""}, allow_private=False)
    assert silenced["up"]["url"] == ""
    assert silenced["down"] == stored["down"]


def test_no_secret_is_shown():
    """Neither the secret nor header values, bodies, passwords, parameters or tokens in paths (R392)."""
    stored = check(
        url="https://me:hush@hooks.example:8443/services/T0000hush0000000000001/in?token=hush&room=hush#hush",
        secret="hush",
        headers={"Authorization": "Bearer hush"},
        body='{"token": "hush"}',
    )
    shown = Webhook.mask(stored)
    assert "hush" not in json.dumps(shown)
    assert shown == {
        "method": "POST",
        "url": f"https://{MASK}@hooks.example:8443/services/{MASK}/in?token={MASK}&room={MASK}",
        "headers": {"Authorization": MASK},
        "body": MASK,
        "secret": MASK,
    }


def test_an_innocent_url_is_shown_whole():
    """People recognise their hook; a field that is empty is shown as empty."""
    assert Webhook.mask(check(url="https://hooks.example/a-rather-long-path/$CODE")) == {
        **PLAIN,
        "url": "https://hooks.example/a-rather-long-path/$CODE",
        "secret": "",
    }


def test_two_statuses_are_shown_apart():
    """Where down and up differ, each is shown under the names in which it was written."""
    shown = Webhook.mask(check(urlDown=HOOK, methodUp="GET"))
    assert shown["urlDown"] == HOOK
    assert shown["urlUp"] == ""
    assert (shown["methodDown"], shown["methodUp"]) == ("POST", "GET")
    assert "url" not in shown


@pytest.mark.parametrize("field", ["secret", "url", "body", "headers"])
def test_a_mask_is_not_taken_for_a_secret(field):
    """Who sends back what was shown is told so, and loses nothing (R45)."""
    stored = check(url=f"{HOOK}?key=1", secret="hush", headers={"X-Key": "k"}, body="$NAME")
    with pytest.raises(Invalid, match="leave it out"):
        Webhook.check({**stored, field: Webhook.mask(stored)[field]}, allow_private=False)
