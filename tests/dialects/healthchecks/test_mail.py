import json
from base64 import b64encode
from dataclasses import replace
from email.message import EmailMessage

import boto3
import pytest

from chalicelib.core.signals import BODY_LIMIT
from chalicelib.local.house import FURNISHED, built
from chalicelib.services.tenancy import found

DOMAIN = FURNISHED.mail_domain
YEAR = 31_536_000  # seconds
WORDS = {
    "start_kw": "STARTED",
    "success_kw": "SUCCESS,COMPLETED",
    "failure_kw": "FAILED, ERROR",
    "timeout": YEAR,
    "grace": YEAR,
}


def a_mail(subject="nightly", text="all is well", html="", charset="utf-8"):
    """Return a mail as a job sends it."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Cron <cron@example.com>", "x@example.org", subject
    mail.set_content(text, charset=charset)
    if html:
        mail.add_alternative(html, subtype="html")
    return mail


def send(person, check, mail, recipient=""):
    """Send a mail to a check."""
    raw = mail if isinstance(mail, bytes) else bytes(mail)
    person.house.mail(recipient or check["ping_email"], raw)


def kinds(person, check):
    """Return what kinds of pings a check had, the oldest first."""
    return [ping.action.value for ping in person.pings(check)]


def meaning(person, mail, **wish):
    """Return what a mail means to a new check, as it is logged."""
    check = person.check(**WORDS | wish)
    send(person, check, mail)
    assert len(kinds(person, check)) == 1
    return kinds(person, check)[0]


# --- the log ------------------------------------------------------------------------------------------------


def test_a_mail_is_a_ping(alice):
    """A mail is logged with the scheme `email`, its sender, and the mail itself as the body (R319)."""
    check = alice.check(timeout=YEAR, grace=YEAR)
    mail = a_mail()
    send(alice, check, mail)
    line = alice.get(f"/api/v3/checks/{check['uuid']}/pings/").json()["pings"][0]
    shown = {name: line[name] for name in ("type", "scheme", "method", "ua", "rid")}
    assert shown == {
        "type": "success",
        "scheme": "email",
        "method": "",
        "ua": "Email from Cron <cron@example.com>",
        "rid": None,
    }
    body = alice.get(f"/api/v3/checks/{check['uuid']}/pings/1/body").body
    assert body == bytes(mail)
    after = alice.see(check)
    assert (after["status"], after["n_pings"]) == ("up", 1)


def test_a_long_mail_is_read_whole_and_kept_in_part(alice):
    """A keyword at the end of a long mail counts, though only the beginning is kept (R314, R319)."""
    check = alice.check(**WORDS, filter_body=True)
    send(alice, check, a_mail(text="x\n" * BODY_LIMIT + "FAILED"))
    last = alice.last_ping(check)
    assert (last.action.value, len(last.arrival.body)) == ("fail", BODY_LIMIT)


# --- keywords -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "kind"),
    [
        ("backup STARTED", "start"),
        ("SUCCESS: backup", "success"),
        ("backup COMPLETED", "success"),
        ("backup FAILED", "fail"),
        ("ERROR", "fail"),
        ("nothing of note", "ign"),
        ("success", "ign"),
        ("SUCCESS after ERROR", "fail"),
        ("STARTED with SUCCESS", "success"),
        ("", "ign"),
    ],
)
def test_the_subject_says_what_happened(alice, subject, kind):
    """Either word of a kind will do; failure outweighs success, and success start (R311-R313, R315)."""
    assert meaning(alice, a_mail(subject, "FAILED"), filter_subject=True) == kind


@pytest.mark.parametrize(
    ("text", "html", "kind"),
    [
        ("it COMPLETED", "", "success"),
        ("it is over", "<p>it <b>FAILED</b></p>", "fail"),
        ("it COMPLETED", "<p>it</p>", "success"),
        ("it is over", "<head><title>FAILED</title><style>FAILED{}</style></head><p>STARTED</p>", "start"),
        ("it is over", "<p>it is over</p>", "ign"),
    ],
)
def test_the_body_says_what_happened(alice, text, html, kind):
    """Keywords are looked for in plain text and in HTML, and not in the subject (R314)."""
    assert meaning(alice, a_mail("ERROR", text, html), filter_body=True) == kind


@pytest.mark.parametrize(("subject", "text"), [("FAILED", "x"), ("x", "FAILED")])
def test_both_may_be_searched(alice, subject, text):
    """With both filters on, either place will do (R311, R314)."""
    assert meaning(alice, a_mail(subject, text), filter_subject=True, filter_body=True) == "fail"


def test_without_filters_every_mail_is_a_success(alice):
    """Both filters are off by default, and keywords mean nothing then (R316)."""
    assert meaning(alice, a_mail("FAILED", "ERROR")) == "success"


def test_what_matches_nothing_may_be_a_failure(alice):
    """`filter_default_fail` turns what would be ignored into a failure."""
    assert meaning(alice, a_mail(), filter_subject=True, filter_default_fail=True) == "fail"


def test_what_is_ignored_changes_nothing(alice):
    """A mail that matches nothing is logged and counted, and the check stays as it is (R315)."""
    check = alice.check(**WORDS, filter_subject=True)
    send(alice, check, a_mail())
    after = alice.see(check)
    assert (after["status"], after["n_pings"], after["last_ping"]) == ("new", 1, None)


@pytest.mark.parametrize(
    ("wish", "subject", "kind"),
    [
        ({"subject": "SUCCESS,COMPLETED"}, "COMPLETED", "success"),
        ({"subject": "SUCCESS,COMPLETED"}, "nothing", "ign"),
        ({"subject_fail": "FAILED,ERROR"}, "ERROR", "fail"),
        ({"subject": "SUCCESS", "subject_fail": "ERROR"}, "SUCCESS", "success"),
        ({"subject": ""}, "anything", "success"),
        ({"subject": "", "subject_fail": ""}, "FAILED", "success"),
    ],
)
def test_the_deprecated_names_still_work(alice, wish, subject, kind):
    """`subject` and `subject_fail` are keywords for the subject; empty, all succeed (R317, R318)."""
    check = alice.check(timeout=YEAR, grace=YEAR, **wish)
    send(alice, check, a_mail(subject))
    assert kinds(alice, check) == [kind]


def test_a_rule_for_http_methods_is_not_for_mails(alice):
    """A check that takes only POST takes mails all the same."""
    assert meaning(alice, a_mail(), methods="POST") == "success"


# --- how mails are written ----------------------------------------------------------------------------------


@pytest.mark.parametrize("subject", ["Sicherung ÜBERFÄLLIG ✓", "x" * 100 + " ÜBERFÄLLIG"])
def test_a_subject_in_mime_words_is_decoded(alice, subject):
    """Letters beyond ASCII, and folded subjects, are found (R313)."""
    assert meaning(alice, a_mail(subject), filter_subject=True, failure_kw="ÜBERFÄLLIG") == "fail"


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1"])
def test_a_body_is_decoded(alice, charset):
    """A text is searched as it is read, however it is encoded (R314)."""
    mail = a_mail(text="Sicherung ÜBERFÄLLIG", charset=charset)
    assert meaning(alice, mail, filter_body=True, failure_kw="ÜBERFÄLLIG") == "fail"


def test_an_attachment_is_not_searched(alice):
    """What a job attaches is not what it says (R314)."""
    mail = a_mail("nightly", "it COMPLETED")
    mail.add_attachment("ERROR in line 1", filename="job.log")
    assert meaning(alice, mail, filter_body=True) == "success"


@pytest.mark.parametrize(
    "raw",
    [
        b"x",
        b"\n",
        b"\xff\x00\n\n\xfe",
        b"Subject\n\nx",
        b"From: =?utf-7?Q?+2AA-?=\nSubject: =?x?q?=\n\n",
        b"Content-Type: text/html\n\n<![foo bar]]>",
        b"Content-Type: text/plain; charset=idna\n\n\xff",
        b'Content-Type: text/plain; charset="u\0"\n\nx',
        b"Content-Type: multipart/mixed\n\n--\n",
        b"Content-Transfer-Encoding: base64\n\n!",
    ],
)
def test_a_malformed_mail_is_a_ping_all_the_same(alice, raw):
    """Whatever a mail looks like, its job has told that it ran, and its bytes are kept (R319)."""
    check = alice.check(timeout=YEAR, grace=YEAR)
    send(alice, check, raw)
    assert kinds(alice, check) == ["success"]
    assert alice.last_ping(check).arrival.body == raw


# --- whom they reach ----------------------------------------------------------------------------------------


def test_the_address_is_told(alice, reader):
    """`ping_email` is the check's id at the mail domain; readers do not see it (R319)."""
    check = alice.check()
    assert check["ping_email"] == f"{check['uuid']}@{DOMAIN}"
    assert "ping_email" not in reader.get(f"/api/v3/checks/{check['uuid']}").json()


