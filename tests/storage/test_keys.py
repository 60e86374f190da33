from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.errors import Conflict, NotFound, Unauthorized
from chalicelib.core.tenancy import PLANS, ApiKey, Level, Permission, hash_secret
from chalicelib.storage.keys import KeyItem, Keys, Lane
from tests.emulators import at_once
from tests.storage.examples import MINUTE, NOON, SECOND, ids, moments, on_engines, texts
from tests.storage.owned import HASH, a_key

pytestmark = pytest.mark.usefixtures("alice")

UNLIMITED = 100
MET = [{"Code": "TransactionConflict", "Message": ""}, {"Code": "None"}]


@pytest.fixture
def key(tools, alice):
    """Return Alice's key, issued."""
    return issued(tools, a_key(organization_id=alice))


def issued(tools, key):
    """Return *key*, issued."""
    tools.keys.issue(key, UNLIMITED)
    return key


@on_engines
@given(
    key=st.builds(
        ApiKey,
        ids.map(hash_secret),
        texts,
        st.just("alices"),
        st.sampled_from(["", "alices-project"]),
        texts,
        texts,
        st.sampled_from(Level),
        st.sampled_from(Permission),
        st.sampled_from(sorted(PLANS)),
        moments,
    )
)
def test_what_is_issued_comes_back(tools, key):
    """Every fact of a key is told to whoever shows its secret, in any plan."""
    tools.keys.issue(key, 10**6)

    assert Keys().spend(key.secret_hash, Lane.V1, NOON)[0] == replace(key, last_used=NOON)


def test_a_key_is_not_issued_over_another(tools, key):
    """A key whose hash exists is refused, and the first one stays."""
    with pytest.raises(Conflict):
        issued(tools, a_key(plan="free"))

    assert tools.keys.of_owner("alices-project") == [key]


@pytest.mark.usefixtures("key")
def test_an_unknown_key_is_unauthorized(tools):
    """Nobody's secret opens nothing, and leaves nothing behind (R252)."""
    with pytest.raises(Unauthorized):
        tools.keys.spend(hash_secret("guessed"), Lane.V1, NOON)

    assert [item.secret_hash for item in KeyItem.scan()] == [HASH]


@pytest.mark.usefixtures("key")
def test_a_suspended_key_says_so(tools):
    """Whoever decides over a key is told that it is suspended."""
    KeyItem(HASH).update([KeyItem.suspended.set(True)])

    assert tools.keys.spend(HASH, Lane.V1, NOON)[0].suspended


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize("seen", [None, NOON, NOON - MINUTE])
def test_a_revoked_key_is_unauthorized_at_once(tools, seen):
    """A key that was taken back opens nothing, also where this process knew it, and does not come back
    (R69).
    """
    if seen:
        tools.keys.spend(HASH, Lane.V1, seen)
    Keys().revoke(a_key())

    with pytest.raises(Unauthorized):
        tools.keys.spend(HASH, Lane.V1, NOON)

    assert list(KeyItem.scan()) == []


def count_of(tools):
    """Return how many keys Alice's organization has, by its own count, and how many there really are."""
    return tools.organizations.find("alices").n_keys, len(list(KeyItem.scan()))


def test_the_plans_limit_is_exact_for_callers_at_once(tools):
    """Of ten who issue a key at once, as many do as the plan has room for (R68)."""
    keys = [a_key(f"hash-{n}") for n in range(10)]

    outcomes = at_once(10, lambda n: tools.keys.issue(keys[n], 3))

    assert outcomes.count(None) == 3
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 7
    assert count_of(tools) == (3, 3)


@pytest.mark.parametrize("gone", [{"project_id": "gone"}, {"organization_id": "gone"}])
def test_a_key_to_what_is_gone_is_not_issued(tools, gone):
    """Whoever issues a key while its project or organization is deleted is refused, and nothing counts (R40,
    R66).
    """
    with pytest.raises(Conflict):
        issued(tools, a_key(**gone))

    assert count_of(tools) == (0, 0)
    with pytest.raises(NotFound):
        tools.organizations.find("gone")


def test_keys_are_listed_by_what_they_open(tools):
    """A project's keys and an organization's are told apart, each in the order of their creation (R67)."""
    younger, elder = (issued(tools, a_key(str(n), created=NOON + n * SECOND)) for n in (2, 1))
    admin = issued(tools, a_key("admin", project_id="", level=Level.ORGANIZATION))

    assert tools.keys.of_owner("alices-project") == [elder, younger]
    assert tools.keys.of_owner("alices") == [admin]
    tools.keys.spend("admin", Lane.V1, NOON)
    assert [key.last_used for key in tools.keys.of_owner("alices")] == [NOON]


def test_a_key_is_revoked_once(tools, key):
    """Of ten who take a key back at once one does, and one is taken off the count (R69)."""
    issued(tools, a_key("other"))

    outcomes = at_once(10, lambda _: tools.keys.revoke(key))

    assert outcomes.count(None) == 1
    assert {str(outcome) for outcome in outcomes if outcome} == {"API key not found"}
    assert count_of(tools) == (1, 1)


def test_a_key_that_is_in_use_is_revoked_nevertheless(tools, wire, key):
    """Calls with a key write to it: a revocation that meets one is tried again, not taken for done (R69)."""
    wire.refuse("TransactWriteItems", "TransactionCanceledException", CancellationReasons=MET)

    tools.keys.revoke(key)

    assert count_of(tools) == (0, 0)


def test_a_key_that_cannot_be_revoked_is_not_called_missing(tools, wire, key):
    """Where others are always first the key still opens everything, and nobody is told otherwise (R69)."""
    for _ in range(10):
        wire.refuse("TransactWriteItems", "TransactionCanceledException", CancellationReasons=MET)

    with pytest.raises(Conflict):
        tools.keys.revoke(key)

    assert count_of(tools) == (1, 1)
