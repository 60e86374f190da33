"""What is refused, before anything is made: one sentence that says what to do, and exit status 2."""

import pytest

from chalicelib.local.emulation import CREDENTIALS
from infra.deploying.ending import ended
from infra.deploying.wishes import LONGEST_STAGE, read
from infra.halting import Halt
from tests.infra.deploying.conftest import ACCOUNT, HOME

HERE = {"REGION": HOME}


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({}, "Say a region: make deploy REGION=eu-central-1"),
        ({"REGION": "Frankfurt"}, "REGION=Frankfurt is no region of AWS"),
        (HERE | {"STAGE": ""}, "will not do for names"),
        (HERE | {"STAGE": "Prod"}, "will not do for names"),
        (HERE | {"STAGE": "a--b"}, "will not do for names"),
        (HERE | {"STAGE": "x" * (LONGEST_STAGE + 1)}, f"too long: {LONGEST_STAGE} characters"),
        (HERE | {"STAGE": "prober"}, "would be taken for a prober's"),
        (HERE | {"STAGE": "my-prober"}, "would be taken for a prober's"),
        (HERE | {"PROBE_REGIONS": "eu-west-1 mars"}, "PROBE_REGIONS: mars is no region"),
        (HERE | {"ALARM_EMAIL": "ops"}, "ALARM_EMAIL=ops will not do: write it as ops@example.org"),
        (HERE | {"MAIL_FROM": "Us <us@example.org>"}, "MAIL_FROM=.* will not do"),
        (HERE | {"INBOUND_DOMAIN": "@example.org"}, "INBOUND_DOMAIN=.* will not do"),
        (HERE | {"DOMAIN": "https://example.org"}, "DOMAIN=.* will not do"),
        (HERE | {"PUBLIC_URL": "example.org"}, "PUBLIC_URL=.* write it as https://"),
        (HERE | {"PING_URL": "lambda"}, "PING_URL=lambda will not do: write it as function or api"),
        (HERE | {"SHARDS": "0"}, "SHARDS=0 will not do: write it as a number from 1 to 64"),
        (HERE | {"SHARDS": "65"}, "SHARDS=65 will not do: write it as a number from 1 to 64"),
        (HERE | {"ACCESS_LOGS": "maybe"}, "ACCESS_LOGS=maybe will not do: write it as yes or no"),
        (HERE | {"DRY_RUN": "maybe"}, "DRY_RUN=maybe is neither yes nor no"),
    ],
)
def test_what_makes_no_sense_is_refused(told, sentence):
    """Each setting is looked at before AWS is."""
    with pytest.raises(Halt, match=sentence):
        read(told)


def test_every_name_of_the_longest_stage_is_short_enough():
    """With the longest stage the longest bucket has just the 63 characters that S3 allows, and the package
    takes the prefix.
    """
    wish = read(HERE | {"STAGE": "x" * LONGEST_STAGE})
    assert len(wish.bucket(ACCOUNT, "ap-southeast-1")) == 63
    assert len(wish.prefix) <= 31


def test_the_main_stage_has_the_plain_names():
    """Names begin with wakeful, and those of other stages with the stage after it."""
    assert (read(HERE).prefix, read(HERE | {"STAGE": "eu"}).prefix) == ("wakeful", "wakeful-eu")


def nothing_made(cloud):
    return (cloud.stacks(), cloud.buckets(), cloud.tables()) == ({}, set(), set())


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"REGION": "eu-central-9"}, "AWS has no region eu-central-9: choose one of af-south-1, "),
        ({"PROBE_REGIONS": "me-south-1"}, f"me-south-1 is unknown, or not enabled in account {ACCOUNT}"),
        ({"PROBE_REGIONS": "xx-nowhere-1"}, f"xx-nowhere-1 is unknown, or not enabled in account {ACCOUNT}"),
    ],
)
def test_a_region_that_cannot_be_used_is_refused(cloud, told, sentence):
    """A region must exist and be enabled in the account, at home and elsewhere."""
    with pytest.raises(Halt, match=sentence):
        cloud.deploy(**told)
    assert nothing_made(cloud)


def refusing(cloud, code, status=403):
    """Return what answers a call with a refusal."""

    def refuse(**_):
        return cloud.reply(status), {"Error": {"Code": code, "Message": "No."}, "ResponseMetadata": {}}

    return refuse


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("InvalidClientTokenId", "AWS does not know these credentials in eu-central-1"),
        ("ExpiredToken", "The AWS credentials have expired. Run `aws configure`"),
        ("AccessDenied", "These credentials may not GetCallerIdentity"),
        ("Throttling", r"AWS refuses GetCallerIdentity: No\."),
    ],
)
def test_credentials_that_open_nothing_are_refused(cloud, code, sentence):
    """Credentials that AWS refuses are told in a sentence about what to do."""
    with (
        cloud.before("sts", "GetCallerIdentity", refusing(cloud, code)),
        pytest.raises(Halt, match=sentence),
    ):
        cloud.deploy()


