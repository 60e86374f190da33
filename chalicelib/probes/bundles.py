"""Many probes at once: begun one after the other at an even pace, and handed over soon after they end.

A burst of a hundred HTTPS probes falsifies what they measure by 80 to 230 ms.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from queue import Empty, SimpleQueue
from threading import Event
from time import monotonic  # measures the pace
from typing import TypeVar

from chalicelib.guard.crew import Crew

PER_SECOND = 50.0  # starts
GATHER = 0.5  # seconds that an answer waits for company

T = TypeVar("T")

PROBERS = Crew("probers")


def run(
    jobs: Sequence[Callable[[], T]], per_second: float = PER_SECOND, gather: float = GATHER
) -> Iterator[list[T]]:
    """Do all *jobs*, each in a thread of its own, and yield what they return in groups as it comes.

    A job sees to its own end: who is slow keeps nobody waiting but the last group. Who breaks has no answer.
    """
    ended: SimpleQueue[list[T]] = SimpleQueue()
    abandoned = Event()
    PROBERS.do(lambda: _start(jobs, ended, 1 / per_second, abandoned))
    missing = len(jobs)
    try:
        while missing:
            first = ended.get()
            together = [first, *_company(ended, missing - 1, gather)]
            missing -= len(together)
            yield [answer for answers in together for answer in answers]
    finally:
        abandoned.set()


def _start(
    jobs: Sequence[Callable[[], T]], ended: SimpleQueue[list[T]], pause: float, abandoned: Event
) -> None:
    """Start one job after the other; who was held up takes up the pace again, and catches up with nothing."""
    due = monotonic()
    for job in jobs:
        if abandoned.wait(max(0.0, due - monotonic())):
            return
        PROBERS.do(partial(_do, job, ended))
        due = max(due, monotonic()) + pause


def _do(job: Callable[[], T], ended: SimpleQueue[list[T]]) -> None:
    answers: list[T] = []
    try:
        answers.append(job())
    finally:
        ended.put(answers)


def _company(ended: SimpleQueue[list[T]], most: int, seconds: float) -> Iterator[list[T]]:
    end = monotonic() + seconds
    for _ in range(most):
        try:
            yield ended.get(timeout=max(0.0, end - monotonic()))
        except Empty:
            return
