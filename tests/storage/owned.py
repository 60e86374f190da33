"""What Alice's project owns besides monitors: channels, windows, incidents, keys, a trail; all plain."""

from dataclasses import replace

from hypothesis import strategies as st

from chalicelib.core.alerts import Channel
from chalicelib.core.audits import Entry
from chalicelib.core.incidents import Incident, Stage, Update, identify
from chalicelib.core.maintenance import Window
from chalicelib.core.tenancy import ApiKey, Level, Permission, hash_secret
from chalicelib.toolbox import random_id
from tests.storage.examples import HOUR, NOON, SECOND, texts

HASH = hash_secret("hcw_secret")

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)


def a_channel(**changes):
    """Return Alice's webhook, under an id of its own."""
    channel = Channel(
        random_id(), "alices-project", "webhook", "Pager", {"url": "https://a.example/hook"}, NOON
    )
    return replace(channel, **changes)


def a_window(**changes):
    """Return an hour of maintenance of all that Alice has, under an id of its own."""
    window = Window(random_id(), "alices-project", "New disks", NOON, NOON + HOUR, NOON - HOUR)
    return replace(window, **changes)


def an_incident(**changes):
    """Return an incident that began at noon; its id sorts by *created*."""
    incident = Incident("", "alices-project", "alices", "Shop is down", NOON, monitors=("shop",))
    incident = replace(incident, **changes)
    return replace(incident, incident_id=incident.incident_id or identify(incident.created, random_id()))


def an_update(incident, at=NOON, message="We look into it.", **changes):
    """Return a line of the incident's timeline; its id sorts by *at*."""
    update_id = identify(at, random_id())
    return replace(Update(update_id, incident.incident_id, at, Stage.INVESTIGATING, message, "ci"), **changes)


def a_key(secret_hash=HASH, plan="self_hosted", **changes):
    """Return a read-write key of Alice's project."""
    key = ApiKey(
        secret_hash,
        "key-1",
        "alices",
        "alices-project",
        "ci",
        "hcw_secr",
        Level.PROJECT,
        Permission.WRITE,
        plan,
        NOON,
    )
    return replace(key, **changes)


def an_entry(n=0, **changes):
    """Return the change that was made *n* seconds after noon."""
    at = NOON + n * SECOND
    entry = Entry(
        identify(at, str(n)), "alices", "alices-project", at, "key-1", "ci", "check.paused", f"job-{n}"
    )
    return replace(entry, **changes)
