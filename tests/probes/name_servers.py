"""A tiny name server on loopback, and what it knows."""

import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

ZONE = {
    ("shop.example.", "A"): ["192.0.2.1", "192.0.2.2"],
    ("shop.example.", "AAAA"): ["2001:db8::1"],
    ("shop.example.", "MX"): ["10 mail.shop.example.", "20 MAIL2.shop.example."],
    ("shop.example.", "NS"): ["ns1.example.", "ns2.example."],
    ("shop.example.", "TXT"): ['"v=spf1 include:mail.example -all"', '"part one, " "part Two"'],
    ("shop.example.", "CAA"): ['0 issue "ca.example"'],
    ("www.shop.example.", "CNAME"): ["shop.example."],
    ("large.example.", "TXT"): [f'"{number:03d}{"x" * 200}"' for number in range(30)],
}


@dataclass
class NameServer:
    """A name server on loopback, by UDP and TCP at one port."""

    udp: socket.socket
    tcp: socket.socket
    answer: object = None  # (query, response) -> response or bytes or None; None asks the ZONE
    asked: list[dns.message.Message] = field(default_factory=list)

    @property
    def port(self):
        """Where it listens."""
        return self.udp.getsockname()[1]

    @property
    def address(self):
        """What a target names it by."""
        return f"127.0.0.1:{self.port}"

    def respond(self, wire, limit):
        """Return the answer to a question, cut to *limit* bytes, or nothing."""
        query = dns.message.from_wire(wire)
        self.asked.append(query)
        response = dns.message.make_response(query)
        question = query.question[0]
        name, kind = question.name.to_text().lower(), dns.rdatatype.to_text(question.rdtype)
        alias = ZONE.get((name, "CNAME"))
        if alias and kind != "CNAME":
            response.answer.append(dns.rrset.from_text(question.name, 60, "IN", "CNAME", *alias))
            name = alias[0]
        if records := ZONE.get((name, kind)):
            response.answer.append(dns.rrset.from_text(name, 60, "IN", kind, *records))
        elif not any(name == known for known, _ in ZONE):
            response.set_rcode(dns.rcode.NXDOMAIN)
        if self.answer:
            response = self.answer(query, response)
        if response is None or isinstance(response, bytes):
            return response
        wire = response.to_wire(max_size=65_535)
        if len(wire) > limit:
            response.answer.clear()
            response.flags |= dns.flags.TC
            wire = response.to_wire()
        return wire

    def serve_udp(self):
        """Answer datagrams until the socket closes."""
        with suppress(OSError):
            while True:
                wire, peer = self.udp.recvfrom(4096)
                if not wire:  # the socket is being closed
                    return
                if reply := self.respond(wire, 1232):
                    self.udp.sendto(reply, peer)

    def serve_tcp(self):
        """Answer one question a connection until the socket closes."""
        with suppress(OSError):
            while True:
                sock, _ = self.tcp.accept()
                with sock:
                    length = int.from_bytes(sock.recv(2), "big")
                    reply = self.respond(sock.recv(length), 65_535) or b""
                    sock.sendall(len(reply).to_bytes(2, "big") + reply)


@pytest.fixture
def server():
    """Return a running NameServer."""
    for _ in range(20):
        tcp = socket.create_server(("127.0.0.1", 0))
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            udp.bind(tcp.getsockname())
        except OSError:  # somebody else has the port for datagrams
            tcp.close()
            udp.close()
            continue
        break
    made = NameServer(udp, tcp)
    for work in (made.serve_udp, made.serve_tcp):
        threading.Thread(target=work, daemon=True).start()
    yield made
    for sock in (udp, tcp):
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
        sock.close()
