import json

import pytest

from tests.dialects.broken import answering


def test_a_deployment_is_founded_once(house, say):
    """The keys that are shown open it; whoever comes second is told so, and nothing is made (R8)."""
    told = say("bootstrap", "--name", "Ours", "--json")
    made = json.loads(told.out)
    asked = house.ask("GET", "/v1/organizations", X_Api_Key=made["admin_key"]).json()["organizations"]
    assert [(one["name"], one["slug"]) for one in asked] == [("Ours", "default")]
    projects = house.ask("GET", "/v1/projects", X_Api_Key=made["read_only_key"]).json()["projects"]
    assert [one["id"] for one in projects] == [made["project_id"]]
    assert house.ask("GET", f"/ping/{made['ping_key']}/nightly?create=1").status == 201

    again = say("bootstrap")
    assert (again.status, again.out, again.err.count("\n")) == (2, "", 1)
    assert again.err.startswith("wakeful: this deployment has been founded before")


def test_what_is_founded_is_shown_to_a_person(house, say):
    """A line for each thing, and a word about keeping them (R8)."""
    told = say("bootstrap")
    assert told.status == 0
    assert [line.split()[0] for line in told.out.splitlines()[:-1]] == [*house.foundation.opening]
    assert told.out.endswith("\nKeep what is secret here: it is shown this once.\n")


def test_a_database_that_is_silent_is_told_in_one_sentence(house, say):
    """Without credentials, or in the wrong region, there is no traceback."""
    with answering(house, "TransactWriteItems"):
        told = say("bootstrap")
    assert (told.status, told.out, told.err.count("\n")) == (1, "", 1)
    assert told.err.startswith("wakeful: the database does not answer")


@pytest.mark.parametrize("name", ["", " ", "x" * 101, "a\nb"])
def test_a_name_that_cannot_be_shown_is_wrong_usage(say, name):
    """Exit status 2, with the usage, before anything is touched."""
    told = say("bootstrap", "--name", name)
    assert (told.status, told.out) == (2, "")
    assert told.err.startswith("usage: python -m chalicelib.cli")
