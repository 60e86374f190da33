import pytest
from people import Person

from chalicelib.channels.base import MASK
from chalicelib.core.targets import Assertion, DnsTarget, DomainTarget, HttpTarget, TcpTarget, TlsTarget
from haspulse.checking import TARGETS, WISHES, ask, changed, listed, probed, refused, seen, stored

HTTP, TCP, DNS, TLS, DOMAIN = TARGETS

# --- what a target may be -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "given", "target"),
    [
        ("HTTP", {}, HttpTarget("http://127.0.0.1:9/")),
        (
            "HTTP",
            {
                "method": "POST",
                "headers": {"X-Token": "s3cret"},
                "body": "hello",
                "expectedStatus": "200,301-308",
                "maxRedirects": 3,
                "verifyTls": False,
            },
            HttpTarget(
                "http://127.0.0.1:9/",
                "POST",
                (("X-Token", "s3cret"),),
                "hello",
                "200,301-308",
                redirects=3,
                verify_tls=False,
            ),
        ),
        (
            "HTTP",
            {"expectedStatus": 301, "followRedirects": False},
            HttpTarget("http://127.0.0.1:9/", expected_status="301", redirects=0),
        ),
        ("TCP", {"send": "PING", "expect": "PONG"}, TcpTarget("127.0.0.1", 9, "PING", "PONG")),
        ("TCP", {"host": "::1", "send": None}, TcpTarget("::1", 9)),
        (
            "DNS",
            {
                "host": "_dmarc.example.org",
                "recordType": "TXT",
                "expected": ["v=DMARC1"],
                "resolver": "[::1]:5353",
                "dnssec": True,
            },
            DnsTarget("_dmarc.example.org", "TXT", ("v=DMARC1",), "[::1]:5353", dnssec=True),
        ),
        ("TLS", {"port": 8443, "days": 14}, TlsTarget("example.org", 8443, 14)),
        ("DOMAIN", {"days": 30}, DomainTarget("example.org", 30)),
    ],
)
def test_a_target_is_what_its_type_knows(alice, kind, given, target):
    """What is asked is what the probe is told, and PATCH gives it to a target that is there."""
    assert stored(alice, probed(alice, kind, given)).spec.watch.target == target
    check = probed(alice, kind)
    changed(alice, check, target=given)
    assert stored(alice, check).spec.watch.target == target


ASSERTIONS = [
    {"source": "body", "comparison": "contains", "value": "ok"},
    {"source": "header", "comparison": "exists", "key": "X-Ready"},
    {"source": "json", "comparison": "at_most", "value": 5, "key": "$.queue.length"},
    {"source": "json", "comparison": "equals", "value": True, "key": "$..ready"},
    {"source": "body", "comparison": "not_matches", "value": "(?i)error|fault"},
    {"source": "certificate", "comparison": "at_least", "value": "14"},
]


def test_assertions_are_taken_and_shown(alice):
    """Each source with its comparisons; values that came as numbers or booleans are shown as text."""
    check = probed(alice, target={"assertions": ASSERTIONS})
    texts = {5: "5", True: "true"}
    assert check["target"]["assertions"] == [
        one if "value" not in one else one | {"value": texts.get(one["value"], one["value"])}
        for one in ASSERTIONS
    ]
    assert stored(alice, check).spec.watch.target.assertions[:3] == (
        Assertion("body", "contains", "ok"),
        Assertion("header", "exists", key="X-Ready"),
        Assertion("json", "at_most", "5", "$.queue.length"),
    )
    again = changed(alice, check, target={"assertions": check["target"]["assertions"]})
    assert again["target"] == check["target"]


def test_secrets_of_a_target_are_not_shown(alice, reader):
    """Passwords in URLs, values of headers and what is sent are masked, and a mask is never stored."""
    check = probed(
        alice,
        target={"url": "http://me:s3cret@127.0.0.1:9/?a=b", "headers": {"A": "s3cret"}, "body": "s3cret"},
    )
    port = probed(alice, "TCP", target={"send": "AUTH s3cret", "expect": "OK"})
    shown = [seen(person, one) for person in (alice, reader) for one in (check, port)]
    assert "s3cret" not in str(shown)
    target = shown[0]["target"]
    assert (target["url"], target["headers"]) == (f"http://me:{MASK}@127.0.0.1:9/?a=b", {"A": MASK})
    assert (target["body"], shown[1]["target"]["send"]) == (MASK, MASK)
    for field in ("url", "headers", "body"):
        assert f"target.{field}" in refused(
            ask(alice, "change", check["id"], {"target": {field: target[field]}})
        )
    assert "target.send" in refused(ask(alice, "change", port["id"], {"target": {"send": MASK}}))


def test_redirects_are_followed_or_not(alice):
    """To follow none is to take a redirect for the answer; to follow again follows as many as may be."""
    check = probed(alice, target={"maxRedirects": 3})
    told = []
    for wish in (
        {"followRedirects": False},
        {"method": "HEAD"},
        {"followRedirects": True},
        {"maxRedirects": 0},
    ):
        target = changed(alice, check, target=wish)["target"]
        told.append((target["followRedirects"], target["maxRedirects"]))
    assert told == [(False, 0), (False, 0), (True, 10), (False, 0)]
    both = {"target": {"followRedirects": True, "maxRedirects": 0}}
    assert "target.maxredirects" in refused(ask(alice, "change", check["id"], both))


