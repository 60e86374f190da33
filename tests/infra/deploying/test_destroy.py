import pytest

from infra.halting import Halt
from tests.infra.deploying.conftest import HOME, NEAR, shown


def test_all_but_the_data_goes(cloud):
    """Stacks, buckets and logs are gone; the tables of what customers made stay, and are told."""
    cloud.deploy(PROBE_REGIONS=NEAR, INBOUND_DOMAIN="pings.example.org")
    said = cloud.destroy()
    assert (cloud.stacks(), cloud.buckets()) == ({}, set())
    assert cloud.tables() >= {"wakeful-monitors", "wakeful-projects", "wakeful-keys"}
    assert not cloud.tables() & {"wakeful-ticks", "wakeful-deliveries"}
    assert "Left with all their data: wakeful-monitors, " in said
    for region in (HOME, NEAR):
        assert cloud.client("logs", region).describe_log_groups()["logGroups"] == []


def test_a_deployment_comes_back_with_its_data(cloud):
    """The next deployment takes in the tables that the last one left: the keys of old open it."""
    key = shown(cloud.deploy(), "api_key")
    url = cloud.outputs()["EndpointURL"].rstrip("/")
    assert cloud.ask("POST", f"{url}/api/v3/checks/", {"X-Api-Key": key}, '{"name": "Backup"}').status == 201
    cloud.destroy()
    said = cloud.deploy()
    assert "tables that an earlier stack has left" in said
    assert "admin_key" not in said
    assert cloud.checks(key) == ["Backup"]
    assert "earlier stack" not in cloud.deploy()


def test_taking_in_is_shown_by_a_dry_run(cloud):
    """A dry run says that tables would be taken in, and takes none in."""
    cloud.deploy()
    cloud.destroy()
    assert "tables of an earlier stack would be taken in" in cloud.deploy(DRY_RUN="yes")
    assert (cloud.stacks(), cloud.buckets()) == ({}, set())


def test_data_goes_when_its_stage_is_typed(cloud):
    """DELETE_DATA asks for the stage's name before anything is touched; else nothing is lost."""
    cloud.deploy()
    before = cloud.stacks(), cloud.buckets(), cloud.tables()
    for typed in ("", "yes", "staging"):
        cloud.typed = typed
        with pytest.raises(Halt, match="Nothing was deleted: type the stage's name"):
            cloud.destroy(DELETE_DATA="yes")
    assert (cloud.stacks(), cloud.buckets(), cloud.tables()) == before
    cloud.typed = "prod"
    cloud.destroy(DELETE_DATA="yes")
    assert (cloud.stacks(), cloud.buckets(), cloud.tables()) == ({}, set(), set())


def test_data_goes_later_too(cloud):
    """Tables that an earlier run left are deleted by a later one, without a question where FORCE says so."""
    cloud.deploy()
    cloud.destroy()
    cloud.destroy(DELETE_DATA="yes", FORCE="1")
    assert cloud.tables() == set()
    assert cloud.destroy().startswith("There was nothing to remove.")


def test_a_dry_run_removes_nothing(cloud):
    """What would go is told, and stays."""
    cloud.deploy(PROBE_REGIONS=NEAR)
    before = cloud.stacks(), cloud.buckets(), cloud.tables()
    said = cloud.destroy(DELETE_DATA="yes", DRY_RUN="yes")
    assert f"Would be removed: the prober in {NEAR}" in said
    assert "Would be removed: the table wakeful-monitors" in said
    assert (cloud.stacks(), cloud.buckets(), cloud.tables()) == before


def test_another_homes_probers_are_left_alone(cloud):
    """Who names the wrong home takes nothing away from the right one, and cannot share its probers."""
    cloud.deploy(PROBE_REGIONS=NEAR)
    before = cloud.stacks(), cloud.buckets(), cloud.tables()
    assert cloud.destroy(REGION="us-west-2", DELETE_DATA="yes", FORCE="yes").startswith(
        "There was nothing to remove."
    )
    with pytest.raises(Halt, match=f"{NEAR} has a prober of this stage already, whose home is {HOME}"):
        cloud.deploy(REGION="us-west-2", PROBE_REGIONS=NEAR)
    assert (cloud.stacks(), cloud.buckets(), cloud.tables()) == before
