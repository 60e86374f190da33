from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis.strategies import integers, text

from chalicelib.core.words import UNITS, counted, duration, excerpt


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (-5, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (63, "1 min 3 s"),
        (3600, "1 h"),
        (3605, "1 h"),
        (3780, "1 h 3 min"),
        (86_400, "1 d"),
        (93_600, "1 d 2 h"),
        (40_000_000, "462 d 23 h"),
    ],
)
def test_a_duration_has_its_two_largest_units(seconds, words):
    """A duration is told in its largest unit and the next one below, rounded down."""
    assert duration(timedelta(seconds=seconds)) == words


@given(integers(min_value=1, max_value=10**9))
def test_a_duration_is_never_overstated(seconds):
    """What is told is never longer than what it was, and misses less than the smaller of its units."""
    sizes = dict(UNITS)
    words = duration(timedelta(seconds=seconds)).split()
    told = sum(int(n) * sizes[unit] for n, unit in zip(words[::2], words[1::2], strict=True))
    assert told <= seconds < told + sizes[words[1]]


@given(text())
def test_a_quotation_is_short_and_printable(answer):
    """Of a provider's answer at most 200 printable characters are quoted (R48)."""
    quoted = excerpt(answer)
    assert len(quoted) <= 200
    assert quoted.isprintable()


def test_a_cut_is_shown():
    """What was cut ends in an ellipsis."""
    assert excerpt("long " * 100).endswith("…")


def test_things_are_counted():
    """One thing is one, and several have an s."""
    assert [counted(n, "day") for n in (0, 1, 14)] == ["0 days", "1 day", "14 days"]
