"""A badge as a picture: flat, twenty pixels high, in the manner of shields.io."""

import re
from html import escape

from chalicelib.core.badges import Badge

COLORS = {"up": "#4c1", "late": "#fe7d37", "down": "#e05d44"}
PADDING = 5  # pixels on either side of a text
LONGEST = 60  # letters; more would be a banner
NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # not even escaped

# How wide letters are in Verdana at 11 pixels, to a tenth; others are as wide as the average.
WIDTHS = {
    letter: tenths / 10
    for tenths, letters in {
        30: "il'",
        38: "jf ,.",
        43: "tI|",
        47: "r",
        50: 'J-:;/\\()[]`"!',
        57: "csz",
        61: "L?",
        65: "aekvxyF",
        68: "bdgopqTPY",
        70: "hnu0123456789E_*£$§{}",
        76: "ABCKRSVXZ",
        82: "HNU",
        86: "DGOQ<>=+~^#",
        90: "w&",
        93: "M",
        107: "mW",
        115: "@%",
    }.items()
    for letter in letters
}
AVERAGE = 7.0


def draw(badge: Badge) -> str:
    """Return *badge* as an SVG document (R363)."""
    name = NO_XML.sub("\N{REPLACEMENT CHARACTER}", badge.label[:LONGEST])
    label, message = escape(name), escape(badge.status)
    left, right = width(name), width(badge.status)
    title = f"{label}: {message}"
    # Pictures in one page share their names; a clip named by its width fits whoever finds it.
    clip = f"wakeful-{left + right}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" '
        f'role="img" aria-label="{title}"><title>{title}</title>'
        '<linearGradient id="wakeful-shine" x2="0" y2="100%">'
        '<stop offset="0" stop-color="#bbb" stop-opacity=".1"/>'
        '<stop offset="1" stop-opacity=".1"/></linearGradient>'
        f'<clipPath id="{clip}"><rect width="{left + right}" height="20" rx="3" fill="#fff"/></clipPath>'
        f'<g clip-path="url(#{clip})">'
        f'<rect width="{left}" height="20" fill="#555"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{COLORS[badge.status]}"/>'
        f'<rect width="{left + right}" height="20" fill="url(#wakeful-shine)"/></g>'
        '<g fill="#fff" text-anchor="middle" font-family="Verdana,Geneva,DejaVu Sans,sans-serif" '
        'text-rendering="geometricPrecision" font-size="11">'
        f"{_text(label, left / 2, left)}{_text(message, left + right / 2, right)}</g></svg>"
    )


def width(text: str) -> int:
    """Return how many pixels wide the half of a badge is that says *text*."""
    return round(sum(WIDTHS.get(letter, AVERAGE) for letter in text)) + 2 * PADDING


def _text(text: str, middle: float, room: int) -> str:
    """Return *text* with its shadow; it is fitted into its *room* where another font is wider."""
    fitted = f'textLength="{room - 2 * PADDING}"'
    shadow = 'aria-hidden="true" fill="#010101" fill-opacity=".3"'
    return (
        f'<text {shadow} x="{middle:g}" y="15" {fitted}>{text}</text>'
        f'<text x="{middle:g}" y="14" {fitted}>{text}</text>'
    )
