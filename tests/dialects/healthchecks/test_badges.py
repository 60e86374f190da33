from datetime import timedelta
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import pytest

from chalicelib.core.badges import ALL
from healthchecks.asking import NOBODY
from healthchecks.pinging import YEAR, ping

BADGES = "/api/v3/badges/"
ODD_TAGS = (
    "prod",
    "über",
    "データ",
    "v1.2.svg",
    "a/b",
    "100%",
    "%41",
    "a?b#c",
    "..",
    "<b>&",
    "-2",
    "+",
    "x" * 200,
)


def path(address):
    """Return the path of an address of ours."""
    assert address.startswith("http://wakeful.test/")
    return urlsplit(address).path


def listed(person, tag=ALL):
    """Return the addresses of a tag's badges, as paths."""
    return {form: path(address) for form, address in person.get(BADGES).json()["badges"][tag].items()}


def words(anyone, addresses):
    """Return what a badge says: (in two states, in three)."""
    return tuple(anyone.get(addresses[form]).json()["status"] for form in ("json", "json3"))


@pytest.fixture
def check(carol):
    """Return a check of Carol's, who has no other."""
    return carol.check(name="Backup", tags="db prod", timeout=YEAR, grace=YEAR)


# --- one badge ----------------------------------------------------------------------------------------------


def test_every_listed_address_works_without_a_key(anyone, carol):
    """Whatever letters a tag has, each of its addresses leads to its badge, for anybody (R362)."""
    carol.check(tags=" ".join(ODD_TAGS[:6]))
    carol.check(tags=" ".join(ODD_TAGS[6:]))
    badges = carol.get(BADGES).json()["badges"]
    assert set(badges) == {*ODD_TAGS, ALL}
    labels = {tag: anyone.get(path(forms["shields"])).json()["label"] for tag, forms in badges.items()}
    assert labels == {tag: tag for tag in ODD_TAGS} | {ALL: "Carol's project"}
    statuses = {anyone.get(path(address)).status for forms in badges.values() for address in forms.values()}
    assert statuses == {200}


def test_a_tag_counts_only_the_checks_that_carry_it(anyone, carol):
    """Tags are compared whole (R360, R364)."""
    carol.check(tags="db prod")
    carol.check(tags="db2")
    assert anyone.get(listed(carol, "db")["json"]).json()["total"] == 1
    assert anyone.get(listed(carol)["json"]).json()["total"] == 2


@pytest.mark.usefixtures("check")
def test_an_svg_badge_is_a_picture(anyone, carol):
    """`.svg` is an SVG document that shows the tag and its status, and is not kept by caches (R363)."""
    reply = anyone.get(listed(carol, "db")["svg"])
    assert reply.headers["Content-Type"] == "image/svg+xml"
    assert "no-store" in reply.headers["Cache-Control"]
    root = ET.fromstring(reply.body)  # noqa: S314  our own
    assert root.tag.endswith("}svg")
    assert root.get("aria-label") == "db: up"


def test_a_json_badge_tells_the_counts(anyone, carol, check):
    """`.json` is the status and how many checks there are, are late and are down (R364)."""
    ping(carol, check, "/fail")
    reply = anyone.get(listed(carol, "db")["json"])
    assert reply.json() == {"status": "down", "total": 1, "grace": 0, "down": 1}
    assert reply.headers["Content-Type"].startswith("application/json")


@pytest.mark.usefixtures("check")
def test_a_shields_badge_follows_their_schema(anyone, carol):
    """`.shields` is what Shields.io asks of an endpoint (R365)."""
    assert anyone.get(listed(carol, "db")["shields"]).json() == {
        "schemaVersion": 1,
        "label": "db",
        "message": "up",
        "color": "success",
    }


def test_a_check_in_grace_is_up_in_two_states_and_late_in_three(anyone, carol):
    """The same moment, told in two ways; a check down outweighs it in both (R366-R368)."""
    late = carol.check(tags="db", timeout=60, grace=60)
    ping(carol, late)
    carol.house.clock.now += timedelta(seconds=60)
    assert (words(anyone, listed(carol, "db")), words(anyone, listed(carol))) == (("up", "late"),) * 2
    down = carol.check(tags="other")
    ping(carol, down, "/fail")
    assert words(anyone, listed(carol, "db")) == ("up", "late")
    assert words(anyone, listed(carol)) == ("down", "down")
    carol.house.clock.now += timedelta(seconds=60)  # its deadline passes; nobody has looked yet
    assert words(anyone, listed(carol, "db")) == ("down", "down")


