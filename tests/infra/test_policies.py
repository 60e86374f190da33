"""What each function does to AWS in a story, against what its policy allows: no emulator asks IAM."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import boto3
import chalice.app
import pytest
from botocore.client import BaseClient

from chalicelib.core.monitors import unique_key
from chalicelib.local.house import built as house_built
from infra.package import ROOT
from infra.packaging.sources import STAGE
from tests.infra import callers

CONFIG = json.loads((ROOT / ".chalice" / "config.json").read_text())["stages"][STAGE]["lambda_functions"]
RESOURCES = json.loads((ROOT / "infra" / "resources.json").read_text())["Resources"]
ANY_IDENTITY = "identity/*"
NOT_OURS = "whatever is no topic of ours"  # telephones, which IAM has no names for, and customers' topics

OUR_TOPICS = {
    made["Properties"]["TopicName"] for made in RESOURCES.values() if made.get("Type") == "AWS::SNS::Topic"
}

Deed = tuple[str, str]  # (IAM action, name of the resource)

# What may be done, and is not in the story.
SELDOM = {
    "collect": {("dynamodb:GetItem", "wakeful-rounds")},  # where an answer comes twice
    "purge": {("dynamodb:GetItem", "wakeful-keys")},  # where a key is in use while it is taken back
    "receive": {("dynamodb:Query", "wakeful-ticks")},  # where a mail comes too late
    "wake": {  # where an outage is over that maintenance held back, and nobody has announced that yet
        ("dynamodb:BatchWriteItem", "wakeful-incidents"),
        ("dynamodb:DeleteItem", "wakeful-incidents"),
        ("dynamodb:Query", "wakeful-incidents"),
    },
}


def allowed(function: str) -> set[Deed]:
    """Return what the policy of *function* allows it."""
    found = set()
    for statement in statements(function):
        if "NotResource" in statement:
            found |= {(action, NOT_OURS) for action in statement["Action"]}
            continue
        resources = statement["Resource"]
        for resource in resources if isinstance(resources, list) else [resources]:
            found |= {(action, name_of(resource)) for action in statement["Action"]}
    return found


def statements(function: str) -> list[dict]:
    """Return what the policy of *function* consists of."""
    policy = json.loads((ROOT / ".chalice" / CONFIG[function]["iam_policy_file"]).read_text())
    return policy["Statement"]


def name_of(resource: dict) -> str:
    """Return the physical name behind an intrinsic of a policy."""
    if "Fn::Sub" in resource:
        text = resource["Fn::Sub"]
        if text.endswith(f":{ANY_IDENTITY}"):
            return ANY_IDENTITY
        logical, _, index = text.removeprefix("${").partition(".Arn}")
        return physical(logical) + index
    return physical(resource["Ref"] if "Ref" in resource else resource["Fn::GetAtt"][0])


def physical(logical: str) -> str:
    """Return the name that the template gives a resource."""
    properties = RESOURCES[logical]["Properties"]
    names = ("TableName", "QueueName", "TopicName", "LogGroupName")
    return next(properties[name] for name in names if name in properties)


def deeds(service: str, operation: str, arguments: dict) -> Iterator[Deed]:
    """Yield what IAM would ask about one call."""
    if service == "dynamodb":
        yield from _on_tables(operation, arguments)
    elif service == "sqs":
        yield f"sqs:{operation.removesuffix('Batch')}", arguments["QueueUrl"].rpartition("/")[2]
    elif service == "sns":
        topic = arguments.get("TopicArn", "").rpartition(":")[2]
        yield f"sns:{operation}", topic if topic in OUR_TOPICS else NOT_OURS
    else:
        yield f"{service.removesuffix('v2')}:{operation}", ANY_IDENTITY


def _on_tables(operation: str, arguments: dict) -> Iterator[Deed]:
    if operation == "TransactWriteItems":  # IAM knows no transactions, only what they consist of
        for part in arguments["TransactItems"]:
            yield from ((f"dynamodb:{verb}Item", item["TableName"]) for verb, item in part.items())
    elif operation in ("BatchGetItem", "BatchWriteItem"):
        for table in arguments["RequestItems"]:
            yield f"dynamodb:{operation}", table
    else:
        index = arguments.get("IndexName")
        yield f"dynamodb:{operation}", arguments["TableName"] + (f"/index/{index}" if index else "")


def name_of_handler(handler: chalice.app.EventSourceHandler) -> str:
    """Return the name of a function that is not the API."""
    return getattr(handler.func, "__name__", "ping")  # Chalice wraps what comes by no source of events


@pytest.fixture
def diary(monkeypatch):
    """Write down every deed of every function, by the function's name."""
    written: dict[str, set[Deed]] = {}
    at_work: list[str] = []

    def noting(call, name):
        def noted(self, *arguments):
            at_work.append(name(self))
            try:
                return call(self, *arguments)
            finally:
                at_work.pop()

        return noted

    def make_api_call(self, operation, arguments):
        if at_work:
            seen = deeds(self.meta.service_model.service_name, operation, arguments)
            written.setdefault(at_work[-1], set()).update(seen)
        return original(self, operation, arguments)

    original = BaseClient._make_api_call
    handler, api = chalice.app.EventSourceHandler, chalice.app.Chalice
    monkeypatch.setattr(BaseClient, "_make_api_call", make_api_call)
    monkeypatch.setattr(handler, "__call__", noting(handler.__call__, name_of_handler))
    monkeypatch.setattr(api, "__call__", noting(api.__call__, lambda _: "api_handler"))
    return written


