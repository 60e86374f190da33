"""What people name for us to reach: URLs, hosts and headers, by rules that no dialect has for itself."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

from chalicelib.channels.base import MASK
from chalicelib.core.errors import Invalid
from chalicelib.guard.addresses import Refused, literal, parse, refuse_literal
from chalicelib.guard.headers import HEADER_NAME, RESERVED

HEADERS_LIMIT = 4096  # characters of all names and values together
LONGEST_NAME = 253
LONGEST_LABEL = 63
APART = r"\x00-\x20\x7f/@?#\\%"  # what ends a host in some URL or other, and zones of IPv6
HOST = re.compile(rf"[^{APART}\[\]]+")
SERVER = re.compile(rf"[^{APART}]+")


def check_unmasked(field: str, text: str) -> None:
    """Raise Invalid for *text* that was read from us, where a secret stood."""
    if MASK in text:
        raise Invalid(field, "is masked; leave it out to keep what is stored")


def check_url(field: str, url: str, *, allow_private: bool) -> None:
    """Raise Invalid for what is no http or https URL, or spells out an address of ours (R102, R226)."""
    check_unmasked(field, url)
    try:
        refuse_literal(url, allow_private=allow_private)
    except Refused as refusal:
        raise Invalid(field, f"is refused: {refusal}") from None


def check_name(field: str, name: str) -> None:
    """Raise Invalid for what is no name of DNS: labels of 1 to 63 characters, 253 together."""
    labels = name.removesuffix(".").split(".")
    fits = all(1 <= len(label) <= LONGEST_LABEL for label in labels) and len(name) <= LONGEST_NAME
    if not (fits and HOST.fullmatch(name)) or ":" in name:
        raise Invalid(field, "must be a host name")


def check_domain(field: str, domain: str) -> None:
    """Raise Invalid for what nobody can register: a single word, or an address."""
    check_name(field, domain)
    if "." not in domain.removesuffix(".") or literal(domain):
        raise Invalid(field, "must be a domain, as example.org")


def check_host(field: str, host: str, *, allow_private: bool) -> None:
    """Raise Invalid for what is neither a name nor an address that may be reached; IPv6 comes bare."""
    is_address = HOST.fullmatch(host) and literal(host) is not None
    if not is_address:
        check_name(field, host)
    check_url(field, f"http://{_bracketed(host)}/", allow_private=allow_private)


def check_server(field: str, server: str, *, allow_private: bool) -> None:
    """Raise Invalid for what is neither empty nor a host, perhaps with a port: ns.example:5353, [::1]:53."""
    if not server:
        return
    url = f"http://{_bracketed(server)}/"
    try:
        is_host = SERVER.fullmatch(server) and parse(url)
    except Refused:
        is_host = None
    if not is_host:
        raise Invalid(field, "must be a host name or an address, perhaps with a port")
    check_url(field, url, allow_private=allow_private)


def check_headers(field: str, headers: Mapping[str, str]) -> None:
    """Raise Invalid for headers that HTTP does not allow, and for those that belong to the connection."""
    for name, value in headers.items():
        if not HEADER_NAME.fullmatch(name):
            raise Invalid(field, "must have names that HTTP allows")
        if RESERVED.fullmatch(name):
            raise Invalid(field, f"must not set {name}")
        if not (value.isascii() and value.isprintable()) or value != value.strip():
            raise Invalid(field, "must have values of printable ASCII, without spaces around them")
        check_unmasked(field, value)
    if len({name.lower() for name in headers}) < len(headers):
        raise Invalid(field, "must not name a header twice")
    if sum(len(name) + len(value) for name, value in headers.items()) > HEADERS_LIMIT:
        raise Invalid(field, f"must not be longer than {HEADERS_LIMIT} characters together")


def shown_url(url: str) -> str:
    """Return *url* without the password that it may carry: a key that may only read sees it, too."""
    parts = urlsplit(url)
    if not parts.password:
        return url
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username}:{MASK}@{host}"))


def _bracketed(host: str) -> str:
    """Return *host* as a URL has it: an IPv6 address in brackets."""
    return f"[{host}]" if host.count(":") > 1 and "[" not in host else host
