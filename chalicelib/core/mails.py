"""What a mail says that a job sent: its subject and its text, for keywords to be looked for in."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import Message
from email.parser import BytesHeaderParser
from html.parser import HTMLParser

from chalicelib.core.signals import CANONICAL_UUID

LONGEST_LOCAL = 200  # letters before the @: a ping key, a plus and a slug are fewer
LONGEST_HEADER = 2000  # letters read of one: the standard parser takes minutes for some of a hundred thousand
# A `<` that nothing closes is only a letter; the standard parser looks for the end of each to the end of all.
UNCLOSED = re.compile(r"<(?!!--)(?=[^<>]*(?:<|\Z))")
UNSEEN = ("script", "style", "title")  # not the whole head: its end may be left out


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
    if not at or not domain or host.lower() != domain.lower() or len(local) > LONGEST_LOCAL:
        return None
    if CANONICAL_UUID.fullmatch(local.lower()):
        return MailAddress(monitor_id=local.lower())
    ping_key, plus, slug = local.partition("+")
    return MailAddress(ping_key=ping_key, slug=slug) if plus and ping_key and slug else None


def read(raw: bytes) -> Mail:
    """Return what *raw* says; whatever is malformed in it is read as well as can be, and never refused."""
    try:
        message = message_from_bytes(raw)
    except RecursionError:
        # Parts within parts within parts: nobody wrote that for a reader.
        message = BytesHeaderParser().parsebytes(raw)
    parts = [_content(part) for part in _texts(message)]
    return Mail(_header(message, "from"), _header(message, "subject"), "\n".join(parts))


def _header(message: Message, name: str) -> str:
    """Return a header as its reader sees it, and with no half letters in it."""
    found = next((value for other, value in message.raw_items() if other.lower() == name), "")
    written = str(found)[:LONGEST_HEADER]
    try:
        shown = str(policy.default.header_fetch_parse(name, written))
    except Exception:  # noqa: BLE001  the standard parser stumbles in many ways over what real senders write
        shown = written
    return shown.encode("utf-8", "replace").decode("utf-8")


def _texts(message: Message) -> Iterator[Message]:
    """Yield the parts that are a mail's own words: an attached log may tell of any failure (R314)."""
    if message.get_content_disposition() == "attachment":
        return
    if message.is_multipart():
        for part in message.get_payload():
            if isinstance(part, Message):
                yield from _texts(part)
    elif message.get_content_maintype() == "text":
        yield message


def _content(part: Message) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    try:
        text = payload.decode(part.get_content_charset("utf-8"), "replace")
    except (LookupError, ValueError):
        # No such charset, none for text, or no name for one at all.
        text = payload.decode("utf-8", "replace")
    return text_of_html(text) if part.get_content_subtype() == "html" else text


def text_of_html(html: str) -> str:
    """Return what a reader of *html* sees: no tags, no scripts, no styles, and lines where they fit."""
    reader = _Reader()
    # A comment without an end hides all that follows; the standard parser would look for the end of each.
    hidden = html.find("<!--", html.rfind("-->") + 1)
    html = html if hidden < 0 else html[:hidden]
    reader.feed(UNCLOSED.sub("&lt;", html))
    reader.close()
    return " ".join("".join(reader.seen).split())


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

    def parse_marked_section(self, i: int, report: int = 1) -> int:  # noqa: ARG002  HTMLParser's
        """Pass over `<![…>`, which HTML takes for a comment; the standard parser refuses some of them."""
        return self.parse_bogus_comment(i)
