"""A domain is surveyed every day: what DNS says is compared, and of its end people are warned in time."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core.alerts import Alert, Reason
from chalicelib.core.errors import NotFound
from chalicelib.core.findings import RecordSet, Survey
from chalicelib.core.status import Impact
from chalicelib.core.targets import HttpTarget
from chalicelib.local.house import built
from chalicelib.messages import SurveyTick, to_text
from chalicelib.services import registrations, surveying
from chalicelib.storage.findings import FindingItem
from tests.stories.faults import REFUSED, on_the_wire
from tests.stories.neighbours import empty_queues_answer_at_once, queue_of, receiving
from tests.stories.surveys import DAY, World
from tests.stories.telling import INCIDENTS, MINUTE, asked, pass_to

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def house():
    """Return one house for all of these stories: each has a domain of its own."""
    with built() as alices, empty_queues_answer_at_once():
        yield alices


@pytest.fixture(scope="module")
def receiver(house):
    """Return who hears of everything in Alice's project."""
    with receiving(house.clock) as peer:
        yield peer


@pytest.fixture(scope="module")
def world(house, receiver):
    """Return what surveys see."""
    return World(house, receiver.url + "/")


def mx(*values):
    return RecordSet("MX", "mail.example", values, 300, True)


def told(world, delivery):
    """Return the alert that a line of the log becomes."""
    blank = Alert(delivery.delivery_id, Reason.TEST, world.house.clock(), "", "", "Alice's project")
    _, name, which = delivery.story.split("#")
    return registrations.of_domain(world.house.tools, blank, (name, which), world.house.clock())


def test_a_new_target_is_surveyed_at_once_and_every_day(world):
    """On creation, within the hour to be sure, and from then on daily; pausing changes nothing (R173)."""
    world.ordered.clear()
    probe = world.watch("www.daily.example", 300)
    assert [(order.host, order.domain) for order in world.ordered] == [("www.daily.example", "")]
    known = world.known(probe)
    assert (known.registration.domain, known.registration.registrar) == ("daily.example", "Names & Co")
    assert known.days_remaining == 300
    probe.ask("POST", "pause")
    begun = world.house.clock()
    for day in range(3):
        world.ordered.clear()
        pass_to(world.house, begun.replace(minute=0, second=0) + HOUR + day * DAY)
        pass_to(world.house, world.house.clock() + 2 * HOUR)
        assert [(order.host, order.domain) for order in world.ordered] == [
            ("www.daily.example", "daily.example")
        ]
    assert world.known(probe).days_remaining == 297


def test_a_survey_that_could_not_be_ordered_comes_within_the_hour(world):
    """The queue is away as a monitor is made: that it is due is noted with the monitor itself."""
    with on_the_wire(world.house) as wire, wire.enter("here"):
        wire.spoil(REFUSED, lambda call: "SurveyOrder" in str(call) or '"host"' in str(call.arguments))
        probe = world.watch("lost.example", 300)
    assert wire.spoiled
    assert world.known(probe).checked is None
    world.live(1)
    assert world.known(probe).registration.domain == "lost.example"


def test_each_threshold_is_told_once(world):
    """In forty days people are warned 30, 14, 7, 3 and 1 days before the end: five lines of one incident."""
    probe = world.watch("ends.example", 32.5)
    warned_at = {}
    for _ in range(40):
        for threshold in world.warnings(probe):
            warned_at.setdefault(threshold, world.known(probe).days_remaining)
        world.live(1)
    assert warned_at == {"30": 30, "14": 14, "7": 7, "3": 3, "1": 1}
    assert world.warnings(probe) == list(warned_at)
    assert {line.reason for line in world.told(probe)} == {"expiring"}
    incident = world.incident(probe)
    assert (incident["title"], incident["impact"]) == ("ends.example expires in 1 day", "MAJOR")
    assert (incident["autoCreated"], incident["status"]) == (True, "INVESTIGATING")
    assert len(world.timeline(probe)) == 5
    assert world.timeline(probe)[0].startswith("The registration with Names & Co ends on 2026-")


