from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core.findings import RecordSet, Registration, Survey
from chalicelib.messages import SurveyResult
from chalicelib.services import surveying
from indiepulse.asking import MONITORS, NOBODY, STATUS, beating, data, refusal, watched

DAY = timedelta(days=1)
NOTHING = {"domain": None, "dns_baselines": [], "dns_changes": []}
CHECKED = datetime(2027, 2, 15, 5, tzinfo=UTC)
END = datetime(2028, 8, 11, tzinfo=UTC)


def health(person, monitor_id):
    """Return what a person is shown of a monitor's domain."""
    return data(person.get(f"{MONITORS}/{monitor_id}/domain-health"))


def records(record_type, *values, valid=True):
    return RecordSet(record_type, "example.org", values, 300, valid)


def found(person, monitor_id, *seen, at=CHECKED, expires=END):
    """Let a survey of example.org come home."""
    registration = Registration("example.org", "Cloudflare, Inc.", expires, True) if expires else None
    result = SurveyResult(monitor_id, Survey("example.org", at, registration, seen))
    surveying.take(person.house.tools, result, at)


def warned(person, days):
    """Return the id of a new monitor whose domain ends in so many days, and half a day."""
    monitor_id, now = watched(person), person.house.clock.now
    found(person, monitor_id, at=now, expires=now + (days + 0.5) * DAY)
    return monitor_id


def test_the_documents_domain_health(carol):
    """Keys, their order and their forms are the document's; days are whole, rounded down (R173-R175)."""
    shop = watched(carol)
    before = records("MX", "10 a.example.org", "20 b.example.org")
    found(carol, shop, records("A", "93.184.216.34"), before, records("CAA"), at=CHECKED - DAY)
    found(carol, shop, records("MX", "10 c.example.org", valid=None))
    shown = health(carol, shop)
    assert shown == {
        "domain": {
            "monitored_domain": "example.org",
            "registrar": "Cloudflare, Inc.",
            "expiry_date": "2028-08-11T00:00:00Z",
            "days_remaining": 542,
            "transfer_locked": True,
            "check_timestamp": "2027-02-15T05:00:00Z",
        },
        "dns_baselines": [
            {"record_type": "A", "record_values": ["93.184.216.34"], "ttl": 300, "dnssec_valid": True},
            {"record_type": "MX", "record_values": ["10 c.example.org"], "ttl": 300, "dnssec_valid": None},
        ],
        "dns_changes": [
            {
                "record_type": "MX",
                "change_type": "modified",
                "previous_values": ["10 a.example.org", "20 b.example.org"],
                "new_values": ["10 c.example.org"],
            }
        ],
    }
    assert list(shown) == list(NOTHING)
    assert list(shown["domain"]) == [
        *("monitored_domain", "registrar", "expiry_date", "days_remaining", "transfer_locked"),
        "check_timestamp",
    ]


def test_what_comes_and_goes_is_a_change_too(carol):
    """Records that were not there are added, those that are no more are removed; the latest first (R175)."""
    shop = watched(carol)
    for day, seen in enumerate((records("CAA"), records("CAA", '0 issue "ca.example"'), records("CAA"))):
        found(carol, shop, seen, at=CHECKED + day * DAY)
    changes = health(carol, shop)["dns_changes"]
    assert [one["change_type"] for one in changes] == ["removed", "added"]
    assert (changes[0]["new_values"], changes[1]["previous_values"]) == ([], [])
    assert health(carol, shop)["dns_baselines"] == []


@pytest.mark.parametrize(
    "url", ["https://example.org/", "http://93.184.216.34/", "http://[2606:2800:220:1::1]/"]
)
def test_nothing_is_known_of_a_new_target_and_never_of_an_address(alice, url):
    """Before the first survey, and where the target is an address, there is no domain (R176)."""
    assert health(alice, watched(alice, target={"url": url})) == NOTHING


def test_a_heartbeat_has_no_domain(alice):
    """A job has no name that is registered (R176)."""
    assert health(alice, beating(alice)) == NOTHING


def test_without_a_registry_the_records_are_shown(carol):
    """Some registries tell nothing: DNS still does (R176)."""
    shop = watched(carol)
    found(carol, shop, records("A", "93.184.216.34"), expires=None)
    assert health(carol, shop)["domain"] is None
    assert [one["record_type"] for one in health(carol, shop)["dns_baselines"]] == ["A"]


@pytest.mark.parametrize("monitor_id", [NOBODY, "nope"])
def test_the_domain_of_an_unknown_monitor_is_not_found(alice, monitor_id):
    """As the monitor itself (R168)."""
    missing = alice.get(f"{MONITORS}/{monitor_id}/domain-health")
    assert refusal(missing) == (404, "Monitor not found")


def test_the_status_names_what_ends_soon(carol):
    """Names are counted, and those within a month of their end listed, the nearest first (R197)."""
    assert data(carol.get(STATUS))["domains"] == {
        "monitored": 0,
        "all_healthy": True,
        "expiring_soon": [],
    }
    beating(carol)
    watched(carol, target={"url": "http://93.184.216.34/"})
    warned(carol, 300)
    assert data(carol.get(STATUS))["domains"] == {"monitored": 1, "all_healthy": True, "expiring_soon": []}
    later, sooner = warned(carol, 20), warned(carol, 2)
    shown = data(carol.get(STATUS))
    assert shown["domains"] == {
        "monitored": 3,
        "all_healthy": False,
        "expiring_soon": [
            {"domain": "example.org", "days_remaining": 2, "monitor_id": sooner},
            {"domain": "example.org", "days_remaining": 20, "monitor_id": later},
        ],
    }
    assert list(shown)[:3] == ["monitors", "heartbeats", "domains"]


def test_what_was_renewed_is_healthy_again(carol):
    """The incident of its end stays in the history, and says nothing of today (R197)."""
    shop = warned(carol, 20)
    now = carol.house.clock.now
    found(carol, shop, at=now + DAY, expires=now + 400 * DAY)
    assert data(carol.get(STATUS))["domains"] == {"monitored": 1, "all_healthy": True, "expiring_soon": []}
