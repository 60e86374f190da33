"""JSONPath (RFC 9535) over documents that somebody else made, within bounds of time and memory."""

from collections.abc import Iterable, Iterator
from typing import Any

from jsonpath import JSONPathEnvironment, JSONPathMatch
from jsonpath.exceptions import JSONPathError
from jsonpath.path import JSONPath

LONGEST_PATH = 200  # characters
MOST_PLACES = 100_000  # that paths may pass: counted, for a verdict must not hang on how busy we are


class Unreadable(Exception):
    """The path says nothing, or it leads through too much; the message finishes a sentence."""


class _Environment(JSONPathEnvironment):
    """The standard and no more, without its functions that take regular expressions: they know no end."""

    def setup_function_extensions(self) -> None:
        """Leave out what could run for ever."""
        super().setup_function_extensions()
        del self.function_extensions["match"], self.function_extensions["search"]


class _Node(JSONPathMatch):
    """A place in the document that keeps no record of how it was found, but of how many there were."""

    __slots__ = ()

    def new_child(self, obj: object, key: int | str) -> JSONPathMatch:  # noqa: ARG002  the record is not kept
        """Return a place further down."""
        left: Iterator[int] = self.filter_context()["left"]
        if next(left, None) is None:
            raise Unreadable("leads through too many places")
        return _node(obj, self.root, left)

    def add_child(self, *children: JSONPathMatch) -> None:
        """Forget them: whoever keeps them all keeps more than the document."""


STANDARD = _Environment(strict=True)


def places() -> Iterator[int]:
    """Return a fresh count of the places that paths may pass."""
    return iter(range(MOST_PLACES))


def find(path: str, document: Any, left: Iterator[int]) -> Iterator[Any]:
    """Yield every value that *path* leads to in *document*; raises Unreadable.

    *left* is the count of places, which several paths may share. Only `..` multiplies the work beyond
    measure: within filters it is refused, elsewhere places are counted.
    """
    if len(path) > LONGEST_PATH or ".." in path.partition("?")[2]:
        raise Unreadable("is too much to follow")
    try:
        compiled = STANDARD.compile(path)
        if not isinstance(compiled, JSONPath):
            raise Unreadable("is no JSONPath")
        nodes: Iterable[JSONPathMatch] = [_node(document, document, left)]
        for segment in compiled.segments:
            nodes = segment.resolve(nodes)
        for node in nodes:
            yield node.obj
    except (JSONPathError, RecursionError):
        raise Unreadable("cannot be followed") from None


def _node(obj: object, root: Any, left: Iterator[int]) -> _Node:
    return _Node(filter_context={"left": left}, obj=obj, parent=None, path="", parts=(), root=root)
