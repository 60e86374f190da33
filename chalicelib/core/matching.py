"""Which of the things that are wanted are things that there are, and which of them a word means."""

from collections.abc import Hashable, Iterable, Sequence

from chalicelib.core.errors import Invalid

Names = Sequence[Hashable]  # the surest first; None names nothing


def pairs(wanted: Sequence[Names], present: Sequence[Names]) -> list[int | None]:
    """Return for each thing that is *wanted* which of those *present* it is, or None; no two are the same.

    Whoever shares a surer name comes first. Of several that share one the first is the first, and so on.
    """
    found: list[int | None] = [None] * len(wanted)
    free = list(range(len(present)))
    for rank in range(max(map(len, wanted), default=0)):
        for index, names in enumerate(wanted):
            if found[index] is not None or names[rank] is None:
                continue
            match = next((each for each in free if present[each][rank] == names[rank]), None)
            if match is not None:
                found[index] = match
                free.remove(match)
    return found


class Directory:
    """What the things of one sort are called, nearest first: those of a document, then all others."""

    def __init__(self, noun: str, *circles: Iterable[tuple[str, Iterable[str]]]) -> None:
        """Take what one of them is called in a refusal, and (id, names) of each in each circle."""
        self._noun = noun
        self._circles = [[(each, frozenset(names)) for each, names in circle] for circle in circles]

    def find(self, word: str) -> str:
        """Return the id of the one that *word* names; raises Invalid where that is none, or several."""
        for circle in self._circles:
            found = [each for each, names in circle if word in names]
            if len(found) > 1:
                raise Invalid("", f"names several of the {self._noun}; give the id of one")
            if found:
                return found[0]
        raise Invalid("", f"names none of the {self._noun}: {word[:100]}")
