from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from reading import Page, directives

from chalicelib.core.badges import sign
from chalicelib.core.links import ACKNOWLEDGE, LIFETIME, Claim, token_of
from chalicelib.local.house import built
from chalicelib.services.links import acknowledge_url, dashboard_url

LATER = timedelta(minutes=10)
NOBODY = "00000000-0000-4000-8000-000000000000"


def secret_of(incident, house):
    """Return what an incident's project signs with."""
    return house.tools.projects.find(incident.project_id).badge_secret


def token_in(link):
    """Return the token of a link."""
    return parse_qs(urlsplit(link).query)["token"][0]


def told(person, incident):
    """Return the timeline of an incident: what was said."""
    shown = person.ask("GET", f"/v1/incidents/{incident.incident_id}").json()
    return [line["message"] for line in shown["updates"]]


def test_following_the_link_changes_nothing(house, alice):
    """GET, again, and HEAD, as scanners do, show the incident and one button, and do nothing (R213)."""
    incident = alice.incident()
    link = alice.link(incident)
    replies = [house.ask(method, link) for method in ("GET", "GET", "HEAD")]
    assert [reply.status for reply in replies] == [200] * 3
    assert alice.seen(incident) == incident
    assert told(alice, incident) == []
    page = Page(replies[0].text)
    assert "The shop is down" in page.text
    assert f"{incident.created.day} March 2026, {incident.created:%H:%M} UTC" in page.text
    assert page.all("form") == [{"method": "post"}]  # no action: back to this very address
    assert len(page.all("button")) == 1


def test_the_button_takes_the_incident_on(house, alice):
    """POST acts, without a login: nobody is reminded any more, nothing escalates, all can see it (R213)."""
    incident = alice.incident()
    reply = house.ask("POST", alice.link(incident))
    assert reply.status == 200
    assert "Acknowledged." in Page(reply.text).text
    seen = alice.seen(incident)
    assert (seen.acknowledged, seen.acknowledged_by) == (house.clock.now, "acknowledge link (webhook)")
    assert (seen.remind_at, seen.climb_at, seen.resolved) == (None, None, None)
    assert told(alice, incident) == ["Acknowledged by acknowledge link (webhook)."]


def test_doing_it_again_is_harmless(house, alice):
    """A second press changes nothing and says who was first; there is no button left (R213)."""
    incident = alice.incident()
    link = alice.link(incident)
    house.ask("POST", link)
    seen = alice.seen(incident)
    house.clock.now += LATER
    for method in ("POST", "GET"):
        page = Page(house.ask(method, link).text)
        assert "Already acknowledged by acknowledge link (webhook) on " in page.text
        assert page.all("button") == []
    assert alice.seen(incident) == seen
    assert len(told(alice, incident)) == 1


def test_who_was_faster_is_named(house, alice):
    """Taken on by a key before, the incident stays that key's (R213, R381)."""
    incident = alice.incident()
    link = alice.link(incident)
    alice.ask("POST", f"/v1/incidents/{incident.incident_id}/acknowledge")
    seen = alice.seen(incident)
    assert f"Already acknowledged by {seen.acknowledged_by} on " in Page(house.ask("POST", link).text).text
    assert alice.seen(incident) == seen


def test_a_resolved_incident_says_so(house, alice):
    """Neither GET nor POST does anything to what is over; both say since when (R213)."""
    incident = alice.incident()
    link = alice.link(incident)
    alice.ask("PATCH", f"/v1/incidents/{incident.incident_id}", {"status": "RESOLVED"})
    seen = alice.seen(incident)
    for method in ("GET", "POST"):
        page = Page(house.ask(method, link).text)
        assert f"Resolved on {seen.resolved.day} March 2026" in page.text
        assert page.all("button") == []
    assert alice.seen(incident) == seen


def forgeries(house, alice, bob):
    """Yield tokens that look like that of an incident of Alice's, and why they are none."""
    incident, foreign = alice.incident("A"), bob.incident("B")
    secret, end = secret_of(incident, house), house.clock.now + LIFETIME
    token, others = token_in(alice.link(incident)), token_in(bob.link(foreign))
    body = len(token) - 32
    claim = Claim(incident.incident_id, end)
    yield "B's incident under A's signature", others[:body] + token[body:], foreign
    yield "A's incident under B's signature", token[:body] + others[body:], incident
    yield (
        "B's incident by A's secret",
        token_of(Claim(foreign.incident_id, end), ACKNOWLEDGE, secret),
        foreign,
    )
    yield "another purpose", token_of(claim, "resolve an incident", secret), incident
    yield "a badge's signature", token[:body] + sign(token[:body], secret) * 4, incident
    yield (
        "drawn out",
        token_of(Claim(claim.thing_id, end + LATER), ACKNOWLEDGE, "")[:body] + token[body:],
        incident,
    )
    yield "over now", token_of(Claim(claim.thing_id, house.clock.now), ACKNOWLEDGE, secret), incident
    yield "of no incident", token_of(Claim(NOBODY, end), ACKNOWLEDGE, secret), incident
    yield "held back", token_in(alice.link(held := alice.incident("C", held=True))), held
    yield "no token", "x", incident
    yield "empty", "", incident


