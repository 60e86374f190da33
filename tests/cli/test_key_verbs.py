import json

import pytest

NOBODY = "00000000-0000-4000-8000-000000000000"


def issued(key, *arguments):
    """Return what the API says of a new key."""
    return json.loads(key("issue", *arguments, "--json").out)


def shown(told):
    """Return the fields that a command showed, a line each."""
    return dict(line.split(maxsplit=1) for line in told.out.splitlines() if "  " in line)


def test_a_key_is_issued_and_opens_at_once(key, stack, say):
    """It is shown once, with a word about that, and works on the API (R8, R68)."""
    told = key("issue", "ci")
    fields = shown(told)
    assert (told.status, told.err) == (0, "")
    assert (fields["name"], fields["level"], fields["permission"]) == ("ci", "PROJECT", "WRITE")
    assert fields["projectId"] == stack.foundation.project.project_id
    assert fields["key"].startswith("hp_")
    assert told.out.endswith("\nKeep what is secret here: it is shown this once.\n")
    assert say("--key", fields["key"], "monitor", "list").status == 0
    assert fields["key"] not in key("list").out


def test_everything_may_be_said_of_a_key(key, stack):
    """How far it reaches, what it may do, what it opens, and whose it looks like (R68)."""
    wide = issued(key, "all", "--level", "organization", "--permission", "read")
    project_id = stack.foundation.project.project_id
    narrow = issued(key, "one", "--project", project_id, "--style", "healthchecks", "--permission", "read")
    assert (wide["apiKey"]["level"], wide["apiKey"]["projectId"]) == ("ORGANIZATION", None)
    assert wide["apiKey"]["permission"] == "READ"
    assert narrow["apiKey"]["projectId"] == project_id
    assert narrow["fullKey"].startswith("hcr_")


def test_keys_are_listed_without_what_is_secret(key):
    """A line for each, its columns aligned (R67)."""
    made = issued(key, "listed")
    heading, *lines = key("list").out.splitlines()
    [line] = [line for line in lines if line.startswith(made["apiKey"]["id"])]
    assert heading.split()[:2] == ["ID", "NAME"]
    assert line.index("PROJECT") == heading.index("LEVEL")
    assert made["apiKey"]["keyPrefix"] in line


def test_a_revoked_key_opens_nothing(key, say):
    """From then on it is as if it had never been (R69)."""
    made = issued(key, "short-lived")
    key_id = made["apiKey"]["id"]
    assert key("revoke", key_id) == (0, f"{key_id} opens nothing any more.\n", "")
    assert say("--key", made["fullKey"], "monitor", "list").status == 1
    assert key("revoke", key_id) == (1, "", "wakeful: API key not found\n")


def test_a_refusal_is_the_server_s_own_sentence(key):
    """A style that there is not, and a project that there is not (R72, R75)."""
    refused = key("issue", "ci", "--style", "morse")
    assert (refused.status, refused.out) == (1, "")
    assert refused.err.startswith("wakeful: style must be one of haspulse, ")
    assert key("issue", "ci", "--project", NOBODY).err == "wakeful: Project not found\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("key",),
        ("key", "issue"),
        ("key", "issue", "ci", "--level", "galaxy"),
        ("key", "issue", "ci", "--level", "organization", "--project", NOBODY),
        ("key", "revoke", ""),
    ],
)
def test_wrong_usage_is_told_before_anything_is_asked(say, arguments):
    """Exit status 2, with the usage; neither a deployment nor AWS is needed to find out."""
    told = say(*arguments)
    assert (told.status, told.out) == (2, "")
    assert told.err.startswith("usage: python -m chalicelib.cli")
