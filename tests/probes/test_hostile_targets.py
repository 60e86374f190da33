import sys
from datetime import UTC, datetime

import pytest

from chalicelib.core.status import Kind, Verdict
from chalicelib.core.targets import DnsTarget, HttpTarget, TcpTarget, TlsTarget
from chalicelib.probes import probe
from chalicelib.probes.base import Limits
from tests.guard.peers import OK, PUBLIC, redirect

NOW = datetime(2026, 11, 22, tzinfo=UTC)
PAGE = "93.184.216.35"
METADATA = "/latest/meta-data/iam/security-credentials/"

# Every one of them means an address within, or a spelling that parsers read differently.
HOSTILE = [
    # what a Lambda, and a machine of AWS, Google, Azure or Alibaba, finds beside itself
    "http://127.0.0.1:9001/2018-06-01/runtime/invocation/next",
    "http://localhost:9001/2018-06-01/runtime/invocation/next",
    "http://a.localhost./",
    f"http://169.254.169.254{METADATA}",
    "http://169.254.170.2/v2/credentials",
    "http://169.254.100.1:9001/",
    f"http://[fd00:ec2::254]{METADATA}",
    "http://[fd00:ec2::23]/v1/credentials",
    "http://[fd20:ce::254]/computeMetadata/v1/",
    "http://168.63.129.16/machine",
    "http://100.100.100.200/latest/meta-data/",
    # loopback in the forms that the C library reads
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0x7f.1/",
    "http://017700000001/",
    "http://0177.0.0.1/",
    "http://0177.0.01/",
    "http://127.1/",
    "http://127.0.1/",
    "http://127.0.0.1./",
    "http://127.127.127.127/",
    "http://0/",
    "http://0.0.0.0:9001/",
    # metadata in the same forms
    "http://2852039166/",
    "http://0xa9fea9fe/",
    "http://0xa9.0xfe.0xa9.0xfe/",
    "http://0251.0376.0251.0376/",
    "http://169.254.43518/",
    # digits and dots that become others when the name is made ready for DNS
    "http://１２７.０.０.１/",  # noqa: RUF001  that is the point
    "http://①②⑦.⓪.⓪.①/",
    "http://127。0。0。1/",
    # IPv6, and IPv4 inside it
    "http://[::1]:9001/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::ffff:a9fe:a9fe]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[64:ff9b::10.0.0.5]/",
    "http://[64:ff9b:1::10.0.0.5]/",
    "http://[2002:7f00:1::]/",
    "http://[2002:a9fe:a9fe::1]/",
    "http://[2001:0:4136:e378:8000:63bf:5601:5601]/",
    "http://[fe80::1%25eth0]/",
    "http://[fe80::1]/",
    "http://[fc00::1]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    # the rest of what is not public
    "http://10.0.0.5/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.0.1/",
    "http://100.64.0.1/",
    "http://192.0.0.192/",
    "http://198.18.0.1/",
    "http://203.0.113.7/",
    "http://224.0.0.1/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    # whose URL is it?
    "http://good.example@127.0.0.1:9001/",
    "http://good.example:80@169.254.169.254/",
    "http://good.example%40@10.0.0.5/",
    "http://good.example#@10.0.0.5/",
    "http://10.0.0.5#good.example/",
    "http://10.0.0.5?good.example/",
    "http://10.0.0.5\\@good.example/",
    "http://good.example\\@10.0.0.5/",
    "http://good.example\t@10.0.0.5/",
    "http:///10.0.0.5/",
    "http:10.0.0.5/",
    "http://[::1",
    # names, and schemes
    "http://inside.example/",
    "http://both.example/",
    "http://mapped.example/",
    "https://127.0.0.1:9001/",
    "file:///proc/self/environ",
    "gopher://127.0.0.1:9001/_GET",
    "ftp://10.0.0.5/",
    "dict://127.0.0.1:11211/stats",
    "//127.0.0.1/",
    "",
]
NAMES = {
    "inside.example": ["10.0.0.5"],
    "both.example": [PUBLIC, "127.0.0.1"],
    "mapped.example": ["::ffff:169.254.169.254"],
}
_recorders = []


def _audit(event, arguments):
    if event == "socket.connect":
        for recorder in _recorders:
            recorder.append(arguments[1])


