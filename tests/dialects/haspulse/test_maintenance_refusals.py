from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.services.maintenance import MOST
from chalicelib.storage.windows import WindowItem
from haspulse.anything import documents, patiently, texts
from haspulse.asking import NOBODY, refusal
from haspulse.tenants import MAINTENANCE, NIGHT, ODD_IDS, PROJECTS, SECOND, invalid, made

WISH = {"title": "changed"}  # suits every method
ONE = ("GET", "PATCH", "DELETE")


@pytest.fixture(scope="module")
def shared(acme):
    """Return the path of a window that nobody changes."""
    return f"{MAINTENANCE}/{made(acme.writer, MAINTENANCE, title='Shared', **NIGHT)['id']}"


BAD = [
    ({"title": ""}, "title"),
    ({"title": "x" * 201}, "title"),
    ({"title": 7}, "title"),
    ({"description": "x" * 2001}, "description"),
    ({"description": "a\x00"}, "description"),
    ({"startsAt": ""}, "startsat"),
    ({"startsAt": "tomorrow"}, "startsat"),
    ({"startsAt": 1780351200}, "startsat"),
    ({"startsAt": "2026-06-01T22:00:00"}, "startsat"),
    ({"startsAt": "2026-06-01"}, "startsat"),
    ({"startsAt": "2026-13-01T22:00:00Z"}, "startsat"),
    ({"startsAt": "0001-01-01T00:00:00+14:00"}, "startsat"),
    ({"endsAt": "9999-12-31T23:59:59-14:00"}, "endsat"),
    ({"endsAt": NIGHT["startsAt"]}, "endsat"),
    ({"endsAt": "2026-06-01T21:00:00Z"}, "endsat"),
    ({"endsAt": "2027-06-01T21:00:00Z"}, "endsat"),
    ({"checkIds": [NOBODY]}, "checkids"),
    ({"checkIds": ["x"]}, "checkids"),
    ({"checkIds": NOBODY}, "checkids"),
    ({"checkIds": [f"00000000-0000-4000-8000-{n:012}" for n in range(101)]}, "checkids"),
    ({"tags": [""]}, "tags"),
    ({"tags": ["two words"]}, "tags"),
    ({"tags": ["x" * 51]}, "tags"),
    ({"tags": [str(n) for n in range(21)]}, "tags"),
    ({"tags": "db"}, "tags"),
    ({"timezone": "Mars/Phobos"}, "timezone"),
    ({"timezone": ""}, "timezone"),
    ({"timezone": "../etc"}, "timezone"),
    ({"recurrence": "weekly"}, "recurrence"),
    ({"recurrence": "FREQ=SECONDLY"}, "recurrence"),
    ({"recurrence": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "recurrence"),
    ({"recurrence": "FREQ=DAILY;" + "X" * 300}, "recurrence"),
    ({"recurrence": 7}, "recurrence"),
    (b"[]", "object"),
    (b"{", "body"),
]


@pytest.mark.parametrize(("wish", "named"), BAD, ids=lambda value: str(value)[:50])
def test_what_is_invalid_is_told_and_not_stored(acme, shared, wish, named):
    """400 with the field named, whether it is new or a change (R58, R60, R71, R72)."""
    before = acme.writer.get(shared).json()
    new = {"title": "x", **NIGHT, **wish} if isinstance(wish, dict) else wish
    assert named in invalid(acme.writer.post(MAINTENANCE, new))
    assert named in invalid(acme.writer.ask("PATCH", shared, wish))
    assert acme.writer.get(shared).json() == before
    assert acme.writer.get(MAINTENANCE).json()["total"] == 1


@pytest.mark.parametrize("name", ["title", "startsAt", "endsAt"])
def test_what_must_be_given_is_named(acme, shared, name):
    """400 (R58, R72)."""
    wish = {"title": "x", **NIGHT}
    for without in ({field: wish[field] for field in wish if field != name}, wish | {name: None}):
        assert name.lower() in invalid(acme.writer.post(MAINTENANCE, without))
    assert acme.writer.get(shared).status == 200


def test_a_project_has_so_many_windows(house, ours):
    """Whoever announces something reads them all: one more is refused (R58)."""
    window = made(ours.writer, MAINTENANCE, title="x", **NIGHT)
    now = house.clock.now
    with WindowItem.batch_write() as batch:
        for n in range(1, MOST):
            batch.save(
                WindowItem(ours.project_id, f"window#{n}", title="x", starts=now, ends=now, created=now)
            )
    refused = ours.writer.post(MAINTENANCE, {"title": "one more", **NIGHT})
    assert refusal(refused)[:2] == (403, "LIMIT_EXCEEDED")
    assert ours.writer.ask("DELETE", f"{MAINTENANCE}/{window['id']}").status == 204
    assert ours.writer.post(MAINTENANCE, {"title": "instead", **NIGHT}).status == 201


def test_a_check_of_another_project_is_none_of_ours(ours, acme):
    """Neither another organization's, nor that of another project of the same (R7, R58)."""
    theirs = acme.writer.check(name="theirs")["uuid"]
    second = made(ours.admin, PROJECTS, name="Second")["id"]
    check = ours.admin.post("/api/v3/checks/", {"name": "x"}, X_Project_Id=second).json()["uuid"]
    for person in (ours.writer, ours.admin):
        for check_id in (theirs, check):
            wish = {"title": "x", "checkIds": [check_id], **NIGHT}
            assert "checkids" in invalid(person.post(MAINTENANCE, wish))


@pytest.mark.parametrize("code", [*ODD_IDS, NOBODY + "@1"])
def test_an_absent_window_is_not_found(acme, code):
    """However odd the id (R57, R75)."""
    for method in ONE:
        answer = acme.writer.ask(method, f"{MAINTENANCE}/{code}", WISH)
        assert refusal(answer) == (404, "NOT_FOUND", "Maintenance window not found")


moments = st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat) | texts
years = st.datetimes(datetime(2026, 1, 1), datetime(2026, 2, 1)).map(lambda moment: moment.isoformat() + "Z")  # noqa: DTZ001
wishes = st.fixed_dictionaries(
    {"title": st.just("x") | documents, "startsAt": years | moments, "endsAt": years | moments},
    optional={
        "timezone": st.sampled_from(["Europe/Berlin", "UTC"]) | documents,
        "recurrence": st.sampled_from(["FREQ=DAILY", "FREQ=MONTHLY;BYMONTHDAY=31"]) | documents,
        "tags": documents,
        "description": documents,
    },
)


@patiently
@given(wish=wishes | documents)
def test_any_json_makes_a_window_or_is_refused(house, ours, wish):
    """201 or 400, and what was made can be seen again (R58, R72)."""
    house.clock.now += 60 * SECOND
    answer = ours.writer.post(MAINTENANCE, wish)
    assert answer.status in (201, 400)
    if answer.status == 201:
        assert ours.writer.get(f"{MAINTENANCE}/{answer.json()['id']}").json() == answer.json()
