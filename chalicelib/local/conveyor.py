"""Real time: the schedule fires every minute, and what lies in a queue is brought to its handler at once."""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from time import monotonic

from chalicelib.local.emulation import has_visible
from chalicelib.local.pump import Line, Pump
from chalicelib.settings import Settings

MINUTE = 60.0
GLANCE = 0.05  # seconds between two looks at a queue in this process
PATIENCE = 2  # seconds that a queue elsewhere lets us wait for a message
AFTER_FAILURE = 1.0
MOST = 8  # handlers of one line at work; Lambda too starts another where one is busy
LISTENERS = 2  # of a line elsewhere
GRACE = 1.0  # seconds for what is being handled when the conveyor stops

log = logging.getLogger(__name__)


class Conveyor:
    """Keeps a pump going until it is told to stop."""

    def __init__(self, pump: Pump, settings: Settings) -> None:
        self._pump = pump
        self._settings = settings
        self._stopping = threading.Event()
        self._busy: Counter[Line] = Counter()
        self._changed = threading.Condition()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Keep going while the block runs; then let what was begun end, if it takes no long time."""
        _start("schedule", self._keep_time)
        if self._settings.endpoint_url:
            for line in self._pump.lines * LISTENERS:
                _start(line.name, partial(self._listen, line))
        else:
            _start("glances", self._watch)
        try:
            yield
        finally:
            self._stopping.set()
            with self._changed:
                self._changed.wait_for(lambda: not self._busy.total(), GRACE)

    def _keep_time(self) -> None:
        """Fire at once, so that an outage is noticed and deadlines are looked for, then every minute."""
        due = monotonic()
        while not self._stopping.wait(max(0.0, due - monotonic())):
            try:
                self._pump.tick()
            except Exception:
                log.exception("a tick failed")
            due = max(due + MINUTE, monotonic())

    def _watch(self) -> None:
        """Glance at every queue, and start a handler where something lies.

        To receive is to keep moto busy for a millisecond; to glance costs a hundredth of that.
        """
        while not self._stopping.wait(GLANCE):
            for line in self._pump.lines:
                if has_visible(line.region, line.url) and self._may_start(line):
                    _start(line.name, partial(self._empty, line))

    def _may_start(self, line: Line) -> bool:
        with self._changed:
            if self._busy[line] >= MOST:
                return False
            self._busy[line] += 1
            return True

    def _empty(self, line: Line) -> None:
        """Bring what lies in a line's queue."""
        try:
            while not self._stopping.is_set() and self._pump.bring(line):
                pass
        except Exception:
            log.exception("the queue of %s could not be read", line.name)
        finally:
            with self._changed:
                self._busy[line] -= 1
                self._changed.notify_all()

    def _listen(self, line: Line) -> None:
        """Wait at a queue elsewhere, and bring what comes."""
        while not self._stopping.is_set():
            try:
                self._pump.bring(line, PATIENCE)
            except Exception:
                log.exception("the queue of %s could not be read", line.name)
                self._stopping.wait(AFTER_FAILURE)


def _start(name: str, work: Callable[[], None]) -> None:
    threading.Thread(target=work, name=name, daemon=True).start()
