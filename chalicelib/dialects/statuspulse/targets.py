"""What a monitor probes, both ways: the fields that its type knows (R91-R94, R98, R102)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from chalicelib.channels.base import MASK
from chalicelib.core.errors import Invalid
from chalicelib.core.status import Kind
from chalicelib.core.targets import (
    MOST_REDIRECTS,
    DnsTarget,
    DomainTarget,
    HttpTarget,
    Target,
    TcpTarget,
    TlsTarget,
)
from chalicelib.dialects import outbound
from chalicelib.dialects.statuspulse import rules
from chalicelib.dialects.statuspulse.schema import (
    Check,
    Document,
    Fault,
    Rule,
    list_of,
    meaning,
    not_both,
    one_or_several,
    or_null,
    together,
)

STATUSES = re.compile(r"([1-5]\d\d)(?:\s*-\s*([1-5]\d\d))?", re.ASCII)  # 200, or 200-299
MOST_STATUSES = 20
METHODS = {word: word for word in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")}
RECORDS = {
    word: word
    for word in (
        *("A", "AAAA", "CAA", "CNAME", "DNSKEY", "DS", "HTTPS", "MX", "NAPTR"),
        *("NS", "PTR", "SOA", "SRV", "SSHFP", "SVCB", "TLSA", "TXT"),
    )
}
URL = rules.text(1, 2048)
HOST = rules.text(1, 300)
DAYS = rules.whole(0, 3650)


@dataclass(frozen=True, slots=True)
class Form:
    """What a type of monitor is told about its target."""

    blank: Target
    rules: dict[str, Rule]  # each means fields of *blank*
    needs: Check  # of a new one
    clashes: tuple[Check, ...] = ()

    def amended(self, present: Target, given: Mapping[str, Any]) -> Target:
        """Return *present* with what the values in *given* mean."""
        meant = together(given[name] for name in self.rules if name in given)
        if meant.get("redirects") and isinstance(present, HttpTarget) and present.redirects:
            del meant["redirects"]  # they are followed already, as many as another dialect may have said
        return replace(present, **meant)


def forms(*, allow_private: bool) -> dict[Kind, Form]:
    """Return the form of each type; *allow_private* lets targets lie in our own network."""
    reachable = _Reachable(allow_private)
    host, port = meaning("host", reachable.host), meaning("port", rules.whole(1, 65_535))
    days = meaning("days", DAYS)
    return {
        Kind.HTTP: Form(HttpTarget(""), _http(reachable), _needing("url")),
        Kind.TCP: Form(
            TcpTarget("", 0),
            {"url": reachable.tcp_url, "host": host, "port": port},
            _needs_port,
            (not_both("url", "host"), not_both("url", "port")),
        ),
        Kind.DNS: Form(DnsTarget(""), _dns(reachable), _needs_name, (not_both("hostname", "host"),)),
        Kind.TLS: Form(TlsTarget(""), {"host": host, "port": port, "min_days_left": days}, _needing("host")),
        Kind.DOMAIN: Form(
            DomainTarget(""),
            {"domain": meaning("domain", _domain), "min_days_left": days},
            _needing("domain"),
        ),
    }


def shown(target: Target) -> dict[str, Any]:
    """Return *target* as a request gives it, without secrets: no password, body, or header's value."""
    match target:
        case HttpTarget():
            return {
                "url": outbound.shown_url(target.url),
                "method": target.method,
                "headers": {name: MASK for name, _ in target.headers},
                "body": MASK if target.body else None,
                "expected_status": _shown_statuses(target.expected_status),
                "follow_redirects": target.redirects > 0,
                "verify_tls": target.verify_tls,
            }
        case DnsTarget():
            return {
                "host": target.host,
                "record_type": target.record_type,
                "expected_values": list(target.expected),
                "resolver": target.resolver or None,
            }
        case TcpTarget():
            return {"host": target.host, "port": target.port}
        case TlsTarget():
            return {"host": target.host, "port": target.port, "min_days_left": target.days}
    return {"domain": target.domain, "min_days_left": target.days}


