from urllib.parse import quote

import pytest

from chalicelib.local.stack import running
from chalicelib.settings import Settings
from tests.local.clients import Client, eventually

MAIL = b"Subject: nightly\n\nall is well\n"


@pytest.fixture(scope="module")
def client():
    """Somebody who speaks to a stack that takes mails."""
    with running(Settings(mail_domain="pings.example.org"), 0) as stack:
        yield Client(stack)


def test_a_mail_that_is_handed_in_is_a_ping(client):
    """A mail to a check's `ping_email` is logged with the scheme `email`, and is its body (R319)."""
    check = client.json("POST", "/api/v3/checks/", {"name": "by mail"})
    status, _, said = client.ask("POST", f"/local/inbox?to={quote(check['ping_email'])}", MAIL)
    assert (status, said) == (202, b"taken\n")
    log = f"/api/v3/checks/{check['uuid']}/pings/"
    (line,) = eventually(lambda: client.json("GET", log)["pings"])
    assert (line["type"], line["scheme"]) == ("success", "email")
    path = line["body_url"].removeprefix(client.stack.base_url)
    assert client.ask("GET", path, X_Api_Key=client.key)[2] == MAIL


def test_a_mail_for_nobody_is_not_taken(client):
    """Whoever does not say for whom a mail is, is told so."""
    status, _, said = client.ask("POST", "/local/inbox", MAIL)
    assert (status, said) == (400, b"for whom? /local/inbox?to=ADDRESS\n")


@pytest.mark.parametrize(("size", "status"), [(150_000, 202), (150_001, 413)])
def test_a_mail_is_as_large_as_ses_takes_it(client, size, status):
    """What is too large for SES is too large here, and told so."""
    code = client.check("large")
    mail = MAIL.ljust(size, b"x")
    assert client.ask("POST", f"/local/inbox?to={code}@pings.example.org", mail)[0] == status
