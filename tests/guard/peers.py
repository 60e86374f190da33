"""Tiny servers on loopback, and a small internet around them whose names and addresses are the test's own."""

import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from chalicelib.guard.addresses import Address
from chalicelib.guard.roads import Net, open_socket

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
PUBLIC = "93.184.216.34"  # an address that may be reached; in a Town it is one of our own servers


def redirect(location, status=302):
    """Return the answer that sends people elsewhere."""
    return f"HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


@dataclass
class Peer:
    """A tiny server on loopback: it keeps what it was asked and answers by its script."""

    listener: socket.socket
    answer: object  # (socket, request) -> None
    context: ssl.SSLContext | None = None
    asked: list[bytes] = field(default_factory=list)
    connected: int = 0

    @property
    def port(self):
        """Where it listens."""
        return self.listener.getsockname()[1]

    def url(self, path="/", host="127.0.0.1"):
        """Return the URL of *path* here, under any name."""
        return f"{'https' if self.context else 'http'}://{host}:{self.port}{path}"

    def run(self):
        """Take connections until the listener closes."""
        with suppress(OSError):
            while True:
                sock, _ = self.listener.accept()
                self.connected += 1
                threading.Thread(target=self.talk, args=(sock,), daemon=True).start()

    def talk(self, sock):
        """Read one request and answer it."""
        with suppress(OSError):
            if self.context:
                sock = self.context.wrap_socket(sock, server_side=True)
            with sock:
                request = b""
                while b"\r\n\r\n" not in request:
                    if not (more := sock.recv(65_536)):
                        return
                    request += more
                self.asked.append(request)
                self.answer(sock, request)
                if self.context:
                    sock.unwrap()


@pytest.fixture
def serve():
    """Return a function that starts a Peer whose *answer* is a function, or the bytes to send."""
    listeners = []

    def start(answer, address=("127.0.0.1", 0), context=None):
        script = answer if callable(answer) else lambda sock, _: sock.sendall(answer)
        listener = socket.create_server(address)
        listeners.append(listener)
        peer = Peer(listener, script, context)
        threading.Thread(target=peer.run, daemon=True).start()
        return peer

    yield start
    for listener in listeners:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def closed_port():
    """Return a port of loopback at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@dataclass(frozen=True)
class Identity:
    """A server's certificate, signed by itself: what it shows, who trusts it, and what it is in DER."""

    server: ssl.SSLContext
    client: ssl.SSLContext
    der: bytes
    names_asked: list[str]


def identity(folder, *names, begins=datetime(2020, 1, 1, tzinfo=UTC), ends=datetime(2100, 1, 1, tzinfo=UTC)):
    """Return an Identity for *names*."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem = folder / f"{names[0]}-{ends.year}.pem"
    pem.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    server, asked = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), []
    server.load_cert_chain(pem)
    server.sni_callback = lambda _sock, sni, _context: asked.append(sni)
    der = certificate.public_bytes(serialization.Encoding.DER)
    return Identity(server, ssl.create_default_context(cafile=pem), der, asked)


@dataclass
class Town:
    """An internet that ends at loopback: *names* and *doors* are the test's, and it sees who goes where."""

    names: dict[str, list[str]] = field(default_factory=dict)
    doors: dict[str, Peer] = field(default_factory=dict)  # from an address to who is behind it, at any port
    trusts: Identity | None = None
    name_servers: list[Address] = field(default_factory=list)
    looked_up: list[str] = field(default_factory=list)
    connected: list[str] = field(default_factory=list)

    def build(self, name, peer, address=PUBLIC):
        """Let *name* lead to *peer*, at an address that may be reached; return the URL."""
        self.names[name] = [address]
        self.doors[address] = peer
        return peer.url(host=name)

    @property
    def net(self):
        """The town as the guard sees it."""
        trust = {"trust": lambda: self.trusts.client} if self.trusts else {}
        return Net(self._resolve, connect=self._connect, name_servers=lambda: self.name_servers, **trust)

    def _resolve(self, host):
        self.looked_up.append(host)
        if host not in self.names:
            raise OSError
        return self.names[host]

    def _connect(self, address, kind, seconds):
        self.connected.append(f"{address.ip}:{address.port}")
        peer = self.doors[str(address.ip)]
        return open_socket(Address(ip_address("127.0.0.1"), peer.port), kind, seconds)


@pytest.fixture
def town():
    """Return an empty Town."""
    return Town()
