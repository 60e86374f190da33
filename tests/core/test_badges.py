from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.badges import (
    ALL,
    SIGNATURE_LENGTH,
    TWO_STATES,
    Badge,
    as_json,
    as_shields,
    badge_of,
    is_signed,
    sign,
    states_of,
)
from chalicelib.dialects.healthchecks.drawing import COLORS, draw

VIEWS = ("new", "up", "grace", "down", "paused")
SECRET = "a" * 32

often = settings(max_examples=50, deadline=None)
views = st.lists(st.sampled_from(VIEWS))


def status(*seen, states=3):
    """Return what a badge of checks shown as *seen* says."""
    return badge_of("", seen, states=states).status


# --- the word -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seen", [(), ("new",), ("paused",), ("up",), ("new", "up", "paused")])
def test_what_is_not_late_and_not_down_is_up(seen):
    """New and paused checks, and no checks at all, count as up (R366, R367)."""
    assert (status(*seen, states=2), status(*seen, states=3)) == ("up", "up")


def test_grace_is_late_in_three_states_and_up_in_two():
    """A check in its grace time is late only where there is a word for it (R366, R367)."""
    assert (status("up", "grace", states=2), status("up", "grace", states=3)) == ("up", "late")


@pytest.mark.parametrize("states", [2, 3])
@often
@given(seen=views)
def test_one_check_down_is_down(states, seen):
    """Any check down takes the badge down, whatever the others do; without one it never is (R367)."""
    assert (status(*seen, states=states) == "down") == ("down" in seen)


@often
@given(seen=views)
def test_the_order_of_checks_does_not_matter(seen):
    """A badge counts; it does not care who comes first (R368)."""
    assert badge_of("x", seen, states=3) == badge_of("x", reversed(seen), states=3)


@often
@given(seen=views)
def test_a_badge_counts_its_checks(seen):
    """The JSON form tells how many there are, how many are late and how many are down (R364)."""
    assert as_json(badge_of("x", seen, states=2)) == {
        "status": status(*seen, states=2),
        "total": len(seen),
        "grace": seen.count("grace"),
        "down": seen.count("down"),
    }


@pytest.mark.parametrize(
    ("seen", "word", "color"),
    [("up", "up", "success"), ("grace", "late", "important"), ("down", "down", "critical")],
)
def test_shields_is_told_in_its_own_schema(seen, word, color):
    """Shields.io gets the schema of its endpoint badges (R365)."""
    assert as_shields(badge_of("db", [seen], states=3)) == {
        "schemaVersion": 1,
        "label": "db",
        "message": word,
        "color": color,
    }


# --- the signature ------------------------------------------------------------------------------------------


@often
@given(tag=st.text(), secret=st.text(st.characters(exclude_categories=["Cs"])))
def test_a_signature_is_eight_letters_fit_for_an_address(tag, secret):
    """Any tag is signed by eight letters that no address has to escape, and is known again by them."""
    signature = sign(tag, secret)
    assert len(signature) == SIGNATURE_LENGTH
    assert signature.replace("-", "").replace("_", "").isalnum()
    assert signature.isascii()
    assert is_signed(signature, tag, secret)


@often
@given(tag=st.text(), at=st.integers(0, SIGNATURE_LENGTH - 1), letter=st.characters(codec="utf-8"))
def test_one_letter_changed_is_another_signature(tag, at, letter):
    """A signature with a letter altered is refused, and so is one cut short or drawn out (R362)."""
    signature = sign(tag, SECRET)
    altered = signature[:at] + letter + signature[at + 1 :]
    assert is_signed(altered, tag, SECRET) == (altered == signature)
    assert not is_signed(signature[:at], tag, SECRET)
    assert not is_signed(signature + letter, tag, SECRET)


def test_a_signature_is_good_for_one_tag_of_one_project():
    """Another tag and another project's secret have another signature (R362)."""
    assert len({sign("db", SECRET), sign("db2", SECRET), sign(ALL, SECRET), sign("db", "b" * 32)}) == 4


@often
@given(tag=st.text())
def test_the_suffix_asks_for_two_states(tag):
    """`-2` behind a signature asks for two states, its absence for three (R361)."""
    signature = sign(tag, SECRET)
    assert states_of(signature) == (signature, 3)
    assert states_of(signature + TWO_STATES) == (signature, 2)


def test_a_signature_that_ends_like_the_suffix_keeps_its_end():
    """Where the signature itself ends in `-2`, only what stands behind it is a suffix."""
    assert states_of("abcdef-2") == ("abcdef-2", 3)
    assert states_of("abcdef-2-2") == ("abcdef-2", 2)


# --- the picture --------------------------------------------------------------------------------------------


@often
@given(label=st.text(), word=st.sampled_from(sorted(COLORS)))
def test_any_label_makes_a_picture(label, word):
    """Whatever a check is called, its badge is well-formed SVG that says its status (R363)."""
    root = ET.fromstring(draw(Badge(label, word, 1, 0, 0)).encode())  # noqa: S314  our own
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")][2:] == [word] * 2
    assert float(root.get("width")) > 0


def test_a_label_cannot_smuggle_markup_in():
    """Tags and quotes in a name are shown, not obeyed."""
    label = '"><script>alert(1)</script>&'
    root = ET.fromstring(draw(Badge(label, "up", 1, 0, 0)))  # noqa: S314  our own
    assert root.get("aria-label") == f"{label}: up"
    assert not list(root.iter("{http://www.w3.org/2000/svg}script"))
