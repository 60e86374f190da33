import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from app import app
from tests.local.clients import ROOT, process, ready

README = (ROOT / "README.md").read_text()
TEMPLATE = json.loads((ROOT / "infra" / "resources.json").read_text())["Resources"]


def blocks():
    """Return what the README tells people to type, block by block."""
    return re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def column(heading):
    """Return the first column of the table that begins with *heading*, without backticks."""
    table = re.search(rf"^\| {heading} \|.*\n\|[-|]+\n((?:\|.*\n)+)", README, re.MULTILINE)
    return re.findall(r"^\| `([^`]+)`", table[1], re.MULTILINE)


def names(kind, field):
    """Return the names of all resources of a kind, without the deployment's prefix."""
    made = (resource for resource in TEMPLATE.values() if resource.get("Type") == kind)
    return {resource["Properties"][field].removeprefix("wakeful-") for resource in made}


def test_the_walk_works_word_for_word(tmp_path):
    """Whoever types what the README says, in its order, sees what the README says."""
    walk = [block for block in blocks() if not block.startswith("make ")]
    (tmp_path / ".venv").symlink_to(sys.prefix)  # as in the folder of the repository
    with process(tmp_path) as stack:
        ready(tmp_path, stack)
        told = subprocess.run(  # noqa: S603  the README's own lines, in whichever bash its reader has
            [shutil.which("bash"), "-euo", "pipefail", "-c", "\n".join(walk)],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        stack.terminate()
        _, complaints = stack.communicate(timeout=10)
    assert (told.returncode, told.stderr, complaints) == (0, "", "")
    promised = [line for block in walk for line in re.findall(r"^# → (.*)$", block, re.MULTILINE)]
    rest = told.stdout
    for promise in promised:
        _, found, rest = rest.partition(promise)
        assert found, f"{promise!r} did not come:\n{told.stdout}"
    assert len(promised) == README.count("# → ")


def test_what_make_is_told_exists():
    """Every `make` in the README is a target of the Makefile, and every target is in the README."""
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split())
    assert set(re.findall(r"\bmake ([a-z]+)", README)) == targets
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


def test_every_setting_is_explained():
    """The table of settings and the reader of the environment name the same variables."""
    reader = (ROOT / "chalicelib" / "settings.py").read_text()
    settings = re.search(r"^## Settings$(.*?)^## ", README, re.MULTILINE | re.DOTALL)[1]
    assert set(re.findall(r"^\| `([A-Z_]+)`", settings, re.MULTILINE)) == set(
        re.findall(r'"([A-Z_]{4,})"', reader)
    )


def test_every_route_is_named():
    """The table of paths and the app have the same routes."""
    assert sorted(column("path")) == sorted(app.routes)


def test_every_table_is_named():
    """The table of tables and the template have the same tables."""
    assert set(column("table")) == names("AWS::DynamoDB::Table", "TableName")


def test_every_lambda_is_named():
    """The table of Lambdas, the app and Chalice's settings have the same functions."""
    stages = json.loads((ROOT / ".chalice" / "config.json").read_text())["stages"]
    others = (*app.event_sources, *app.pure_lambda_functions)
    assert set(column("Lambda")) == {"api_handler", *(function.name for function in others)}
    assert set(column("Lambda")) == set(stages["prod"]["lambda_functions"])


@pytest.mark.parametrize(
    ("word", "kind", "field"),
    [("queue", "AWS::SQS::Queue", "QueueName"), ("topic", "AWS::SNS::Topic", "TopicName")],
)
def test_every_queue_and_topic_is_named(word, kind, field):
    """What the README calls a queue or a topic is one, and none is forgotten."""
    assert set(re.findall(rf"\b{word} `([a-z-]+)`", README)) == names(kind, field)


def test_no_line_is_too_long_to_read():
    """Tables apart, the README keeps to the width of the code."""
    prose = [line for line in README.splitlines() if not line.startswith("|")]
    assert [line for line in prose if len(line) > 120] == []
