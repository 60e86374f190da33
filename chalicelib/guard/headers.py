"""How our requests introduce themselves, and which headers somebody may put into them."""

import re

AGENT = "Wakeful/0.1.0"
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# These belong to the connection; and nobody may speak in our name.
RESERVED = re.compile(r"(?i)host|content-length|transfer-encoding|connection|te|trailer|upgrade|x-wakeful-.*")
