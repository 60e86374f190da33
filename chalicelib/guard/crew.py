"""Threads that stay: to start one for every lookup and every probe would cost more than the work itself."""

import logging
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Semaphore, Thread

from chalicelib.faults import tell

IDLE = 60.0  # seconds

log = logging.getLogger(__name__)


class Crew:
    """Takes work at once, whatever else is going on: where all threads are busy, it starts another.

    So nobody waits for somebody else's work. Whoever brings it sees to it that there is no end of it.
    """

    def __init__(self, name: str, idle: float = IDLE) -> None:
        self._name = name
        self._patience = idle  # after which a thread that has nothing to do goes home
        self._work: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._idle = Semaphore(0)  # one for each thread that has nothing to do, and no work meant for it

    def do(self, work: Callable[[], object]) -> None:
        """Have *work* done by another thread."""
        self._work.put(work)
        if not self._idle.acquire(blocking=False):
            Thread(target=self._serve, name=self._name, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                work = self._work.get(timeout=self._patience)
            except Empty:
                if self._idle.acquire(blocking=False):
                    return
                continue  # somebody counts on this thread, and the work is about to come
            try:
                work()
            except Exception as fault:  # noqa: BLE001  others count on this thread
                tell(log, f"work of the crew {self._name} broke", fault)
            del work  # and all that it holds, lest it live until the next comes
            self._idle.release()
