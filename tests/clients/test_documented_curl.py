import json
import os
import re
import shutil
import subprocess
import tomllib
from http.client import NO_CONTENT
from pathlib import Path

import pytest

DOCUMENTED = tomllib.loads((Path(__file__).parent / "documented.toml").read_text())
REQUESTS = {request["name"]: request for request in DOCUMENTED["request"]}
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
MOMENT = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}"
KINDS = {
    "text": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "flag": lambda value: isinstance(value, bool),
    "nothing": lambda value: value is None,
    "list": lambda value: isinstance(value, list),
    "uuid": lambda value: matches(UUID, value),
    "unique_key": lambda value: matches("[0-9a-f]{40}", value),
    "moment": lambda value: matches(MOMENT + r"\+00:00", value),
    "instant": lambda value: matches(MOMENT + r"\.\d{6}\+00:00", value),
    "zulu": lambda value: matches(MOMENT + "Z", value),
    "monitor": lambda value: matches("mon_[a-z2-7]{26}", value),
}
# What curl says besides the body; in its settings, so that the lines themselves stay as they are written.
CURLRC = 'silent\nshow-error\nnoproxy = "*"\nwrite-out = "\\n%{http_code} %{content_type}"\n'


def matches(pattern, value):
    """Whether *value* is a text that is *pattern* from end to end."""
    return isinstance(value, str) and re.fullmatch(pattern, value) is not None


def parts(words):
    """Return the keys of all parts that *words* name; later ones count."""
    return {key: kind for word in words.split() for key, kind in DOCUMENTED["part"][word].items()}


def faults(wanted, value, base_url, at="answer"):
    """Yield what of *wanted* is not so in *value*; what is there besides is no fault."""
    match wanted:
        case str() if wanted.startswith("& "):
            yield from faults(parts(wanted[2:]), value, base_url, at)
        case dict() if isinstance(value, dict):
            yield from (f"{at}.{key} is missing" for key in wanted.keys() - value.keys())
            for key in wanted.keys() & value.keys():
                yield from faults(wanted[key], value[key], base_url, f"{at}.{key}")
        case [_, *_] if isinstance(value, list):
            # Other tests leave checks and channels behind, so the order counts and the place does not.
            rest = iter(value)
            for number, item in enumerate(wanted):
                if not any(not list(faults(item, found, base_url)) for found in rest):
                    yield f"{at}[{number}] is not among {value}"
        case _ if not is_a(wanted, value, base_url):
            yield f"{at} is {value!r}, not {wanted!r}"


def is_a(kind, value, base_url):
    """Whether *value* is what *kind* says: a word of KINDS, a text after `=`, an address, or a number."""
    if not isinstance(kind, str):
        return type(value) is type(kind) and value == kind
    if kind.startswith("="):
        return value == kind[1:]
    if kind.startswith("/"):
        known = {"{uuid}": UUID, "{key}": UUID, "{signature}": r"[\w-]{8}"}
        pieces = re.split(r"(\{\w+\})", kind)
        return matches(re.escape(base_url) + "".join(known.get(p) or re.escape(p) for p in pieces), value)
    return KINDS[kind](value)


def strictly(text):
    """Return the JSON document in *text*; no key may come twice, and nothing may be that is not JSON."""

    def once(pairs):
        assert len(dict(pairs)) == len(pairs), f"a key comes twice: {pairs}"
        return dict(pairs)

    return json.loads(text, object_pairs_hook=once, parse_constant=pytest.fail)


def keys_in(value):
    """Yield every key in a document."""
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from keys_in(item)
    if isinstance(value, dict):
        yield from value


class Scene:
    """Makes what a request wants to find."""

    def __init__(self, client, name):
        self._client = client
        self._name = name

    def check(self, *tails, **fields):
        """Create a check of this scene and ping it, in the order of *tails*; return its id."""
        document = {"name": self._name, "timeout": 3600, "grace": 600, **fields}
        code = self._client.json("POST", "/api/v3/checks/", document)["uuid"]
        for tail in tails:
            assert self._client.ask("GET", f"/ping/{code}{tail}")[0] == 200
        return code

    def nothing(self):
        """Make nothing."""
        return ""

    def new(self):
        """Make a check that was never pinged."""
        return self.check()

    def paused(self):
        """Make a check that is paused."""
        code = self.check()
        self._client.json("POST", f"/api/v3/checks/{code}/pause")
        return code

    def down(self):
        """Make a check with a cron expression that is down."""
        return self.check("/fail", schedule="15 5 * * *", tz="UTC")

    def up_and_down(self):
        """Make a check that is up, then one that is down."""
        self.check("")
        return self.down()

    def two_runs(self):
        """Make two runs, the second of which has an id."""
        rid = "?rid=123e4567-e89b-12d3-a456-426614174000"
        return self.check("/start", "", f"/start{rid}", rid)

    def last_words(self):
        """Make a failure whose ping has a body."""
        code = self.check()
        assert self._client.ask("POST", f"/ping/{code}/fail", "disk full")[0] == 200
        return code

    def flipped(self):
        """Make a check go up, down, and up once more."""
        return self.check("", "/fail", "")

    def channels(self):
        """Make two channels."""
        for name in ("My Work Email", "My Other Email"):
            config = {"email": "alice@example.org"}
            self._client.json("POST", "/v1/channels", {"type": "EMAIL", "name": name, "config": config})
        return ""

    def tags(self):
        """Make a check with the tags of the document."""
        return self.check(tags="prod backup db")

    def watched(self):
        """Make a monitor that watches a URL."""
        fields = {"name": self._name, "url": "https://api.example.com/health"}
        made = self._client.json("POST", "/api/v1/uptime-monitors", {"uptime_monitor": fields})
        return made["data"]["id"]

    def backups(self):
        """Make a check that the documented filters find."""
        return self.check(slug="backups", tags="bar foo")


