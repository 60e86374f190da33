import msgspec
import pytest

from chalicelib.core.errors import Invalid
from chalicelib.dialects.haspulse import parse
from chalicelib.dialects.haspulse.channels import NewChannel
from chalicelib.dialects.haspulse.maintenance import WindowChanges
from chalicelib.dialects.haspulse.wishes import NewCheck

TYPES = "one of DNS, DOMAIN, HEARTBEAT, HTTP, TCP, TLS"
SOURCES = "one of body, certificate, header, json"
WRONG = [
    (NewCheck, "[]", "body must be an object"),
    (NewCheck, "7", "body must be an object"),
    (NewCheck, "{", "body is not valid JSON"),
    (NewCheck, "", "body is not valid JSON"),
    (NewCheck, "{}", "name is required"),
    (NewCheck, '{"name": 7}', "name must be a string"),
    (NewCheck, '{"name": null}', "name must be a string"),
    (NewCheck, '{"name": "a", "type": "http"}', f"type must be {TYPES}"),
    (NewCheck, '{"name": "a", "graceSeconds": -1}', "graceSeconds must be a whole number from 0 to 86400"),
    (NewCheck, '{"name": "a", "graceSeconds": 0.5}', "graceSeconds must be a whole number from 0 to 86400"),
    (NewCheck, '{"name": "a", "timeoutSeconds": 61}', "timeoutSeconds must be a number from 1 to 60"),
    (NewCheck, '{"name": "a", "slowMs": 0}', "slowMs must be a whole number from 1 to 60000 or null"),
    (NewCheck, '{"name": "a", "alertOnRecovery": 1}', "alertOnRecovery must be true or false"),
    (NewCheck, '{"name": "a", "scheduleValue": []}', "scheduleValue must be a whole number or a string"),
    (NewCheck, '{"name": "a", "tags": "db"}', "tags must be a list"),
    (NewCheck, '{"name": "a", "tags": ["db", 7]}', "tags[1] must be a string"),
    (NewCheck, '{"name": "a", "target": "x"}', "target must be an object"),
    (NewCheck, '{"name": "a", "target": {"headers": {"a": 1}}}', "target.headers[...] must be a string"),
    (
        NewCheck,
        '{"name": "a", "target": {"assertions": [{"source": "x"}]}}',
        f"target.assertions[0].source must be {SOURCES}",
    ),
    (
        NewCheck,
        '{"name": "a", "target": {"assertions": [{"source": "body"}]}}',
        "target.assertions[0].comparison is required",
    ),
    (NewChannel, '{"type": "EMAIL", "name": "a", "config": []}', "config must be an object"),
    (WindowChanges, '{"tags": "db"}', "tags must be a list or null"),
    (WindowChanges, '{"tags": [7]}', "tags[0] must be a string"),
]


@pytest.mark.parametrize(("kind", "body", "sentence"), WRONG)
def test_a_refusal_names_the_field_and_says_what_it_may_be(kind, body, sentence):
    """Letter by letter as requests spell it, however deep it is; choices and bounds are told (R28, R72)."""
    with pytest.raises(Invalid) as refused:
        parse.read(body.encode(), kind)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ({"url": "x" * 2049}, "target.url must be a string of at most 2048 characters"),
        ({"expected": ["x"] * 21}, "target.expected must be a list of at most 20 things"),
        ({"expected": ["x", "x" * 1001]}, "target.expected[1] must be a string of at most 1000 characters"),
    ],
)
def test_what_is_too_long_is_told_how_long_it_may_be(target, sentence):
    """Characters of a text, things in a list (R72)."""
    with pytest.raises(Invalid) as refused:
        parse.read(msgspec.json.encode({"name": "a", "target": target}), NewCheck)
    assert str(refused.value) == sentence