class _Reachable:
    """The rules for what we are to reach: they depend on whether the deployment opens its own network."""

    def __init__(self, allow_private: bool) -> None:
        self._private = allow_private

    def url(self, value: Any) -> str:
        url: str = URL(value)
        outbound.check_url("", url, allow_private=self._private)
        return url

    def host(self, value: Any) -> str:
        host: str = HOST(value)
        outbound.check_host("", host, allow_private=self._private)
        return host

    def tcp_url(self, value: Any) -> dict[str, Any]:
        refusal = Invalid("", "must be of the form tcp://host:port")
        try:
            parts = urlsplit(URL(value))
            host, port = parts.hostname or "", parts.port
        except ValueError:
            raise refusal from None
        if parts.scheme != "tcp" or not host or not port or parts.path or parts.query or "@" in parts.netloc:
            raise refusal
        return {"host": self.host(host), "port": port}

    def server(self, value: Any) -> str:
        server: str = HOST(value)
        outbound.check_server("", server, allow_private=self._private)
        return server


def _http(reachable: _Reachable) -> dict[str, Rule]:
    return {
        "url": meaning("url", reachable.url),
        "method": meaning("method", rules.word(METHODS)),
        "headers": meaning("headers", _headers, lambda headers: tuple(headers.items())),
        "body": meaning("body", or_null(_body), lambda text: text or ""),
        "expected_status": meaning("expected_status", one_or_several(_statuses, MOST_STATUSES), ",".join),
        "follow_redirects": meaning("redirects", rules.flag, lambda follow: MOST_REDIRECTS if follow else 0),
        "verify_tls": meaning("verify_tls", rules.flag),
    }


def _dns(reachable: _Reachable) -> dict[str, Rule]:
    name = meaning("host", _name)  # who asks for a name's records does not go where they lead
    return {
        "host": name,
        "hostname": name,
        "record_type": meaning("record_type", rules.word(RECORDS)),
        "expected_values": meaning("expected", list_of(rules.text(1, 1000), 20), tuple),
        "resolver": meaning("resolver", or_null(reachable.server), lambda server: server or ""),
    }


def _headers(value: Any) -> dict[str, str]:
    headers = rules.texts_by_name(value)
    outbound.check_headers("", headers)
    return headers


def _body(value: Any) -> str:
    text: str = rules.text(0, 10_000, lines=True)(value)
    outbound.check_unmasked("", text)
    return text


def _name(value: Any) -> str:
    name: str = HOST(value)
    outbound.check_name("", name)
    return name


def _domain(value: Any) -> str:
    domain: str = HOST(value)
    outbound.check_domain("", domain)
    return domain


def _statuses(value: Any) -> str:
    """Return a status, or a range of them, as targets keep it."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    found = (
        STATUSES.fullmatch(text.strip()) if isinstance(text, str) and len(text) <= len("200 - 299 ") else None
    )
    if not found or found[1] > (found[2] or found[1]):
        raise Invalid("", "must be a status from 100 to 599, a range as 200-299, or a list of those")
    return f"{found[1]}-{found[2]}" if found[2] else found[1]


def _shown_statuses(expected: str) -> int | str | list[int | str]:
    parts: list[int | str] = [int(part) if part.isdigit() else part for part in expected.split(",")]
    return parts[0] if len(parts) == 1 else parts


def _needing(name: str) -> Check:
    return lambda document: [] if name in document else [(name, "is required")]


def _needs_port(document: Document) -> list[Fault]:
    if "url" in document or {"host", "port"} <= document.keys():
        return []
    if "host" not in document and "port" not in document:
        return [("url", "is required, or host and port")]
    return [("port" if "host" in document else "host", "is required")]


def _needs_name(document: Document) -> list[Fault]:
    return [] if document.keys() & {"host", "hostname"} else [("host", "is required")]