def test_what_is_found_late_is_told_once(world):
    """A domain that ends in five days when somebody begins to watch it is one warning, of a week."""
    probe = world.watch("late.example", 5.5)
    assert world.warnings(probe) == ["7"]
    assert world.incident(probe)["title"] == "late.example expires in 5 days"
    assert world.incident(probe)["impact"] == "MINOR"
    world.live(1)
    assert world.warnings(probe) == ["7"]
    world.live(1)
    assert (world.warnings(probe), world.incident(probe)["impact"]) == (["7", "3"], "MAJOR")


def test_a_silent_registry_keeps_nobody_from_being_warned(world):
    """What is known of the end stays known, and comes nearer."""
    probe = world.watch("silent.example", 15.5)
    assert world.warnings(probe) == ["30"]
    del world.ends["silent.example"]
    world.live(2)
    assert world.warnings(probe) == ["30", "14"]


def test_a_renewal_ends_the_warning(world, receiver):
    """The incident is resolved, whoever was warned hears of it, and the next end is a new story."""
    probe = world.watch("kept.example", 12.5)
    first = world.ends["kept.example"]
    world.ends["kept.example"] = first + 365 * DAY
    world.live(2)
    assert world.warnings(probe) == ["14", "renewed"]
    assert world.told(probe)[-1].story.endswith(f"#{to_text(first)}")
    assert world.incident(probe)["status"] == "RESOLVED"
    assert world.timeline(probe)[-1] == f"It was renewed until {first + 365 * DAY:%Y-%m-%d}."
    heard = [one.story for one in receiver.heard if probe.check_id in one.delivery]
    assert [told["reason"] for told in heard] == ["expiring", "renewed"]
    assert heard[0]["figures"]["domain"] == "kept.example"
    pass_to(world.house, first + 340 * DAY)
    world.live(1)
    assert world.warnings(probe) == ["14", "renewed", "30"]
    assert world.told(probe)[-1].story.endswith(f"#{to_text(first + 365 * DAY)}")


def test_what_is_told_of_a_warning_and_of_its_end(world):
    """Domain, end, days and registrar; the renewal names the stories that it ends, and overtakes them."""
    probe = world.watch("shop.words.example", 6.5)
    end = world.ends["words.example"]
    [warning] = world.told(probe)
    alert = told(world, warning)
    assert (alert.reason, alert.severity, alert.name) == (Reason.EXPIRING, Impact.MINOR, "Shop")
    assert alert.incident_id == world.incident(probe)["id"]
    assert alert.figures == {
        "domain": "words.example",
        "expiry_date": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "days_remaining": 6,
        "registrar": "Names & Co",
    }
    world.ends["words.example"] = end + 365 * DAY
    world.live(1)
    alert = told(world, world.told(probe)[-1])
    assert alert.reason is Reason.RENEWED
    assert alert.figures["expiry_date"].startswith(str((end + 365 * DAY).date()))
    assert warning.story in alert.told_in
    with pytest.raises(NotFound):
        told(world, warning)


def test_a_changed_record_is_told_from_then_on(world):
    """The first answer is the baseline; what differs is one change, and one only (R175)."""
    world.records["mail.example"] = (mx("10 a"),)
    probe = world.watch("mail.example")
    world.records["mail.example"] = (mx("10 b"),)
    world.live(2)
    known = world.known(probe)
    [change] = world.house.tools.findings.changes(known, 10)
    assert (change.record_type, change.change_type) == ("MX", "modified")
    assert (change.previous, change.new) == (("10 a",), ("10 b",))
    assert known.baselines["MX"].values == ("10 b",)
    assert world.warnings(probe) == []


def test_surveys_may_come_twice_late_or_about_what_was(world):
    """Told again, or older, or of a host that the monitor had before, a survey changes nothing."""
    probe = world.watch("again.example", 12.5)
    first = world.seen("again.example")
    world.house.clock.now += DAY
    world.tell(probe, replace(world.seen("again.example"), records=(mx("10 a"),)))
    known = world.known(probe)
    bent = replace(first, records=(mx("10 b"),), registration=None)
    for survey in (first, bent, replace(bent, at=known.checked), replace(bent, host="b.example")):
        world.tell(probe, replace(survey, host=survey.host))
        assert world.known(probe) == known
    world.tell(probe, Survey("b.example", known.checked + DAY, records=(mx("10 b"),)))
    assert world.known(probe) == known
    assert (world.warnings(probe), len(world.timeline(probe))) == (["14"], 1)


