"""The only reader of the environment."""

import os
from dataclasses import dataclass

PREFIX = os.environ.get("WAKEFUL_PREFIX", "wakeful")


@dataclass(frozen=True, slots=True)
class Settings:
    """What one deployment is told; every field has a value that suits a test."""

    prefix: str = PREFIX  # of every table, queue and topic
    region: str = "us-east-1"  # home: where all is but the probers of further regions
    endpoint_url: str | None = None  # of an emulated AWS
    scans_queue_url: str = ""
    wakes_queue_url: str = ""
    deliveries_queue_url: str = ""
    results_queue_url: str = ""
    probes_queue_url: str = ""  # in *region*; the other regions' queues have the same name
    probe_regions: tuple[str, ...] = ("us-east-1",)  # that targets are probed from
    flips_topic_arn: str = ""
    chores_topic_arn: str = ""
    operators_topic_arn: str = ""
    shards: int = 1  # of the deadline and outbox indexes; may grow at any time, never shrink
    public_url: str = ""
    ping_url: str = ""  # of the cheaper front for pings; empty means that they go to the API
    mail_from: str = ""
    mail_domain: str = ""  # of the addresses that pings may be mailed to
    allow_private_targets: bool = False
    outward_ping_url: str = ""  # of whoever is to notice when we fall silent
    in_lambda: bool = False  # whose standard output is the log

    @classmethod
    def from_env(cls) -> "Settings":
        """Read what the deployment template put into the function's environment."""
        env = os.environ.get
        region = env("HOME_REGION") or env("AWS_REGION") or env("AWS_DEFAULT_REGION") or "us-east-1"
        return cls(
            region=region,
            endpoint_url=env("AWS_ENDPOINT_URL"),
            scans_queue_url=env("SCANS_QUEUE_URL", ""),
            wakes_queue_url=env("WAKES_QUEUE_URL", ""),
            deliveries_queue_url=env("DELIVERIES_QUEUE_URL", ""),
            results_queue_url=env("RESULTS_QUEUE_URL", ""),
            probes_queue_url=env("PROBES_QUEUE_URL", ""),
            probe_regions=tuple(dict.fromkeys([region, *env("PROBE_REGIONS", "").replace(",", " ").split()])),
            flips_topic_arn=env("FLIPS_TOPIC_ARN", ""),
            chores_topic_arn=env("CHORES_TOPIC_ARN", ""),
            operators_topic_arn=env("OPERATORS_TOPIC_ARN", ""),
            shards=int(env("SHARDS", "1")),
            public_url=env("PUBLIC_URL", "").rstrip("/"),
            ping_url=env("PING_URL", "").rstrip("/"),
            mail_from=env("MAIL_FROM", ""),
            mail_domain=env("MAIL_DOMAIN", ""),
            allow_private_targets=env("ALLOW_PRIVATE_TARGETS", "").lower() in ("1", "true", "yes"),
            outward_ping_url=env("OUTWARD_PING_URL", ""),
            in_lambda="AWS_LAMBDA_FUNCTION_NAME" in os.environ,
        )

    def probes_queue_in(self, region: str) -> str:
        """Return the URL of the queue that the prober in *region* reads."""
        return self.probes_queue_url.replace(f".{self.region}.", f".{region}.")


_in_force = [Settings()]


def enforce(settings: Settings) -> None:
    """Let *settings* be those of this process: for what is made without being handed any, as tables are."""
    _in_force[:] = [settings]


def in_force() -> Settings:
    """Return the settings of this process."""
    return _in_force[0]


def queue_name(short: str) -> str:
    """Return the physical name of a queue or topic, as Chalice wants to know it when it packages."""
    return f"{PREFIX}-{short}"
