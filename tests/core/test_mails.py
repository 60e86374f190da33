from email import policy
from email.message import EmailMessage
from time import process_time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chalicelib.core.mails import MailAddress, address_of, read, text_of_html

DOMAIN = "pings.example.org"
ID = "6f2f7d50-0000-4000-8000-000000000001"

often = settings(max_examples=200, deadline=None)


def a_mail(subject="nightly", text=None, html=None):
    """Return a mail as a job sends it."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Cron <cron@example.com>", f"{ID}@{DOMAIN}", subject
    if text is not None:
        mail.set_content(text)
    if html is not None:
        (mail.add_alternative if text is not None else mail.set_content)(html, subtype="html")
    return mail


# --- whom it is for -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("recipient", "means"),
    [
        (f"{ID}@{DOMAIN}", MailAddress(monitor_id=ID)),
        (f" {ID.upper()}@PINGS.Example.org ", MailAddress(monitor_id=ID)),
        (f"AbC123+nightly-job@{DOMAIN}", MailAddress(ping_key="AbC123", slug="nightly-job")),
    ],
)
def test_an_address_means_a_check(recipient, means):
    """A check is reached by its id, in any case, or by its project's ping key and its slug (R319)."""
    assert address_of(recipient, DOMAIN) == means


@pytest.mark.parametrize(
    "recipient",
    [
        "",
        ID,
        f"{ID}@",
        f"@{DOMAIN}",
        f"{ID}@example.org",
        f"{ID}@x.{DOMAIN}",
        f"key@{DOMAIN}",
        f"+a@{DOMAIN}",
        f"key+@{DOMAIN}",
        f"{'k' * 3000}+a@{DOMAIN}",
        f"key+{'a' * 3000}@{DOMAIN}",
    ],
)
def test_other_addresses_are_nobodys(recipient):
    """What is not ours, and what names no check, is nobody's."""
    assert address_of(recipient, DOMAIN) is None


@pytest.mark.parametrize("recipient", [f"{ID}@", f"{ID}@{DOMAIN}", ID])
def test_without_a_mail_domain_nobody_is_reached(recipient):
    """Where no mail domain is configured, no address means anything."""
    assert address_of(recipient, "") is None


# --- what it says -------------------------------------------------------------------------------------------


def test_a_mail_says_its_subject_and_both_of_its_texts():
    """The plain and the HTML part are both looked at (R314)."""
    mail = read(bytes(a_mail("done", "plain words", "<p>rich <b>words</b></p>")))
    assert mail.sender == "Cron <cron@example.com>"
    assert mail.subject == "done"
    assert mail.text.split("\n") == ["plain words", "", "rich words"]


@pytest.mark.parametrize("subject", ["Änderung ✓", "ночной бэкап", "x" * 300])
@pytest.mark.parametrize("rules", [policy.SMTP, policy.SMTPUTF8], ids=["MIME words", "raw UTF-8"])
def test_a_subject_is_read_however_it_is_written(subject, rules):
    """A subject in MIME words, folded or in bare UTF-8 is the same subject."""
    assert read(a_mail(subject, "x").as_bytes(policy=rules)).subject == subject


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "windows-1252", "utf-16"])
@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
def test_a_text_is_read_in_its_charset(charset, encoding):
    """A text is decoded as its part says."""
    mail = EmailMessage()
    mail.set_content("Übertragung FEHLGESCHLAGEN", charset=charset, cte=encoding)
    assert "Übertragung FEHLGESCHLAGEN" in read(bytes(mail)).text


def test_an_attachment_is_not_the_text():
    """The log that a job attaches is not what the mail says: its errors are old news (R314)."""
    mail = a_mail("done", "all went well")
    mail.add_attachment("ERROR in line 1", filename="job.log")
    mail.add_attachment("<p>FAILED</p>", subtype="html", filename="report.html")
    mail.add_attachment(b"FAILED", "application", "octet-stream", filename="core")
    text = read(bytes(mail)).text
    assert "all went well" in text
    assert "ERROR" not in text
    assert "FAILED" not in text


def test_what_nobody_sees_is_not_the_text():
    """Scripts, styles, comments and the title are not what a reader sees."""
    head = "<head><title>a</title><style>.b{}</style></head>"
    html = f"<html>{head}<body><!-- c --><script>d</script>e</body></html>"
    assert text_of_html(html) == "e"


@pytest.mark.parametrize(
    ("html", "seen"),
    [
        ("<p>backup\n   failed</p>", "backup failed"),
        ("caf&eacute; &lt;&#10003;&gt;", "café <✓>"),
        ("<head><meta charset=utf-8><body>SUCCESS", "SUCCESS"),
        ("<![if !mso]>SUCCESS<![endif]>", "SUCCESS"),
        ("<!--[if mso]>hidden<![endif]-->SUCCESS", "SUCCESS"),
        ("<![foo bar]>SUCCESS", "SUCCESS"),
        ("SUCCESS <b", "SUCCESS <b"),
        ("</title></style>SUCCESS", "SUCCESS"),
    ],
)
def test_html_is_read_as_people_read_it(html, seen):
    """Letters are shown as meant, lines flow, and sloppy markup hides nothing."""
    assert text_of_html(html) == seen


