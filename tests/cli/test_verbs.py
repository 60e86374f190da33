import json

import pytest

from chalicelib.core.consensus import Answer, Result
from chalicelib.core.status import Verdict
from chalicelib.dialects import ids
from chalicelib.messages import ResultBundle
from chalicelib.services import judging
from chalicelib.toolbox import current

SITE = "http://127.0.0.1:9/"
NOBODY = ids.spell("mon", "00000000-0000-4000-8000-000000000000")


@pytest.fixture
def made(monitor):
    """Return a new monitor, as the API tells it."""
    return json.loads(monitor("create", "Shop", SITE, "--interval", "60", "--json").out)["data"]


def seen(monitor, one):
    """Return a monitor as it is now."""
    return json.loads(monitor("show", one["id"], "--json").out)["data"]


def kept(one):
    """Return the watch of a monitor as the house knows it."""
    return current().monitors.load(ids.read("mon", one["id"]), fresh=True).spec.watch


# --- the six verbs ------------------------------------------------------------------------------------------


def test_the_vendor_s_create(monitor):
    """The line that the vendor's own client is given, and what it makes (R248)."""
    told = monitor(
        *("create", "Shop", SITE, "--interval", "5", "--expected-status", "200", "--body-contains", "ok")
    )
    assert (told.status, told.err) == (0, "")
    fields = dict(line.split(maxsplit=1) for line in told.out.splitlines())
    expected = {
        "name": "Shop",
        "url": SITE,
        "method": "GET",
        "interval_seconds": "300",
        "body_contains": "ok",
    }
    assert expected.items() <= fields.items()
    assert (fields["email_enabled"], fields["slack_enabled"]) == ("yes", "no")


def test_everything_may_be_said_at_once(monitor):
    """Each field of the API has an option (R248)."""
    told = monitor(
        *("create", "Shop", SITE, "--method", "POST", "--timeout-ms", "2500", "--failure-threshold", "3"),
        *(
            "--header",
            "X-One: 1",
            "--header",
            "X-Two:a:b",
            "--body",
            "hello",
            "--no-email",
            "--slack",
            "--json",
        ),
    )
    one = json.loads(told.out)["data"]
    switches = (one["failure_threshold"], one["timeout_ms"], one["email_enabled"], one["slack_enabled"])
    assert switches == (3, 2500, False, True)
    target = kept(one).target
    assert (target.method, target.body) == ("POST", "hello")
    assert target.headers == (("X-One", "1"), ("X-Two", "a:b"))


def test_a_list_is_a_table(monitor, made):
    """One line for each monitor, its columns aligned (R248)."""
    told = monitor("list")
    heading, *lines = told.out.splitlines()
    assert heading.split() == ["ID", "NAME", "STATUS", "EVERY", "LAST", "CHECK", "URL"]
    [line] = [line for line in lines if line.startswith(made["id"])]
    assert line.index("60 min") == heading.index("EVERY")
    assert line.endswith(SITE)


def test_one_monitor_is_shown(monitor, made):
    """By its id, a field a line (R248)."""
    told = monitor("show", made["id"])
    assert told.status == 0
    assert [line.split()[0] for line in told.out.splitlines()] == list(made)


def test_what_is_given_is_changed(monitor, made):
    """The rest stays (R240, R248)."""
    told = monitor("update", made["id"], "--failure-threshold", "4", "--name", "Renamed", "--url", SITE + "x")
    assert told.status == 0
    after = seen(monitor, made)
    assert (after["failure_threshold"], after["name"], after["url"]) == (4, "Renamed", SITE + "x")
    assert (after["interval_seconds"], after["email_enabled"]) == (3600, True)


def test_what_is_left_empty_is_cleared(monitor):
    """Words, headers and the body may be taken away (R240, R248)."""
    words = ("--body-contains", "ok", "--header", "A: b", "--body", "x")
    one = json.loads(monitor("create", "Shop", SITE, *words, "--json").out)["data"]
    told = monitor("update", one["id"], "--body-contains", "", "--header", "", "--body", "")
    assert told.status == 0
    target = kept(one).target
    assert (target.assertions, target.headers, target.body) == ((), (), "")


