"""How the local stack speaks to its terminal: every trouble is one line."""

import errno
import logging
from traceback import extract_tb
from types import TracebackType

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


NO_FIELDS = {*vars(logging.makeLogRecord({})), "message", "asctime"}  # what every record has
LONG = "trace"  # of a fault, in many lines


class Telling(logging.Formatter):
    """Writes a record, and behind its sentence the fields that it carries."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's name
        """Return the sentence of *record* and its fields, the empty ones and the long one left out."""
        carried = {name: value for name, value in vars(record).items() if value and name not in NO_FIELDS}
        carried.pop(LONG, None)
        return " ".join([super().formatMessage(record), *(f"{name}={carried[name]}" for name in carried)])


class Whole(Telling):
    """Writes a record with all that it carries; the trace of a fault follows."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's name
        """Return the sentence of *record*, its fields, and a trace on lines of its own."""
        return f"{super().formatMessage(record)}\n{getattr(record, LONG, '')}".rstrip("\n")


class OneLine(Telling):
    """Writes a record as one line, an exception as its name, its message and its place."""

    def formatException(self, ei: ExcInfo) -> str:  # noqa: N802  logging's name
        """Return what went wrong, and where."""
        return told(ei[1]) if ei[1] else ""

    def format(self, record: logging.LogRecord) -> str:
        """Return *record* without line breaks."""
        return " ".join(super().format(record).split("\n"))


def log_in_one_line(*, verbose: bool) -> None:
    """Send warnings and errors to stderr; *verbose* adds every request and whole tracebacks."""
    form = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    handler = logging.StreamHandler()
    handler.setFormatter(Whole(form) if verbose else OneLine(form))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.captureWarnings(capture=True)
    if verbose:
        logging.getLogger("chalicelib").setLevel(logging.INFO)


def told(error: BaseException) -> str:
    """Return *error* in one line, with the place where it arose."""
    places = extract_tb(error.__traceback__)
    place = f" ({places[-1].filename}:{places[-1].lineno})" if places else ""
    return f"{type(error).__name__}: {error}{place}"


def sentence(error: Exception, port: int) -> str:
    """Return why the stack did not start, and what to do."""
    from botocore.exceptions import ConnectionError as NoConnection

    code = error.errno if isinstance(error, OSError) and not error.filename else None  # not a file's
    if code == errno.EADDRINUSE:
        return (
            f"port {port} is in use. Stop what listens there, or choose another: "
            f"make run PORT={port + 1}, or PORT=0 for a free one."
        )
    if code == errno.EACCES:
        return f"port {port} is not for everybody. Choose one above 1023: make run PORT=8000."
    if isinstance(error, NoConnection):
        return f"the AWS endpoint does not answer: {error}"
    return f"the stack did not start: {told(error)}. --verbose tells more."
