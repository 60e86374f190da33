"""What a mail says that a job sent: its subject and its text, for keywords to be looked for in."""

from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser

from chalicelib.core.signals import CANONICAL_UUID

UNSEEN = ("script", "style", "head", "title")


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as keywords see it; *text* joins its plain and its HTML part."""

    sender: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class MailAddress:
    """Whom a mail is for: a monitor by its id, or a slug in the project of a ping key."""

    monitor_id: str = ""
    ping_key: str = ""
    slug: str = ""


def address_of(recipient: str, domain: str) -> MailAddress | None:
    """Return whom *recipient* means, or None where it is none of ours: `<id>@` or `<ping key>+<slug>@`."""
    local, at, host = recipient.strip().rpartition("@")
    if not at or not domain or host.lower() != domain.lower():
        return None
    if CANONICAL_UUID.fullmatch(local.lower()):
        return MailAddress(monitor_id=local.lower())
    ping_key, plus, slug = local.partition("+")
    return MailAddress(ping_key=ping_key, slug=slug) if plus and ping_key and slug else None


def read(raw: bytes) -> Mail:
    """Return what *raw* says; whatever is malformed in it is read as well as can be, and never refused."""
    message = message_from_bytes(raw, policy=policy.default)
    parts = [_content(part) for part in message.walk() if part.get_content_maintype() == "text"]
    return Mail(_header(message, "from"), _header(message, "subject"), "\n".join(parts))


def _header(message: EmailMessage, name: str) -> str:
    try:
        return str(message.get(name, ""))
    except (ValueError, IndexError, AttributeError, LookupError):
        # The standard parser stumbles over some headers that real senders write.
        return ""


def _content(part: EmailMessage) -> str:
    payload = part.get_payload(decode=True)
    charset = part.get_content_charset("utf-8")
    try:
        text = payload.decode(charset, "replace") if isinstance(payload, bytes) else ""
    except LookupError:
        text = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
    return text_of_html(text) if part.get_content_subtype() == "html" else text


def text_of_html(html: str) -> str:
    """Return what a reader of *html* sees: no tags, no scripts, no styles."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return "".join(reader.seen)


class _Reader(HTMLParser):
    """Collects the text that is shown."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.seen: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002  HTMLParser's
        """Stop listening inside what nobody sees."""
        self._hidden += tag in UNSEEN

    def handle_endtag(self, tag: str) -> None:
        """Listen again."""
        self._hidden -= tag in UNSEEN and self._hidden > 0

    def handle_data(self, data: str) -> None:
        """Keep what is shown."""
        if not self._hidden:
            self.seen.append(data)
