from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis.strategies import binary

from chalicelib.probes import certificates
from tests.guard.peers import identity

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize("year", [1955, 1999, 2000, 2026, 2049, 2050, 2051, 9999])
def test_the_end_of_a_certificate_is_read(tmp_path, year):
    """Both forms of a date are read, before 2050 and after, as the standard has them."""
    end = datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC)
    made = identity(tmp_path, "a.example", begins=datetime(1951, 1, 1, tzinfo=UTC), ends=end)
    assert certificates.not_after(made.der) == end


def test_days_left_are_whole_and_may_be_negative(tmp_path):
    """A certificate that ends within the day has 0 days left, one that ended this morning -1."""
    for hours, days in ((30, 1), (23, 0), (0, 0), (-1, -1), (-30, -2)):
        made = identity(tmp_path, "a.example", ends=NOW + timedelta(hours=hours))
        assert certificates.facts(made.der, NOW)["days_left"] == days


@given(binary())
def test_what_is_no_certificate_is_told_as_that(der):
    """Whatever a server sends, reading it ends, with a moment or with ValueError."""
    with suppress(ValueError):
        assert certificates.not_after(der).tzinfo is UTC