def test_no_other_token_opens_anything(house, alice, bob):
    """Forged, expired, for another purpose or another's: one and the same 404, and nothing changes (R213)."""
    pages = set()
    for why, token, incident in forgeries(house, alice, bob):
        for method in ("GET", "POST"):
            reply = house.ask(method, f"/ack?token={token}&via=webhook")
            assert (why, reply.status) == (why, 404)
            pages.add(reply.text)
        assert (why, house.tools.incidents.find(incident.incident_id).acknowledged) == (why, None)
    pages.add(house.ask("POST", "/ack").text)
    [page] = pages
    assert "This link is not valid, or not any longer." in Page(page).text


def test_a_link_ends_with_its_week_and_with_its_incident(house, alice):
    """It works until the last second of a week, and not after the incident was deleted (R213)."""
    incident, deleted = alice.incident(), alice.incident()
    link, dead = alice.link(incident), alice.link(deleted)
    alice.ask("DELETE", f"/v1/incidents/{deleted.incident_id}")
    assert house.ask("POST", dead).status == 404
    house.clock.now += LIFETIME - timedelta(seconds=1)
    assert house.ask("GET", link).status == 200
    house.clock.now += timedelta(seconds=1)
    assert house.ask("POST", link).status == 404
    assert alice.seen(incident).acknowledged is None


def test_the_link_is_the_same_on_every_attempt(house, alice):
    """Whenever a message leaves, its link is that of when it was told; a reminder's ends later (R213)."""
    incident = alice.incident()
    first = acknowledge_url(house.tools, incident, incident.created)
    house.clock.now += LATER
    assert acknowledge_url(house.tools, incident, incident.created) == first
    assert acknowledge_url(house.tools, incident) == first
    assert acknowledge_url(house.tools, incident, house.clock.now) != first
    assert first.startswith("https://wakeful.test/api/ack?token=")
    assert first.endswith("&via=webhook")


def test_where_we_have_no_address_there_are_no_links(alice):
    """Without PUBLIC_URL a message names no address at all, rather than a wrong one (R202, R214)."""
    incident = alice.incident()
    with built() as nowhere:
        assert acknowledge_url(nowhere.tools, incident) == ""
        assert dashboard_url(nowhere.tools, NOBODY) == ""


HOSTILE = """</title><script>alert(1)</script>"'><img src=x onerror=alert(1)> {{ 7 * 7 }} &amp;"""


def test_a_title_cannot_smuggle_markup_in(house, alice):
    """Tags, quotes, entities and templates in a title are shown, not obeyed (R213)."""
    link = alice.link(alice.incident(HOSTILE))
    for method in ("GET", "POST", "GET"):
        page = Page(house.ask(method, link).text)
        assert page.text.count(HOSTILE) == 2  # in the window's title and above the page
        assert not page.all("script") + page.all("img")


def test_what_it_came_by_is_a_word_or_nothing(house, alice):
    """The holder of a link may write anything there; only a plain word is kept (R213)."""
    for via, by in (
        ("email", "acknowledge link (email)"),
        ("%3Cb%3E", "acknowledge link"),
        ("x" * 21, "acknowledge link"),
    ):
        incident = alice.incident()
        assert house.ask("POST", alice.link(incident).replace("via=webhook", f"via={via}")).status == 200
        assert alice.seen(incident).acknowledged_by == by


@pytest.mark.parametrize(
    ("method", "status"), [("GET", 200), ("POST", 200), ("OPTIONS", 204), ("DELETE", 405)]
)
def test_the_page_keeps_to_itself(house, alice, method, status):
    """No script, no frame, no referrer, no cache and no search engine, whatever is answered (R213)."""
    link = alice.link(alice.incident())
    for reply, expected in ((house.ask(method, link), status), (house.ask("GET", "/ack?token=x"), 404)):
        assert reply.status == expected
        allowed = directives(reply)
        assert (allowed["default-src"], allowed["frame-ancestors"], allowed["base-uri"]) == ("'none'",) * 3
        assert "script-src" not in allowed
        assert reply.headers["X-Frame-Options"] == "DENY"
        assert reply.headers["Referrer-Policy"] == "no-referrer"
        assert reply.headers["Cache-Control"] == "no-store"
        assert reply.headers["X-Robots-Tag"] == "noindex"
        assert "Access-Control-Allow-Origin" not in reply.headers
