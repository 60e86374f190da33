from datetime import timedelta

import pytest

from healthchecks.pinging import RID, YEAR, logged, url

NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def check(alice):
    """Return a new check of Alice's, with nothing due while these tests run."""
    return alice.check(timeout=YEAR, grace=YEAR)


# --- the forms of the URL -----------------------------------------------------------------------------------

TAILS = {
    "": ("success", None, "up", False),
    "/": ("success", None, "up", False),
    "/start": ("start", None, "new", True),
    "/fail": ("fail", None, "down", False),
    "/log": ("log", None, "new", False),
    "/0": ("success", 0, "up", False),
    "/1": ("fail", 1, "down", False),
    "/255": ("fail", 255, "down", False),
    "/007": ("fail", 7, "down", False),
    "/000": ("success", 0, "up", False),
    "/0000000000255": ("fail", 255, "down", False),
}


@pytest.mark.parametrize("tail", TAILS)
def test_the_tail_says_what_happened(alice, anyone, check, tail):
    """Success, start, fail, log and exit statuses are told by the URL (R10-R12, R372-R374)."""
    kind, status, shown, started = TAILS[tail]
    assert anyone.get(url(check, tail)).text == "OK"
    now = alice.see(check)
    assert logged(alice, check) == (kind, status)
    assert (now["status"], now["started"], now["n_pings"]) == (shown, started, 1)


@pytest.mark.parametrize("tail", [tail for tail in TAILS if tail != "/"])
def test_a_slug_takes_the_same_tails(alice, anyone, house, tail):
    """A project's ping key and a slug address a check as its id does (R375)."""
    name = f"nightly{tail.replace('/', '-')}"
    check = alice.check(slug=name)
    assert anyone.get(f"/ping/{house.foundation.project.ping_key}/{name}{tail}").text == "OK"
    assert (*logged(alice, check), alice.see(check)["status"]) == TAILS[tail][:3]


def test_the_url_of_the_answer_is_the_url_to_ping(alice, anyone, check):
    """`ping_url` works as it is given (R267)."""
    path = check["ping_url"].removeprefix("http://wakeful.test")
    assert anyone.get(path).status == 200
    assert alice.see(check)["n_pings"] == 1


@pytest.mark.parametrize("tail", ["/256", "/1000", "/" + "9" * 5000, "/0000256", "/XYZ"])
def test_an_exit_status_is_at_most_255(alice, anyone, check, tail):
    """Larger numbers, of any length, and words in capitals are no URL of ours; nothing is counted (R374)."""
    refused = anyone.get(url(check, tail))
    assert (refused.status, refused.text) == (400, "invalid url format")
    assert alice.see(check)["n_pings"] == 0


@pytest.mark.parametrize(
    "tail", ["/-1", "/1.5", "/begin", "/x/start", "/start/nope", "/%00", "/%C3%A4", "//"]
)
def test_any_other_tail_is_no_ping_of_this_check(alice, anyone, check, tail):
    """An unknown word is looked up as a slug, finds nothing and counts nothing (R16, R374)."""
    assert anyone.get(url(check, tail)).status == 404
    assert alice.see(check)["n_pings"] == 0


@pytest.mark.parametrize("change", [str.upper, lambda uuid: uuid.replace("-", ""), lambda uuid: uuid[:-1]])
def test_an_id_is_written_in_one_way_only(alice, anyone, change):
    """Capitals, an id without dashes, or a part of one find nothing (R16)."""
    check = alice.check(name="letters")
    refused = anyone.get(f"/ping/{change(check['uuid'])}")
    assert (refused.status, refused.text) == (404, "not found")


@pytest.mark.parametrize(
    "target",
    [f"/ping/{NOBODY}", f"/ping/{NOBODY}/fail", f"/ping/{NOBODY}/backup", "/ping/x", "/ping/x/y/log"],
)
def test_what_is_unknown_is_not_found(anyone, target):
    """An unknown check, slug or ping key is a plain 404 that tells nothing else (R16)."""
    refused = anyone.get(target)
    assert (refused.status, refused.text) == (404, "not found")


@pytest.mark.parametrize("key", ["x" * 3000, "%00", "%F0%9F%94%91", "%ED%A0%80", "a%2Fb", "key%23x"])
def test_any_ping_key_is_looked_up_or_not_found(anyone, key):
    """However long or odd a key is, it opens nothing and breaks nothing (R16)."""
    assert anyone.get(f"/ping/{key}/backup").status == 404
    assert anyone.get(f"/ping/{key}/backup?create=1").status == 404


def test_the_ping_of_a_deleted_check_is_not_found(alice, anyone, check):
    """A deleted check is gone for pings too (R338)."""
    alice.ask("DELETE", f"/api/v3/checks/{check['uuid']}")
    assert anyone.get(url(check)).status == 404


# --- run ids ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rid", [RID, RID.upper()])
def test_a_run_id_is_kept_in_lower_case(alice, anyone, check, rid):
    """Any case is taken (R345)."""
    assert anyone.get(url(check, f"/start?rid={rid}&other=1")).status == 200
    assert alice.last_ping(check).arrival.rid == RID


@pytest.mark.parametrize("rid", ["", "1", RID.replace("-", ""), RID + "0", "%00", "%FF", f"{RID}%0A"])
def test_a_bad_run_id_is_refused_and_nothing_logged(alice, anyone, check, rid):
    """An id that is none loses its ping, with a word about why (R345)."""
    refused = anyone.get(url(check, f"?rid={rid}"))
    assert (refused.status, refused.text) == (400, "invalid uuid format")
    assert alice.see(check)["n_pings"] == 0


