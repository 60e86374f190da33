"""The cheaper front for pings: looked at after every deployment, and never taken away in silence."""

import pytest

from infra.halting import Halt
from tests.infra.deploying.conftest import shown

URL = "https://a1b2.lambda-url.eu-central-1.on.aws"


def test_the_look_around_pings_at_both_doors(cloud):
    """The check is pinged at the function URL, too; the operator is told, and shown how to ping there."""
    said = cloud.deploy(PING_URL="function")
    pinged = [url.partition("/ping/")[0] for url in cloud.asked if "/ping/" in url]
    assert pinged == [cloud.outputs()["EndpointURL"].rstrip("/"), URL]
    assert f"pinged, also at {URL}, read and deleted" in said
    assert f"'{URL}/ping/{shown(said, 'ping_key')}/job?create=1'" in said


def test_a_function_url_that_does_not_answer_is_told(cloud):
    """Jobs are shown that address: where it fails the deployment has failed, and the log is named."""
    cloud.broken = URL
    with pytest.raises(Halt, match=rf"GET {URL}/ping/\S+ was answered with 502: .* log of the function ping"):
        cloud.deploy(PING_URL="function")


def test_the_function_url_does_not_go_in_silence(cloud):
    """Jobs that were shown it would fail: it goes only when FORCE says that this is known."""
    cloud.deploy(PING_URL="function")
    cloud.deploy()
    for word in ("api", ""):
        with pytest.raises(Halt, match=rf"would delete {URL}: .* Let them ping \S+execute-api\S+ first"):
            cloud.deploy(PING_URL=word)
    assert cloud.outputs()["PingUrl"].rstrip("/") == URL
    cloud.deploy(PING_URL="api", FORCE="1")
    assert "PingUrl" not in cloud.outputs()
    cloud.deploy(PING_URL="api")
