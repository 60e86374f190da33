import errno
import logging
import sys

import pytest

from chalicelib.local.console import OneLine, Whole, sentence


def broken():
    """Break."""
    raise ValueError("one\ntwo")


def test_a_fault_is_told_in_one_line():
    """An exception is logged as its name, its message and its place, however many lines it has."""
    try:
        broken()
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "", 0, "it\nbroke", (), sys.exc_info())
    line = OneLine("%(levelname)s %(message)s").format(record)
    assert line.startswith("ERROR it broke ValueError: one two ")
    assert "test_console.py:" in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.EADDRINUSE, "in use"), "PORT=8001"),
        (OSError(errno.EACCES, "not allowed"), "above 1023"),
        (PermissionError(errno.EACCES, "not allowed", ".local"), ".local"),
        (RuntimeError("never seen before"), "never seen before"),
    ],
)
def test_why_it_did_not_start_is_one_sentence(error, words):
    """Each cause gets its own advice, and a file that cannot be written is not taken for a port."""
    said = sentence(error, 8000)
    assert words in said
    assert "\n" not in said


def carrying(**fields):
    """Return a record that carries *fields*."""
    return logging.makeLogRecord({"levelname": "WARNING", "msg": "a flip waits", **fields})


def test_fields_stand_behind_the_sentence():
    """What a line is about follows it on the same line; what is empty, or long, is left out."""
    record = carrying(monitor_id="m-1", project_id="", kind="http", trace="File x\nValueError\n")
    line = OneLine("%(levelname)s %(message)s").format(record)
    assert line == "WARNING a flip waits monitor_id=m-1 kind=http"


def test_whoever_wants_all_sees_the_trace():
    """With --verbose a trace stands below its line, and a line without one has nothing below."""
    whole = Whole("%(levelname)s %(message)s")
    assert whole.format(carrying(kind="http", trace="File x\nValueError\n")) == (
        "WARNING a flip waits kind=http\nFile x\nValueError"
    )
    assert whole.format(carrying(kind="http")) == "WARNING a flip waits kind=http"
