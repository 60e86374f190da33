"""The only reader of the environment."""

import os
from dataclasses import dataclass

PREFIX = os.environ.get("WAKEFUL_PREFIX", "wakeful")


@dataclass(frozen=True, slots=True)
class Settings:
    """What one deployment is told; every field has a value that suits a test."""

    prefix: str = PREFIX  # of every table, queue and topic
    region: str = "us-east-1"
    endpoint_url: str | None = None  # of an emulated AWS
    scans_queue_url: str = ""
    wakes_queue_url: str = ""
    deliveries_queue_url: str = ""
    flips_topic_arn: str = ""
    chores_topic_arn: str = ""
    operators_topic_arn: str = ""
    shards: int = 1  # of the deadline and outbox indexes; may grow at any time, never shrink
    public_url: str = ""
    mail_from: str = ""
    mail_domain: str = ""  # of the addresses that pings may be mailed to
    allow_private_targets: bool = False

    @classmethod
    def from_env(cls) -> "Settings":
        """Read what the deployment template put into the function's environment."""
        env = os.environ.get
        return cls(
            region=env("AWS_REGION") or env("AWS_DEFAULT_REGION") or "us-east-1",
            endpoint_url=env("AWS_ENDPOINT_URL"),
            scans_queue_url=env("SCANS_QUEUE_URL", ""),
            wakes_queue_url=env("WAKES_QUEUE_URL", ""),
            deliveries_queue_url=env("DELIVERIES_QUEUE_URL", ""),
            flips_topic_arn=env("FLIPS_TOPIC_ARN", ""),
            chores_topic_arn=env("CHORES_TOPIC_ARN", ""),
            operators_topic_arn=env("OPERATORS_TOPIC_ARN", ""),
            shards=int(env("SHARDS", "1")),
            public_url=env("PUBLIC_URL", "").rstrip("/"),
            mail_from=env("MAIL_FROM", ""),
            mail_domain=env("MAIL_DOMAIN", ""),
            allow_private_targets=env("ALLOW_PRIVATE_TARGETS", "").lower() in ("1", "true", "yes"),
        )


def queue_name(short: str) -> str:
    """Return the physical name of a queue or topic, as Chalice wants to know it when it packages."""
    return f"{PREFIX}-{short}"
