from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.errors import NotFound
from chalicelib.core.monitors import create
from chalicelib.settings import enforce
from chalicelib.storage.audits import AuditItem
from chalicelib.storage.deliveries import DeliveryItem
from chalicelib.storage.findings import FindingItem
from chalicelib.storage.flips import FlipItem
from chalicelib.storage.incidents import IncidentItem
from chalicelib.storage.keys import KeyItem
from chalicelib.storage.monitors import SpecItem
from chalicelib.storage.organizations import OrganizationItem
from chalicelib.storage.pings import PingItem
from chalicelib.storage.projects import ReservationItem
from chalicelib.storage.remnants import TraceItem
from chalicelib.storage.rollups import RollupItem
from chalicelib.storage.rounds import RoundItem
from chalicelib.storage.states import StateItem
from chalicelib.storage.tables import EpochAttribute, ExpiryAttribute, SpanAttribute, shard_of
from chalicelib.storage.ticks import TickItem
from chalicelib.storage.windows import WindowItem
from tests.emulators import create_tables, tables
from tests.storage.examples import SECOND, a_spec, alices, moments, spans, stored

MODELS = [
    SpecItem,
    StateItem,
    PingItem,
    FlipItem,
    RoundItem,
    RollupItem,
    OrganizationItem,
    ReservationItem,
    WindowItem,
    TraceItem,
    IncidentItem,
    AuditItem,
    FindingItem,
    KeyItem,
    DeliveryItem,
    TickItem,
]


def templated(model):
    """Return what the template that deploys says of the table of *model*."""
    return next(made for made in tables() if made["TableName"] == f"wakeful-{model.short_name}")


def keys(schema):
    """Return which attribute is which key."""
    return {key["KeyType"]: key["AttributeName"] for key in schema}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_model_knows_its_table_as_it_is_deployed(model):
    """Keys and indexes, with their order and what they project, are in the template as in the model."""
    schema, table = model._get_schema(), templated(model)
    indexes = {index["IndexName"]: index for index in table.get("GlobalSecondaryIndexes", [])}

    assert keys(schema["key_schema"]) == keys(table["KeySchema"])
    for index in schema["global_secondary_indexes"]:
        deployed = indexes[index["index_name"]]
        assert keys(index["key_schema"]) == keys(deployed["KeySchema"])
        assert index["projection"] == deployed["Projection"]


def test_every_deployed_index_has_a_model():
    """No index is paid for that nobody reads."""
    known = {
        (model.short_name, index["index_name"])
        for model in MODELS
        for index in model._get_schema()["global_secondary_indexes"]
    }
    deployed = {
        (table["TableName"].removeprefix("wakeful-"), index["IndexName"])
        for table in tables()
        for index in table.get("GlobalSecondaryIndexes", [])
    }

    assert known == deployed


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_what_expires_is_really_deleted(model):
    """A table whose items carry the moment of their end has time to live switched on for it."""
    expires = any(isinstance(attribute, ExpiryAttribute) for attribute in model.get_attributes().values())
    ttl = templated(model).get("TimeToLiveSpecification")

    assert not expires or ttl == {"AttributeName": "expires_at", "Enabled": True}


@given(a=moments, b=moments)
def test_moments_keep_their_order_and_their_microseconds(a, b):
    """Stored moments come back to the microsecond and sort as the moments do."""
    kept = EpochAttribute()

    assert kept.deserialize(kept.serialize(a)) == a
    assert (int(kept.serialize(a)) < int(kept.serialize(b))) == (a < b)


@given(span=spans)
def test_spans_keep_their_microseconds(span):
    """Stored lengths of time come back to the microsecond."""
    kept = SpanAttribute()

    assert kept.deserialize(kept.serialize(span)) == span


@given(moment=moments.filter(lambda moment: moment.year < 2200))
def test_expiry_is_told_in_whole_seconds(moment):
    """Time to live is told in seconds since 1970, never later than meant and less than one too early."""
    kept = ExpiryAttribute()

    assert 0 * SECOND <= moment - kept.deserialize(kept.serialize(moment)) < SECOND


@given(key=st.text(), shards=st.integers(1, 64))
def test_a_key_belongs_to_one_shard(key, shards):
    """A key's shard is the same at every call, in every process, and one of those there are."""
    assert shard_of(key, shards) == shard_of(key, shards) in range(shards)


def test_shards_are_the_same_in_every_process():
    """The shard is derived from the id alone: another release of Python must find what this one stored."""
    assert [shard_of(key, 16) for key in ("a", "b", "c", "7c2f")] == [3, 9, 15, 1]


def test_deployments_do_not_see_each_other(engine, tools):
    """One process may serve a second deployment, under another prefix, in tables of its own."""
    harbour = replace(engine.settings, prefix="harbour")
    create_tables(harbour)
    tools.projects.found(*alices())
    job = stored(tools)

    enforce(harbour)
    with pytest.raises(NotFound):
        tools.monitors.load(job.spec.monitor_id)
    tools.projects.found(*alices())
    stored(tools, create(replace(a_spec(), monitor_id=job.spec.monitor_id, name="Harbour")).spec)

    enforce(engine.settings)
    assert tools.monitors.load(job.spec.monitor_id) == job
