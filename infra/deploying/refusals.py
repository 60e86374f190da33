"""What AWS refuses, in sentences that say what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

NOT_SIGNED = "Run `aws configure` or `aws sso login`, or set AWS_PROFILE"
UNKNOWN_HERE = {"InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure", "OptInRequired"}
EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
FORBIDDEN = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"}  # the last by HEAD


def advice(error: ClientError, region: str = "") -> str:
    """Return what to do about a refusal, in *region* where that matters."""
    if code_of(error) in UNKNOWN_HERE:
        place = f" in {region}" if region else ""
        return (
            f"AWS does not know these credentials{place}. "
            f"{NOT_SIGNED}; or enable the region under Account, AWS Regions."
        )
    if code_of(error) in EXPIRED:
        return f"The AWS credentials have expired. {NOT_SIGNED}."
    if code_of(error) in FORBIDDEN:
        return (
            f"These credentials may not {error.operation_name}: come as somebody who administers the account."
        )
    return f"AWS refuses {error.operation_name}: {message_of(error)}."


def code_of(error: Exception) -> str:
    """Return the code of what AWS refused."""
    return str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))


def message_of(error: Exception) -> str:
    """Return what AWS said about it, else the error itself, without a full stop."""
    said = getattr(error, "response", {}).get("Error", {}).get("Message", "")
    return str(said or error).strip().rstrip(".")
