from datetime import timedelta

import pytest
from botocore.exceptions import EndpointConnectionError
from broken import answering, silence

from chalicelib.core.badges import ALL, sign
from chalicelib.dialects.healthchecks import routes

BADGES = "/api/v3/badges/"
FORMS = ["svg", "svg3", "json", "json3", "shields", "shields3"]

# --- channels -----------------------------------------------------------------------------------------------


def test_a_project_without_channels_lists_none(carol):
    """No integrations are an empty list (R359)."""
    reply = carol.get("/api/v3/channels/")
    assert (reply.status, reply.json()) == (200, {"channels": []})


def test_channels_are_listed_with_id_name_and_kind(carol):
    """An integration is told by its id, its name and its kind, and by nothing secret (R359)."""
    hook = carol.channel("Über-Hook", "http://127.0.0.1:9/?token=secret")
    wish = {"type": "EMAIL", "name": "My Work Email", "config": {"email": "carol@example.org"}}
    carol.house.clock.now += timedelta(seconds=1)
    mail = carol.post("/v1/channels", wish).json()
    reply = carol.get("/api/v3/channels/")
    assert reply.json() == {
        "channels": [
            {"id": hook["id"], "name": "Über-Hook", "kind": "webhook"},
            {"id": mail["id"], "name": "My Work Email", "kind": "email"},
        ]
    }
    assert "secret" not in reply.text
    assert [list(channel) for channel in reply.json()["channels"]] == [["id", "name", "kind"]] * 2


def test_channels_are_not_for_everybody(anyone, reader):
    """No key, a wrong one, and a read-only one are 401 (R359)."""
    assert anyone.get("/api/v3/channels/").status == 401
    assert anyone.get("/api/v3/channels/", X_Api_Key="x" * 32).status == 401
    assert reader.get("/api/v3/channels/").status == 401


# --- the list of badges -------------------------------------------------------------------------------------


def test_a_project_without_checks_has_one_badge(carol):
    """Where there are no tags, there is still the whole project's badge (R360)."""
    assert list(carol.get(BADGES).json()["badges"]) == [ALL]


def test_every_tag_has_its_badges(carol):
    """One entry for each tag in use, and one for all checks, each in every form (R360)."""
    carol.check(tags="db prod")
    carol.check(tags="  prod   web ")
    badges = carol.get(BADGES).json()["badges"]
    assert list(badges) == ["db", "prod", "web", ALL]
    assert [list(forms) for forms in badges.values()] == [FORMS] * 4


def test_addresses_have_the_documented_form(alice):
    """`-2` behind the signature means two states; the whole project's address names no tag (R361)."""
    alice.check(tags="a/b")
    project = alice.house.foundation.project
    tagged, whole = sign("a/b", project.badge_secret), sign(ALL, project.badge_secret)
    root = f"http://wakeful.test/badge/{project.badge_key}"
    badges = alice.get(BADGES).json()["badges"]
    assert badges["a/b"] == {
        "svg": f"{root}/{tagged}-2/a%2Fb.svg",
        "svg3": f"{root}/{tagged}/a%2Fb.svg",
        "json": f"{root}/{tagged}-2/a%2Fb.json",
        "json3": f"{root}/{tagged}/a%2Fb.json",
        "shields": f"{root}/{tagged}-2/a%2Fb.shields",
        "shields3": f"{root}/{tagged}/a%2Fb.shields",
    }
    assert badges[ALL]["svg"] == f"{root}/{whole}-2.svg"
    assert badges[ALL]["shields3"] == f"{root}/{whole}.shields"


def test_badges_are_listed_for_keys_only(anyone, reader):
    """Without a key the list is 401; a read-only key will do (R369)."""
    assert anyone.get(BADGES).status == 401
    assert reader.get(BADGES).status == 200


# --- the service's status -----------------------------------------------------------------------------------


def test_the_service_is_well(anyone):
    """The status needs no key and answers OK (R370)."""
    reply = anyone.get("/api/v3/status/")
    assert (reply.status, reply.text) == (200, "OK")


def unreachable(**_):
    """Answer not at all."""
    raise EndpointConnectionError(endpoint_url="http://127.0.0.1:9")


@pytest.mark.parametrize("fault", [silence, unreachable])
def test_without_its_database_the_service_is_not_well(anyone, fault):
    """Where the database is broken or cannot be reached, the status is 500 (R371)."""
    with answering(anyone.house, "Query", fault), answering(anyone.house, "GetItem", fault):
        reply = anyone.get("/api/v3/status/")
    assert reply.status == 500
    assert anyone.get("/api/v3/status/").status == 200


# --- asked from a browser -----------------------------------------------------------------------------------

READ_ONLY = [route.path for route in routes.ROUTES if route.methods == ("GET",)]


@pytest.mark.parametrize("route", READ_ONLY)
def test_a_browser_may_ask_from_anywhere(anyone, route):
    """Answers, refusals and preflights alike carry the CORS headers (R362)."""
    target = route.format(
        **dict.fromkeys(("code", "key", "signature", "tag", "states", "name", "project"), "x"), n=1
    )
    for reply in (anyone.get(target), anyone.ask("OPTIONS", target), anyone.ask("PUT", target)):
        assert reply.headers["Access-Control-Allow-Origin"] == "*"
        assert reply.headers["Access-Control-Allow-Headers"] == "X-Api-Key"
        assert reply.headers["Access-Control-Allow-Methods"] == "GET, OPTIONS"
    assert anyone.ask("OPTIONS", target).status == 204
    assert anyone.ask("PUT", target).status == 405
