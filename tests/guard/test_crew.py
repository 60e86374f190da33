import threading
import time
from queue import SimpleQueue

from chalicelib.guard.crew import Crew


def test_a_crew_keeps_nobody_waiting_for_somebody_else():
    """While one piece of work hangs, the next is done; and whoever is idle takes the one after that."""
    crew, hangs, names = Crew("testers"), threading.Event(), []
    crew.do(hangs.wait)
    for _ in range(10):
        done = threading.Event()
        crew.do(lambda done=done: (names.append(threading.get_ident()), done.set()))
        assert done.wait(2)
        time.sleep(0.01)  # for the thread to be idle again
    assert len(set(names)) == 1
    hangs.set()


def test_work_that_breaks_does_not_end_its_thread(caplog):
    """The crew goes on, and the log says what broke."""
    crew, threads = Crew("testers"), SimpleQueue()
    crew.do(lambda: (threads.put(threading.get_ident()), 1 / 0))
    first = threads.get(timeout=2)
    while "ZeroDivisionError" not in caplog.text:
        time.sleep(0.01)
    time.sleep(0.01)  # for the thread to be idle again
    crew.do(lambda: threads.put(threading.get_ident()))
    assert threads.get(timeout=2) == first


def test_whoever_has_nothing_to_do_goes_home():
    """Idle threads end after a while, and work that comes later is done by new ones."""
    crew, threads = Crew("testers", idle=0.05), SimpleQueue()
    for _ in range(3):
        crew.do(lambda: threads.put(threading.current_thread()))
        thread = threads.get(timeout=2)
        thread.join(2)
        assert not thread.is_alive()


def test_no_work_is_lost_while_threads_go_home():
    """Work that comes just when threads end is done as well."""
    crew, done = Crew("testers", idle=0.001), SimpleQueue()
    for number in range(300):
        crew.do(lambda number=number: done.put(number))
        time.sleep(0.001 * (number % 3))
    assert sorted(done.get(timeout=2) for _ in range(300)) == list(range(300))
