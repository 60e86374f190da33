"""Several deployments from one checkout at the same time: none gets what another has built."""

from dataclasses import replace

import pytest

from infra.deploy import deploy
from infra.halting import Halt
from tests.infra.deploying.conftest import HOME
from tests.infra.deploying.sketch import sketch


def test_two_stages_built_at_once_keep_their_names(cloud):
    """One that is deployed after another was packaged leaves that one its templates and its code."""

    def package_and_be_overtaken(prefix, target):
        built = sketch(prefix, target)
        cloud.code = "better code"
        with cloud.at_another_door("wakeful"):
            cloud.deploy()
        return built

    told = {"REGION": HOME, "STAGE": "dev"}
    with cloud.at_another_door("wakeful-dev"):
        deploy(cloud.operator, told, package_and_be_overtaken, cloud.folder)
    assert cloud.tables() >= {"wakeful-dev-monitors", "wakeful-monitors"}


def test_code_that_is_not_what_was_built_is_refused(cloud):
    """What is uploaded has the hash that its key says, or nothing is uploaded."""

    def torn(prefix, target):
        return replace(sketch(prefix, target), digest="0" * 64)

    with pytest.raises(Halt, match=r"wakeful\.zip is not what was built"):
        deploy(cloud.operator, {"REGION": HOME}, torn, cloud.folder)
    assert cloud.stacks() == {}
