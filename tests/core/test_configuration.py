from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.alerts import Channel
from chalicelib.core.configuration import (
    UNITS,
    Change,
    Check,
    Configuration,
    difference,
    document,
    flat,
    labels,
    spelled,
)
from chalicelib.core.errors import Invalid
from chalicelib.core.matching import Directory, pairs
from chalicelib.core.monitors import Spec
from chalicelib.core.status import Kind
from chalicelib.core.targets import HttpTarget, Watch

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NIGHTLY = Spec("m1", "p", "o", NOON, "badge", name="Nightly backup", slug="nightly-backup")
EMPTY = document(Configuration(), labels(Configuration()))


def channel(channel_id, name):
    """Return a channel of that name."""
    return Channel(channel_id, "p", "EMAIL", name, {"email": "a@example.org"}, NOON)


def told(*specs, **others):
    """Return what a document says of checks."""
    configuration = Configuration(checks=tuple(Check(spec) for spec in specs), **others)
    return document(configuration, labels(configuration))["checks"]


def changed(**changes):
    """Return Alice's nightly backup with some fields changed."""
    return replace(NIGHTLY, **changes)


@given(st.sampled_from(list(UNITS)), st.integers(0, 10**6))
def test_a_length_of_time_is_spelled_whole(unit, count):
    """In the largest unit that divides it, and nothing of it is lost."""
    text = spelled(count * UNITS[unit])
    number = text.rstrip("dhms")
    assert int(number) * UNITS[text.removeprefix(number)] == count * UNITS[unit]
    assert spelled(timedelta(minutes=90)) == "90m"
    assert spelled(timedelta(0)) == "0s"


def test_what_is_at_its_default_is_left_out():
    """A plain check is told in a few lines, and only what a person would have to say."""
    watch = Watch(HttpTarget("https://example.org/"))
    probe = Spec("m2", "p", "o", NOON, "b", kind=Kind.HTTP, name="Shop", slug="shop", watch=watch)
    assert told(NIGHTLY, probe) == [
        {"id": "m1", "name": "Nightly backup", "type": "heartbeat", "every": "1d", "grace": "1h"},
        {
            "id": "m2",
            "name": "Shop",
            "type": "http",
            "target": {"url": "https://example.org/"},
            "interval": "5m",
            "timeout": "10s",
        },
    ]


def test_references_are_names_where_they_are_nobody_else_s():
    """Two of one name are told apart by their ids."""
    channels = (channel("c1", "Ops"), channel("c2", "Mail"), channel("c3", "Mail"), channel("c4", ""))
    [shown] = told(changed(channels=("c1", "c2", "c3", "c4")), channels=channels)
    assert shown["channels"] == ["Ops", "c2", "c3", "c4"]


def test_a_difference_tells_what_is_new_what_is_other_and_what_is_missing():
    """Whoever has the same id is the same, whatever it is called."""
    before = EMPTY | {
        "checks": [{"id": "1", "name": "A"}, {"id": "2", "name": "B"}, {"id": "3", "name": "C"}]
    }
    after = EMPTY | {"checks": [{"id": "1", "name": "A"}, {"id": "2", "name": "Z"}, {"id": "4", "name": "D"}]}
    assert list(difference(before, after)) == [
        Change("checks", {"id": "2", "name": "B"}, {"id": "2", "name": "Z"}),
        Change("checks", None, {"id": "4", "name": "D"}),
        Change("checks", {"id": "3", "name": "C"}, None),
    ]
    assert list(difference(before, before)) == []


def test_fields_within_fields_are_named_by_their_path():
    """An empty object is a value of its own."""
    assert flat({"a": 1, "b": {"c": 2, "d": {}}}) == {"a": 1, "b.c": 2, "b.d": {}}


@pytest.mark.parametrize(
    ("wanted", "present", "expected"),
    [
        ([("1", "A")], [("2", "A"), ("1", "B")], [1]),  # an id is surer than a name
        ([(None, "A"), ("1", "A")], [("1", "A"), ("2", "A")], [1, 0]),  # and takes its own first
        ([(None, "A"), (None, "A")], [("1", "A")], [0, None]),
        ([(None, None)], [("1", None)], [None]),  # what has no name is nobody
        ([], [("1", "A")], []),
    ],
)
def test_who_is_who(wanted, present, expected):
    """Each thing that is wanted is at most one that there is, by its surest name."""
    assert pairs(wanted, present) == expected


def test_a_document_s_own_things_are_meant_first():
    """A word that means one of them means no other; one that means several, or nothing, is refused."""
    directory = Directory(
        "channels", [("1", {"Ops"}), ("2", {"Mail"}), ("3", {"Mail"})], [("4", {"Ops", "Old"})]
    )
    assert directory.find("Ops") == "1"
    assert directory.find("Old") == "4"
    with pytest.raises(Invalid, match=r"^names several of the channels; give the id of one$"):
        directory.find("Mail")
    with pytest.raises(Invalid, match=r"^names none of the channels: New$"):
        directory.find("New")
