import re
from pathlib import Path

import pytest

from chalicelib.channels import ALIASES, TRANSPORTS, canonical, transport_for
from chalicelib.core.errors import Invalid

HOOK = "https://hooks.slack.com/services/T0A1B2C3D/B0X9Y8Z7W/abcdefABCDEF123456789012"


@pytest.mark.parametrize("kind", TRANSPORTS)
def test_every_kind_has_a_transport(kind):
    """Each kind in the table leads to a class that can check, mask and send."""
    transport = transport_for(kind)
    assert all(callable(getattr(transport, name)) for name in ("check", "mask", "send"))


def test_an_unknown_kind_is_refused():
    """A kind that there is not is refused with those that there are (R44)."""
    with pytest.raises(Invalid, match=f"type must be one of {', '.join(TRANSPORTS)}"):
        transport_for("PIGEON")


def test_every_kind_is_explained():
    """The README's table of channels has every kind, in the order in which a refusal names them."""
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    table = re.search(r"^\| type \| config \|.*\n\|[-|]+\n((?:\|.*\n)+)", readme, re.MULTILINE)[1]
    assert re.findall(r"^\| `([A-Z_]+)`", table, re.MULTILINE) == list(TRANSPORTS)


def test_slack_has_two_names():
    """SLACK_WEBHOOK{webhookUrl} is SLACK{url}, and a change of either may use either name (R44, R45)."""
    stored = ("SLACK", {"url": HOOK})
    for kind in ("SLACK", "SLACK_WEBHOOK"):
        for field in ("url", "webhookUrl"):
            assert canonical(kind, {field: HOOK}) == stored
    assert transport_for("SLACK").check(stored[1], allow_private=False) == stored[1]


@pytest.mark.parametrize("kind", [*sorted(TRANSPORTS.keys() - ALIASES.keys()), "PIGEON"])
def test_what_has_one_name_keeps_it(kind):
    """Kinds without another name, and what is no kind, are left as they are given."""
    config = {"webhookUrl": HOOK, "email": "a@example.org"}
    assert canonical(kind, config) == (kind, config)


def test_every_name_leads_to_a_kind():
    """What an alias stands for is in the table of kinds."""
    assert {kind for kind, _ in ALIASES.values()} <= TRANSPORTS.keys()
