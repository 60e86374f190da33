from dataclasses import replace
from datetime import timedelta

import pytest
from broken import answering

from chalicelib.core.signals import Action
from chalicelib.core.steps import Step
from healthchecks.pinging import RID, YEAR, url


@pytest.fixture
def check(alice):
    """Return a new check of Alice's, with nothing due while these tests run."""
    return alice.check(timeout=YEAR, grace=YEAR)


# --- what is stored of a ping -------------------------------------------------------------------------------


def body_of(alice, check):
    """Return the body that the log holds of the newest ping."""
    return alice.last_ping(check).arrival.body


@pytest.mark.parametrize(
    "body",
    [
        b"disk is fine",
        b"\xff\xfe\x00\x01 no text",
        b"\x00",
        "Grüße \N{BEETLE}".encode(),
        b'{"a": 1}',
        b"a=b&c=d",
    ],
)
def test_any_body_is_kept_verbatim(alice, anyone, check, body):
    """Text or not, the body is stored with its ping and can be read back (R13)."""
    assert anyone.post(url(check), body).status == 200
    assert body_of(alice, check) == body


@pytest.mark.parametrize("tail", ["/start", "/fail", "/log", "/3"])
def test_every_kind_of_ping_keeps_its_body(alice, anyone, check, tail):
    """What comes with a start or a failure is kept like any other (R14)."""
    assert anyone.post(url(check, tail), b"disk full").status == 200
    assert body_of(alice, check) == b"disk full"


@pytest.mark.parametrize(
    "kind",
    ["application/json", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "x", ""],
)
def test_the_content_type_is_no_matter(alice, anyone, check, kind):
    """No content type, known or not, loses a ping (R13, R260)."""
    assert anyone.post(url(check), b"{not json", Content_Type=kind).status == 200
    assert body_of(alice, check) == b"{not json"


@pytest.mark.parametrize("size", [0, 1, 10_000, 10_001, 200_000, 6_000_000])
def test_the_first_ten_thousand_bytes_are_kept(alice, anyone, check, size):
    """However long the body, the ping counts and only its beginning is stored (R18)."""
    assert anyone.post(url(check), b"x" * size).status == 200
    assert body_of(alice, check) == b"x" * min(size, 10_000)
    assert alice.last_ping(check).arrival.body_size == min(size, 10_000)


def test_a_letter_may_be_cut_in_half(alice, anyone, check):
    """Bytes are counted, not letters (R18)."""
    body = b"x" * 9_999 + "ü".encode()
    assert anyone.post(url(check), body).status == 200
    assert body_of(alice, check) == body[:10_000]


def test_a_get_may_bring_a_body_too(alice, anyone, check):
    """What a job sends is kept whatever its method."""
    anyone.ask("GET", url(check), b"unusual")
    assert body_of(alice, check) == b"unusual"


def test_a_ping_is_logged_with_its_circumstances(alice, house, check):
    """When, how, from where and by what a ping came is remembered (R10)."""
    headers = {"User-Agent": "curl/7.68.0", "X-Forwarded-Proto": "https", "Host": "wakeful.test"}
    house.front.ask("POST", url(check, f"/7?rid={RID}"), headers, b"out", source_ip="192.0.2.7")
    ping = alice.last_ping(check)
    assert (ping.n, ping.at, ping.action) == (1, house.clock.now, Action.FAIL)
    arrival = replace(ping.arrival, arrival_id="")
    assert (arrival.rid, arrival.exit_status, arrival.body, arrival.body_size) == (RID, 7, b"out", 3)
    assert (arrival.scheme, arrival.method, arrival.remote_addr, arrival.agent) == (
        "https",
        "POST",
        "192.0.2.7",
        "curl/7.68.0",
    )


@pytest.mark.parametrize(
    "claim", ["unknown", "[::1]:80", "10.0.0.1, 10.0.0.2", "", "x" * 10_000, "' OR 1=1", "\N{BEETLE}"]
)
def test_nobody_can_claim_another_address(alice, house, check, claim):
    """X-Forwarded-For may hold anything; the address is the one that the gateway saw, and no ping is lost."""
    answer = house.front.ask("GET", url(check), {"X-Forwarded-For": claim}, source_ip="2001:db8::7")
    assert answer.status == 200
    assert alice.last_ping(check).arrival.remote_addr == "2001:db8::7"


