import io
import socket
from contextlib import suppress
from http import HTTPStatus
from threading import Thread
from time import monotonic, sleep

import pytest

from chalicelib.local.wire import Broken, Stream, read_head, written


def drip(far):
    """Send a byte now and then, for as long as somebody is there."""
    with suppress(OSError):
        while True:
            far.send(b"x")
            sleep(0.02)


def test_patience_is_for_the_whole():
    """A client that sends a byte now and then does not get more time than one that sends nothing."""
    near, far = socket.socketpair()
    dripping = Thread(target=drip, args=(far,))
    with far, near:
        stream = Stream(near)
        stream.until = monotonic() + 0.2
        dripping.start()
        with pytest.raises(TimeoutError):
            io.BufferedReader(stream).readline()
        near.close()
        dripping.join()


def test_a_head_reads_as_it_came():
    """Duplicates and spelling are kept: what they mean is for others to say. A folded line is one."""
    head = read_head(io.BytesIO(b"GET /a?b=c HTTP/1.1\r\nX-One:1\r\nx-one:  2 \r\n\t 3\r\n\r\n"))
    assert (head.method, head.target, head.headers) == ("GET", "/a?b=c", (("X-One", "1"), ("x-one", "2 3")))


@pytest.mark.parametrize(
    ("request_", "keeps"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nConnection: Upgrade, Close\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", True),
    ],
)
def test_who_keeps_a_connection(request_, keeps):
    """HTTP/1.1 keeps the connection unless told otherwise, HTTP/1.0 only when asked."""
    assert read_head(io.BytesIO(request_)).keeps_alive is keeps


@pytest.mark.parametrize("status", [204, 304])
def test_some_answers_have_no_body(status):
    """204 and 304 end with their headers and tell no length."""
    answer = written(status, {}, b"left over", None, keep=False)
    assert answer.endswith(b"\r\n\r\n")
    assert b"Content-Length" not in answer


def test_an_answer_can_say_what_latin_1_can_not():
    """A header with other letters is written as well as it can be; nothing breaks."""
    assert b"X-Name: caf\xe9 ?\r\n" in written(299, {"X-Name": "café ✓"}, b"", None, keep=True)


def test_blank_lines_without_end_are_no_request():
    """Somebody who sends nothing but line ends is told so."""
    with pytest.raises(Broken) as refusal:
        read_head(io.BytesIO(b"\r\n" * 100))
    assert refusal.value.status == HTTPStatus.BAD_REQUEST
