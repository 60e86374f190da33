from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import example, given
from hypothesis.strategies import ip_addresses

from chalicelib.guard.addresses import (
    Address,
    Refused,
    Unreachable,
    Zone,
    is_open,
    literal,
    refuse_literal,
    resolve_public,
    zone_of,
)

V4, V6 = ip_addresses(v=4), ip_addresses(v=6)
NEVER = (
    "169.254.0.0/16",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "0.0.0.0/8",
    "fe80::/10",
    "ff00::/8",
    "fd00:ec2::/32",
)
OWN = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "100.64.0.0/10", "fc00::/7", "::1/128")


def within(ip, networks):
    return any(ip in ip_network(network) for network in networks)


@given(V4)
@example(IPv4Address("100.64.0.1"))
@example(IPv4Address("192.0.0.8"))
@example(IPv4Address("203.0.113.9"))
def test_public_is_what_the_registry_calls_global(ip):
    """No IPv4 address is public that IANA's registry does not call globally reachable (R391)."""
    assert zone_of(ip) is not Zone.PUBLIC or (ip.is_global and not ip.is_multicast and not ip.is_reserved)


@given(V6)
@example(IPv6Address("2001:db8::1"))
@example(IPv6Address("2001::1"))
@example(IPv6Address("fec0::1"))
def test_public_ipv6_is_global_unicast(ip):
    """No IPv6 address is public but within 2000::/3, save what wraps a public IPv4 address (R391)."""
    wrapped = within(ip, ("::ffff:0:0/96", "64:ff9b::/96"))
    assert zone_of(ip) is not Zone.PUBLIC or wrapped or (within(ip, ("2000::/3",)) and ip.is_global)


@given(V4)
@example(IPv4Address("169.254.169.254"))
@example(IPv4Address("127.0.0.1"))
@example(IPv4Address("8.8.8.8"))
def test_a_wrapped_address_is_judged_as_what_it_wraps(ip):
    """Mapped and NAT64 forms of an IPv4 address are in its zone; tunnels are never public."""
    mapped = IPv6Address(f"::ffff:{ip}")
    nat64 = IPv6Address(int(IPv6Address("64:ff9b::")) + int(ip))
    assert zone_of(mapped) is zone_of(nat64) is zone_of(ip)

    six_to_four = IPv6Address(int(IPv6Address("2002::")) + (int(ip) << 80) + 1)
    teredo = IPv6Address(int(IPv6Address("2001::")) + (int(ip) ^ 0xFFFF_FFFF))
    compatible = IPv6Address(int(ip))
    for tunnel in (six_to_four, teredo, compatible):
        assert not is_open(zone_of(tunnel), allow_private=False)


@given(V4 | V6)
def test_opening_private_ranges_opens_nothing_else(ip):
    """ALLOW_PRIVATE_TARGETS opens loopback, private and shared addresses, and no other (R391)."""
    closed, opened = (is_open(zone_of(ip), allow_private=allow) for allow in (False, True))
    assert opened == (closed or zone_of(ip) in (Zone.LOOPBACK, Zone.PRIVATE, Zone.SHARED))
    if within(ip, NEVER):
        assert not opened


@pytest.mark.parametrize("network", OWN)
def test_our_own_ranges_are_closed_until_they_are_opened(network):
    """The ends of every private range are refused, and open where private targets are (R102)."""
    for ip in (ip_network(network)[0], ip_network(network)[-1]):
        assert not is_open(zone_of(ip), allow_private=False)
        assert is_open(zone_of(ip), allow_private=True)


@pytest.mark.parametrize("network", NEVER)
def test_some_ranges_never_open(network):
    """Link-local, metadata, multicast and reserved addresses stay refused whatever is set (R391)."""
    for ip in (ip_network(network)[0], ip_network(network)[-1]):
        assert not is_open(zone_of(ip), allow_private=True)


