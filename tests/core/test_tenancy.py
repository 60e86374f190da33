from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lives import BIRTH

from chalicelib.core.tenancy import PLANS, UNLIMITED, ApiKey, Caller, Level, Permission, Quota, hash_secret

KEY = ApiKey(
    hash_secret("hcw_secret"),
    "k-1",
    "o-1",
    "p-1",
    "read-write",
    "hcw_secr",
    Level.PROJECT,
    Permission.WRITE,
    "free",
    BIRTH,
)
LEFT = Quota(100, 99, BIRTH)


@pytest.mark.parametrize(("permission", "may"), [(Permission.WRITE, True), (Permission.READ, False)])
def test_only_a_read_write_key_may_write(permission, may):
    """What a key may do is its permission, not its prefix (R256, R258)."""
    assert Caller(replace(KEY, permission=permission), "p-1", LEFT).may_write is may


def test_a_caller_has_its_keys_plan():
    """The plan travels with the key, so that a call reads nothing more."""
    assert Caller(KEY, "p-1", LEFT).plan is PLANS["free"]


@pytest.mark.parametrize(
    ("name", "checks", "pings_kept", "per_minute", "per_minute_v3", "per_day"),
    [
        ("self_hosted", UNLIMITED, 1000, 100, 1000, None),
        ("free", 20, 100, 100, 1000, None),
        ("hacker", UNLIMITED, 1000, 60, 60, 5_000),
        ("maker", UNLIMITED, 1000, 120, 120, 20_000),
        ("founder", UNLIMITED, 1000, 300, 300, 100_000),
    ],
)
def test_plans_allow_what_the_documents_promise(name, checks, pings_kept, per_minute, per_minute_v3, per_day):
    """20 checks for a free account, 100 calls a minute under /v1, and so on (R79, R323)."""
    plan = PLANS[name]
    assert (plan.checks, plan.pings_kept) == (checks, pings_kept)
    assert (plan.per_minute, plan.per_minute_v3, plan.per_day) == (per_minute, per_minute_v3, per_day)


def test_a_secret_is_kept_as_its_hash():
    """Of a key only the SHA-256 is stored (R393)."""
    assert KEY.secret_hash == sha256(b"hcw_secret").hexdigest()
    assert "hcw_secret" not in repr(KEY)


@given(st.text(st.characters()))
def test_any_text_has_a_hash(text):
    """Whatever a stranger sends as a key can be looked up, even text that is no Unicode."""
    assert len(hash_secret(text)) == 64


def test_half_a_letter_has_a_hash():
    """JSON can carry lone surrogates; they open nothing and break nothing (R253)."""
    assert hash_secret("\ud800") != hash_secret("\udfff")
