"""The real package in an account on MiniStack: deployed, spoken to over its API, looked at, and destroyed."""

import json
import time
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from infra.deploy import deploy
from infra.deploying.reach import Answer, Operator, ask
from infra.destroy import destroy
from infra.package import Package
from infra.packaging.templates import PREFIX
from tests.emulators import MiniStack
from tests.infra.deploying.conftest import FAR, HOME, NEAR, shown

EVERYWHERE = {"PROBE_REGIONS": f"{NEAR} {FAR}"}
PATIENCE = 120  # seconds; only a test that fails waits for them all


def eventually(see: Callable[[], object], what: str):
    """Return what *see* returns as soon as that is anything; raises AssertionError where it never is."""
    latest = time.monotonic() + PATIENCE
    while time.monotonic() < latest:
        found = see()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what}: not within {PATIENCE} s")


class Deployment:
    """One deployment, and the operator who looks after it; it is deployed when it is first asked to be."""

    def __init__(self, ministack: MiniStack, package: Package) -> None:
        self.package = package
        self.said: list[str] = []
        self._ministack = ministack
        self._told: dict[str, str] | None = None  # as it stands; nothing where it does not
        self._key = ""
        self.operator = Operator(say=self.said.append, rest=lambda _: time.sleep(0.05), ask=self.through)

    def stand(self, **told: str) -> None:
        """Deploy, unless it stands just so already."""
        if told != self._told:
            self.deploy(**told)

    def deploy(self, **told: str) -> None:
        """Deploy, and keep the key if one is shown."""
        self.said.clear()
        deploy(self.operator, {"REGION": HOME, **told}, lambda *_: self.package, self.package.code.parent)
        self._told = told
        if any(line.startswith("api_key") for line in self.said):
            self._key = shown("\n".join(self.said), "api_key")

    def destroy(self, **told: str) -> None:
        """Destroy."""
        self._told = None
        destroy(self.operator, {"REGION": HOME, **told}, self.package.code.parent)

    def through(self, method: str, url: str, headers: dict[str, str], body: str = "") -> Answer:
        """Ask the API that the stack tells of, where MiniStack has it."""
        address = urlsplit(url)
        api, path = address.hostname.split(".")[0], address.path.removeprefix("/api")
        return ask(method, f"{self._ministack.url}/restapis/{api}/api/_user_request_{path}", headers, body)

    def ask(self, method: str, path: str, wish: dict | None = None):
        """Return what the API answers to whoever has the key; what it refuses is a failure."""
        url = self.outputs()["EndpointURL"].rstrip("/") + path
        answer = self.through(method, url, {"X-Api-Key": self._key}, json.dumps(wish) if wish else "")
        assert answer.status in range(200, 300), answer
        return json.loads(answer.text) if answer.text[:1] in ("{", "[") else answer.text

    def outputs(self) -> dict[str, str]:
        """Return what the home stack tells."""
        return {one["OutputKey"]: one["OutputValue"] for one in self._stack()["Outputs"]}

    def parameters(self) -> dict[str, str]:
        """Return what the home stack was told."""
        return {one["ParameterKey"]: one["ParameterValue"] for one in self._stack()["Parameters"]}

    def _stack(self) -> dict:
        (stack,) = self.client("cloudformation").describe_stacks(StackName=PREFIX)["Stacks"]
        return stack

    def client(self, service: str, region: str = HOME):
        """Return a client that looks at the account."""
        return self.operator.client(service, region)

    def things(self, stack: str = PREFIX, region: str = HOME) -> dict[str, tuple[str, str]]:
        """Return the physical id and the status of all that a stack has made, by logical names."""
        pages = self.client("cloudformation", region).get_paginator("list_stack_resources")
        found = [one for page in pages.paginate(StackName=stack) for one in page["StackResourceSummaries"]]
        return {one["LogicalResourceId"]: (one["PhysicalResourceId"], one["ResourceStatus"]) for one in found}

    def functions(self, region: str = HOME) -> list[dict]:
        """Return the configurations of all functions of a region."""
        return self.client("lambda", region).list_functions()["Functions"]

    def ticks(self) -> list[dict]:
        """Return the ticks that were recorded."""
        return self.client("dynamodb").scan(TableName=f"{PREFIX}-ticks")["Items"]

    def forget_probes(self, regions: Iterable[str]) -> None:
        """Take back the probes that were sent ahead, minutes of them: MiniStack would be busy meanwhile."""
        for region in regions:
            queues = self.client("sqs", region)
            queues.purge_queue(QueueUrl=queues.get_queue_url(QueueName=f"{PREFIX}-probes")["QueueUrl"])