def test_what_is_deleted_is_gone(monitor, made):
    """And that is all that is said (R241, R248)."""
    assert monitor("delete", made["id"]) == (0, f"{made['id']} is watched no more.\n", "")
    assert monitor("show", made["id"]) == (1, "", "wakeful: Not found\n")


@pytest.fixture
def looked_at(made):
    """Return a monitor that was probed three times, for all that the schedule did."""
    tools, watch = current(), kept(made)
    for number in range(3):
        result = Result("us-east-1", Verdict.DOWN, error=f"timeout \x1b[31m{number}")
        answer = Answer(ids.read("mon", made["id"]), tools.clock(), watch.version, ("us-east-1",), (), result)
        judging.collect(tools, ResultBundle((answer,)), tools.clock())
    return made


def test_checks_are_a_table_in_pages(monitor, looked_at):
    """The newest first, as many as asked for, and how many there are (R243, R248)."""
    told = monitor("checks", looked_at["id"], "--page", "2", "--page-size", "1")
    heading, line, footer = told.out.splitlines()
    assert heading.split() == ["CHECKED", "AT", "STATUS", "RESPONSE", "MS", "ERROR"]
    assert line.split()[1:4] == ["down", "-", "-"]
    assert footer.startswith("1 of ")
    assert footer.endswith(" checks, page 2")


def test_no_answer_drives_the_terminal(monitor, looked_at):
    """What a target answered is shown without the letters that terminals obey (R248)."""
    told = monitor("checks", looked_at["id"])
    assert "timeout ?[31m" in told.out
    assert "\x1b" not in told.out


def test_an_empty_page_says_so(monitor, made):
    """A page past the end is a sentence (R248)."""
    assert monitor("checks", made["id"], "--page", "99").out.endswith(" checks is on page 99.\n")


@pytest.mark.parametrize("verb", ["list", "show", "checks"])
def test_json_is_the_answer_as_it_came(monitor, made, verb):
    """For scripts (R248)."""
    told = monitor(verb, *(() if verb == "list" else (made["id"],)), "--json")
    assert (told.status, told.out.count("\n")) == (0, 1)
    assert "data" in json.loads(told.out)


# --- what goes wrong ----------------------------------------------------------------------------------------


def test_a_refusal_is_the_server_s_own_sentence(monitor, made):
    """One sentence on stderr, nothing on stdout, and an exit status that scripts see (R248)."""
    refused = monitor("update", made["id"], "--interval", "7")
    sentence = "check_interval must be 1, 5, 10, 30 or 60, a whole number of minutes"
    assert refused == (1, "", f"wakeful: {sentence}\n")
    assert monitor("show", NOBODY) == (1, "", "wakeful: Not found\n")


@pytest.mark.parametrize("name", ["..", ".", "a/b", "?x=1", "#", "%00", "\N{BEETLE}"])
def test_an_odd_id_is_no_other_path(monitor, made, name):
    """However it is spelled, it names a monitor or nothing (R248)."""
    refused = monitor("delete", name)
    assert (refused.status, refused.out) == (1, "")
    assert monitor("show", made["id"]).status == 0


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("frobnicate",),
        ("create",),
        ("create", "Shop"),
        ("create", "Shop", SITE, "--interval", "often"),
        ("create", "Shop", SITE, "--header", "no colon"),
        ("create", "Shop", SITE, "--unknown"),
        ("create", "Shop", SITE, "--fail", "3"),
        ("show",),
        ("show", ""),
        ("update", NOBODY),
        ("checks", NOBODY, "--page", "two"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_asked(say, arguments):
    """Exit status 2, with the usage; no deployment is needed to find out (R248)."""
    told = say("monitor", *arguments)
    assert (told.status, told.out) == (2, "")
    assert told.err.startswith("usage: python -m chalicelib.cli")
