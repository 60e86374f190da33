import json
from dataclasses import replace
from pathlib import Path

import pytest

from chalicelib.core.tenancy import Permission
from chalicelib.services.keys import KeyWish, issue
from healthchecks.asking import CHECKS, ask, project_of, strictly

DOCUMENTED = json.loads(Path(__file__).with_name("documented.json").read_text())
BACKUPS = b'{"name": "Backups", "tags": "prod www", "timeout": 3600, "grace": 60}'
CURL = {"Content_Type": "application/x-www-form-urlencoded", "User_Agent": "curl/8.5.0"}


@pytest.fixture
def check(alice):
    """Return a new check of Alice's."""
    return alice.check(name="Backups", tags="prod www", timeout=3600, grace=60)


# --- the document's own examples ----------------------------------------------------------------------------


def like(ours, documented):
    """Return the keys that our check has beyond the documented ones, which have the documented types."""
    for key, value in documented.items():
        alike = type(ours[key]) is type(value) or (
            key in ("last_ping", "next_ping") and None in (ours[key], value)
        )
        assert alike, key
    return set(ours) - set(documented)


SHOWN = {"subject", "subject_fail", "filter_http_body", "filter_default_fail", "badge_url"}
EXTRA = SHOWN | {"uuid", "ping_email"}


def test_the_documents_list(carol):
    """Listed checks have the documented keys in the documented order, and a few more (R264-R266, R379)."""
    carol.check(name="Filesystem Backup", timeout=3600, grace=600)
    carol.check(name="Database Backup", schedule="15 5 * * *", tz="UTC", grace=1200)
    listed = strictly(carol.get(CHECKS))
    assert list(listed) == ["checks"]
    for ours, documented in zip(listed["checks"], DOCUMENTED["list"]["checks"], strict=True):
        assert like(ours, documented) == EXTRA
        assert [key for key in ours if key in documented] == list(documented)


def test_the_documents_read_only_list(carol, house):
    """So have those that a read-only key sees (R276)."""
    carol.check(timeout=3600)
    carol.check(schedule="15 5 * * *")
    project = project_of(carol)
    organization = house.tools.organizations.find(project.organization_id)
    wish = KeyWish("ro", "hcr_", permission=Permission.READ)
    key = issue(house.tools, organization, project.project_id, wish, house.clock.now).secret
    listed = strictly(replace(carol, key=key).get(CHECKS))
    for ours, documented in zip(listed["checks"], DOCUMENTED["list_read_only"]["checks"], strict=True):
        assert like(ours, documented) == SHOWN
        assert [key for key in ours if key in documented] == list(documented)


def test_the_documents_single_check(alice, reader):
    """A single check is told as in the list (R278, R280)."""
    check = alice.check(schedule="15 5 * * *", tz="UTC")
    assert like(strictly(ask(alice, "show", check["uuid"])), DOCUMENTED["single"]) == EXTRA
    read_only = strictly(ask(reader, "show", check["uuid"]))
    assert like(read_only, DOCUMENTED["single_read_only"]) == SHOWN


def documented(name, uuid):
    """Return an example's answer as it would be for the check *uuid*."""
    theirs = DOCUMENTED[name]["ping_url"].rpartition("/")[2]
    return json.loads(json.dumps(DOCUMENTED[name]).replace(theirs, uuid)) | {"slug": ""}


@pytest.mark.parametrize("key_in", ["header", "body"])
def test_the_documents_create(alice, anyone, key_in):
    """The example's two curl commands are answered 201 with the example's own answer (R250, R260, R284)."""
    if key_in == "header":
        answer = alice.post(CHECKS, BACKUPS, **CURL)
    else:
        answer = anyone.post(CHECKS, json.loads(BACKUPS) | {"api_key": alice.key}, **CURL)
    ours = strictly(answer)
    assert answer.status == 201
    assert ours | documented("created", ours["uuid"]) == ours
    assert set(ours) - set(DOCUMENTED["created"]) == EXTRA


@pytest.mark.parametrize("key_in", ["header", "body"])
def test_the_documents_update(alice, anyone, key_in):
    """The example's two curl commands update, and are answered 200 (R260, R324, R330)."""
    check = alice.check(name="Before", timeout=120)
    if key_in == "header":
        answer = ask(alice, "update", check["uuid"], BACKUPS, **CURL)
    else:
        answer = ask(anyone, "update", check["uuid"], json.loads(BACKUPS) | {"api_key": alice.key}, **CURL)
    ours = strictly(answer)
    assert answer.status == 200
    assert ours | documented("updated", check["uuid"]) == ours
    assert alice.see(check) == ours


def test_the_documents_pause_and_resume(alice, check):
    """With curl --data "" one pauses and resumes, with the example's own answers (R262, R331, R335)."""
    for name in ("pause", "resume"):
        answer = ask(alice, name, check["uuid"], b"", **CURL, Content_Length="0")
        assert answer.status == 200
        assert strictly(answer) | documented(f"{name}d", check["uuid"]) == answer.json()


def test_the_documents_delete(alice, check):
    """Deleting answers 200 with the check that was (R338)."""
    answer = ask(alice, "delete", check["uuid"])
    assert answer.status == 200
    assert strictly(answer) | documented("deleted", check["uuid"]) == answer.json()
