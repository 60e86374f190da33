"""What the operator wants, as `make deploy` and `make destroy` were told it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from infra.halting import Halt
from infra.packaging.templates import PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping

MAIN_STAGE = "prod"  # the one whose names are Wakeful's own
STAGE = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"
REGION = r"[a-z]{2,4}(-[a-z]+)+-\d"
MAIL = r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+"
DOMAIN = r"([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}"
URL = r"https?://[^\s/]+(/\S*)?"
PARTS = r"[1-9]|[1-5]\d|6[0-4]"

# The longest name is that of a bucket, of 63 characters: <prefix>-code-<account>-ap-southeast-1.
LONGEST_STAGE = 63 - len(f"{PREFIX}--code-123456789012-ap-southeast-1")

YES = {"1", "yes", "true"}
NO = {"", "0", "no", "false"}
ON_OR_OFF = {
    "": "on",
    "1": "on",
    "yes": "on",
    "true": "on",
    "0": "off",
    "no": "off",
    "false": "off",
}


@dataclass(frozen=True)
class Choice:
    """A setting that becomes a parameter of the stack, and what it must look like."""

    parameter: str
    shape: str
    example: str
    redundant: str = ""  # what may be left off at its end
    words: Mapping[str, str] = field(default_factory=dict)  # that the stack has others for

    def heard(self, name: str, value: str) -> str:
        """Return what the parameter becomes by *value*; raises Halt where that will not do."""
        if value and not re.fullmatch(self.shape, value):
            raise Halt(f"{name}={value} will not do: write it as {self.example}.")
        return self.words.get(value.lower(), value).rstrip(self.redundant)


CHOICES = {
    "ALARM_EMAIL": Choice("OperatorMail", MAIL, "ops@example.org"),
    "MAIL_FROM": Choice("MailFrom", MAIL, "wakeful@example.org"),
    "INBOUND_DOMAIN": Choice("MailDomain", DOMAIN, "pings.example.org"),
    "PUBLIC_URL": Choice("PublicUrl", URL, "https://wakeful.example.org", redundant="/"),
    "DOMAIN": Choice("Domain", DOMAIN, "wakeful.example.org"),
    "OUTWARD_PING_URL": Choice("OutwardPingUrl", URL, "https://hc.example.com/ping/7c2f"),
    "PING_URL": Choice("PingUrl", "function|api", "function or api", words={"api": ""}),
    "SHARDS": Choice("Shards", PARTS, "a number from 1 to 64", words={"": "1"}),
    "ACCESS_LOGS": Choice("AccessLogs", f"(?i:{'|'.join(ON_OR_OFF)})", "yes or no", words=ON_OR_OFF),
}


@dataclass(frozen=True)
class Wish:
    """One deployment, and what is to be done with it.

    What was not said is not in *parameters*, and stays as it is deployed; what was said empty is cleared.
    """

    stage: str
    region: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    dry_run: bool = False
    new_keys: bool = False
    delete_data: bool = False
    force: bool = False

    @property
    def prefix(self) -> str:
        """What every name of the deployment begins with."""
        return PREFIX if self.stage == MAIN_STAGE else f"{PREFIX}-{self.stage}"

    @property
    def tags(self) -> dict[str, str]:
        """What is written on everything that is made."""
        return {"application": PREFIX, "stage": self.stage, "home": self.region}

    def bucket(self, account: str, region: str) -> str:
        """Return the name of the bucket that holds the code for the functions of *region*."""
        return f"{self.prefix}-code-{account}-{region}"


def read(told: Mapping[str, str]) -> Wish:
    """Return what *told*, the environment, wants; raises Halt with a sentence about what is wrong with it."""
    return Wish(
        _stage(told.get("STAGE", MAIN_STAGE)),
        _region(told.get("REGION", "")),
        _parameters(told),
        dry_run=_whether(told, "DRY_RUN"),
        new_keys=_whether(told, "NEW_KEYS"),
        delete_data=_whether(told, "DELETE_DATA"),
        force=_whether(told, "FORCE"),
    )


def _stage(stage: str) -> str:
    if not re.fullmatch(STAGE, stage):
        raise Halt(f"STAGE={stage} will not do for names: use small letters, digits and hyphens.")
    if len(stage) > LONGEST_STAGE:
        raise Halt(
            f"STAGE={stage} is too long: {LONGEST_STAGE} characters are the most that bucket names allow."
        )
    if re.search(r"(^|-)prober$", stage):
        raise Halt(f"STAGE={stage} would be taken for a prober's stack: choose another name.")
    return stage


def _region(region: str) -> str:
    if not region:
        raise Halt("Where to? Say a region: make deploy REGION=eu-central-1, for example.")
    if not re.fullmatch(REGION, region):
        raise Halt(f"REGION={region} is no region of AWS: write it as eu-central-1.")
    return region


def _parameters(told: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters that were said, by their names in the template."""
    found = {}
    for name, choice in CHOICES.items():
        if name in told:
            found[choice.parameter] = choice.heard(name, told[name])
    if "PROBE_REGIONS" in told:
        found["ProbeRegions"] = " ".join(_regions(told["PROBE_REGIONS"]))
    domain = found.get("Domain")
    if domain is not None:  # whoever gives it up means its address as well
        found.setdefault("PublicUrl", f"https://{domain}" if domain else "")
    return found


def _regions(text: str) -> list[str]:
    found = list(dict.fromkeys(text.replace(",", " ").split()))
    for region in found:
        if not re.fullmatch(REGION, region):
            raise Halt(f"PROBE_REGIONS: {region} is no region of AWS: write it as eu-central-1.")
    return found


def _whether(told: Mapping[str, str], name: str) -> bool:
    value = told.get(name, "").lower()
    if value not in YES | NO:
        raise Halt(f"{name}={value} is neither yes nor no: write {name}=yes, or leave it out.")
    return value in YES
