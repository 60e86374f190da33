"""What a certificate says of itself, whether or not anybody trusts it."""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

DAY = timedelta(days=1)
UTC_TIME, GENERALIZED_TIME, CONTEXT_0 = 0x17, 0x18, 0xA0
LONG = 0x80  # the length itself has a length


class Field(NamedTuple):
    """One field of DER: its tag, where its content begins and where it ends."""

    tag: int
    start: int
    end: int


def not_after(der: bytes) -> datetime:
    """Return when the certificate in *der* ends; raises ValueError where it is none.

    Python tells what a certificate says only where it was verified, so it is read here as far as needed.
    Source: RFC 5280, section 4.1.
    """
    try:
        signed = _field(der, _field(der, 0).start)  # Certificate, TBSCertificate
        field = _field(der, signed.start)
        # Before the validity: a version perhaps, the serial number, the algorithm, the issuer.
        for _ in range(4 if field.tag == CONTEXT_0 else 3):
            field = _field(der, field.end)
        begins = _field(der, field.start)
        ends = _field(der, begins.end)
        return _moment(ends.tag, der[ends.start : ends.end].decode("ascii"))
    except IndexError:
        raise ValueError("the certificate ends too early") from None


def facts(der: bytes, now: datetime) -> dict[str, Any]:
    """Return {not_after, days_left} of a certificate; whole days, negative where it is over."""
    end = not_after(der)
    return {"not_after": end.isoformat(), "days_left": (end - now) // DAY}


def too_early(end: datetime, now: datetime, days: float, subject: str = "certificate") -> str:
    """Return what is wrong with the *subject*'s *end* that should be *days* away, or nothing where it is."""
    left = (end - now) / DAY
    if left <= 0:
        return f"{subject} has expired"
    return "" if left >= days else f"{subject} ends in {int(left)} days, less than {days:g}"


def _field(der: bytes, at: int) -> Field:
    tag, length, start = der[at], der[at + 1], at + 2
    if length & LONG:
        size = length ^ LONG
        length = int.from_bytes(der[start : start + size], "big")
        start += size
    return Field(tag, start, start + length)


def _moment(tag: int, text: str) -> datetime:
    if tag == UTC_TIME:  # two digits of a year: from 50 on they are of the last century
        text = ("19" if text >= "50" else "20") + text
    elif tag != GENERALIZED_TIME:
        raise ValueError("the certificate has no end")
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
