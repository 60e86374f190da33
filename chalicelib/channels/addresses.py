"""The addresses that people give us: checked before they are kept, and shown without what opens them."""

import re
from typing import Any
from urllib.parse import urlsplit

from chalicelib.channels.base import MASK
from chalicelib.channels.fields import present, shaped, unmasked
from chalicelib.core.errors import Invalid
from chalicelib.guard.addresses import Refused, refuse_literal

URL_LIMIT = 1000
ADDRESS_LIMIT = 254  # RFC 5321's, less the angle brackets
LOCAL_LIMIT = 64
# ASCII alone: SES takes no other local part, and other domains have their xn-- form. Quoted local parts
# are allowed by the RFC and used by nobody but those who try what a mailer does with them.
ADDRESS = re.compile(
    r"(?!.*\.\.)[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63}"
)


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


def server(name: str, value: object, example: str, *, allow_private: bool) -> str:
    """Return the origin that *value* names, and nothing but it, as *example* does; raises Invalid."""
    url = web_address(name, value, allow_private=allow_private)
    parts = urlsplit(url)
    if parts.path not in ("", "/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise Invalid(name, f"must be a host alone, like {example}")
    return f"{parts.scheme}://{parts.netloc}"


def mail_address(config: dict[str, Any], name: str) -> str:
    """Return the e-mail address *name* of *config*; raises Invalid."""
    address = shaped(config, name, ADDRESS, "must be one e-mail address")
    if len(address) > ADDRESS_LIMIT or len(address.partition("@")[0]) > LOCAL_LIMIT:
        raise Invalid(name, "is too long")
    return address


def host_alone(url: str) -> str:
    """Return *url* as it may be shown: whoever knows the rest of it may write in our name."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/{MASK}"