@pytest.mark.parametrize(
    "url", ["https://b.moved.example/", "https://elsewhere.example/", "https://192.0.2.1/"]
)
def test_another_target_ends_the_warning_unless_its_domain_is_the_same(world, url):
    """Where the target moves away from a domain, its warning is resolved, and nothing is kept of it."""
    domain = f"moved{len(url)}.example"
    url = url.replace("moved.example", domain)
    probe = world.watch(f"a.{domain}", 12.5)
    probe.watch(target=HttpTarget(url))
    world.house.pump.drain()
    world.live(1)
    if domain in url:
        assert (world.warnings(probe), world.incident(probe)["status"]) == (["14"], "INVESTIGATING")
        return
    assert (world.warnings(probe), world.incident(probe)["status"]) == (["14", "renewed"], "RESOLVED")
    assert world.timeline(probe)[-1] == "It is watched no more."
    figures = told(world, world.told(probe)[-1]).figures
    assert (figures["domain"], figures["expiry_date"]) == (domain, None)
    if "192" in url:
        with pytest.raises(NotFound):
            world.known(probe)


def test_what_people_do_to_the_incident_stays(world):
    """Resolved or deleted by a person, it is not opened again; people are warned on nevertheless (R54)."""
    resolved, deleted = world.watch("one.example", 8.5), world.watch("two.example", 8.5)
    for probe, method, wish in ((resolved, "PATCH", {"status": "RESOLVED"}), (deleted, "DELETE", {})):
        road = f"{INCIDENTS}/{world.incident(probe)['id']}"
        assert asked(world.house, method, road, **wish).status < 300
    world.live(2)
    assert world.warnings(resolved) == world.warnings(deleted) == ["14", "7"]
    assert world.incident(resolved)["title"] == "one.example expires in 8 days"
    with pytest.raises(ValueError, match="not enough values"):
        world.incident(deleted)


def test_what_people_know_better_stays(world):
    """An impact that somebody raised is not lowered by the next warning."""
    probe = world.watch("grave.example", 4.5)
    road = f"{INCIDENTS}/{world.incident(probe)['id']}"
    assert asked(world.house, "PATCH", road, impact="CRITICAL").status == 200
    world.live(1)
    assert (world.warnings(probe), world.incident(probe)["impact"]) == (["7", "3"], "CRITICAL")


def test_nothing_is_left_of_a_deleted_monitor(world):
    """Its incident is resolved, what was found is deleted, and a late survey brings nothing back."""
    probe = world.watch("gone.example", 12.5)
    late = replace(world.seen("gone.example"), at=world.house.clock() + MINUTE)
    incident_id = world.incident(probe)["id"]
    probe.ask("DELETE")
    assert surveying.purge(world.house.tools, probe.check_id, world.house.clock(), 500) is False
    found = world.house.tools.incidents.find(incident_id)
    assert found.resolved
    assert world.house.tools.incidents.timeline(incident_id)[-1].message == "The check was deleted."
    world.tell(probe, late)
    assert list(FindingItem.query(probe.check_id)) == []
    assert surveying.purge(world.house.tools, probe.check_id, world.house.clock(), 500) is False


def test_many_that_are_due_are_handed_on(world):
    """One message orders no more than a part; each is ordered once, and is due again a day later."""
    house, now = world.house, world.house.clock()
    house.pump.drain()
    with FindingItem.batch_write() as batch:
        for number in range(surveying.PER_MESSAGE + 1):
            row = FindingItem(f"m{number}", "domain", host="m.example", look_at=now - 3 * DAY, waiting=1)
            batch.save(row)
    scans, probes = queue_of(house, "scans"), queue_of(house, "probes")
    surveying.order_due(house.tools, SurveyTick(to_text(now)), now)
    assert (len(scans.bodies), len(probes.bodies)) == (1, surveying.PER_MESSAGE)
    assert max(probes.delays) < 300
    surveying.order_due(house.tools, SurveyTick.from_json(scans.bodies[0]), now)
    assert len(probes.bodies) >= surveying.PER_MESSAGE + 1
    assert [due for due in house.tools.findings.due(now, 1000) if due.host == "m.example"] == []
    assert house.tools.findings.find("m0").look_at == now + DAY