@pytest.mark.parametrize(
    "text",
    ["169.254.169.254", "169.254.170.2", "fd00:ec2::254", "fd00:ec2::23", "100.100.100.200", "fd20:ce::254"],
)
def test_metadata_services_are_known_by_name(text):
    """A metadata service inside a range that can be opened is refused all the same (R102)."""
    assert zone_of(ip_address(text)) is Zone.METADATA


@pytest.mark.parametrize(
    ("host", "ip"),
    [
        ("127.1", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("localhost", "127.0.0.1"),
        ("LOCALHOST.", "127.0.0.1"),
        ("a.localhost", "127.0.0.1"),
        ("10.0.0.5.", "10.0.0.5"),
        ("[::1]", "::1"),
        ("fe80::1%25eth0", "fe80::1"),
        ("1.1.1.1", "1.1.1.1"),
    ],
)
def test_every_spelling_of_an_address_is_read(host, ip):
    """Short, hexadecimal, octal, decimal, bracketed and zoned spellings are the address they mean."""
    assert literal(host) == ip_address(ip)


@pytest.mark.parametrize("host", ["example.com", "xn--nxasmq6b.example", "10.example.com", "deadbeef"])
def test_a_name_is_no_literal(host):
    """A name is not judged before it is looked up."""
    assert literal(host) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://127.0.0.1:9001/",
        "http://10.0.0.5/",
        "http://good.example@10.0.0.5/",
        "http://[::ffff:10.0.0.5]/",
        "https://0x7f.1/",
        "http://0/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "//example.com/",
        "http://",
        "http://[::1",
        "http://example.com:99999/",
        "http://example.com:0/",
        "http://exam ple.com/",
        "http://example.com\t/",
        "http://example.com\\@10.0.0.5/",
        "",
    ],
)
def test_a_url_that_spells_out_a_refused_target_is_refused(url):
    """Our own literals, other schemes and spellings that parsers read differently are refused (R102)."""
    with pytest.raises(Refused):
        refuse_literal(url, allow_private=False)


@pytest.mark.parametrize(
    "url", ["https://example.com/x?y#z", "http://8.8.8.8:8080/", "https://u:p@example.com"]
)
def test_an_honest_url_is_not_refused(url):
    """Public names and addresses pass, with any port and with credentials."""
    assert refuse_literal(url, allow_private=False) is None


def test_private_literals_pass_where_they_are_open():
    """With private targets opened, loopback passes and metadata does not."""
    refuse_literal("http://127.0.0.1:8000/", allow_private=True)
    with pytest.raises(Refused, match="metadata"):
        refuse_literal("http://169.254.169.254/", allow_private=True)


def test_all_addresses_of_a_name_are_returned_once():
    """A name's addresses come back judged, in the resolver's order, without repetitions."""
    found = resolve_public(
        "a.example", 443, allow_private=False, resolve=lambda _: ["2606:4700::1", "1.1.1.1", "1.1.1.1"]
    )
    assert found == [Address(ip_address("2606:4700::1"), 443), Address(ip_address("1.1.1.1"), 443)]


@pytest.mark.parametrize("bad", ["10.0.0.5", "169.254.169.254", "::ffff:127.0.0.1", "fe80::1%eth0"])
def test_one_bad_address_spoils_a_name(bad):
    """A name that also leads into our network is refused; only the kind of address is told (R391)."""
    with pytest.raises(Refused) as refusal:
        resolve_public("a.example", 443, allow_private=False, resolve=lambda _: ["1.1.1.1", bad])
    assert bad not in str(refusal.value)


def test_a_name_without_addresses_is_unreachable():
    """An unknown name, an empty answer and what cannot be a name are told as not found."""
    with pytest.raises(Unreachable, match=r"a\.example has no address"):
        resolve_public("a.example", 80, allow_private=False, resolve=lambda _: [])
    for name in ("no-such-name.invalid", "a" * 70 + ".example", "nul\0.example"):
        with pytest.raises(Unreachable, match="was not found"):
            resolve_public(name, 80, allow_private=False)
