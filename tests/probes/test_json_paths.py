import time
import tracemalloc

import pytest

from chalicelib.probes.json_paths import MOST_PLACES, Unreadable, places
from chalicelib.probes.json_paths import find as find_within


def find(path, document):
    """Follow one path alone."""
    return find_within(path, document, places())


def nested(depth):
    """Return lists within lists, each with as many beside the next."""
    document = []
    for _ in range(depth):
        document = [document, [], [], []]
    return document


@pytest.mark.parametrize("path", ["$..*..*..*..*", "$..*..*..*['nothing']", "$..[?@.a]..[*]..[?@ == 1]"])
def test_a_path_that_multiplies_is_given_up(path):
    """A path whose work grows with a power of the document ends after a while, with a reason."""
    begun = time.monotonic()
    with pytest.raises(Unreadable):
        for _ in find(path, nested(90)):
            pass
    assert time.monotonic() - begun < 5


def test_a_large_document_is_searched():
    """A hundred thousand places are looked at, and more are too many, however busy the machine is."""
    document = [[1]] * (MOST_PLACES - 9) + [{"name": "here"}]
    assert list(find("$..name", document)) == ["here"]
    with pytest.raises(Unreadable, match="too many places"):
        list(find("$..name", [[1]] * 9 + document))


def test_the_places_on_the_way_are_not_kept():
    """Places come one by one, and no record of them is kept."""
    document = list(range(20_000))
    tracemalloc.start()
    assert sum(1 for _ in find("$.*", document)) == 20_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100_000


@pytest.mark.parametrize(
    "path",
    [
        "$[?@.a == $..b]",
        "$[?@..a]",
        "$[?match(@.a, 'x')]",
        "$.a | $.b",
        "$.a & $.b",
        "$.a.~",
        "^.a",
        "a",
        " $.a",
        "$.a ",
        "$[?@.a =~ /x/]",
        "$[" + "?@[" * 60 + "1" + "]" * 61,
        "$" + "[0]" * 80,
        "\x00",
    ],
)
def test_what_is_beyond_the_standard_or_too_much_is_not_followed(path):
    """No regular expression, no union, no descent within a filter, no path without end."""
    with pytest.raises(Unreadable):
        list(find(path, {"a": [{"a": 1, "b": 2}]}))


def test_many_paths_share_one_count():
    """Many paths over a large document are no more work than one: together they may pass as many places."""
    document, left = [{"name": "here"}] * (MOST_PLACES // 4), places()
    assert len(list(find_within("$..name", document, left))) == len(document)
    with pytest.raises(Unreadable, match="too many places"):
        [list(find_within("$..name", document, left)) for _ in range(5)]
