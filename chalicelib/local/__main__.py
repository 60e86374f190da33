"""`python -m chalicelib.local`: the whole stack on this machine, until it is told to stop."""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NoReturn

from chalicelib.local.console import log_in_one_line, sentence

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
HIGHEST_PORT = 65_535
FRONTS = {"": "", "api": "", "function": "function"}  # for pings, and what the stack is told
REGION = ("AWS_REGION", "AWS_DEFAULT_REGION")
NOWHERE = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
TEMPLATE_WOULD_SAY = {
    "MAIL_FROM": "wakeful@example.org",
    "MAIL_DOMAIN": "pings.example.org",
    "PROBE_REGIONS": "eu-west-1 ap-southeast-1",
    "ALLOW_PRIVATE_TARGETS": "true",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until a signal comes; return the exit status."""
    _on_signal(lambda: sys.exit(0))  # nothing runs yet that would have to end first
    wish = parser().parse_args(arguments)
    log_in_one_line(verbose=wish.verbose)
    furnish(wish.endpoint_url)
    os.environ["PING_URL"] = wish.ping_url
    try:
        run(wish.port)
    except Exception as error:
        if wish.verbose:
            raise
        sys.stderr.write(f"wakeful: {sentence(error, wish.port)}\n")
        return 1
    return 0


def run(port: int) -> None:
    """Run the stack until a signal comes."""
    from chalicelib.local.notices import announced, welcome  # heavy, and none of it is needed for --help
    from chalicelib.local.stack import running
    from chalicelib.settings import Settings

    stop = threading.Event()
    with running(Settings.from_env(), port, _say) as stack, announced(stack):
        _on_signal(stop.set)
        _say(welcome(stack))
        stop.wait()
        _say("\nStopping ...")


def parser() -> argparse.ArgumentParser:
    """Return what the command line may say; each option has a variable of the environment behind it."""
    made = argparse.ArgumentParser(
        prog="python -m chalicelib.local",
        description="Run Wakeful on this machine: the API, the schedule, the queues and their handlers.",
    )
    made.add_argument(
        "--port",
        type=_port,
        default=os.environ.get("PORT") or "8000",
        help="where the API listens; 0 takes a free one (PORT, 8000)",
    )
    made.add_argument(
        "--endpoint-url",
        default=os.environ.get("AWS_ENDPOINT_URL"),
        help="another AWS-compatible endpoint to use instead of the one in memory (AWS_ENDPOINT_URL)",
    )
    made.add_argument(
        "--ping-url",
        type=_front,
        default=os.environ.get("PING_URL", ""),
        help="function opens the cheaper front for pings on a port of its own (PING_URL)",
    )
    made.add_argument("--verbose", action="store_true", help="log every request, and tracebacks in full")
    return made


def _front(name: str) -> str:
    if name not in FRONTS:
        raise argparse.ArgumentTypeError(f"{name!r} is no front for pings: say function or api")
    return FRONTS[name]


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= HIGHEST_PORT):
        raise argparse.ArgumentTypeError(f"{text!r} is no port: use a number from 0 to {HIGHEST_PORT}")
    return int(text)


def furnish(endpoint_url: str | None) -> None:
    """Put into the environment what the deployment's template would put there.

    What the shell says of the real AWS is left out: this stack must not know a way into anybody's account.
    """
    if endpoint_url:
        os.environ["AWS_ENDPOINT_URL"] = endpoint_url
        os.environ.setdefault("AWS_ACCESS_KEY_ID", "local")
        os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "local")
    else:
        for name in [name for name in os.environ if name.startswith("AWS_") and name not in REGION]:
            del os.environ[name]
        os.environ.update(NOWHERE)
    for name, value in TEMPLATE_WOULD_SAY.items():
        os.environ.setdefault(name, value)


def _on_signal(act: Callable[[], object]) -> None:
    for number in SIGNALS:
        signal.signal(number, lambda *_: act())


def _say(text: str) -> None:
    with suppress(OSError):  # nobody need listen
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


def _leave(status: int) -> NoReturn:
    """Leave without waiting: a handler that still listens to the network must neither hold us nor speak."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(status)


if __name__ == "__main__":
    _leave(main())
