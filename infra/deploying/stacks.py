"""Stacks of CloudFormation: looked at, brought up, updated, and taken down, with a line for every step."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infra.deploying.plans import Move, Standing, first_failure, is_no_change, next_move, table
from infra.deploying.refusals import code_of, message_of
from infra.halting import Halt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from infra.deploying.reach import Operator

CHANGE_SET = "wakeful-deploy"
PAUSE = 3.0  # seconds between two looks
HESITATION = 3  # looks that CloudFormation may take to begin
ROUNDS = 8  # moves until a stack must have come to rest
FATES = {
    "UPDATE_ROLLBACK_COMPLETE": "What was there before serves on.",
    "UPDATE_ROLLBACK_FAILED": "Going back failed, too, and is tried again next time.",
    "DELETE_FAILED": "The rest of it is gone.",
}
DONE = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE", "DELETE_COMPLETE"})


@dataclass(frozen=True)
class Blueprint:
    """What a stack is to be."""

    template_url: str
    parameters: Mapping[str, str]
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def request(self) -> dict[str, Any]:
        """As CloudFormation wants it."""
        return {
            "TemplateURL": self.template_url,
            "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
            "Parameters": [
                {"ParameterKey": key, "ParameterValue": value} for key, value in self.parameters.items()
            ],
            "Tags": [{"Key": key, "Value": value} for key, value in self.tags.items()],
        }


@dataclass(frozen=True)
class Stack:
    """A stack by its name, whether it is there or not."""

    operator: Operator
    region: str
    name: str

    @property
    def _aws(self) -> Any:
        return self.operator.client("cloudformation", self.region)

    def _say(self, words: str) -> None:
        self.operator.say(f"{self.region:<15} {words}")

    def look(self) -> Standing | None:
        """Return how it stands, or None where there is no such stack."""
        return self._describe(self.name)

    def _describe(self, name: str) -> Standing | None:
        try:
            (found,) = self._aws.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if code_of(error) == "ValidationError" and "does not exist" in message_of(error):
                return None
            raise
        return Standing(
            found["StackId"],
            found["StackStatus"],
            {entry["ParameterKey"]: entry["ParameterValue"] for entry in found.get("Parameters", [])},
            {entry["OutputKey"]: entry["OutputValue"] for entry in found.get("Outputs", [])},
        )

    def raise_up(self, draw: Callable[[], Blueprint], adopt: Callable[[], bool] = lambda: False) -> Standing:
        """Bring it to the blueprint that *draw* returns, from any state; return how it stands then.

        *draw* is asked when nothing else moves the stack: another run may have changed what it depends on.
        *adopt* is asked before it is created, and tells whether it has put kept things into it instead.
        Raises Halt with the first resource that failed; a stack that served then serves as before.
        """
        for _ in range(ROUNDS):
            standing = self.look()
            move = next_move(standing)
            if move is Move.CREATE and adopt():
                continue
            if move in (Move.CREATE, Move.UPDATE):
                return self._apply(move, draw().request)
            if standing:
                self._mend(move, standing)
        raise Halt(f"{self.name} in {self.region} does not come to rest: look at its events in the console.")

    def _mend(self, move: Move, standing: Standing) -> None:
        if move is Move.WAIT:
            self._say(f"{self.name} is busy: {standing.status}; waiting")
            self._settle(standing.stack_id, self._newest(standing.stack_id))
        elif move is Move.GO_BACK:
            self._say(f"{self.name} is stuck in a rollback; finishing it")
            before = self._newest(standing.stack_id)
            self._aws.continue_update_rollback(StackName=standing.stack_id)
            self._settle(standing.stack_id, before)
        else:
            self._say(f"{self.name} never came up ({standing.status}); removing what there is of it")
            self.remove()

    def adopt(self, template: Mapping[str, Any], resources: list[dict[str, Any]]) -> None:
        """Make it of things that exist: nothing is created, changed or ever deleted by that.

        Imports take no tags and no parameters; the update that follows brings them.
        """
        body = {"TemplateBody": json.dumps(template), "ResourcesToImport": resources}
        self._apply_of_type("IMPORT", body)

    def _apply(self, move: Move, request: Mapping[str, Any]) -> Standing:
        return self._apply_of_type(move.name, request)

    def _apply_of_type(self, kind: str, request: Mapping[str, Any]) -> Standing:
        change_set = self._propose(kind, request)
        if change_set:
            stack_id = change_set["StackId"]
            before = self._newest(stack_id)
            self._say(f"{self.name}: {len(self._changes(change_set))} changes ({kind.lower()})")
            self._aws.execute_change_set(ChangeSetName=change_set["ChangeSetId"])
            self._require_done(stack_id, before)
        else:
            self._say(f"{self.name} is as it should be")
        standing = self.look()
        if standing is None:
            raise Halt(f"{self.name} in {self.region} has been deleted by somebody else: run this again.")
        return standing

    def _propose(self, kind: str, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return a change set that can be executed, or None where nothing would change; raises Halt."""
        if kind == "UPDATE":
            self._drop_proposals()
        made = self._aws.create_change_set(
            StackName=self.name, ChangeSetName=CHANGE_SET, ChangeSetType=kind, **request
        )["Id"]
        for _ in range(self.operator.looks):
            found: dict[str, Any] = self._aws.describe_change_set(ChangeSetName=made)
            if found["Status"] == "CREATE_COMPLETE":
                return found
            if found["Status"] == "FAILED":
                break
            self.operator.rest(PAUSE)
        self._aws.delete_change_set(ChangeSetName=made)
        reason = found.get("StatusReason", "it does not come to an end")
        if is_no_change(reason):
            return None
        raise Halt(
            f"{self.region}: CloudFormation refuses the change set of {self.name}: {reason.rstrip('.')}."
        )

    def _drop_proposals(self) -> None:
        """Forget the change sets that earlier runs left: their name is wanted."""
        for page in self._aws.get_paginator("list_change_sets").paginate(StackName=self.name):
            for entry in page["Summaries"]:
                if entry["StackName"] == self.name and entry["ChangeSetName"] == CHANGE_SET:
                    self._aws.delete_change_set(ChangeSetName=entry["ChangeSetId"])

    def _changes(self, change_set: Mapping[str, Any]) -> list[dict[str, Any]]:
        found = list(change_set.get("Changes", []))
        while token := change_set.get("NextToken"):
            change_set = self._aws.describe_change_set(
                ChangeSetName=change_set["ChangeSetId"], NextToken=token
            )
            found += change_set.get("Changes", [])
        return found

    def preview(self, blueprint: Blueprint) -> list[str]:
        """Return what `raise_up` would do now, a line for each change; nothing is changed by asking."""
        standing = self.look()
        move = next_move(standing)
        if move not in (Move.CREATE, Move.UPDATE):
            state = standing.status if standing else ""
            return [
                f"  {self.name} is in the state {state}, and would be mended first; more is not known yet"
            ]
        proposed = self._propose(move.name, blueprint.request)
        lines = table(self._changes(proposed)) if proposed else []
        if proposed:
            self._aws.delete_change_set(ChangeSetName=proposed["ChangeSetId"])
            if move is Move.CREATE:  # proposing has made an empty stack
                self._aws.delete_stack(StackName=proposed["StackId"])
        return lines or ["  nothing would change"]

    def remove(self) -> bool:
        """Delete it, if it is there; return whether it was. Raises Halt where some of it stays."""
        standing = self.look()
        if standing is None:
            return False
        before = self._newest(standing.stack_id)
        self._aws.delete_stack(StackName=standing.stack_id)
        self._require_done(standing.stack_id, before)
        return True

    def _require_done(self, stack_id: str, before: str) -> None:
        """Wait until the stack is at rest; raises Halt unless all went well."""
        seen = self._settle(stack_id, before)
        standing = self._describe(stack_id)
        status = standing.status if standing else "DELETE_COMPLETE"
        if status in DONE:
            return
        fate = FATES.get(status, "Nobody is served by it.")
        raise Halt(
            f"{self.name} in {self.region} failed ({status}) at {first_failure(seen)}. "
            f"{fate} Mend the cause and run this again."
        )

    def _settle(self, stack_id: str, newest: str) -> list[dict[str, Any]]:
        """Wait until nothing moves any more, with a line for each event after *newest*; return those."""
        seen: list[dict[str, Any]] = []
        for look in range(self.operator.looks):
            standing = self._describe(stack_id)
            for event in self._since(stack_id, newest):
                newest = event["EventId"]
                seen.append(event)
                self._say(f"{event['ResourceStatus']:<28} {event['LogicalResourceId']}")
            is_at_rest = standing is None or not standing.status.endswith("_IN_PROGRESS")
            if is_at_rest and (seen or look >= HESITATION):
                return seen
            self.operator.rest(PAUSE)
        raise Halt(
            f"{self.name} in {self.region} is still busy after an hour: look at it, and run this again."
        )

    def _newest(self, stack_id: str) -> str:
        """Return the id of the last event so far."""
        events = self._aws.describe_stack_events(StackName=stack_id)["StackEvents"]
        return str(events[0]["EventId"]) if events else ""

    def _since(self, stack_id: str, newest: str) -> list[dict[str, Any]]:
        """Return the events after *newest*, in the order in which they came."""
        found: list[dict[str, Any]] = []
        pages = self._aws.get_paginator("describe_stack_events").paginate(StackName=stack_id)
        for event in (event for page in pages for event in page["StackEvents"]):
            if event["EventId"] == newest:
                break
            found.insert(0, event)
        return found
