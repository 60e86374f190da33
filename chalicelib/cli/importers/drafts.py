"""A document that is made of another product's: what of it means something to us, and remarks on the rest."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from chalicelib.cli.planning import HEADER, VERSION
from chalicelib.cli.yaml_text import written
from chalicelib.core.configuration import Entry, spelled


@dataclass
class Draft:
    """A document in the making."""

    channels: list[Entry] = field(default_factory=list)
    checks: list[Entry] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def remark(self, subject: str, text: str) -> None:
        """Keep what a person must know, or do by hand."""
        self.remarks.append(f"{subject}: {text}")

    def text(self, source: str) -> str:
        """Return the document as YAML, the remarks as comments before it."""
        lines = [f"From {source}.", *self.remarks]
        comments = "".join(f"# {_one_line(line)}\n" for line in lines)
        sections = {"channels": self.channels, "checks": self.checks}
        return comments + written({HEADER: VERSION, **{n: each for n, each in sections.items() if each}})


def told(**fields: Any) -> Entry:
    """Return those of *fields* that say something."""
    return {name: value for name, value in fields.items() if value not in (None, "", [], False)}


def seconds(count: float) -> str:
    """Return so many seconds as documents spell a length of time."""
    return spelled(timedelta(milliseconds=round(1000 * count)))


def words(text: str) -> list[str]:
    """Return the words in *text*, each once, as tags."""
    return list(dict.fromkeys(text.split()))


def _one_line(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)
