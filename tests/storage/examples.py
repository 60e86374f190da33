"""Specs, states, pings and keys: plain ones, and every kind that hypothesis can think of."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from chalicelib.core.consensus import Answer, Result, Round
from chalicelib.core.monitors import Monitor, Spec, State
from chalicelib.core.routes import Quiet, Rule, Topic
from chalicelib.core.schedules import Cron, Every, OnCalendar
from chalicelib.core.service_levels import Period, Sla
from chalicelib.core.signals import PINGS_PER_MINUTE, Action, Arrival, Ping, minute_of
from chalicelib.core.status import Impact, Kind, Status, Verdict
from chalicelib.core.steps import Cause, Flip
from chalicelib.core.targets import (
    TARGETS,
    Assertion,
    DnsTarget,
    DomainTarget,
    HttpTarget,
    TcpTarget,
    TlsTarget,
    Watch,
)
from chalicelib.core.tenancy import UNLIMITED, Organization, Project
from chalicelib.toolbox import random_id

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
REGIONS = ("eu-west-1", "us-east-1", "ap-southeast-2")

# One engine serves all the examples of a test: each makes up ids of its own.
on_engines = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def a_spec(**changes):
    """Return the spec of Alice's nightly backup, under an id of its own."""
    return replace(
        Spec(
            monitor_id=random_id(),
            project_id="alices-project",
            organization_id="alices",
            created=NOON - DAY,
            badge_key="badge",
            name="Nightly backup",
        ),
        **changes,
    )


def a_state(**changes):
    """Return the state of a monitor that was pinged at noon and is up since an hour."""
    return replace(
        State(
            status=Status.UP,
            since=NOON - HOUR,
            last_ping=NOON,
            look_at=NOON + DAY + HOUR,
            n_pings=7,
            minute=minute_of(NOON),
            in_minute=1,
            arrival_id="arrival-7",
            rev=3,
        ),
        **changes,
    )


def a_ping(monitor_id, n, **changes):
    """Return ping *n* of a monitor, one a second after noon."""
    arrival = replace(Arrival(arrival_id=f"arrival-{n}", action=Action.SUCCESS), **changes)
    return Ping(monitor_id, n, NOON + n * SECOND, arrival.action, arrival)


def a_flip(monitor_id, at=NOON, **changes):
    """Return the flip of a monitor that went down at *at*."""
    flip = Flip(monitor_id, at, Status.UP, Status.DOWN, Cause.TIMEOUT, began=at - HOUR)
    return replace(flip, **changes)


def a_result(region="eu-west-1", verdict=Verdict.UP, **changes):
    """Return what a region found: an answer in 120 ms."""
    return replace(Result(region, verdict, ms=120.0, code=200), **changes)


def a_round(monitor_id, at=NOON, **changes):
    """Return a round of three regions that all found the target up."""
    results = tuple(a_result(region) for region in REGIONS)
    return replace(Round(monitor_id, at, 1, REGIONS, (), results), **changes)


def answers_of(probed):
    """Return a round's results as they come home."""
    named = (probed.monitor_id, probed.at, probed.version, probed.jury, probed.witnesses)
    return [Answer(*named, result) for result in probed.results]


def alices(**changes):
    """Return Alice's organization and her project."""
    organization = Organization("alices", "Alice", "alice", "self_hosted", NOON, "alices-project")
    project = Project(
        "alices-project", "alices", "Alice's servers", "servers", "ping-key", "badge", "secret", NOON
    )
    return organization, replace(project, **changes)


def stored(tools, spec=None, state=None, limit=UNLIMITED):
    """Return a monitor that was stored; Alice's organization must be there."""
    monitor = Monitor(spec or a_spec(), state or a_state())
    tools.commits.add(monitor, limit)
    return monitor


def now_stored(tools, monitor):
    """Return the state that is stored now."""
    return tools.monitors.load(monitor.spec.monitor_id, fresh=True).state


def steady(tools, monitor, now=NOON + SECOND, arrival_id="arrival-8", *, same_minute=True):
    """Send a plain success down the road that reads nothing."""
    return tools.states.count_steady(monitor.spec.monitor_id, arrival_id, now, same_minute=same_minute)


