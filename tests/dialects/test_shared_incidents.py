"""POST /v1/incidents, where two dialects are spoken: the body says which."""

import pytest

from chalicelib.dialects.http import Request
from chalicelib.dialects.shared_v1 import HASPULSE, STATUSPULSE, package_of

PATH = "/v1/incidents"


@pytest.mark.parametrize(
    ("body", "package"),
    [
        (b'{"title": "x"}', HASPULSE),
        (b'{"title": "x", "status": "RESOLVED", "impact": "MAJOR"}', HASPULSE),
        (b"{}", HASPULSE),
        (b"", HASPULSE),
        (b"[", HASPULSE),
        (b'["state"]', HASPULSE),
        (b'"state"', HASPULSE),
        *(
            (b'{"%s": null}' % name, STATUSPULSE)
            for name in (
                *(b"incident_id", b"monitor_id", b"state"),
                *(b"external_ids", b"pagerduty_id", b"jira_ticket"),
            )
        ),
    ],
)
def test_the_body_says_which_dialect_is_spoken(body, package):
    """One word of StatusPulse's is enough; all else, and every other method, is Haspulse's (R382)."""
    assert package_of(Request("POST", PATH, body=body)) == package
    assert package_of(Request("GET", PATH, body=body)) == HASPULSE


def test_each_is_answered_in_its_own_form(carol):
    """Successes and refusals alike; the list shows both (R110, R382, R394)."""
    ours = carol.post(PATH, {"state": "triggered", "title": "Slow"})
    theirs = carol.post(PATH, {"title": "Slow", "impact": "MAJOR"})
    assert (ours.status, theirs.status) == (201, 201)
    assert ours.json()["message"] == "Incident triggered"
    assert theirs.json()["impact"] == "MAJOR"
    assert carol.get(PATH).json()["total"] == 2
    assert carol.post(PATH, {"state": "odd"}).json()["error"]["code"] == "invalid_request"
    assert carol.post(PATH, {"title": 7}).json()["error"] == "BAD_REQUEST"
    assert carol.ask("PUT", PATH, {"state": "triggered"}).json()["error"] == "METHOD_NOT_ALLOWED"
    assert carol.ask("OPTIONS", PATH).status == 204


@pytest.mark.parametrize("name", ["status", "impact", "checkIds"])
def test_a_contradiction_is_refused(carol, name):
    """Both dialects' words at once: 400 in StatusPulse's form, and nothing stored (R382)."""
    refused = carol.post(PATH, {"state": "triggered", "title": "x", name: "RESOLVED"})
    assert refused.status == 400
    details = refused.json()["error"]["details"]
    assert details == [{"field": name, "message": "contradicts state: it belongs to another form"}]
    assert carol.get(PATH).json()["total"] == 0