def test_a_check_is_reached_by_its_slug_as_well(alice):
    """`<ping key>+<slug>` leads to the check that carries the slug in that project (R319)."""
    check = alice.check(slug="by-mail")
    send(alice, check, a_mail(), f"{alice.house.foundation.project.ping_key}+by-mail@{DOMAIN}")
    assert kinds(alice, check) == ["success"]


def test_addresses_are_read_in_any_case(alice):
    """Mail programs change the case of letters."""
    check = alice.check()
    send(alice, check, a_mail(), check["ping_email"].upper())
    assert kinds(alice, check) == ["success"]


def test_what_is_for_nobody_is_dropped(alice):
    """Unknown checks, keys, slugs and domains, and slugs that two checks carry, take no mail."""
    check = alice.check(slug="twice-by-mail")
    twin = alice.check(slug="twice-by-mail")
    key = alice.house.foundation.project.ping_key
    for recipient in (
        f"00000000-0000-4000-8000-000000000000@{DOMAIN}",
        f"nobodys-key+twice-by-mail@{DOMAIN}",
        f"{key}+no-such-slug@{DOMAIN}",
        f"{key}+twice-by-mail@{DOMAIN}",
        f"postmaster@{DOMAIN}",
        f"{check['uuid']}@example.org",
        "",
    ):
        send(alice, check, a_mail(), recipient or "nobody")
    assert kinds(alice, check) + kinds(alice, twin) == []
    # Nothing is left over that would be tried again, or raise an alarm.
    assert alice.house.pump.drain() == 0


