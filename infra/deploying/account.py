"""The account that is deployed into: what must be true of it before anything is made."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from infra.deploying.refusals import NOT_SIGNED, advice, message_of
from infra.halting import Halt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from infra.deploying.reach import Operator

AT_ONCE = 16  # regions
NOT_ENABLED = "not-opted-in"


@dataclass(frozen=True)
class Account:
    """An account, and the regions that it may use."""

    number: str
    regions: tuple[str, ...]


def enter(operator: Operator, region: str) -> Account:
    """Return the account that the operator's credentials open in *region*; raises Halt without."""
    _require_known(operator, region)
    try:
        number = operator.client("sts", region).get_caller_identity()["Account"]
        described = operator.client("ec2", region).describe_regions()["Regions"]
    except ClientError as error:
        raise Halt(advice(error, region)) from error
    except EndpointConnectionError as error:
        raise Halt("AWS does not answer: is this machine connected to the internet?") from error
    except BotoCoreError as error:
        raise Halt(f"There are no AWS credentials here ({message_of(error)}). {NOT_SIGNED}.") from error
    enabled = [entry["RegionName"] for entry in described if entry.get("OptInStatus") != NOT_ENABLED]
    return Account(number, tuple(sorted(enabled)))


def _require_known(operator: Operator, region: str) -> None:
    known = operator.session.get_available_regions("cloudformation", "aws")
    for partition in operator.session.get_available_partitions():
        known += operator.session.get_available_regions("cloudformation", partition)
    if region not in known:
        raise Halt(f"AWS has no region {region}: choose one of {', '.join(sorted(set(known)))}.")


def require_enabled(account: Account, regions: Sequence[str]) -> None:
    """Raise Halt unless all *regions* are there and enabled."""
    for region in regions:
        if region not in account.regions:
            raise Halt(
                f"The region {region} is unknown, or not enabled in account {account.number}: "
                f"enable it under Account, AWS Regions, or leave it out."
            )


def certificate_for(operator: Operator, region: str, domain: str) -> str:
    """Return the ARN of an issued certificate that is good for *domain*; raises Halt where there is none."""
    fitting = {domain, f"*.{domain.partition('.')[2]}"}
    pages = operator.client("acm", region).get_paginator("list_certificates")
    for page in pages.paginate(CertificateStatuses=["ISSUED"]):
        for certificate in page["CertificateSummaryList"]:
            names = {certificate["DomainName"], *certificate.get("SubjectAlternativeNameSummaries", [])}
            if names & fitting:
                return str(certificate["CertificateArn"])
    raise Halt(f"{region} has no issued certificate for {domain}: request one in ACM there, and validate it.")


def side_by_side(regions: Sequence[str], act: Callable[[str], Any]) -> dict[str, Any]:
    """Do *act* in all *regions* at the same time, and return what each returned.

    Raises Halt with all complaints after the last is done: one region's trouble stops no other halfway.
    """
    if not regions:
        return {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        running = {region: pool.submit(act, region) for region in regions}
    errors = {region: error for region, one in running.items() if (error := one.exception())}
    for error in errors.values():
        if not isinstance(error, Halt):
            raise error
    if errors:
        raise Halt("\n".join(map(str, errors.values())))
    return {region: one.result() for region, one in running.items()}