@pytest.fixture
def house(diary):
    """Build a house whose mail leaves, and open the diary at an empty page."""
    with house_built() as house:
        boto3.client("sesv2", "us-east-1").create_email_identity(EmailIdentity="wakeful@example.org")
        diary.clear()
        yield house


@pytest.fixture
def world():
    """Serve a site, of which a part is broken, and which says of its webhook that it is gone."""

    class World(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(503 if self.path == "/broken" else 200)
            self.end_headers()

        def do_POST(self):
            self.send_response(410)
            self.end_headers()

        def log_message(self, *_):
            """Stay silent."""

    with HTTPServer(("127.0.0.1", 0), World) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def read(house, ask, check):
    """Let a job report by mail, and people look at what became of it, with keys and without."""
    slug_address = f"{house.foundation.project.ping_key}+backup@pings.example.org"
    ask("POST", f"/api/v3/checks/{check['uuid']}", {"filter_subject": True, "failure_kw": "ERROR"})
    for recipient, subject in ((check["ping_email"], "ERROR"), (slug_address, "SUCCESS")):
        house.mail(recipient, f"Subject: {subject}\n\nwhat the job wrote".encode())
    log = ask("GET", f"/api/v3/checks/{check['uuid']}/pings/")["pings"]
    assert [line["type"] for line in log if line["scheme"] == "email"] == ["ign", "fail"]
    addresses = [log[0]["body_url"], check["badge_url"], "http://wakeful.test/api/v3/status/"]
    badges = ask("GET", "/api/v3/badges/")["badges"]
    addresses += [address for forms in badges.values() for address in forms.values()]
    for address in addresses:
        target = address.removeprefix("http://wakeful.test")
        assert house.ask("GET", target, X_Api_Key=house.foundation.api_key).status == 200, target
    assert ask("GET", f"/api/v3/checks/{check['uuid']}/flips/")
    ask("GET", f"/api/v3/checks/{unique_key(check['uuid'])}/flips/")
    ask("GET", "/api/v3/channels/")
    metrics = f"/projects/{house.foundation.project.project_id}/metrics/{house.foundation.read_only_key}"
    assert house.ask("GET", metrics).status == 200


def watch(house, ask, world):
    """Let a site be probed until the next day; then it breaks, people look at it, and give it up."""
    address = "/api/v1/uptime-monitors"
    wish = {"name": "Shop", "url": world, "check_interval": 10, "failure_threshold": 2}
    made = ask("POST", address, {"uptime_monitor": wish})["data"]
    house.advance(minutes=12)
    house.sleep(hours=18)
    house.advance(minutes=12)
    address += f"/{made['id']}"
    ask("PUT", address, {"uptime_monitor": {"url": f"{world}broken"}})
    house.advance(seconds=5)
    assert ask("GET", address)["data"]["status"] == "down"
    assert {row["status"] for row in ask("GET", f"{address}/checks")["data"]} == {"up", "down"}
    ask("DELETE", address)
    house.advance(minutes=1)


def tell(house, world):
    """Let happen what a deployment is for, and some of what goes wrong."""
    ask = asking(house, house.foundation.api_key)
    mail = ask(
        "POST", "/v1/channels", {"type": "EMAIL", "name": "mail", "config": {"email": "a@example.org"}}
    )
    hook = {"url": world, "method": "POST"}
    hook = ask("POST", "/v1/channels", {"type": "WEBHOOK", "name": "hook", "config": hook})
    phone = {"type": "SMS", "name": "phone", "config": {"phoneNumber": "+4712345678"}}
    topic = boto3.client("sns", "eu-west-1").create_topic(Name="alarms")["TopicArn"]
    ask("POST", "/v1/channels", {"type": "SNS_TOPIC", "name": "topic", "config": {"topicArn": topic}})
    for tested in (mail["id"], ask("POST", "/v1/channels", phone)["id"]):
        assert ask("POST", f"/v1/channels/{tested}/test") == {"success": True}
    rhythm = {"timeout": 60, "grace": 60, "channels": "*"}
    wish = {"name": "backup", "slug": "backup", "tags": "db"} | rhythm
    check = ask("POST", "/api/v3/checks/", wish)
    code = check["uuid"]
    for target in (
        f"/ping/{code}",
        f"/ping/{house.foundation.project.ping_key}/backup",
        f"/ping/{code}/fail",
    ):
        assert house.ask("POST", target, b"what the job printed").status == 200
    house.advance(minutes=1)
    house.ask("POST", f"/ping/{code}")
    callers.ping_cheaply(house, code)
    house.advance(minutes=4)  # it falls silent and goes down
    house.sleep(minutes=10)  # and so do we
    house.advance(minutes=2)
    ask("POST", f"/api/v3/checks/{code}/pause")
    ask("POST", f"/api/v3/checks/{code}/resume")
    ask("POST", f"/api/v3/checks/{code}", {"timeout": 120})
    read(house, ask, check)
    ask("GET", "/api/v3/checks/?slug=backup")
    ask("GET", f"/v1/channels/{mail['id']}/deliveries")
    (given_up, *_) = ask("GET", f"/v1/channels/{hook['id']}/deliveries")["deliveries"]
    ask("POST", f"/v1/channels/{hook['id']}/deliveries", {"deliveryId": given_up["id"]})
    ask("DELETE", f"/api/v3/checks/{code}")
    watch(house, ask, world)
    callers.take_on(house, ask, callers.maintain(house, ask))
    callers.escalate(house, ask)
    callers.move_out(house, asking(house, house.foundation.admin_key))
    callers.expire(house, ask)


def asking(house, key):
    """Return what asks the front door with *key*, and wants a good answer."""

    def ask(method, target, body=None):
        sent = json.dumps(body).encode() if body else b""
        reply = house.ask(method, target, sent, X_Api_Key=key)
        assert reply.status < 300, (method, target, reply.text)
        return reply.json() if reply.text else None

    return ask


def test_everybody_may_do_what_they_do(house, diary, world):
    """In a story that wakes every function each does what its policy allows it to do to tables, and nothing
    that its policy forbids.
    """
    tell(house, world)
    assert set(diary) == set(CONFIG)
    assert {name: found for name in CONFIG if (found := diary[name] - allowed(name))} == {}
    idle = {name: on_tables(allowed(name)) - diary[name] - SELDOM.get(name, set()) for name in CONFIG}
    assert {name: found for name, found in idle.items() if found} == {}


def on_tables(deeds):
    """Return those of *deeds* that are done to tables and their indexes."""
    return {(action, name) for action, name in deeds if action.startswith("dynamodb:")}


def test_a_transaction_needs_the_right_to_each_of_its_parts():
    """IAM is asked about what a transaction consists of, not about the transaction."""
    parts = [{"Update": {"TableName": "monitors"}}, {"ConditionCheck": {"TableName": "keys"}}]
    assert set(deeds("dynamodb", "TransactWriteItems", {"TransactItems": parts})) == {
        ("dynamodb:UpdateItem", "monitors"),
        ("dynamodb:ConditionCheckItem", "keys"),
    }


def test_no_channel_may_speak_to_our_own_handlers():
    """Who publishes for channels may publish anywhere but to our own topics, and only two do so."""
    broad = {
        function: {name_of(resource) for resource in statement["NotResource"]}
        for function in CONFIG
        for statement in statements(function)
        if "NotResource" in statement
    }
    assert broad == {"api_handler": OUR_TOPICS, "notify": OUR_TOPICS}
    assert not {("sns:Publish", topic) for topic in OUR_TOPICS} & allowed("notify")
