import pytest

from chalicelib.channels import wording
from chalicelib.channels.sentences import GREEN, SLATE
from chalicelib.core.alerts import Reason
from chalicelib.core.status import Category
from chalicelib.core.steps import Cause
from tests.channels.stories import bare, incident, story, told


@pytest.mark.parametrize(
    ("reason", "subject", "headline", "why"),
    [
        (
            Reason.ESCALATED,
            "Not taken on: Shop is down (for 1 h 3 min)",
            "Nobody has taken it on for 1 h 3 min: Shop is down.",
            "The probes failed: expected 200, got 503 (eu-west-1).",
        ),
        (Reason.SLOWED, "Slow: Shop", "Shop is slow.", "It answers slowly: 2005 ms (eu-west-1)."),
        (
            Reason.SPED_UP,
            "No longer slow: Shop (was slow 1 h 3 min)",
            "Shop is no longer slow; it had been for 1 h 3 min.",
            "It answers as fast as it should again.",
        ),
        (
            Reason.SLA_MISSED,
            "Service level missed: Shop",
            "Shop has missed its service level of 99.9 %.",
            "It was down for 50 min 22 s in this month, where 43 min 12 s are allowed.",
        ),
        (
            Reason.EXPIRING,
            "Domain expires in 14 days: shop.example",
            "The domain shop.example expires in 14 days.",
            "It is registered until 2026-12-06 00:00:00 UTC, at Example Registrar Inc.",
        ),
        (
            Reason.RENEWED,
            "No longer expiring: shop.example",
            "The warning about the domain shop.example is over.",
            "It is registered until 2027-12-06 00:00:00 UTC, at Example Registrar Inc.",
        ),
        (
            Reason.TRIGGERED,
            "Incident: Checkout loses orders",
            "An incident was opened: Checkout loses orders.",
            "Orders vanish after payment.",
        ),
        (
            Reason.ACKNOWLEDGED,
            "Taken on: Checkout loses orders",
            "Bob has taken it on: Checkout loses orders.",
            "Orders vanish after payment.",
        ),
        (
            Reason.RESOLVED,
            "Resolved: Checkout loses orders (after 1 h 3 min)",
            "It is resolved after 1 h 3 min: Checkout loses orders.",
            "Orders vanish after payment.",
        ),
        (Reason.DIGEST, "The week of Alice's servers", "This was the week of Alice's servers.", ""),
    ],
)
def test_every_story_has_its_words(reason, subject, headline, why):
    """Escalation, slowness, service levels, registrations and people's incidents are told (R123, R124)."""
    told = story(reason)
    assert (wording.subject(told), wording.headline(told), wording.why(told)) == (subject, headline, why)


def test_what_people_tell_is_told_with_who_and_where():
    """Who has taken an incident on, since when, and its tickets elsewhere are told (R114)."""
    assert wording.facts(story(Reason.ACKNOWLEDGED)) == [
        ("Why", "Orders vanish after payment."),
        ("Began", "2026-11-22 10:57:05 UTC"),
        ("Taken on", "2026-11-22 12:00:05 UTC"),
        ("Open for", "1 h 3 min"),
        ("Taken on by", "Bob"),
        ("Tickets", "OPS-123 (jira), PD-9 (pagerduty)"),
        ("Project", "Alice's servers"),
    ]


@pytest.mark.parametrize("opened", [told(), incident(category=Category.PERFORMANCE)])
def test_a_reminder_of_no_outage_does_not_say_down(opened):
    """What people opened, or slowness, is still open: nothing need be down."""
    reminder = story(Reason.STILL_DOWN, incident=opened, name="")
    words = f"{wording.subject(reminder)} {wording.headline(reminder)}"
    assert words.startswith(
        f"Still open: {opened.title} (for 1 h 3 min) It is still open, for 1 h 3 min now:"
    )
    assert not any("Down" in label for label, _ in wording.facts(reminder))


def test_slowness_that_an_outage_overtook_is_no_good_news():
    """What is down or paused now is no longer slow, but it is not told in green."""
    assert wording.colour(story(Reason.SPED_UP)) == GREEN
    overtaken = story(Reason.SPED_UP, cause=Cause.OVERTAKEN)
    assert wording.colour(overtaken) == SLATE
    assert wording.why(overtaken) == "It went down, or was paused, while it was slow."


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("make", [story, bare])
def test_no_sentence_and_no_row_is_empty(reason, make):
    """Whatever is known or not: there is a sentence, and up to nine rows of which none is empty."""
    alert = make(reason)
    rows = wording.facts(alert)
    texts = [wording.subject(alert), wording.headline(alert), *(text for _, text in rows)]
    assert all(text.strip() for text in texts)
    assert not any("None" in text for text in texts)
    assert 1 <= len([label for label, _ in rows if label != "Why"]) <= 9