def test_a_run_is_timed_from_its_start_to_its_end(alice, anyone, check):
    """Three seconds after its start a run's success records three seconds (R20, R275)."""
    anyone.get(url(check, f"/start?rid={RID}"))
    alice.house.clock.now += timedelta(seconds=3)
    anyone.get(url(check, f"?rid={RID}"))
    now = alice.see(check)
    assert (now["last_duration"], now["started"]) == (3, False)


# --- answers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_every_method_of_a_ping_counts(alice, anyone, check, method):
    """HEAD, GET and POST succeed alike (R15, R302, R372)."""
    assert anyone.ask(method, url(check)).status == 200
    now = alice.see(check)
    assert (now["n_pings"], now["status"]) == (1, "up")
    assert alice.last_ping(check).arrival.method == method


@pytest.mark.parametrize("method", ["OPTIONS", "PUT", "PATCH", "DELETE"])
def test_no_other_method_counts(alice, anyone, check, method):
    """A browser's preflight, and methods that mean something else, are never taken for a success (R302)."""
    answer = anyone.ask(method, url(check))
    assert answer.status == (204 if method == "OPTIONS" else 405)
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert alice.see(check)["n_pings"] == 0


@pytest.mark.parametrize("tail", ["", "/start", "/fail", "/log", "/3"])
def test_an_accepted_ping_carries_what_clients_look_for(anyone, check, tail):
    """OK in plain text, the body limit, leave for browsers, and no caching (R18, R372)."""
    answer = anyone.post(url(check, tail), b"hello")
    assert (answer.status, answer.text) == (200, "OK")
    assert answer.headers["Content-Type"].startswith("text/")
    assert answer.headers["Ping-Body-Limit"] == "10000"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("tail", ["/256", "?rid=1", "/no-slug"])
def test_refusals_may_be_read_by_browsers_too(anyone, check, tail):
    """A page that pings is told why it was refused."""
    answer = anyone.get(url(check, tail))
    assert answer.status in (400, 404)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


# --- slugs --------------------------------------------------------------------------------------------------


def test_a_slug_may_be_created_by_its_first_ping(alice, anyone, house):
    """With create=1 an unknown slug becomes a check with all channels and the defaults (R375)."""
    channel = alice.channel("All hands")
    target = f"/ping/{house.foundation.project.ping_key}/made-by-ping?create=1"
    first, second = anyone.get(target), anyone.get(target)
    assert (first.status, first.text) == (201, "Created")
    assert (second.status, second.text) == (200, "OK")
    [made] = alice.get("/api/v3/checks/?slug=made-by-ping").json()["checks"]
    assert (made["name"], made["timeout"], made["grace"], made["tags"]) == ("made-by-ping", 86400, 3600, "")
    assert (made["n_pings"], made["status"]) == (2, "up")
    assert channel["id"] in made["channels"]


@pytest.mark.parametrize("action", ["start", "fail", "log", "5"])
def test_any_action_may_create(alice, anyone, house, action):
    """The first ping need not be a success (R375)."""
    target = f"/ping/{house.foundation.project.ping_key}/first-{action}/{action}?create=1"
    assert anyone.get(target).status == 201
    [made] = alice.get(f"/api/v3/checks/?slug=first-{action}").json()["checks"]
    assert made["n_pings"] == 1


@pytest.mark.parametrize("query", ["", "?create=0", "?create=", "?create=true", "?create=01"])
def test_only_create_1_creates(alice, anyone, house, query):
    """Anything but exactly create=1 finds nothing (R375)."""
    assert anyone.get(f"/ping/{house.foundation.project.ping_key}/nothing-yet{query}").status == 404
    assert alice.get("/api/v3/checks/?slug=nothing-yet").json() == {"checks": []}


@pytest.mark.parametrize("fault", ["bad-rid?create=1&rid=1", "large/256?create=1", "tail/nope?create=1"])
def test_a_refused_ping_creates_nothing(alice, anyone, house, fault):
    """A bad run id or exit status leaves no check behind (R375)."""
    assert anyone.get(f"/ping/{house.foundation.project.ping_key}/{fault}").status in (400, 404)
    assert alice.get(f"/api/v3/checks/?slug={fault.partition('?')[0].partition('/')[0]}").json() == {
        "checks": []
    }


def test_a_slug_of_several_checks_is_ambiguous(alice, anyone, house):
    """Nobody can tell which is meant: 409, and nothing is logged, not even with create=1 (R375)."""
    twins = [alice.check(slug="twins"), alice.check(slug="twins")]
    for query in ("", "?create=1"):
        refused = anyone.get(f"/ping/{house.foundation.project.ping_key}/twins{query}")
        assert (refused.status, refused.text) == (409, "ambiguous slug")
    assert [alice.see(twin)["n_pings"] for twin in twins] == [0, 0]


@pytest.mark.parametrize(
    ("slug", "status"),
    [("Backup", 400), ("a" * 101, 400), ("back%20up", 404), ("back.up", 404), ("%C3%A4", 404)],
)
def test_a_slug_has_its_letters_and_its_length(anyone, house, slug, status):
    """Capitals, other letters and more than 100 of them are no slug, not even to be created (R289, R375)."""
    assert anyone.get(f"/ping/{house.foundation.project.ping_key}/{slug}?create=1").status == status


def test_the_longest_slug_is_created_and_found(alice, anyone, house):
    """A hundred letters are still a slug (R375)."""
    slug = "a" * 100
    assert anyone.get(f"/ping/{house.foundation.project.ping_key}/{slug}?create=1").status == 201
    assert len(alice.get(f"/api/v3/checks/?slug={slug}").json()["checks"]) == 1


def test_another_projects_ping_key_does_not_find_the_slug(alice, anyone, bobs_project):
    """A slug belongs to its project (R254)."""
    alice.check(slug="alices-own")
    assert anyone.get(f"/ping/{bobs_project.project.ping_key}/alices-own").status == 404
