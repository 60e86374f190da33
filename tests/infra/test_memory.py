"""The record of how much memory each Lambda gets, and why: infra/decisions/0024."""

import json
import re

from infra.package import ROOT
from infra.packaging.sources import STAGE
from tests.bench.sizes import Need, fitting

RECORD = ROOT / "infra" / "decisions" / "0024-memory-by-measurement.md"


def chosen():
    """Return the figures of the table, row by row: memory and timeout, peak, cold and warm."""
    table = RECORD.read_text().partition("**Chosen**")[2]
    rows = re.findall(r"^\| `(\w+)` \| ([\d,| ]+) \|", table, re.MULTILINE)
    return {name: [int(figure.replace(",", "")) for figure in row.split(" | ")] for name, row in rows}


def test_the_record_is_what_is_deployed():
    """The table names every function, with the memory and the timeout that it gets."""
    stages = json.loads((ROOT / ".chalice" / "config.json").read_text())["stages"]
    functions = stages[STAGE]["lambda_functions"].items()
    assert {name: figures[:2] for name, figures in chosen().items()} == {
        name: [made["lambda_memory_size"], made["lambda_timeout"]] for name, made in functions
    }


def test_the_rule_chooses_what_was_chosen():
    """By the rule of the benchmark each function's figures in the table ask for the memory beside them."""
    for name, (memory, _, peak, cold, warm) in chosen().items():
        assert (name, fitting(name, [Need(name, "any", True, peak, cold, warm)])) == (name, memory)
