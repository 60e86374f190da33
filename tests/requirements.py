"""Which requirement is claimed by which tests: `python tests/requirements.py` prints the table.

A test claims a requirement by naming it in its docstring, as (R80) or as a range, (R41-R43).
"""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent
NAMED = re.compile(r"\bR(\d+)(?:\s*[-\N{EN DASH}]\s*R(\d+))?")
LAST = 395  # of the list that the five documents were read into

# What this version promises to serve; a requirement that is added here fails until a test claims it.
PROMISED = frozenset(range(1, LAST + 1))


def claims(tests: Path = TESTS) -> Iterator[tuple[str, str]]:
    """Yield (name, docstring) of every test below *tests*."""
    for path in sorted(tests.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield f"{path.relative_to(tests)}::{node.name}", ast.get_docstring(node) or ""


def named_in(text: str) -> set[int]:
    """Return the numbers of the requirements that *text* names, those inside its ranges included."""
    return {
        number for first, last in NAMED.findall(text) for number in range(int(first), int(last or first) + 1)
    }


def table(tests: Path = TESTS) -> dict[int, list[str]]:
    """Return the tests that claim each requirement."""
    rows: dict[int, list[str]] = defaultdict(list)
    for name, claim in claims(tests):
        for number in named_in(claim):
            rows[number].append(name)
    return dict(sorted(rows.items()))


def main() -> None:
    """Print the table, and what is promised but not claimed."""
    rows = table()
    for number in sorted(PROMISED | rows.keys()):
        promised = " " if number in PROMISED else "*"  # a star: claimed before it is promised
        names = rows.get(number, ["nothing"])
        sys.stdout.write(f"R{number:<4}{promised} {names[0]}\n")
        sys.stdout.writelines(f"{'':7}{name}\n" for name in names[1:])
    sys.stdout.write(f"{len(PROMISED & rows.keys())} of {len(PROMISED)} promised requirements have a test.\n")


if __name__ == "__main__":
    main()
