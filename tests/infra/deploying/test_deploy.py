import json
import re

import pytest

from infra.halting import Halt
from tests.infra.deploying.conftest import ACCOUNT, FAR, HOME, NEAR, shown

UP, UPDATED = "CREATE_COMPLETE", "UPDATE_COMPLETE"
EVERYWHERE = {"PROBE_REGIONS": f"{NEAR},{FAR}"}


def bucket(region):
    return f"wakeful-code-{ACCOUNT}-{region}"


def test_one_command_makes_everything(cloud):
    """A first run makes home, a prober in each further region, and the keys that open it; it leaves no check
    and no key behind of its own.
    """
    said = cloud.deploy(**EVERYWHERE)
    assert cloud.stacks() == {
        (HOME, "wakeful"): UP,
        (NEAR, "wakeful-prober"): UP,
        (FAR, "wakeful-prober"): UP,
    }
    assert cloud.buckets() == {bucket(region) for region in (HOME, NEAR, FAR)}
    assert cloud.parameters()["ProbeRegions"] == f"{NEAR} {FAR}"
    assert cloud.checks(shown(said, "api_key")) == []
    url = cloud.outputs()["EndpointURL"].rstrip("/")
    keys = cloud.ask("GET", f"{url}/v1/api-keys", {"X-Api-Key": shown(said, "admin_key")})
    assert len(json.loads(keys.text)["apiKeys"]) == 3
    assert said.endswith(f"Deployed: {url}")
    assert f"{url}/ping/{shown(said, 'ping_key')}/" in said


def test_probers_know_their_home(cloud):
    """A further region's prober runs the same code and reports to the queue at home.

    Alarms about it go to the same address.
    """
    cloud.deploy(PROBE_REGIONS=NEAR, ALARM_EMAIL="ops@example.org")
    prober = cloud.client("lambda", NEAR).get_function_configuration(FunctionName="wakeful-probe")
    told = prober["Environment"]["Variables"]
    assert (told["RESULTS_QUEUE_URL"], told["HOME_REGION"]) == (cloud.outputs()["ResultsQueueUrl"], HOME)
    assert prober["CodeSha256"] == cloud.function()["CodeSha256"]
    topics = cloud.client("sns", NEAR).list_subscriptions()["Subscriptions"]
    assert [topic["Endpoint"] for topic in topics] == ["ops@example.org"]


def test_everything_is_tagged_and_the_code_is_locked_away(cloud):
    """Stacks and buckets say whose they are; buckets are encrypted and closed to the public.

    What is in a stack says whose it is, too, as CloudFormation hands on its tags.
    """
    cloud.deploy(PROBE_REGIONS=NEAR)
    (stack,) = cloud.client("cloudformation").describe_stacks(StackName="wakeful")["Stacks"]
    (prober,) = cloud.client("cloudformation", NEAR).describe_stacks(StackName="wakeful-prober")["Stacks"]
    told = {"application": "wakeful", "stage": "prod", "home": HOME}
    tags = [{"Key": key, "Value": value} for key, value in told.items()]
    s3, name = cloud.client("s3"), bucket(HOME)
    assert stack["Tags"] == prober["Tags"] == tags == s3.get_bucket_tagging(Bucket=name)["TagSet"]
    closed = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    assert list(closed.values()) == [True] * 4
    (rule,) = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}


def test_a_second_run_changes_nothing(cloud):
    """What is deployed already is looked at, and no key is shown or made again."""
    cloud.deploy(**EVERYWHERE)
    before = cloud.stacks()
    said = cloud.deploy(**EVERYWHERE)
    assert cloud.stacks() == before
    assert said.count("is as it should be") == 3
    assert said.count("is there") == 3
    assert "admin_key" not in said


def test_an_upgrade_keeps_data_and_choices(cloud):
    """New code comes into every region; what was not said again stays as it was, the checks, too."""
    said = cloud.deploy(PROBE_REGIONS=NEAR, PUBLIC_URL="https://wakeful.example.org/")
    key, old = shown(said, "api_key"), cloud.function()["CodeSha256"]
    url = cloud.outputs()["EndpointURL"].rstrip("/")
    made = cloud.ask("POST", f"{url}/api/v3/checks/", {"X-Api-Key": key}, '{"name": "Backup"}')
    assert made.status == 201
    cloud.code = "better code"
    said = cloud.deploy()
    assert cloud.stacks() == {(HOME, "wakeful"): UPDATED, (NEAR, "wakeful-prober"): UPDATED}
    prober = cloud.client("lambda", NEAR).get_function_configuration(FunctionName="wakeful-probe")
    assert prober["CodeSha256"] == cloud.function()["CodeSha256"] != old
    assert cloud.checks(key) == ["Backup"]
    assert cloud.parameters()["PublicUrl"] == "https://wakeful.example.org"
    assert said.endswith("Deployed: https://wakeful.example.org")


def test_a_region_less(cloud):
    """A region that is not wanted any more loses its prober and its bucket, once home sends nothing there."""
    cloud.deploy(**EVERYWHERE)
    said = cloud.deploy(PROBE_REGIONS=FAR)
    assert cloud.stacks() == {(HOME, "wakeful"): UPDATED, (FAR, "wakeful-prober"): UP}
    assert cloud.buckets() == {bucket(HOME), bucket(FAR)}
    lines = said.splitlines()
    assert lines.index(f"{HOME:<15} UPDATE_COMPLETE              wakeful") < lines.index(
        f"{NEAR:<15} DELETE_COMPLETE              wakeful-prober"
    )


