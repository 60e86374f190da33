"""The addresses that people give us: checked before they are kept, and shown without what opens them."""

from urllib.parse import urlsplit

from chalicelib.channels.base import MASK
from chalicelib.channels.fields import present, unmasked
from chalicelib.core.errors import Invalid
from chalicelib.guard.addresses import Refused, refuse_literal

URL_LIMIT = 1000


def web_address(name: str, value: object, *, allow_private: bool) -> str:
    """Return *value*, a URL by https, or by http where *allow_private* opens our own network (R44, R102)."""
    url = unmasked(name, present(name, value), URL_LIMIT)
    try:
        refuse_literal(url, allow_private=allow_private)
    except Refused as refusal:
        raise Invalid(name, f"is refused: {refusal}") from None
    if urlsplit(url).scheme != "https" and not allow_private:
        raise Invalid(name, "must begin with https://")
    return url


def host_alone(url: str) -> str:
    """Return *url* as it may be shown: whoever knows the rest of it may write in our name."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/{MASK}"