@pytest.mark.parametrize(
    ("claim", "scheme"),
    [
        ("https", "https"),
        ("HTTPS", "https"),
        ("https, http", "https"),
        ("http", "http"),
        ("", "http"),
        ("gopher", "http"),
        ("x" * 10_000, "http"),
        ("\N{BEETLE}", "http"),
    ],
)
def test_an_odd_scheme_loses_no_ping(alice, anyone, check, claim, scheme):
    """X-Forwarded-Proto says http or https; anything else is taken for http."""
    assert anyone.get(url(check), X_Forwarded_Proto=claim).status == 200
    assert alice.last_ping(check).arrival.scheme == scheme


@pytest.mark.parametrize("agent", ["", "curl/8", "x" * 10_000, "Jöb/1.0 \N{BEETLE}", "\x01\x7f"])
def test_an_odd_agent_loses_no_ping(alice, anyone, check, agent):
    """A user agent of any kind is kept, cut to 200 letters."""
    assert anyone.get(url(check), User_Agent=agent).status == 200
    assert alice.last_ping(check).arrival.agent == agent[:200]


def test_pings_are_numbered_without_gaps(alice, anyone, check):
    """Every kind of ping takes the next number, and is logged under it (R372)."""
    for tail in ("", "/start", "", "", "/fail", "/log", "", "/3"):
        anyone.get(url(check, tail))
    assert [ping.n for ping in alice.pings(check)] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert alice.see(check)["n_pings"] == 8


# --- limits and faults --------------------------------------------------------------------------------------


def crowd(house, check, count):
    """Let *count* pings of this minute have been counted, by the door that all turns are written through."""
    state = house.tools.monitors.load(check["uuid"], fresh=True).state
    house.tools.commits.turn(check["uuid"], state, Step(replace(state, in_minute=count, n_pings=count)))


@pytest.mark.parametrize("tail", ["", "/start", "/log"])
def test_the_thousand_and_first_ping_of_a_minute_is_refused(alice, anyone, house, check, tail):
    """1,000 pings a minute count; one more is told when to come again; other checks go on (R80, R386)."""
    anyone.get(url(check))
    crowd(house, check, 999)
    house.clock.now += timedelta(seconds=20)
    assert anyone.get(url(check, tail)).status == 200
    refused = anyone.get(url(check, tail))
    assert (refused.status, refused.text) == (429, "rate limit exceeded")
    assert refused.headers["Retry-After"] == "40"
    assert alice.see(check)["n_pings"] == 1000
    assert anyone.get(url(alice.check())).status == 200
    house.clock.now += timedelta(seconds=40)
    assert anyone.get(url(check, tail)).status == 200
    assert alice.see(check)["n_pings"] == 1001


def test_pings_do_not_spend_the_keys_quota(alice, anyone, check):
    """What jobs send is not held against the project's keys (R80)."""

    def remaining():
        return int(alice.get(f"/api/v3/checks/{check['uuid']}").headers["X-RateLimit-Remaining"])

    before = remaining()
    for _ in range(3):
        anyone.get(url(check), X_Api_Key=alice.key)
    assert remaining() == before - 1


@pytest.mark.parametrize(
    ("tail", "operation"),
    [
        ("", "PutItem"),
        ("", "UpdateItem"),
        ("/log", "PutItem"),
        ("/log", "UpdateItem"),
        ("/fail", "TransactWriteItems"),
    ],
)
def test_a_ping_that_could_not_be_stored_is_to_be_repeated(alice, anyone, check, tail, operation):
    """Only what is durable is acknowledged: else 503, when to come again, and then it is taken."""
    anyone.get(url(check))
    with answering(alice.house, operation):
        refused = anyone.post(url(check, tail), b"precious")
    assert (refused.status, refused.text) == (503, "temporarily unavailable")
    assert int(refused.headers["Retry-After"]) >= 1
    assert anyone.post(url(check, tail), b"precious").status == 200
    assert body_of(alice, check) == b"precious"
