"""Every line of our log is a plain sentence, with the ids as fields whose names all lines share."""

import ast
import re
from pathlib import Path

import pytest

import chalicelib
from chalicelib.dialects.routing import IDS_AFTER
from infra.package import ROOT

HOUSE = Path(chalicelib.__file__).parent
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
WORKSHOP = HOUSE / "local"  # it never runs in Lambda

# What a field may be called, and what it means then.
RECORD = ROOT / "infra" / "decisions" / "0022-what-we-say-of-ourselves.md"
VOCABULARY = {
    field
    for row in re.findall(r"^\| (`.*`) \|", RECORD.read_text(), re.MULTILINE)
    for field in re.findall(r"`(\w+)`", row)
}
OF_A_REQUEST = "told()"  # the fields that routing gives to every line about a request


def lines():
    """Yield (where, call) for each line that the code may log."""
    for path in sorted(HOUSE.rglob("*.py")):
        if WORKSHOP in path.parents or path.name == "faults.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and _logs(node.func):
                yield pytest.param(node, id=f"{path.relative_to(HOUSE)}:{node.lineno}")


def _logs(called):
    if isinstance(called, ast.Attribute):
        return isinstance(called.value, ast.Name) and called.value.id == "log" and called.attr in LEVELS
    return isinstance(called, ast.Name) and called.id == "tell"


def fields_of(call):
    """Return the names of the fields that a call spells out."""
    extra = [keyword.value for keyword in call.keywords if keyword.arg == "extra"]
    assert [ast.unparse(one) for one in extra if not isinstance(one, ast.Dict)] in ([], [OF_A_REQUEST])
    spelled = [key.value for value in extra if isinstance(value, ast.Dict) for key in value.keys if key]
    if isinstance(call.func, ast.Name):
        spelled += [keyword.arg for keyword in call.keywords if keyword.arg]
    return spelled


def names_in(values):
    """Return every name and attribute that *values* read."""
    nodes = [node for value in values for node in ast.walk(value)]
    return {node.attr for node in nodes if isinstance(node, ast.Attribute)} | {
        node.id for node in nodes if isinstance(node, ast.Name)
    }


LINES = list(lines())


def test_what_paths_name_is_in_the_vocabulary():
    """What a request's path says goes into fields of the same names."""
    assert {field for field, _ in IDS_AFTER.values()} | {"request_id", "dialect"} <= VOCABULARY


@pytest.mark.parametrize("call", LINES)
def test_ids_are_fields(call):
    """Whatever is an id is a field of the shared vocabulary, and no part of the sentence."""
    assert set(fields_of(call)) <= VOCABULARY
    assert [name for name in names_in(call.args) if name.endswith("_id")] == []


@pytest.mark.parametrize("call", LINES)
def test_no_line_repeats_an_exception(call):
    """Faults of ours are told by `tell` alone: a traceback ends with words that may quote a secret (R392)."""
    if isinstance(call.func, ast.Attribute):
        assert call.func.attr != "exception"
        assert "exc_info" not in {keyword.arg for keyword in call.keywords}
