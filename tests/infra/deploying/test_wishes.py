"""What `make deploy` is told, as the stack hears it."""

import json
import re

import pytest

from infra.deploying.wishes import CHOICES, read
from infra.halting import Halt
from infra.package import ROOT
from tests.infra.deploying.conftest import HOME


def test_every_choice_is_a_parameter_and_explained():
    """Each setting becomes a parameter that the template has, and has a row in the README."""
    template = json.loads((ROOT / "infra" / "resources.json").read_text())
    assert {choice.parameter for choice in CHOICES.values()} <= set(template["Parameters"])
    readme = (ROOT / "README.md").read_text()
    deploying = re.search(r"^## Deploy it$(.*?)^## ", readme, re.MULTILINE | re.DOTALL)[1]
    assert set(CHOICES) <= set(re.findall(r"^\| `([A-Z_]+)`", deploying, re.MULTILINE))


def test_addresses_of_others_stay_as_they_are():
    """Our own address loses the slash at its end; somebody else's may mean something by it."""
    told = {"PUBLIC_URL": "https://wakeful.example.org/", "OUTWARD_PING_URL": "https://hc.example.com/ping/"}
    assert read({"REGION": HOME} | told).parameters == {
        "PublicUrl": "https://wakeful.example.org",
        "OutwardPingUrl": "https://hc.example.com/ping/",
    }


@pytest.mark.parametrize(
    ("name", "value", "parameter", "heard"),
    [
        ("PING_URL", "function", "PingUrl", "function"),
        ("PING_URL", "api", "PingUrl", ""),
        ("PING_URL", "", "PingUrl", ""),
        ("ACCESS_LOGS", "No", "AccessLogs", "off"),
        ("ACCESS_LOGS", "1", "AccessLogs", "on"),
        ("ACCESS_LOGS", "", "AccessLogs", "on"),
        ("SHARDS", "64", "Shards", "64"),
        ("SHARDS", "", "Shards", "1"),
    ],
)
def test_the_stack_has_other_words(name, value, parameter, heard):
    """What the stack calls otherwise is translated; what is said empty is as if it had never been said."""
    assert read({"REGION": HOME, name: value}).parameters == {parameter: heard}


def test_whom_to_ping_is_a_url():
    """A name alone is no URL, and is refused before anything is made."""
    with pytest.raises(Halt, match=r"OUTWARD_PING_URL=.* write it as https://"):
        read({"REGION": HOME, "OUTWARD_PING_URL": "hc.example.com"})