# Ids are always new: hypothesis would draw the same one twice.
ids = st.builds(random_id)
# What DynamoDB can hold as text: everything but lone surrogates.
texts = st.text(st.characters(codec="utf-8"), max_size=60)
long_texts = texts | st.sampled_from(["x" * 10_000, "ß" * 5_000, "🛰️" * 2_000])
slugs = st.text("abcxyz019_-", max_size=100)
moments = st.datetimes(datetime(1970, 1, 2), datetime(2999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 -- UTC by timezones=
spans = st.timedeltas(timedelta(0), timedelta(days=3660))
zones = st.sampled_from(["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Pacific/Chatham"])
schedules = st.one_of(
    st.builds(Every, spans),
    st.builds(Cron, st.sampled_from(["* * * * *", "@daily", "0 0 L * *"]) | texts.filter(bool), zones),
    st.builds(OnCalendar, st.sampled_from(["*:0/5", "Mon 9:00\nTue 10:00 UTC"]) | texts.filter(bool), zones),
)
regions = st.lists(st.sampled_from([*REGIONS, "me-central-1", "sa-east-1"]), unique=True).map(tuple)
small = st.integers(0, 100_000)
few_texts = st.lists(texts, max_size=3).map(tuple)
assertions = st.builds(
    Assertion, st.sampled_from(["body", "header", "json", "certificate"]), texts, texts, texts
)
targets = {
    Kind.HTTP: st.builds(
        HttpTarget,
        url=long_texts,
        method=st.sampled_from(["GET", "HEAD", "POST"]),
        headers=st.lists(st.tuples(texts, texts), max_size=3).map(tuple),
        body=long_texts,
        expected_status=st.sampled_from(["200-299", "200", "200,301,400-499"]),
        assertions=st.lists(assertions, max_size=3).map(tuple),
        redirects=st.integers(0, 10),
        verify_tls=st.booleans(),
    ),
    Kind.TCP: st.builds(TcpTarget, texts, small, texts, texts),
    Kind.DNS: st.builds(
        DnsTarget, texts, st.sampled_from(["A", "AAAA", "MX"]), few_texts, texts, st.booleans()
    ),
    Kind.TLS: st.builds(TlsTarget, texts, small, small),
    Kind.DOMAIN: st.builds(DomainTarget, texts, small),
}
kinds_of_targets = {made: kind for kind, made in TARGETS.items()}
watches = st.builds(
    Watch,
    target=st.one_of(*targets.values()),
    interval=st.sampled_from([10, 15, 30, 60, 300, 86_400]).map(lambda n: n * SECOND),
    timeout=st.integers(1, 60_000).map(lambda n: timedelta(milliseconds=n)),
    regions=regions,
    failure_threshold=st.integers(1, 10),
    recovery_threshold=st.integers(1, 10),
    slow_ms=small,
    slow_ms_in=st.lists(st.tuples(st.sampled_from(REGIONS), small), max_size=3).map(tuple),
    version=small,
)
results = st.builds(
    Result,
    region=st.sampled_from(REGIONS),
    verdict=st.none() | st.sampled_from(Verdict),
    ms=st.none() | st.floats(0, 120_000),
    code=st.none() | st.integers(0, 999),
    error=texts,
    phases=st.dictionaries(
        st.sampled_from(["dns", "connect", "tls", "first_byte"]), st.floats(0, 60_000), max_size=4
    ),
    facts=st.dictionaries(
        texts, texts | small | st.booleans() | st.none() | st.lists(texts, max_size=3), max_size=3
    ),
)


def probed(spec, watch):
    """Return *spec* with *watch*, and the kind that its target has."""
    kind = kinds_of_targets[type(watch.target)] if watch else Kind.HEARTBEAT
    return replace(spec, watch=watch, kind=kind)


times = st.times().map(lambda at: at.replace(second=0, microsecond=0))
rules = st.builds(
    Rule,
    few_texts,
    st.lists(st.sampled_from(Topic), max_size=3).map(tuple),
    st.lists(st.sampled_from(Impact), max_size=3).map(tuple),
)
specs = st.builds(
    probed,
    st.builds(
        a_spec,
        created=moments,
        badge_key=texts,
        name=texts,
        slug=slugs,
        tags=texts,
        desc=long_texts,
        schedule=schedules,
        grace=spans,
        manual_resume=st.booleans(),
        methods=st.sampled_from(["", "POST"]),
        start_kw=texts,
        success_kw=texts,
        failure_kw=texts,
        filter_subject=st.booleans(),
        filter_body=st.booleans(),
        filter_http_body=st.booleans(),
        filter_default_fail=st.booleans(),
        channels=st.lists(st.uuids().map(str), max_size=5).map(tuple),
        channel_kinds=st.lists(st.sampled_from(["EMAIL", "SLACK"]), unique=True).map(tuple),
        tells_recovery=st.booleans(),
        remind_every=st.none() | spans,
        severity=st.sampled_from(Impact),
        policy_id=texts,
        rules=st.lists(rules, max_size=3).map(tuple),
        quiet=st.none() | st.builds(Quiet, times, times, texts, st.sampled_from(Impact)),
        sla=st.none() | st.builds(Sla, st.floats(50, 99.999), st.sampled_from(Period)),
        updated=st.none() | moments,
    ),
    st.none() | watches,
)
states = st.builds(
    State,
    status=st.sampled_from(Status),
    since=st.none() | moments,
    last_ping=st.none() | moments,
    last_start=st.none() | moments,
    last_rid=st.just("") | st.uuids().map(str),
    last_duration=st.none() | spans,
    reprieve=spans,
    look_at=st.none() | moments,
    n_pings=st.integers(0, 10**12),
    minute=st.integers(0, 10**9),
    in_minute=st.integers(0, PINGS_PER_MINUTE),
    arrival_id=st.just("") | st.uuids().map(str),
    has_rules=st.booleans(),
    judged_at=st.none() | moments,
    verdict=st.none() | st.sampled_from(Verdict),
    doubts=st.integers(0, 10),
    doubted_since=st.none() | moments,
    rolled_until=st.none() | moments,
    rev=st.integers(0, 10**9),
)
arrivals = st.builds(
    Arrival,
    arrival_id=st.uuids().map(str),
    action=st.sampled_from(Action),
    rid=st.just("") | st.uuids().map(str),
    exit_status=st.none() | st.integers(0, 255),
    scheme=st.sampled_from(["", "http", "https", "email"]),
    method=st.sampled_from(["", "HEAD", "GET", "POST"]),
    remote_addr=st.just("") | st.ip_addresses().map(str),
    agent=texts,
    body=st.binary(max_size=100) | st.sampled_from([bytes(10_000), b"\xff" * 10_000]),
)
