"""Ends that hold for the whole of something, whatever it waits for."""

import socket
from collections.abc import Callable
from contextlib import suppress
from math import inf
from queue import Empty, SimpleQueue
from threading import Condition, Thread
from time import monotonic  # measures how long we wait; no moment is read from it
from typing import Self, TypeVar

from chalicelib.guard.crew import Crew

T = TypeVar("T")

LOOKUPS = Crew("lookups")


class Deadline:
    """The moment at which all that was begun under it is given up, and the sockets it watches are cut.

    A socket's own timeout is for each read: who sends a byte a second would be waited for for ever.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.end = monotonic() + seconds
        self._watched: list[socket.socket] = []

    def __enter__(self) -> Self:
        WATCHDOG.mind(self)
        return self

    def __exit__(self, *_: object) -> None:
        WATCHDOG.forget(self)  # lest it cut a descriptor that is somebody else's by then
        for twin in self._watched:
            twin.close()

    def left(self) -> float:
        """Return the seconds that are left; 0 when there are none."""
        return max(0.0, self.end - monotonic())

    def wait(self) -> float:
        """Return the seconds that are left as a timeout, for which 0 would mean something else."""
        return max(0.001, self.left())

    def watch(self, sock: socket.socket) -> None:
        """Cut the connection of *sock* at the end, whoever may be waiting in it."""
        self._watched.append(sock.dup())  # TLS takes the descriptor away from *sock*, but not from its twin
        if not self.left():
            self.cut()

    def within(self, work: Callable[[], T]) -> T:
        """Return what *work* returns, or raise TimeoutError at the end: a name's lookup knows no timeout."""
        # Of a Future nothing else is needed, and it costs as much as the lookup of an address at hand.
        outcomes: SimpleQueue[T | Exception] = SimpleQueue()

        def run() -> None:
            try:
                outcomes.put(work())
            except Exception as error:  # noqa: BLE001  handed to the thread that waits
                outcomes.put(error)

        LOOKUPS.do(run)
        try:
            outcome = outcomes.get(timeout=self.left())
        except Empty:
            raise TimeoutError from None
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def cut(self) -> None:
        """End every watched connection; whoever reads from it finds its end."""
        for twin in tuple(self._watched):
            with suppress(OSError):
                twin.shutdown(socket.SHUT_RDWR)


class Watchdog:
    """One thread that cuts at every deadline of the process.

    It sleeps until the first of those that ran when it last looked, so that deadlines that are met, as most
    are, wake nobody.
    """

    def __init__(self) -> None:
        self._running: set[Deadline] = set()
        self._changed = Condition()
        self._looks_at = inf
        self._is_awake = False

    def mind(self, deadline: Deadline) -> None:
        """Cut at *deadline*, unless it is forgotten before."""
        with self._changed:
            self._running.add(deadline)
            if not self._is_awake:
                self._is_awake = True
                Thread(target=self._watch, name="watchdog", daemon=True).start()
            elif deadline.end < self._looks_at:
                self._changed.notify()

    def forget(self, deadline: Deadline) -> None:
        """Leave the sockets of *deadline* alone from now on."""
        with self._changed:
            self._running.discard(deadline)

    def _watch(self) -> None:
        with self._changed:
            while True:
                now = monotonic()
                for deadline in [each for each in self._running if each.end <= now]:
                    deadline.cut()
                    self._running.remove(deadline)
                self._looks_at = min((each.end for each in self._running), default=inf)
                self._changed.wait(None if self._looks_at == inf else self._looks_at - now)


WATCHDOG = Watchdog()
