"""Who answers on loopback while Lambdas are sized: an AWS behind HTTPS, targets, webhooks, and a proxy.

TLS costs a Lambda memory and CPU time at its start, so nothing here is reached without it.
"""

import asyncio
import ssl
import threading
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.guard.peers import identity

HOST = "localhost"
PROVIDER = "api.pushover.net"  # that Apprise speaks to; its connection comes by way of the proxy
BODY = b'{"status": 1, "items": [{"state": "well"}]}' + b" " * 1000
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
CHUNK = 65_536


@dataclass(frozen=True)
class Peers:
    """The ports of loopback that answer, and the certificate they show."""

    aws: int
    targets: int
    proxy: int
    certificate: str  # as PEM


@contextmanager
def answering(folder: Path, emulator: int) -> Iterator[Peers]:
    """Let the peers answer from a thread of their own; what comes for AWS goes on to port *emulator*."""
    identity(folder, HOST, PROVIDER)
    pem = next(folder.glob(f"{HOST}-*.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def relay(reader: StreamReader, writer: StreamWriter) -> None:
        theirs, ours = await asyncio.open_connection("127.0.0.1", emulator)
        await asyncio.gather(_copy(reader, ours), _copy(theirs, writer))

    async def lead(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        await writer.start_tls(context)
        await _reply(reader, writer)

    async def listen() -> Peers:
        ports = []
        for answer, tls in ((relay, context), (_reply, context), (lead, None)):
            server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=tls, backlog=200)
            ports.append(server.sockets[0].getsockname()[1])
        return Peers(*ports, certificate="".join(pem.read_text().rpartition("-----BEGIN CERT")[1:]))

    try:
        yield asyncio.run_coroutine_threadsafe(listen(), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


async def _copy(reader: StreamReader, writer: StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()


async def _reply(reader: StreamReader, writer: StreamWriter) -> None:
    """Answer one request; what its body says does not matter."""
    with suppress(OSError, asyncio.IncompleteReadError):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await writer.drain()
        await reader.read(CHUNK)  # until the other end has read it, and goes
    writer.close()