def test_the_method_head_has_no_body_to_look_at(alice):
    """What HEAD answers has no body: assertions about one are refused, whichever comes first."""
    words = [{"source": "body", "comparison": "contains", "value": "ok"}]
    check = probed(alice, target={"assertions": words})
    assert "target.assertions" in refused(ask(alice, "change", check["id"], {"target": {"method": "HEAD"}}))
    changed(alice, check, target={"assertions": [], "method": "HEAD"})
    wish = {"target": {"assertions": words}}
    assert "target.assertions" in refused(ask(alice, "change", check["id"], wish))


# --- what it may not be -------------------------------------------------------------------------------------

BAD = {
    (HTTP, "url"): [
        None,
        "",
        7,
        "example.com",
        "ftp://x/",
        "http://",
        "http://a b/",
        "http://169.254.169.254/",
    ],
    (HTTP, "method"): [None, "get", "TRACE"],
    (HTTP, "headers"): [
        *(None, [], {"A": 1}, {"": "x"}, {"a b": "x"}, {"A": "b\r\nC: d"}, {"A": "\N{BEETLE}"}, {"A": " b"}),
        *({"Host": "x"}, {"content-length": "1"}, {"A": "x" * 4096}, {"A": "1", "a": "2"}),
    ],
    (HTTP, "body"): [7, "x" * 10_001],
    (HTTP, "expectedStatus"): [None, "", 99, 600, -200, "2xx", "200-", "300-200", "200,", "1" * 101],
    (HTTP, "followRedirects"): [None, "no", 1],
    (HTTP, "maxRedirects"): [None, -1, 11, "5"],
    (HTTP, "verifyTls"): [None, 0],
    (HTTP, "assertions"): [
        *(None, {}, [None], [{}], [{"source": "body"}]),
        *(
            [{"source": source, "comparison": "equals", "value": "x"}]
            for source in ("status", "header", "json")
        ),
        *(
            [{"source": source, "comparison": comparison, "value": value, "key": key}]
            for source, comparison, value, key in (
                ("body", "is", "x", ""),
                ("body", "exists", "x", ""),
                ("body", "greater", "many", ""),
                ("body", "matches", "(", ""),
                ("body", "equals", "x" * 1001, ""),
                ("header", "equals", "x", "a b"),
                ("json", "equals", "x", "$["),
                ("json", "equals", "x", "$." + "x" * 200),
                ("certificate", "at_most", "14", ""),
                ("certificate", "at_least", "soon", ""),
            )
        ),
        [{"source": "body", "comparison": "contains"}] * 21,
    ],
    (HTTP, "host"): ["example.org"],
    (TCP, "host"): [
        *(None, "", 7, "a b", "a/b", "a@b", "example.org:80", "[::1]", "fe80::1%1", "a..b", "x" * 64),
        *("169.254.169.254", "x." * 127, "\x7f"),
    ],
    (TCP, "port"): [None, 0, 65_536, "80"],
    (TCP, "send"): [7, "x" * 1001],
    (TCP, "expect"): [7, "x" * 1001],
    (TCP, "url"): ["http://127.0.0.1/"],
    (DNS, "host"): [None, "", "a b", "a..b", "::1", "x" * 64],
    (DNS, "recordType"): [None, "AXFR", "ANY", "a", "X"],
    (DNS, "expected"): [None, "x", [1], ["x"] * 21, ["x" * 1001]],
    (DNS, "resolver"): [7, "a b", "1.1.1.1:99999", "http://1.1.1.1", "169.254.169.254"],
    (DNS, "dnssec"): [None, 1],
    (TLS, "host"): [None, "", "a b"],
    (TLS, "port"): [None, 0, 65_536],
    (TLS, "days"): [None, -1, 3651, "5"],
    (DOMAIN, "domain"): [None, "", "localhost", "a b", "10.0.0.1", "::1", "a..org", "x" * 64 + ".org"],
    (DOMAIN, "days"): [None, -1],
}


@pytest.fixture(scope="module")
def kept(house):
    """Return a check of each type that nobody's change changes."""
    owner = Person(house, house.foundation.api_key)
    return {kind: probed(owner, kind) for kind in TARGETS}


@pytest.mark.parametrize(("kind", "field"), BAD)
def test_what_no_target_may_be_is_told_and_not_stored(alice, hapless, kept, kind, field):
    """The field is named with its place, as target.url, from POST and from PATCH (R28, R72, R102)."""
    named, check = f"target.{field}".lower(), kept[kind]
    for value in BAD[kind, field]:
        target = {"target": TARGETS[kind] | {field: value}}
        wish = WISHES["create"] | {"type": kind} | target
        assert named in refused(ask(hapless, "create", fields=wish)), value
        assert named in refused(ask(alice, "change", check["id"], {"name": "new"} | target)), value
    assert listed(hapless) == []
    assert seen(alice, check) == check