@pytest.mark.parametrize(
    ("service", "operation", "sentence"),
    [
        ("ec2", "DescribeRegions", "These credentials may not DescribeRegions: come as somebody who"),
        (
            "cloudformation",
            "DescribeStacks",
            "These credentials may not DescribeStacks: come as somebody who",
        ),
        ("apigateway", "GetAccount", "These credentials may not GetAccount: come as somebody who"),
        ("s3", "HeadBucket", "if it is yours, come as somebody who administers"),
        ("s3", "CreateBucket", "These credentials may not CreateBucket: come as somebody who"),
    ],
)
def test_a_role_without_rights_is_refused(cloud, capsys, service, operation, sentence):
    """Whoever may not do what the first steps take is told which, with exit status 2, and nothing is made."""
    with cloud.before(service, operation, refusing(cloud, "AccessDenied")):
        assert ended(cloud.deploy) == 2
    told = capsys.readouterr().err
    assert (sentence in told, told.count("\n")) == (True, 1)
    assert nothing_made(cloud)


def test_a_token_that_expires_on_the_way_is_told(cloud, capsys):
    """Credentials that run out in the middle are told as such; the same command goes on with new ones."""
    with cloud.before("cloudformation", "ExecuteChangeSet", refusing(cloud, "ExpiredToken")):
        assert ended(cloud.deploy) == 2
    assert capsys.readouterr().err.startswith("The AWS credentials have expired. Run `aws configure`")
    assert "admin_key" in cloud.deploy()


def test_mail_out_of_a_sandbox_is_refused(cloud, capsys):
    """An account that SES lets write to verified addresses alone is told what to do, and nothing is made."""
    assert ended(lambda: cloud.deploy(MAIL_FROM="wakeful@example.org")) == 2
    told = capsys.readouterr().err
    assert told.startswith("SES in eu-central-1 is in its sandbox: ")
    assert ("Request production access" in told, told.count("\n")) == (True, 1)
    assert nothing_made(cloud)


def test_without_credentials_there_is_a_sentence(cloud, monkeypatch, capsys, tmp_path):
    """Whoever has no credentials is told how to get some; the exit status is 2."""
    with monkeypatch.context() as brief:
        for name in CREDENTIALS:
            brief.delenv(name)
        for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
            brief.setenv(name, str(tmp_path / "none"))
        cloud.start_afresh()
        assert ended(cloud.deploy) == 2
    told = capsys.readouterr().err
    assert told.startswith("There are no AWS credentials here")
    assert (told.count("\n"), "Run `aws configure`" in told) == (1, True)


def test_a_profile_that_is_not_there_is_told_so(cloud, monkeypatch, capsys):
    """Whoever mistypes AWS_PROFILE is told of it, and not to try again; the exit status is 2."""
    with monkeypatch.context() as brief:
        brief.setenv("AWS_PROFILE", "nobody")
        assert ended(cloud.start_afresh) == 2
    told = capsys.readouterr().err
    assert "profile (nobody)" in told
    assert ("aws configure" in told, "Run this again" in told) == (True, False)


def test_somebody_elses_bucket_is_refused(cloud):
    """A bucket of the name that belongs to another account is never written to, and nothing is made."""
    with (
        cloud.before("s3", "HeadBucket", refusing(cloud, "403")),
        pytest.raises(Halt, match=rf"bucket wakeful-code-{ACCOUNT}-{HOME} is not open to account {ACCOUNT}"),
    ):
        cloud.deploy()
    with (
        cloud.before("s3", "CreateBucket", refusing(cloud, "BucketAlreadyExists", 409)),
        pytest.raises(Halt, match="choose another STAGE"),
    ):
        cloud.deploy()
    assert nothing_made(cloud)


def test_what_aws_refuses_in_the_middle_is_a_sentence(cloud, capsys):
    """A refusal that nobody foresaw is told with its call, and that the command may be run again."""
    with cloud.before("cloudformation", "CreateChangeSet", refusing(cloud, "LimitExceeded", 400)):
        assert ended(cloud.deploy) == 2
    assert capsys.readouterr().err == "AWS refuses CreateChangeSet: No. Mend that and run this again.\n"


def test_a_change_set_that_is_refused_is_told(cloud):
    """What CloudFormation says of a change set that it does not accept is handed on."""

    def fail(**_):
        reason = "Template format error: unresolved dependency."
        said = {"Status": "FAILED", "StatusReason": reason, "ChangeSetId": "x"}
        return cloud.reply(200), said | {"ResponseMetadata": {}}

    with (
        cloud.before("cloudformation", "DescribeChangeSet", fail),
        pytest.raises(Halt, match=r"refuses the change set of wakeful: Template format error: unresolved"),
    ):
        cloud.deploy()


def test_an_interruption_is_no_traceback(capsys):
    """Ctrl-C says that it may be run again."""

    def interrupted():
        raise KeyboardInterrupt

    assert ended(interrupted) == 130
    assert "Run this again" in capsys.readouterr().err
