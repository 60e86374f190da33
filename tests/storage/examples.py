"""Specs, states, pings and keys: plain ones, and every kind that hypothesis can think of."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from chalicelib.core.monitors import Monitor, Spec, State
from chalicelib.core.schedules import Cron, Every, OnCalendar
from chalicelib.core.signals import PINGS_PER_MINUTE, Action, Arrival, Ping, minute_of
from chalicelib.core.status import Status
from chalicelib.core.steps import Cause, Flip
from chalicelib.core.tenancy import UNLIMITED, Organization, Project
from chalicelib.toolbox import random_id

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

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
specs = st.builds(
    a_spec,
    project_id=ids,
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
