"""What an answer must satisfy beyond its status; what cannot be told is not satisfied, and it is said why."""

import json
import logging
import operator
import re
from collections.abc import Callable
from itertools import islice
from typing import Any

from chalicelib.core.targets import Assertion
from chalicelib.probes import certificates
from chalicelib.probes.base import quoted
from chalicelib.probes.evidence import Evidence, Untold

NUMBER = re.compile(r"-?\d{1,300}(\.\d{1,300})?([eE][+-]?\d{1,2})?")
MANY = 1_000  # values that a JSON path may find
NUMBERS: dict[str, Callable[[Any, Any], bool]] = {
    "greater": operator.gt,
    "less": operator.lt,
    "at_least": operator.ge,
    "at_most": operator.le,
}
WHAT_IS_WRONG = {
    "equals": "is not",
    "not_equals": "is",
    "contains": "does not contain",
    "not_contains": "contains",
    "matches": "does not match",
    "not_matches": "matches",
    "greater": "is not greater than",
    "less": "is not less than",
    "at_least": "is less than",
    "at_most": "is more than",
}

log = logging.getLogger(__name__)


def fault(assertion: Assertion, evidence: Evidence) -> str:
    """Return why *evidence* does not satisfy *assertion*, in a few words, or nothing where it does."""
    if assertion.source not in SOURCES:
        return f"assertion about {quoted(assertion.source)} is unknown"
    try:
        return SOURCES[assertion.source](assertion, evidence)
    except Untold as reason:
        return str(reason)
    except Exception as error:  # noqa: BLE001  patterns and paths are anybody's, and so is what they are held against
        log.warning("an assertion about %s broke with %s", assertion.source, type(error).__name__)
        return f"assertion about {assertion.source} cannot be evaluated"


def _body(assertion: Assertion, evidence: Evidence) -> str:
    if assertion.comparison == "contains" and assertion.value in evidence.text:
        return ""  # whatever comes after what was read
    evidence.must_be_whole()
    return _text_fault("body", evidence.text, assertion, evidence)


def _header(assertion: Assertion, evidence: Evidence) -> str:
    subject = f"header {assertion.key[:50]}"
    found = evidence.reply.headers.get(assertion.key)
    if assertion.comparison in ("exists", "not_exists"):
        return _existence_fault(subject, assertion, is_there=found is not None)
    if found is None:
        raise Untold(f"{subject} is missing")
    return _text_fault(subject, found, assertion, evidence)


def _json(assertion: Assertion, evidence: Evidence) -> str:
    """Hold every value that the path leads to against the assertion."""
    path = assertion.key[:50]
    values = evidence.values_at(assertion.key)
    if assertion.comparison in ("exists", "not_exists"):
        return _existence_fault(path, assertion, is_there=any(True for _ in values))
    found = list(islice(values, MANY + 1))
    if not found or len(found) > MANY:
        raise Untold(f"{path} is in the body too often" if found else f"{path} is not in the body")
    for value in found:
        if not _is_satisfied(path, value, assertion, evidence):
            return f"{_wrong(path, assertion)} (it is {quoted(_as_text(value))})"
    return ""


def _certificate(assertion: Assertion, evidence: Evidence) -> str:
    if assertion.comparison != "at_least":
        raise Untold(f"assertion {quoted(assertion.comparison)} is unknown for a certificate")
    if not evidence.reply.certificate:
        raise Untold("there is no certificate")
    try:
        end = certificates.not_after(evidence.reply.certificate)
    except ValueError:
        raise Untold("certificate cannot be read") from None
    return certificates.too_early(end, evidence.now, _number("days", assertion.value))


def _text_fault(subject: str, text: str, assertion: Assertion, evidence: Evidence) -> str:
    return "" if _is_satisfied(subject, text, assertion, evidence) else _wrong(subject, assertion)


def _existence_fault(subject: str, assertion: Assertion, *, is_there: bool) -> str:
    if is_there == (assertion.comparison == "exists"):
        return ""
    return f"{subject} is there" if is_there else f"{subject} is missing"


def _wrong(subject: str, assertion: Assertion) -> str:
    return f"{subject} {WHAT_IS_WRONG[assertion.comparison]} {quoted(assertion.value)}"


def _is_satisfied(subject: str, found: Any, assertion: Assertion, evidence: Evidence) -> bool:
    comparison, wanted = assertion.comparison, assertion.value
    if comparison not in WHAT_IS_WRONG:
        raise Untold(f"assertion {quoted(comparison)} is unknown for {subject}")
    if comparison in NUMBERS:
        return NUMBERS[comparison](_number(subject, found), _number("what is wanted", wanted))
    is_so = QUESTIONS[comparison.removeprefix("not_")](found, wanted, evidence)
    return is_so is not comparison.startswith("not_")


def _is_same(found: Any, wanted: str) -> bool:
    """Whether a text, or a value of JSON, is what a person wrote; they may mean 5 or "5" by it."""
    if isinstance(found, str):
        return found == wanted
    try:
        meant = json.loads(wanted)
    except ValueError:
        return False
    return isinstance(found, bool) is isinstance(meant, bool) and bool(found == meant)


def _holds(found: Any, wanted: str) -> bool:
    if isinstance(found, list):
        return any(_is_same(item, wanted) for item in found)
    if isinstance(found, dict):
        return wanted in found
    return wanted in _as_text(found)


def _as_text(found: Any) -> str:
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)


def _number(subject: str, value: Any) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and NUMBER.fullmatch(value.strip()):
        return float(value)
    raise Untold(f"{subject} is no number")


SOURCES: dict[str, Callable[[Assertion, Evidence], str]] = {
    "body": _body,
    "header": _header,
    "json": _json,
    "certificate": _certificate,
}
QUESTIONS: dict[str, Callable[[Any, str, Evidence], bool]] = {
    "equals": lambda found, wanted, _: _is_same(found, wanted),
    "contains": lambda found, wanted, _: _holds(found, wanted),
    "matches": lambda found, wanted, evidence: evidence.matches(wanted, _as_text(found)),
}
