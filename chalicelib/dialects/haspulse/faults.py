"""What is wrong with a body that fits no form, in words that need no source code to understand."""

import re
from typing import Any

import msgspec

from chalicelib.core.errors import Invalid

MISSING = re.compile(r"missing required field `(\w+)`")
PATH = re.compile(r" - at `\$(\S*)`")
STEP = re.compile(r"\.(\w+)|\[")  # into a field, or into one of many
WORDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "a string",
    "bool": "true or false",
    "none": "null",
    "list": "a list",
    "vartuple": "a list",
    "dict": "an object",
    "struct": "an object",
}


def refusal_of(error: msgspec.ValidationError, kind: type[Any]) -> Invalid:
    """Return the refusal that names the field at fault and says what it may be (R28, R72).

    *error* is what msgspec says of a document that is no *kind*.
    """
    text = str(error)
    found = PATH.search(text)
    path = found[1] if found else ""
    missing = MISSING.search(text)
    if missing:
        return Invalid(f"{path}.{missing[1]}".lstrip("."), "is required")
    return Invalid(path.lstrip(".") or "body", f"must be {_wanted(_at(path, kind))}")


def _at(path: str, kind: type[Any]) -> list[Any]:
    """Return the types that may stand at *path* of a *kind*, as msgspec describes them."""
    from msgspec import inspect  # slow: only who makes mistakes pays for it

    present = [inspect.type_info(kind)]
    for step in STEP.finditer(path):
        present = [inner for outer in present for inner in _inside(outer, step[1])]
    return present


def _inside(outer: Any, name: str | None) -> list[Any]:
    """Return the types of the field *name* of *outer*, or of each thing in it."""
    if name:
        inner = [field.type for field in getattr(outer, "fields", ()) if field.encode_name == name]
    else:
        inner = [getattr(outer, of, None) for of in ("item_type", "value_type")]
    return [one for kind in inner if kind for one in getattr(kind, "types", (kind,))]


def _wanted(choices: list[Any]) -> str:
    return " or ".join(_described(choice) for choice in choices)


def _described(choice: Any) -> str:
    values = getattr(choice, "values", None)
    if values:
        return f"one of {', '.join(values)}"
    return WORDS[_word(choice)] + _bounds(choice)


def _word(choice: Any) -> str:
    return type(choice).__name__.removesuffix("Type").lower()


def _bounds(choice: Any) -> str:
    least, most = getattr(choice, "ge", None), getattr(choice, "le", None)
    if least is not None and most is not None:
        return f" from {least} to {most}"
    longest = getattr(choice, "max_length", None)
    if longest is None:
        return ""
    return f" of at most {longest} {'characters' if _word(choice) == 'str' else 'things'}"
