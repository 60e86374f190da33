"""Amazon SNS: topics of the customer's own, in whatever account and region they are."""

import re
import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from chalicelib import aws
from chalicelib.channels import wording
from chalicelib.channels.base import Outlet, SendError
from chalicelib.channels.fields import shaped
from chalicelib.channels.letters import fit, letter
from chalicelib.core.alerts import Alert
from chalicelib.core.errors import Invalid
from chalicelib.core.words import excerpt
from chalicelib.settings import queue_name

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

ARN = re.compile(r"arn:(aws[a-z-]*):sns:([a-z0-9-]+):[0-9]{12}:([A-Za-z0-9_-]{1,256})")
OURS = ("flips", "chores", "mails", "operators")  # what is published there our own handlers believe
SUBJECT_LIMIT = 99

# What SNS answers for good: an error's code, and what its text must name.
Gone = Iterable[tuple[str, str]]
TOPIC_GONE: Gone = (("NotFound", ""), ("AuthorizationError", ""), ("InvalidParameter", "TopicArn"))


class SnsTopic:
    """The transport of kind SNS_TOPIC."""

    def __init__(self, config: dict[str, Any], outlet: Outlet) -> None:
        self._config = config
        self._outlet = outlet

    @staticmethod
    def check(config: dict[str, Any], *, allow_private: bool) -> dict[str, Any]:
        """Return {topicArn}: a standard topic, in a region that there is (R44)."""
        del allow_private  # AWS's addresses are ours to know
        must = "must be the ARN of a standard topic: arn:aws:sns:<region>:<account>:<name>"
        arn = shaped(config, "topicArn", ARN, must)
        partition, region, name = _parts(arn)
        if region not in aws.session().get_available_regions("sns", partition_name=partition):
            raise Invalid("topicArn", f"names a region that there is not: {region}")
        if name in map(queue_name, OURS):
            raise Invalid("topicArn", "is a topic of Wakeful's own")
        return {"topicArn": arn}

    @staticmethod
    def mask(config: dict[str, Any]) -> dict[str, Any]:
        """Return all of it: to know a topic's name opens nothing."""
        return dict(config)

    def send(self, alert: Alert) -> None:
        """Send *alert*; raises SendError."""
        arn = self._config["topicArn"]
        words = {"event": wording.event(alert), "status": alert.status}
        publish(
            self._outlet,
            _parts(arn)[1],
            TOPIC_GONE,
            TopicArn=arn,
            Subject=subject(alert),
            Message=letter(alert),
            MessageAttributes={
                name: {"DataType": "String", "StringValue": word} for name, word in words.items()
            },
        )


def subject(alert: Alert) -> str:
    """Return the alert in fewer than a hundred letters of ASCII, which is all that SNS takes."""
    text = bare(wording.subject(alert)).encode("ascii", "replace").decode()
    return fit(text, SUBJECT_LIMIT, mark="...")


def bare(text: str) -> str:
    """Return *text* without accents and ligatures, with the quotation marks and dashes of a typewriter."""
    split = unicodedata.normalize("NFKD", text.translate(TYPEWRITER))
    return "".join(letter for letter in split if not unicodedata.combining(letter))


TYPEWRITER = str.maketrans(
    {
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{LEFT DOUBLE QUOTATION MARK}": '"',
        "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
        "\N{EN DASH}": "-",
        "\N{EM DASH}": "-",
    }
)


def publish(outlet: Outlet, region: str, gone: Gone, **message: Any) -> None:
    """Hand *message* to SNS in *region*; raises SendError, for good where the answer is one of *gone*."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        aws.client("sns", region, outlet.settings.endpoint_url).publish(**message)
    except ClientError as error:
        raise _refusal(error, gone) from None
    except BotoCoreError as error:
        raise SendError(f"SNS could not be reached: {type(error).__name__}.") from None


def _refusal(error: "ClientError", gone: Gone) -> SendError:
    code = error.response["Error"].get("Code", "")
    text = error.response["Error"].get("Message", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", "")
    is_gone = any(code.removesuffix("Exception") == name and word in text for name, word in gone)
    sentence = f"SNS answered {status} {code}".strip() + (f": {text}" if text else ".")
    return SendError(excerpt(sentence), permanent=is_gone)


def _parts(arn: str) -> tuple[str, str, str]:
    """Return the partition, the region and the name of the topic that *arn* names."""
    _, partition, _, region, _, name = arn.split(":")
    return partition, region, name
