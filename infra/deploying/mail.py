"""Mail, which the account as a whole must be ready for: no stack can see to that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.deploying.refusals import message_of
from infra.halting import Halt

if TYPE_CHECKING:
    from infra.deploying.reach import Operator

WAY_OUT = (
    "Request production access in its console, leave out MAIL_FROM, or say FORCE=1 to go on all the same."
)


def concerns(operator: Operator, region: str, sender: str, *, force: bool) -> list[str]:
    """Return what keeps mail from *sender* from reaching everybody, and does not keep us from deploying.

    Raises Halt where the account may not write to everybody, unless *force* says that this is known.
    """
    found = []
    ses = operator.client("sesv2", region)
    try:
        if not ses.get_account().get("ProductionAccessEnabled"):
            sandbox = (
                f"SES in {region} is in its sandbox: only verified addresses get mail until AWS lifts it."
            )
            if not force:
                raise Halt(f"{sandbox} {WAY_OUT}")
            found.append(sandbox)
    except (ClientError, BotoCoreError) as error:
        found.append(f"Whether SES may write to everybody is not known: {message_of(error)}.")
    if not any(_is_verified(ses, identity) for identity in (sender, sender.rpartition("@")[2])):
        found.append(f"SES in {region} has not verified {sender}: no mail leaves until it has.")
    return found


def _is_verified(ses: Any, identity: str) -> bool:
    try:
        return bool(ses.get_email_identity(EmailIdentity=identity).get("VerifiedForSendingStatus"))
    except (ClientError, BotoCoreError):
        return False


def receive(operator: Operator, region: str, rules: str) -> str:
    """Let the receipt rules of that name be in force, unless others are; return what is left to do."""
    ses = operator.client("ses", region)
    active = _active(ses)
    if active == rules:
        return ""
    if active:
        return f"SES follows the receipt rules {active}: activate {rules} instead, or add its rule there."
    ses.set_active_receipt_rule_set(RuleSetName=rules)
    return ""


def receive_no_more(operator: Operator, region: str, rules: str) -> None:
    """Let the receipt rules of that name no longer be in force: they could not be deleted."""
    ses = operator.client("ses", region)
    if _active(ses) == rules:
        ses.set_active_receipt_rule_set()


def _active(ses: Any) -> str:
    return str(ses.describe_active_receipt_rule_set().get("Metadata", {}).get("Name", ""))