@pytest.fixture(params=REQUESTS.values(), ids=REQUESTS)
def request_(request):
    """One documented request."""
    return request.param


@pytest.fixture
def line(request_, client):
    """Return the documented line, with our address, our keys and what of ours it is about."""
    code = getattr(Scene(client, request_["name"]), request_.get("scene", "nothing").replace(" ", "_"))()
    made = client.stack.foundation
    known = {
        "B": client.stack.base_url,
        "K": made.read_only_key if request_.get("key") == "read-only" else made.api_key,
        "uuid": code,
        "id": code,
        "n": "1",
    }
    if "{unique_key}" in request_["curl"]:
        _, _, shown = client.ask("GET", f"/api/v3/checks/{code}", X_Api_Key=made.read_only_key)
        known["unique_key"] = json.loads(shown)["unique_key"]
    return re.sub(r"\{(\w+)\}", lambda name: known[name[1]], request_["curl"])


@pytest.fixture
def told(line, tmp_path):
    """Return what curl hears: the body, the status and the content type."""
    (tmp_path / ".curlrc").write_text(CURLRC)
    ran = subprocess.run(  # noqa: S603  the document's own lines, for the stack of this test
        [shutil.which("sh"), "-c", line],
        env={"PATH": os.environ["PATH"], "CURL_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    body, _, rest = ran.stdout.rpartition("\n")
    status, _, content_type = rest.partition(" ")
    return body, int(status), content_type


def test_documented_requests_work_word_for_word(request_, told, client):
    """Each curl line of the document gets the documented status, keys and kinds of values.

    As it is written: JSON sent with curl's own content type (R260), an empty body to pause and resume (R262),
    the key in a header or in the body (R250, R330), paths with and without a slash at the end (R377), only
    v3 (R378). Checks (R264-R268, R270, R276-R280, R284, R324), pauses (R331, R335), deletion (R338), pings
    (R340, R342-R344), bodies (R348), flips as a bare array (R351-R355), integrations (R359), badges (R360,
    R361), status (R370).

    Uptime monitors, their key as a Bearer token: listed (R219, R221), created (R223), shown (R238), changed
    by a PUT of one field (R240), deleted (R241), and what was found (R242, R243).
    """
    body, status, content_type = told
    assert status == request_.get("status", 200), body
    if status == NO_CONTENT:
        assert body == ""
        return
    if "text" in request_:
        assert (body, content_type.partition(";")[0]) == (request_["text"], "text/plain")
        return
    answer = strictly(body)  # the document's own examples are not (R379)
    assert content_type == "application/json"
    assert list(faults(request_["answer"], answer, client.stack.base_url)) == []
    assert set(keys_in(answer)).isdisjoint(request_.get("without", ()))


def test_the_document_s_addresses_work_as_given(client):
    """Whoever follows a check's own addresses pings, pauses, resumes and changes it (R267, R372, R373)."""
    check = client.json("POST", "/api/v3/checks/", {"name": "Followed", "timeout": 3600})
    path = {name: check[name].removeprefix(client.stack.base_url) for name in check if name.endswith("_url")}
    for method in ("HEAD", "GET", "POST"):
        assert client.ask(method, path["ping_url"])[0] == 200
    assert client.ask("GET", path["ping_url"] + "/start")[2] == b"OK"
    seen = client.json("GET", path["update_url"])
    assert (seen["n_pings"], seen["status"], seen["started"]) == (4, "up", True)
    assert client.json("POST", path["pause_url"])["status"] == "paused"
    assert client.json("POST", path["resume_url"])["status"] == "new"
    assert client.json("POST", path["update_url"], {"name": "Left"})["name"] == "Left"


def test_a_simple_check_is_expected_a_period_after_its_ping(client):
    """`next_ping` is `last_ping` and the timeout; while a check is down there is none (R269)."""
    code = client.check("expected", timeout=3600)
    client.ask("GET", f"/ping/{code}")
    seen = client.json("GET", f"/api/v3/checks/{code}")
    hour = {seen["last_ping"][11:13]: seen["next_ping"][11:13]}
    assert all(int(later) == (int(sooner) + 1) % 24 for sooner, later in hour.items())
    assert seen["last_ping"][14:] == seen["next_ping"][14:]
    client.ask("GET", f"/ping/{code}/fail")
    assert client.json("GET", f"/api/v3/checks/{code}")["next_ping"] is None


@pytest.mark.parametrize("name", ["checks", "channels", "badges", "status"])
def test_a_slash_at_the_end_is_no_matter(client, name):
    """Collections answer with and without the slash that the document writes (R377)."""
    answers = [client.ask("GET", f"/api/v3/{name}{end}", X_Api_Key=client.key) for end in ("", "/")]
    assert [(status, body) for status, _, body in answers] == [(200, answers[0][2])] * 2
