"""What is to be done, from what was seen and what is wanted; nothing here touches AWS."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from infra.halting import Halt

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# A stack in one of these serves, and can be updated.
SERVING = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"})

# One in these never came up, or is half gone: nobody is served by it.
HOPELESS = frozenset(
    {
        "REVIEW_IN_PROGRESS",  # its change set was made, and never executed
        "CREATE_FAILED",
        "ROLLBACK_COMPLETE",
        "ROLLBACK_FAILED",
        "DELETE_FAILED",
        "IMPORT_ROLLBACK_COMPLETE",  # we import at the very beginning only
        "IMPORT_ROLLBACK_FAILED",
    }
)

# What CloudFormation says of a change set in which nothing differs.
NO_CHANGE = ("didn't contain changes", "No updates are to be performed")

# What it says of the resources that it gave up because of the one that failed.
COLLATERAL = ("Resource creation cancelled", "Resource update cancelled")


class Move(Enum):
    """What a stack needs next."""

    WAIT = auto()
    DELETE = auto()
    GO_BACK = auto()  # finish a rollback that failed
    CREATE = auto()
    UPDATE = auto()


@dataclass(frozen=True)
class Standing:
    """A stack as it was seen."""

    stack_id: str
    status: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def serves(self) -> bool:
        """Whether it is up, and tells where it is; one of tables alone, just taken in, does not."""
        return self.status in SERVING and bool(self.outputs)


@dataclass(frozen=True)
class Seen:
    """The stacks of one deployment: at home, and the prober's in each further region."""

    home: Standing | None = None
    probers: Mapping[str, Standing] = field(default_factory=dict)


@dataclass(frozen=True)
class Road:
    """In which regions a prober is raised before home is, in which after it, and where it is taken away."""

    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    away: tuple[str, ...] = ()


def next_move(standing: Standing | None) -> Move:
    """Return what a stack in this state needs next; raises Halt for a state that is unknown."""
    if standing is None or standing.status == "DELETE_COMPLETE":
        return Move.CREATE
    if standing.status in SERVING or standing.status == "UPDATE_FAILED":
        return Move.UPDATE
    if standing.status in HOPELESS:
        return Move.DELETE
    if standing.status == "UPDATE_ROLLBACK_FAILED":
        return Move.GO_BACK
    if standing.status.endswith("_IN_PROGRESS"):
        return Move.WAIT
    raise Halt(
        f"The stack is in the state {standing.status}, which is unknown here: look at it in the console."
    )


def stands(standing: Standing) -> bool:
    """Tell whether what a stack was told is in force: not where it must go before the next is made."""
    return next_move(standing) is not Move.DELETE


def road(seen: Seen, home: str, wanted: Sequence[str]) -> Road:
    """Return the order in which the stacks are made, so that probes find their prober at any moment.

    A home that serves sends to a region as soon as it knows of it: there the prober comes first. The first
    home has nobody to probe for yet, and tells the probers where they report to.
    Raises Halt where a region has the prober of another home.
    """
    further = tuple(region for region in wanted if region != home)
    for region in further:
        other = _home_of(seen.probers.get(region)) or home
        if other != home:
            raise Halt(
                f"{region} has a prober of this stage already, whose home is {other}: "
                f"choose another STAGE, or leave the region out."
            )
    serves = seen.home is not None and seen.home.serves
    missing = tuple(region for region in further if region not in seen.probers)
    ours = [region for region, prober in seen.probers.items() if (_home_of(prober) or home) == home]
    away = tuple(region for region in ours if region not in further)
    return Road(missing if serves else (), further, away)


def _home_of(prober: Standing | None) -> str:
    """Return the region that a prober reports to, or nothing where it never came so far."""
    arn = prober.parameters.get("HomeResultsQueueArn", "") if prober else ""
    return arn.split(":")[3] if arn else ""


def parameters(
    template: Mapping[str, Any], before: Mapping[str, str], given: Mapping[str, str]
) -> dict[str, str]:
    """Return every parameter of *template*: as it is given now, else as it was before, else its default."""
    found = {}
    for name, declared in template["Parameters"].items():
        value = given.get(name, before.get(name, declared.get("Default")))
        if value is None:
            raise Halt(f"The template has no default for {name}, and nothing was given: it must be mended.")
        found[name] = str(value)
    return found


def is_no_change(reason: str) -> bool:
    """Tell whether a change set failed for *reason* only because all is as it is wanted."""
    return any(words in reason for words in NO_CHANGE)


def table(changes: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return a line for each change of a change set, in columns."""
    rows = [
        (
            change["Action"].lower() + (", replaced" if change.get("Replacement") == "True" else ""),
            change["ResourceType"],
            change["LogicalResourceId"],
        )
        for change in (entry["ResourceChange"] for entry in changes)
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    return [f"  {deed:<{widths[0]}}  {kind:<{widths[1]}}  {name}" for deed, kind, name in sorted(rows)]


def first_failure(events: Iterable[Mapping[str, Any]]) -> str:
    """Return which resource failed first, and why; *events* are in the order in which they came."""
    failed = [event for event in events if event["ResourceStatus"].endswith("_FAILED")]
    causes = [e for e in failed if not e.get("ResourceStatusReason", "").startswith(COLLATERAL)]
    for event in causes or failed:
        reason = event.get("ResourceStatusReason", "no reason was given").rstrip(".")
        return f"{event['LogicalResourceId']} ({event['ResourceType']}): {reason}"
    return "CloudFormation names no resource: look at the stack's events in the console"
