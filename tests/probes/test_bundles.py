import threading
import time
from functools import partial
from itertools import pairwise

import pytest

from chalicelib.probes import bundles


def flat(groups):
    return [answer for group in groups for answer in group]


def test_every_job_is_done_once():
    """All answers come, each once, whatever the order."""
    jobs = [partial(int, number) for number in range(100)]
    assert sorted(flat(bundles.run(jobs, per_second=5000))) == list(range(100))
    assert list(bundles.run([])) == []


def test_starts_are_evenly_spaced():
    """Jobs begin one after the other at the pace that was asked for, and the first at once."""
    began = time.monotonic()
    starts = sorted(flat(bundles.run([time.monotonic] * 20, per_second=100)))
    assert starts[0] - began < 0.05
    assert starts[-1] - starts[0] >= 0.18
    # A thread may be woken late, but two are never begun together for long.
    gaps = sorted(later - earlier for earlier, later in pairwise(starts))
    assert 0.005 < gaps[len(gaps) // 2] < 0.02


def test_who_was_held_up_does_not_make_up_for_it():
    """After a pause the pace goes on as before: there is no burst of what was missed."""
    starts = []

    def job():
        starts.append(time.monotonic())

    class Slow(list):
        def __iter__(self):
            for number, each in enumerate(super().__iter__()):
                if number == 5:
                    time.sleep(0.2)
                yield each

    flat(bundles.run(Slow([job] * 15), per_second=100))
    starts.sort()
    assert starts[5] - starts[4] >= 0.19
    assert starts[-1] - starts[5] >= 0.08


def test_whoever_hangs_keeps_nobody_waiting():
    """Others' answers are handed over soon after they come, while some jobs hang."""
    release = threading.Event()
    jobs = [release.wait] * 5 + [lambda: "quick"] * 10
    groups = bundles.run(jobs, per_second=1000, gather=0.1)
    begun = time.monotonic()
    quick = []
    while len(quick) < 10:
        quick += next(groups)
    assert time.monotonic() - begun < 0.6
    assert quick == ["quick"] * 10
    release.set()
    assert flat(groups) == [True] * 5


def test_answers_wait_for_company_but_not_for_long():
    """What comes within a moment is handed over together."""
    jobs = [lambda: 1] * 10
    groups = list(bundles.run(jobs, per_second=100, gather=0.5))
    assert len(groups) == 1
    jobs = [partial(time.sleep, seconds) for seconds in (0, 0.3)]
    assert len(list(bundles.run(jobs, per_second=1000, gather=0.05))) == 2


def test_the_last_answer_waits_for_nobody():
    """When all have answered the bundle is over at once."""
    begun = time.monotonic()
    assert list(bundles.run([lambda: 1], gather=5)) == [[1]]
    assert time.monotonic() - begun < 1


def test_a_bundle_that_nobody_waits_for_starts_nothing_more():
    """When whoever takes the answers breaks, no further job is begun."""
    starts = []
    groups = bundles.run([partial(starts.append, 1)] * 1000, per_second=100, gather=0)
    next(groups)
    groups.close()
    time.sleep(0.05)
    begun = len(starts)
    time.sleep(0.1)
    assert len(starts) == begun < 50


def test_threads_are_used_again():
    """Quick jobs one after the other need few threads."""
    before = threading.active_count()
    names = set(flat(bundles.run([threading.get_ident] * 50, per_second=200)))
    assert len(names) < 25
    assert threading.active_count() - before < 25


def test_a_job_that_breaks_has_no_answer(caplog):
    """The others' answers come all the same, and the log says what broke."""
    assert flat(bundles.run([lambda: 1, lambda: 1 / 0, lambda: 3], per_second=1000)) == [1, 3]
    while "ZeroDivisionError" not in caplog.text:
        time.sleep(0.01)


@pytest.mark.parametrize("count", [1, 7])
def test_a_bundle_of_any_size_ends(count):
    """The number of answers is the number of jobs."""
    assert len(flat(bundles.run([lambda: 0] * count, per_second=1000))) == count