def test_new_and_paused_checks_are_up(anyone, carol, check):
    """What says nothing yet, or is not to say anything, is not down (R366)."""
    assert words(anyone, listed(carol)) == ("up", "up")
    assert carol.post(f"/api/v3/checks/{check['uuid']}/pause").status == 200
    assert words(anyone, listed(carol)) == ("up", "up")


def altered(signature):
    """Yield signatures that are not *signature*, but look like it."""
    flipped = "A" if signature[0] != "A" else "B"
    yield flipped + signature[1:]
    yield signature[:7]
    yield signature + "A"
    yield signature + "-3"
    yield signature.swapcase()
    yield "%FF" * 8


@pytest.mark.usefixtures("check")
def test_an_altered_signature_is_not_found(anyone, carol):
    """A signature with a letter changed, cut or added is 404 for the tag and for the whole (R362)."""
    for address in (listed(carol, "db")["json3"], listed(carol)["json3"]):
        signature = address.split("/")[3].removesuffix(".json")
        for wrong in altered(signature):
            reply = anyone.get(address.replace(signature, wrong))
            assert reply.status == 404, wrong


@pytest.mark.usefixtures("check")
def test_a_signature_is_good_for_its_own_tag_and_project_only(anyone, alice, carol):
    """It opens neither another tag, nor the whole project, nor another project (R362)."""
    alice.check(tags="db")
    address = listed(carol, "db")["json"]
    _, _, key, signature, name = address.split("/")
    others = [f"/badge/{key}/{signature}/prod.json", f"/badge/{key}/{signature}.json"]
    others += [f"/badge/{alice.house.foundation.project.badge_key}/{signature}/{name}"]
    others += [f"/badge/{NOBODY}/{signature}/{name}", f"/badge/x/{signature}/{name}"]
    assert [anyone.get(other).status for other in others] == [404] * 5


@pytest.mark.usefixtures("check")
@pytest.mark.parametrize("form", [".png", "", ".", ".svg3", ".SVG", ".svg.png"])
def test_other_forms_are_not_found(anyone, carol, form):
    """Only the documented forms are served (R361)."""
    whole, tagged = listed(carol)["svg"], listed(carol, "db")["svg"]
    assert anyone.get(whole.removesuffix(".svg") + form).status == 404
    assert anyone.get(tagged.removesuffix(".svg") + form).status == 404


# --- one check's badge --------------------------------------------------------------------------------------


def test_a_check_has_a_badge_of_its_own(anyone, reader, alice):
    """`badge_url` shows one check in two states, the same with 3 in three; readers are told of it as well."""
    check = alice.check(name="Backup", timeout=60, grace=60)
    ping(alice, check)
    address = path(check["badge_url"])
    assert address.startswith("/b/2/")
    seen = reader.get(f"/api/v3/checks/{check['uuid']}").json()
    assert seen["badge_url"] == check["badge_url"]
    alice.house.clock.now += timedelta(seconds=60)
    forms = {"json": address.replace(".svg", ".json"), "json3": address.replace("/2/", "/3/")[:-4] + ".json"}
    assert words(anyone, forms) == ("up", "late")
    assert anyone.get(address.replace(".svg", ".shields")).json()["label"] == "Backup"
    assert ET.fromstring(anyone.get(address).body).get("aria-label") == "Backup: up"  # noqa: S314  our own


def test_a_badge_does_not_betray_the_ping_address(anyone, carol):
    """A check's badge key is not its id: who sees the badge cannot ping; nor does its id show the badge."""
    check = carol.check(name="Backup")
    assert check["uuid"] not in check["badge_url"]
    key = check["badge_url"].rpartition("/")[2].removesuffix(".svg")
    assert anyone.get(f"/ping/{key}").status == 404
    assert anyone.get(f"/b/2/{check['uuid']}.svg").status == 404


def test_other_badges_of_checks_are_not_found(anyone, alice, check):
    """An unknown key, a project's key, another number of states and a deleted check are 404."""
    address = path(check["badge_url"])
    project_key = alice.house.foundation.project.badge_key
    others = [
        f"/b/2/{NOBODY}.svg",
        f"/b/2/{project_key}.svg",
        address.replace("/2/", "/4/"),
        address + ".png",
    ]
    assert [anyone.get(other).status for other in others] == [404] * 4


def test_a_deleted_check_has_no_badge(anyone, carol, check):
    """With the check its badge goes."""
    assert carol.ask("DELETE", f"/api/v3/checks/{check['uuid']}").status == 200
    assert anyone.get(path(check["badge_url"])).status == 404
