"""What reading costs: calls to DynamoDB, counted at botocore's own door, however many checks there are."""

import json
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from chalicelib import aws
from chalicelib.services.tenancy import found
from chalicelib.storage.monitors import PAGE
from healthchecks.crowd import fill

MANY, TAGGED = 1000, 150


@pytest.fixture(scope="module")
def full(house):
    """Return a project with a thousand checks, 150 of them tagged `db`."""
    foundation = found(house.tools, "Full", house.clock.now)
    fill(house, foundation.project, MANY, TAGGED)
    return foundation


@pytest.fixture
def somebody(alice, full):
    """Return who holds the key of the full project; a call has been made with it before."""
    person = replace(alice, key=full.api_key)
    assert person.get("/api/v3/channels/").status == 200
    return person


@contextmanager
def counting(house):
    """Yield a tally of the calls to DynamoDB inside the block, and the sizes of its batched reads."""
    tally, sizes = Counter(), []
    settings = house.tools.settings
    events = aws.client("dynamodb", settings.region, settings.endpoint_url).meta.events

    def note(model, params, **_):
        tally[model.name] += 1
        if model.name == "BatchGetItem":
            asked = json.loads(params["body"])["RequestItems"]
            sizes.extend(len(table["Keys"]) for table in asked.values())

    events.register("before-call.dynamodb", note)
    try:
        yield tally, sizes
    finally:
        events.unregister("before-call.dynamodb", note)


def pages(house, full):
    """Return how many pages the project's specs take: moto cuts them at a megabyte, as DynamoDB does."""
    with counting(house) as (tally, _):
        assert len(house.tools.monitors.specs_of(full.project.project_id)) == MANY
    return tally["Query"]


def test_listing_a_thousand_checks_is_one_query_and_ten_batched_reads(somebody, full):
    """A list costs the key's write, the pages of one Query, and a batched read for each hundred."""
    expected = pages(somebody.house, full)
    with counting(somebody.house) as (tally, sizes):
        reply = somebody.get("/api/v3/checks/")
    names = [check["name"] for check in reply.json()["checks"]]
    assert names == [f"check {n:03d}" for n in range(MANY)]
    assert tally == {"UpdateItem": 1, "Query": expected, "BatchGetItem": MANY // PAGE}
    assert sizes == [PAGE] * (MANY // PAGE)


def test_a_list_of_a_tag_reads_only_the_states_that_it_shows(somebody, full):
    """Which checks carry a tag is seen in their specs."""
    expected = pages(somebody.house, full)
    with counting(somebody.house) as (tally, sizes):
        assert len(somebody.get("/api/v3/checks/?tag=db").json()["checks"]) == TAGGED
    assert tally == {"UpdateItem": 1, "Query": expected, "BatchGetItem": 2}
    assert sizes == [PAGE, TAGGED - PAGE]


def test_a_list_of_a_slug_reads_only_what_carries_it(somebody):
    """A slug leads to its checks by an index of its own: one spec and one state."""
    with counting(somebody.house) as (tally, sizes):
        found = somebody.get("/api/v3/checks/?slug=check-500").json()["checks"]
    assert [check["name"] for check in found] == ["check 500"]
    assert tally == {"UpdateItem": 1, "Query": 1, "BatchGetItem": 2}
    assert sizes == [1, 1]


def test_a_slug_without_end_is_not_looked_for(somebody):
    """DynamoDB refuses keys of more than 2 kB; no check has such a slug anyway."""
    with counting(somebody.house) as (tally, _):
        assert somebody.get(f"/api/v3/checks/?slug={'x' * 3000}").json() == {"checks": []}
    assert tally == {"UpdateItem": 1}


@pytest.mark.parametrize("tail", ["", "/flips"])
def test_a_unique_key_leads_straight_to_its_check(somebody, full, tail):
    """A unique key costs its pointer and its check, however many others there are."""
    reader = replace(somebody, key=full.read_only_key)
    shown = reader.get("/api/v3/checks/?slug=check-999").json()["checks"][0]
    with counting(somebody.house) as (tally, _):
        assert reader.get(f"/api/v3/checks/{shown['unique_key']}{tail}").status == 200
    assert tally == {"UpdateItem": 1, "GetItem": 1, "Query": 2 if tail else 1}


@pytest.mark.parametrize(("tag", "reads"), [("db", [100, 50]), ("*", [PAGE] * 10)])
def test_a_badge_reads_only_the_states_that_it_shows(somebody, anyone, full, tag, reads):
    """A badge costs its pointer, its project, one Query, and the states of the checks with its tag."""
    addresses = somebody.get("/api/v3/badges/").json()["badges"][tag]
    expected = pages(somebody.house, full)
    with counting(somebody.house) as (tally, sizes):
        reply = anyone.get(urlsplit(addresses["json"]).path)
    assert reply.json()["total"] == sum(reads)
    assert tally == {"GetItem": 2, "Query": expected, "BatchGetItem": len(reads)}
    assert sizes == reads


def test_one_checks_badge_is_a_pointer_and_one_query(somebody, anyone):
    """A single check's badge does not depend on how many others there are."""
    check = somebody.get("/api/v3/checks/").json()["checks"][0]
    with counting(somebody.house) as (tally, _):
        assert anyone.get(urlsplit(check["badge_url"]).path).status == 200
    assert tally == {"GetItem": 1, "Query": 1}


def test_a_forged_badge_reads_no_check(anyone, full):
    """A wrong signature costs its pointer and its project, and no more."""
    with counting(anyone.house) as (tally, _):
        assert anyone.get(f"/badge/{full.project.badge_key}/AAAAAAAA/db.svg").status == 404
    assert tally == {"GetItem": 2}


def test_the_list_of_badges_reads_no_state(somebody, full):
    """Which tags there are is read from the specs alone."""
    expected = pages(somebody.house, full)
    with counting(somebody.house) as (tally, _):
        assert set(somebody.get("/api/v3/badges/").json()["badges"]) == {"prod", "db", "*"}
    assert tally == {"UpdateItem": 1, "GetItem": 1, "Query": expected}


def test_the_status_of_a_workspace_is_its_specs_its_states_and_its_incidents(somebody, full):
    """However many monitors there are, a call more for each hundred, and none for each (R193, R194)."""
    expected = pages(somebody.house, full)
    with counting(somebody.house) as (tally, sizes):
        status = somebody.get("/api/v1/status").json()["data"]
    assert status["heartbeats"]["total"] == MANY
    assert tally == {"UpdateItem": 1, "Query": expected + 1, "BatchGetItem": MANY // PAGE}
    assert sizes == [PAGE] * (MANY // PAGE)
