"""What went wrong on the road, in a sentence and in few words; never with the URL, which may be a secret."""

import ssl
from http.client import BadStatusLine, HTTPException, LineTooLong, RemoteDisconnected

from requests import RequestException
from urllib3.exceptions import DecodeError, HTTPError
from urllib3.exceptions import TimeoutError as Urllib3Timeout

from chalicelib.guard.addresses import Refused, Unreachable
from chalicelib.guard.deadlines import Deadline
from chalicelib.guard.roads import TIMED_OUT

NETWORK = (RequestException, HTTPError, HTTPException, OSError, ValueError)  # all that a request may raise


def fault(host: str | None, error: BaseException, deadline: Deadline) -> Refused | Unreachable:
    """Return what *error* means for whoever asked *host*."""
    if not deadline.left() or isinstance(error, (TimeoutError, Urllib3Timeout)):
        return too_slow(host, deadline)
    if isinstance(error, ssl.SSLError):
        return Unreachable(f"TLS with {host} failed: {tls_reason(error)}.", f"TLS: {tls_reason(error)}")
    if isinstance(error, ValueError):
        return Refused(f"The request to {host} cannot be written as HTTP.")
    reason = _reason(error)
    return Unreachable(f"{host} {reason}.", reason)


def too_slow(host: str | None, deadline: Deadline) -> Unreachable:
    """Return that *host* used up all the time there was."""
    return Unreachable(f"{host} did not answer within {deadline.seconds:g} s.", TIMED_OUT)


def tls_reason(error: ssl.SSLError) -> str:
    """Return why no TLS connection came about, as OpenSSL puts it."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message.rstrip(".")
    if error.reason and not isinstance(error, ssl.SSLEOFError):
        return error.reason.replace("_", " ").lower()
    return "the handshake was not finished"


def _reason(error: BaseException) -> str:
    if isinstance(error, DecodeError):
        return "sent a body that cannot be unpacked"
    if isinstance(error, LineTooLong) or type(error) is HTTPException:  # that there are more than 100
        return "sent more headers than anybody reads"
    if isinstance(error, BadStatusLine) and not isinstance(error, RemoteDisconnected):
        return "did not answer in HTTP"
    return "closed the connection without a whole answer"