def bring(house, message_id, recipients, raw):
    """Let SES bring a mail under an id of its own."""
    notice = {
        "mail": {"messageId": message_id},
        "receipt": {"recipients": recipients},
        "content": b64encode(raw).decode(),
    }
    boto3.client("sns", house.tools.settings.region).publish(
        TopicArn=house.tools.settings.flips_topic_arn.removesuffix("flips") + "mails",
        Message=json.dumps(notice),
    )
    house.pump.drain()


def test_a_mail_that_is_brought_twice_counts_once(alice):
    """SNS may bring the same mail again: it is known for the one it was (R319)."""
    check = alice.check(timeout=YEAR, grace=YEAR)
    for message_id in ("first", "first", "second"):
        bring(alice.house, message_id, [check["ping_email"]], bytes(a_mail()))
    assert kinds(alice, check) == ["success"] * 2
    assert alice.see(check)["n_pings"] == 2


def test_one_mail_may_be_for_many(alice):
    """Each check that a mail is for takes it, once, whatever else it is for."""
    first, second = alice.check(slug="first-by-mail"), alice.check()
    by_slug = f"{alice.house.foundation.project.ping_key}+first-by-mail@{DOMAIN}"
    recipients = [f"nobody@{DOMAIN}", first["ping_email"], by_slug, second["ping_email"]]
    bring(alice.house, "many", recipients, bytes(a_mail()))
    assert (kinds(alice, first), kinds(alice, second)) == (["success"], ["success"])


def test_a_failure_by_mail_is_announced(alice):
    """A mail takes a check down at once, and the next brings it up: both are flips (R311-R313)."""
    check = alice.check(**WORDS, filter_subject=True)
    for subject in ("FAILED", "SUCCESS"):
        alice.house.advance(minutes=1)
        send(alice, check, a_mail(subject))
    assert [flip.new.value for flip in alice.flips(check)] == ["down", "up"]


# --- without a mail domain ----------------------------------------------------------------------------------


def test_without_a_mail_domain_there_is_no_address():
    """Where no domain is configured, `ping_email` is null: better no address than one that leads nowhere."""
    with built(replace(FURNISHED, mail_domain="")) as house:
        key = found(house.tools, "Dora's project", house.clock.now).api_key
        check = house.ask("POST", "/api/v3/checks/", b"{}", X_Api_Key=key).json()
        assert check["ping_email"] is None
        house.mail(f"{check['uuid']}@{DOMAIN}", bytes(a_mail()))
        assert house.ask("GET", f"/api/v3/checks/{check['uuid']}", X_Api_Key=key).json()["n_pings"] == 0