# --- what is malformed --------------------------------------------------------------------------------------

headers = st.sampled_from(
    [
        "From",
        "Subject",
        "Content-Type",
        "Content-Transfer-Encoding",
        "Content-Disposition",
        "MIME-Version",
        "Date",
        "To",
    ]
)
values = st.one_of(
    st.binary(max_size=40),
    st.lists(
        st.sampled_from(
            [
                b"text/html",
                b"text/plain",
                b"multipart/mixed",
                b"message/rfc822",
                b"message/delivery-status",
                b"; charset=",
                b"utf-8",
                b"idna",
                b"punycode",
                b"base64",
                b"undefined",
                b"utf-16",
                b'"u\x00"',
                b"; boundary=",
                b"B",
                b"base64",
                b"x-uuencode",
                b"attachment",
                b"; filename*0*=",
                b"'",
                b'"',
                b"=?utf-8?q?",
                b"=?utf-7?Q?+2AA-?=",
                b"=?x?b?!!?=",
                b"?=",
                b"\xff",
                b"<",
                b">",
                b"@",
                b"(",
                b";",
                b"\r\n ",
                b"*",
                b"%",
                b"=",
                b"=?unicode-escape?Q?=5Cud800?=",
            ]
        ),
        max_size=8,
    ).map(b"".join),
)
bodies = st.one_of(
    st.binary(max_size=200),
    st.lists(
        st.sampled_from(
            [
                b"--B\n",
                b"--B--\n",
                b"Content-Type: text/html\n",
                b"\n",
                b"<![",
                b"<!--",
                b"<",
                b">",
                b"</",
                b"<script>",
                b"<head>",
                b"&#x110000;",
                b"&#",
                b"\x00",
                b"\xff",
                b"=",
                b"begin 644 x\n",
                b"]]>",
            ]
        ),
        max_size=12,
    ).map(b"".join),
)
malformed = st.builds(
    lambda head, body: b"".join(name.encode() + b": " + value + b"\n" for name, value in head) + b"\n" + body,
    st.lists(st.tuples(headers, values), max_size=5),
    bodies,
)


@often
@given(raw=st.one_of(st.binary(), malformed))
@example(raw=b"")
@example(raw=b"Content-Type: text/html\n\n<![foo bar]]> <!x")
@example(raw=b"Content-Type: text/plain; charset=idna\n\nx\xff")
@example(raw=b'Content-Type: text/plain; charset="u\0"\n\nx')
@example(raw=b"From: =?utf-7?Q?+2AA-?=\n\nhi")
@example(raw=b"Subject: =?unicode-escape?Q?=5Cud800?=\n\n")
@example(raw=b"Content-Type: text/plain; charset=unicode-escape\n\n\\ud800")
def test_any_bytes_are_read(raw):
    """No mail is refused, and what is read of it can be stored and sent on: it has no halves of letters."""
    mail = read(raw)
    for text in (mail.sender, mail.subject):
        text.encode("utf-8")
    assert isinstance(mail.text, str)


def test_parts_within_parts_are_no_trap():
    """A mail whose parts are nested a thousand deep is read, if only its subject."""
    parts = "".join(
        f"Content-Type: multipart/mixed; boundary=b{n}\nSubject: deep\n\n--b{n}\n" for n in range(1000)
    )
    assert read(parts.encode()).subject == "deep"


@often
@given(st.text())
def test_any_html_is_read(html):
    """No text is too odd to be taken for HTML."""
    assert isinstance(text_of_html(html), str)


@pytest.mark.parametrize(
    "charset",
    ["no-such", "idna", "undefined", "hex", '"u\0"'],
    ids=["unknown", "idna", "undefined", "hex", "nul"],
)
def test_a_charset_that_does_not_exist_hides_no_keyword(charset):
    """Where a charset is nonsense, the text is read as UTF-8."""
    raw = f"Content-Type: text/plain; charset={charset}\n\nSUCCESS \xff".encode("latin-1")
    assert "SUCCESS" in read(raw).text


@pytest.mark.parametrize(
    "raw",
    [
        b"From: " + b"<" * 100_000 + b"\n\nx",
        b"Subject: " + b"=?utf-8?q?a?= " * 10_000 + b"\n\nx",
        b"Content-Type: text/html\n\n" + b"<a " * 50_000,
        b"Content-Type: text/html\n\n" + b"<!--" * 35_000,
    ],
    ids=["brackets", "words", "tags", "comments"],
)
def test_no_mail_takes_long_to_read(raw):
    """What is written to keep a parser busy for minutes is read in less than two seconds."""
    before = process_time()
    read(raw)
    assert process_time() - before < 2


def test_a_comment_without_an_end_hides_the_rest():
    """As browsers have it: what came before the comment is shown, and what is in an ended one is not."""
    assert text_of_html("<p>a<!-- <b>hidden</b> -->b<!-- <b>lost</b>") == "ab"
