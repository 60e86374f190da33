"""How the operator reaches AWS and the deployment, and what they are told meanwhile."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
import requests
from botocore.config import Config

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PATIENCE = 30.0  # seconds for an answer; API Gateway gives up after 29
CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 6})


@dataclass(frozen=True)
class Answer:
    """What the deployment answered."""

    status: int
    text: str


def say(line: str) -> None:
    """Show one line at once; several regions speak at the same time."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def ask(method: str, url: str, headers: Mapping[str, str], body: str = "") -> Answer:
    """Ask the deployment over HTTP; status 0 where nobody answers."""
    try:
        reply = requests.request(method, url, headers=dict(headers), data=body.encode(), timeout=PATIENCE)
    except requests.RequestException as silence:
        return Answer(0, str(silence))
    return Answer(reply.status_code, reply.text)


@dataclass
class Operator:
    """Whoever deploys: their credentials, their terminal, and their time."""

    session: boto3.session.Session = field(default_factory=boto3.session.Session)
    say: Callable[[str], None] = say
    hear: Callable[[str], str] = input
    rest: Callable[[float], None] = time.sleep
    ask: Callable[..., Answer] = ask

    looks: int = 1200  # at what is slow, three seconds between two: an hour
    clients: dict[tuple[str, str], Any] = field(default_factory=dict)  # made when first needed
    lock: threading.Lock = field(default_factory=threading.Lock)  # sessions are not made for threads

    def client(self, service: str, region: str) -> Any:
        """Return the client of *service* in *region*."""
        with self.lock:
            if (service, region) not in self.clients:
                made = self.session.client(service, region_name=region, config=CONFIG)
                self.clients[service, region] = made
            return self.clients[service, region]