sys.addaudithook(_audit)  # which cannot be taken away again


@pytest.fixture
def connections():
    """Return the growing list of the addresses that this process connects a socket to."""
    recorder = []
    _recorders.append(recorder)
    yield recorder
    _recorders.remove(recorder)


@pytest.fixture
def city(town, serve):
    """Return a Town with good.example in it, a web site that may be reached."""
    town.names |= NAMES
    town.build("good.example", serve(OK))
    return town


def look(city, target, kind=Kind.HTTP):
    return probe(kind, target, Limits("us-east-1", NOW, timeout=2, net=city.net))


def is_refusal(result):
    words = ("may not be reached from here", "A URL", "is not a URL", "cannot be written as HTTP")
    return result.verdict is Verdict.DOWN and any(word in result.error for word in words)


def test_the_table_is_long_enough():
    """There are at least 40 different hostile targets."""
    assert len(set(HOSTILE)) == len(HOSTILE) >= 40


@pytest.mark.parametrize("url", [url for url in HOSTILE if url != "http://good.example#@10.0.0.5/"])
def test_no_probe_goes_to_a_hostile_target(city, connections, url):
    """The probe is refused with a sentence, and not a single socket is connected (R102, R391)."""
    assert is_refusal(look(city, HttpTarget(url)))
    assert connections == city.connected == []


@pytest.mark.parametrize("url", [url for url in HOSTILE if "//" in url and url.isprintable()])
def test_no_redirect_leads_to_a_hostile_target(city, serve, connections, url):
    """A page that may be reached sends us there: we go to no other that was not judged, and say so (R391)."""
    page = serve(redirect(url))
    result = look(city, HttpTarget(city.build("page.example", page, PAGE)))
    asked = [address.partition(":")[0] for address in city.connected]
    assert result.verdict is Verdict.DOWN or asked[-1] == PUBLIC
    assert set(asked) <= {PAGE, PUBLIC}
    assert len(connections) == len(asked)


def test_what_only_looks_hostile_is_asked(city):
    """What follows a # is for the reader: the host is the good one, and it alone is connected to."""
    assert look(city, HttpTarget("http://good.example#@10.0.0.5/")).verdict is Verdict.UP
    assert city.connected == [f"{PUBLIC}:80"]


def test_a_name_that_changes_after_it_was_judged_gains_nothing(city, connections):
    """A name that is public first and private when it is connected to is looked up once (R391)."""
    answers = [[PUBLIC], ["127.0.0.1"], ["169.254.169.254"]]
    city.names = type("Rebinding", (dict,), {"__getitem__": lambda *_: answers.pop(0)})(good=1)
    assert look(city, HttpTarget("http://good/")).verdict is Verdict.UP
    assert city.looked_up == ["good"]
    assert city.connected == [f"{PUBLIC}:80"]
    assert len(connections) == 1
    assert is_refusal(look(city, HttpTarget("http://good/")))
    assert len(connections) == 1


def test_a_redirect_to_the_same_name_is_judged_anew(city, serve):
    """A name that was public for the first hop and is private for the second is refused there (R391)."""
    city.doors[PUBLIC] = serve(redirect("/again"))
    answers = [[PUBLIC], ["127.0.0.1"]]
    city.names = type("Rebinding", (dict,), {"__getitem__": lambda *_: answers.pop(0)})(good=1)
    assert is_refusal(look(city, HttpTarget("http://good/")))
    assert city.connected == [f"{PUBLIC}:80"]


@pytest.mark.parametrize("host", ["127.0.0.1", "0x7f.1", "::1", "169.254.169.254", "inside.example", "0"])
@pytest.mark.parametrize(
    ("kind", "target"),
    [
        (Kind.TCP, lambda host: TcpTarget(host, 9001)),
        (Kind.TLS, lambda host: TlsTarget(host, 9001)),
        (Kind.DNS, lambda host: DnsTarget("a.example", resolver=f"[{host}]" if ":" in host else host)),
    ],
)
def test_the_other_probes_are_guarded_as_well(city, connections, kind, target, host):
    """TCP and TLS targets and chosen name servers are judged like URLs (R391)."""
    result = look(city, target(host), kind)
    assert result.verdict is Verdict.DOWN
    assert "may not be reached from here" in result.error
    assert connections == city.connected == []
