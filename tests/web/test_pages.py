import re
from pathlib import Path
from urllib.parse import urljoin

import pytest
from reading import Page, directives

import chalicelib.web
from chalicelib.services.links import dashboard_url
from chalicelib.web.static import KINDS

NOBODY = "00000000-0000-4000-8000-000000000000"
WEB = Path(chalicelib.web.__file__).parent
SCRIPT = (WEB / "static" / "monitor.js").read_text()
ADDRESSES = ("href", "src", "action")


def test_the_dashboard_url_leads_to_the_monitors_page(house, alice):
    """The address in a message is a page that runs a script of ours, without a login (R202, R214)."""
    check = alice.ask("POST", "/api/v3/checks/", {"name": "Backup"}).json()
    address = dashboard_url(house.tools, check["uuid"])
    assert address == f"https://wakeful.test/api/monitors/{check['uuid']}"
    reply = house.ask("GET", address.removeprefix("https://wakeful.test/api"))
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert [script["src"] for script in Page(reply.text).all("script")] == ["../static/monitor.js"]


def test_the_page_itself_tells_nothing(house, alice):
    """It is the same for a monitor that is there and for one that is not: only a key opens it (R214)."""
    check = alice.ask("POST", "/api/v3/checks/", {"name": "Backup"}).json()
    there = house.ask("GET", f"/monitors/{check['uuid']}")
    assert there == house.ask("GET", f"/monitors/{NOBODY}") == house.ask("GET", f"/monitors/{NOBODY.upper()}")


@pytest.mark.parametrize("monitor_id", ["nope", NOBODY[:-1], NOBODY + "0", "%3Cscript%3E", "x" * 300])
def test_what_is_no_id_has_no_page(house, monitor_id):
    """404, in words for people, and without what was asked for (R214)."""
    reply = house.ask("GET", f"/monitors/{monitor_id}")
    assert reply.status == 404
    page = Page(reply.text)
    assert "Not found" in page.text
    assert not page.all("script")


def test_one_slash_too_many_leads_to_the_page(house):
    """API Gateway takes it for the same path, but the page's own addresses would lead astray (R214)."""
    reply = house.ask("GET", f"/monitors/{NOBODY}/")
    assert reply.status == 308
    assert urljoin(f"/api/monitors/{NOBODY}/", reply.headers["Location"]) == f"/api/monitors/{NOBODY}"


def test_the_page_may_run_our_script_and_ask_our_api_alone(house):
    """Nothing inline, nothing of others, in no frame; no form leaves the site (R214)."""
    allowed = directives(house.ask("GET", f"/monitors/{NOBODY}"))
    assert allowed == {
        "default-src": "'none'",
        "style-src": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
        "form-action": "'self'",
        "script-src": "'self'",
        "connect-src": "'self'",
    }


@pytest.mark.parametrize("path", ["/ack?token=x", "/monitors/nope", f"/monitors/{NOBODY}", "/static/nope"])
def test_every_address_in_a_page_is_there(house, path):
    """Under a stage, too, what a page is drawn with is found where the page says (R214)."""
    page = Page(house.ask("GET", path).text)
    named = [value for _, found in page.elements for name, value in found.items() if name in ADDRESSES]
    assert named
    for address in named:
        whole = urljoin(f"/api{path}", address)
        assert whole.startswith("/api/static/")
        assert house.ask("GET", whole.removeprefix("/api")).status == 200
    assert not [found for _, found in page.elements if "style" in found or "onclick" in found]


@pytest.mark.parametrize("name", KINDS)
def test_a_static_file_comes_as_what_it_is(house, name):
    """With its own type, which no browser may guess at, and kept for minutes only."""
    reply = house.ask("GET", f"/static/{name}")
    assert reply.text == (WEB / "static" / name).read_text()
    assert reply.headers["Content-Type"] == KINDS[name]
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Cache-Control"] == "public, max-age=300"


@pytest.mark.parametrize(
    "name", ["nope.css", "..%2Fpages.py", "..%2Fstatic%2Fpage.css", "%2Fetc%2Fpasswd", "."]
)
def test_no_other_file_is_handed_out(house, name):
    """Only what the table names, however a path is spelt."""
    assert house.ask("GET", f"/static/{name}").status == 404


def test_every_static_file_is_served():
    """No file lies there that nobody can ask for."""
    assert {path.name for path in (WEB / "static").iterdir()} == set(KINDS)


def test_script_and_page_speak_of_the_same_elements(house):
    """Every element that the script looks for is in the page, once (R214)."""
    wanted = set(re.findall(r'\b(?:find|list|table)\("([a-z-]+)"', SCRIPT))
    page = Page(house.ask("GET", f"/monitors/{NOBODY}").text)
    ids = [found["id"] for _, found in page.elements if "id" in found]
    assert wanted == set(ids)
    assert len(ids) == len(set(ids))


def test_the_script_sets_text_and_never_markup():
    """What a monitor is called cannot become an element, nor a program (R214)."""
    doors = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|eval|Function\(|setTimeout|\.href"
    )
    assert re.findall(doors, SCRIPT) == []


def test_the_key_is_kept_in_the_tab_alone():
    """It is in no address, no cookie and no storage that outlives the tab (R214)."""
    assert re.findall(r"localStorage|indexedDB|cookie", SCRIPT) == []
    assert 'credentials: "omit"' in SCRIPT
