import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.audits import Entry
from chalicelib.storage.audits import RETENTION, AuditItem
from tests.storage.examples import NOON, ids, moments, on_engines, texts
from tests.storage.owned import an_entry, json_values


@on_engines
@given(
    entry=st.builds(
        Entry,
        ids,
        ids,
        texts,
        moments,
        texts,
        texts,
        texts,
        texts,
        texts,
        st.dictionaries(texts, json_values, max_size=3),
    )
)
def test_every_change_comes_back(tools, entry):
    """Who, what, when, by which key, and which fields were given: all of it is kept."""
    tools.audits.add(entry)

    assert tools.audits.before(entry.organization_id, "", 10) == [entry]


@pytest.fixture
def trail(tools):
    """Return five changes of Alice's, the newest first; Bob made one meanwhile."""
    entries = [an_entry(n) for n in range(5)]
    for entry in entries:
        tools.audits.add(entry)
    tools.audits.add(an_entry(2, organization_id="bobs"))
    return entries[::-1]


def test_a_trail_is_read_backwards_page_by_page(tools, trail):
    """Each page goes on where the one before ended, and Bob's changes are nobody else's business."""
    first = tools.audits.before("alices", "", 2)
    second = tools.audits.before("alices", first[-1].entry_id, 2)
    third = tools.audits.before("alices", second[-1].entry_id, 2)

    assert [first, second, third] == [trail[:2], trail[2:4], trail[4:]]
    assert tools.audits.before("alices", trail[-1].entry_id, 2) == []


@pytest.mark.usefixtures("trail")
def test_a_change_is_kept_for_400_days(tools):
    """After that DynamoDB deletes it."""
    tools.audits.add(an_entry())

    item = AuditItem.get("alices", an_entry().entry_id)
    assert item.expires_at == NOON + RETENTION
    assert RETENTION.days == 400