def test_a_region_more_comes_before_home_knows_of_it(cloud):
    """In a region that is added the prober is up before anything is sent there."""
    cloud.deploy()
    lines = cloud.deploy(PROBE_REGIONS=NEAR).splitlines()
    assert lines.index(f"{NEAR:<15} CREATE_COMPLETE              wakeful-prober") < lines.index(
        f"{HOME:<15} UPDATE_COMPLETE              wakeful"
    )


def test_a_choice_is_cleared_by_saying_nothing(cloud):
    """A setting that is given empty is as if it had never been made."""
    cloud.deploy(PROBE_REGIONS=NEAR, ALARM_EMAIL="ops@example.org")
    cloud.deploy(PROBE_REGIONS="", ALARM_EMAIL="")
    assert cloud.stacks() == {(HOME, "wakeful"): UPDATED}
    assert (cloud.parameters()["ProbeRegions"], cloud.parameters()["OperatorMail"]) == ("", "")


def test_a_dry_run_changes_nothing(cloud):
    """What would be made is shown, and nothing is left of the question: no stack, no bucket, no template."""
    said = cloud.deploy(DRY_RUN="yes", **EVERYWHERE)
    assert (cloud.stacks(), cloud.buckets(), cloud.tables()) == ({}, set(), set())
    assert re.search(r"^  add  AWS::DynamoDB::Table +MonitorsTable$", said, re.MULTILINE)
    assert said.count("the prober would be created") == 2

    cloud.deploy(PROBE_REGIONS=NEAR)
    keys = [entry["Key"] for entry in cloud.client("s3").list_objects(Bucket=bucket(HOME))["Contents"]]
    before = cloud.stacks(), cloud.parameters(), keys
    cloud.code = "better code"
    said = cloud.deploy(DRY_RUN="1", PROBE_REGIONS=FAR)
    assert f"{NEAR:<15} the prober would be removed" in said
    keys = [entry["Key"] for entry in cloud.client("s3").list_objects(Bucket=bucket(HOME))["Contents"]]
    assert (cloud.stacks(), cloud.parameters(), keys) == before
    assert cloud.client("cloudformation").list_change_sets(StackName="wakeful")["Summaries"] == []


def test_two_stages_share_an_account(cloud):
    """Another stage has stacks, buckets and tables of its own; destroying it touches nothing of the first."""
    key = shown(cloud.deploy(PROBE_REGIONS=NEAR), "api_key")
    before = cloud.stacks(), cloud.buckets(), cloud.tables()
    with cloud.at_another_door("wakeful-staging"):
        cloud.deploy(STAGE="staging", PROBE_REGIONS=NEAR)
    assert (NEAR, "wakeful-staging-prober") in cloud.stacks()
    cloud.destroy(STAGE="staging", DELETE_DATA="yes", FORCE="1")
    assert (cloud.stacks(), cloud.buckets(), cloud.tables()) == before
    assert cloud.checks(key) == []


def test_a_name_of_ones_own(cloud):
    """With DOMAIN the API has that name, by the certificate that is there, and links in messages begin with
    it; the operator is told where its record must point.
    """
    with pytest.raises(Halt, match=r"no issued certificate for wakeful\.example\.org: request one"):
        cloud.deploy(DOMAIN="wakeful.example.org")
    assert (cloud.stacks(), cloud.buckets()) == ({}, set())
    acm = cloud.client("acm")
    arn = acm.request_certificate(DomainName="*.example.org", ValidationMethod="DNS")["CertificateArn"]
    cloud.validate(arn)
    said = cloud.deploy(DOMAIN="wakeful.example.org")
    assert cloud.parameters()["CertificateArn"] == arn
    assert cloud.parameters()["PublicUrl"] == "https://wakeful.example.org"
    assert "Point wakeful.example.org to d-wakeful.example.org.execute-api.amazonaws.com" in said
    cloud.deploy(DOMAIN="")
    assert (cloud.parameters()["CertificateArn"], cloud.parameters()["PublicUrl"]) == ("", "")


def test_mail_comes_in_while_a_domain_is_given(cloud):
    """SES follows our receipt rules as long as there is a domain for pings by mail; rules of somebody else's
    are left in force, and the operator is told.
    """
    ses = cloud.client("ses")
    cloud.deploy(INBOUND_DOMAIN="pings.example.org")
    assert ses.describe_active_receipt_rule_set()["Metadata"]["Name"] == "wakeful"
    cloud.deploy(INBOUND_DOMAIN="")
    assert "Metadata" not in ses.describe_active_receipt_rule_set()


def test_other_peoples_rules_stay_in_force(cloud):
    """Where SES follows other receipt rules already, they are left alone, and the operator is told."""
    ses = cloud.client("ses")
    ses.create_receipt_rule_set(RuleSetName="theirs")
    ses.set_active_receipt_rule_set(RuleSetName="theirs")
    said = cloud.deploy(INBOUND_DOMAIN="pings.example.org")
    assert "Note: SES follows the receipt rules theirs" in said
    assert ses.describe_active_receipt_rule_set()["Metadata"]["Name"] == "theirs"


def test_mail_that_would_not_leave_is_told(cloud):
    """A sender that SES has not verified is told, and does not stop us, nor does a sandbox with FORCE."""
    said = cloud.deploy(MAIL_FROM="wakeful@example.org", DRY_RUN="yes", FORCE="1")
    assert "Note: SES in eu-central-1 is in its sandbox" in said
    assert "Note: SES in eu-central-1 has not verified wakeful@example.org" in said
