"""Rounds of probing: each is written by whichever region answers, and whoever writes sees it as it stands.

A row is named by the round's moment and the version of the Watch that was asked, so that rows sort by time.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from pynamodb.attributes import ListAttribute, UnicodeAttribute, UnicodeSetAttribute

from chalicelib.core.consensus import Answer, Result, Round
from chalicelib.core.errors import Conflict, NotFound
from chalicelib.core.status import Verdict
from chalicelib.storage.tables import Actions, ExpiryAttribute, Table, conflicts, remove_rows

RETENTION = timedelta(days=30)


class RoundItem(Table):
    """A round as far as it has come."""

    short_name = "rounds"

    class Meta:
        table_name = ""

    monitor_id = UnicodeAttribute(hash_key=True)
    round = UnicodeAttribute(range_key=True)
    panel = UnicodeAttribute(null=True)  # "jury|witnesses", blanks between regions
    heard: UnicodeSetAttribute = UnicodeSetAttribute(null=True)  # the regions that are in *results*
    results: ListAttribute[Any] = ListAttribute(null=True)  # each as JSON, in the order of their arrival
    expires_at = ExpiryAttribute(null=True)


class Rounds:
    """The rounds of one deployment."""

    def append(self, answer: Answer) -> tuple[Round, bool]:
        """Add what one region found to its round; return the round as it stands, and whether that was new.

        Whatever a region says a second time changes nothing. Whose answers count together is settled by the
        first.
        """
        result = answer.result
        actions: Actions = [
            RoundItem.results.set((RoundItem.results | []).append([_to_text(result)])),
            RoundItem.heard.add({result.region}),
            RoundItem.panel.set(RoundItem.panel | f"{' '.join(answer.jury)}|{' '.join(answer.witnesses)}"),
            RoundItem.expires_at.set(answer.at + RETENTION),
        ]
        item = RoundItem(answer.monitor_id, _name(answer.at, answer.version))
        try:
            with conflicts():
                item.update(actions, condition=~RoundItem.heard.contains(result.region))
        except Conflict:
            return self._get(answer.monitor_id, answer.at, answer.version), False
        return _to_round(item), True

    def find(self, monitor_id: str, at: datetime, version: int, now: datetime) -> Round:
        """Return the round as it was written last; raises NotFound, also when its time is over."""
        if at < now - RETENTION:
            raise NotFound("Round not found")  # DynamoDB deletes it when it gets round to it
        return self._get(monitor_id, at, version)

    def latest(self, monitor_id: str, limit: int, now: datetime) -> list[Round]:
        """Return up to *limit* rounds, judged or not, the newest first."""
        with conflicts():
            found = RoundItem.query(
                monitor_id,
                RoundItem.round >= _moment(now - RETENTION),
                scan_index_forward=False,
                limit=limit,
            )
            return [_to_round(item) for item in found]

    def between(
        self,
        monitor_id: str,
        start: datetime,
        end: datetime,
        *,
        newest_first: bool = False,
        limit: int | None = None,
        fresh: bool = False,
    ) -> list[Round]:
        """Return up to *limit* rounds from *start* up to, not including, *end*, in the order of time.

        They are judged or not.
        The caller asks for none older than RETENTION: DynamoDB deletes those when it gets round to it.
        *fresh* reads what was written last, for twice the price.
        """
        if end <= start:
            return []  # DynamoDB refuses a range that ends before it begins
        with conflicts():
            found = RoundItem.query(
                monitor_id,
                # No row bears the bare name of *end*: those of its moment come after.
                RoundItem.round.between(_moment(start), _moment(end)),
                scan_index_forward=not newest_first,
                limit=limit,
                consistent_read=fresh,
            )
            return [_to_round(item) for item in found]

    def purge(self, monitor_id: str, limit: int) -> bool:
        """Delete up to *limit* rounds of a monitor that is gone; return whether any may be left."""
        return remove_rows(RoundItem, "round", monitor_id, limit)

    def _get(self, monitor_id: str, at: datetime, version: int) -> Round:
        try:
            with conflicts():
                return _to_round(RoundItem.get(monitor_id, _name(at, version), consistent_read=True))
        except RoundItem.DoesNotExist as error:
            raise NotFound("Round not found") from error


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _name(at: datetime, version: int) -> str:
    return f"{_moment(at)}#{version:06d}"


def _to_text(result: Result) -> str:
    """Return *result* as short as it may be: what is as usual is left out."""
    values = {
        "r": result.region,
        "v": result.verdict,
        "ms": result.ms,
        "c": result.code,
        "e": result.error,
        "p": dict(result.phases),
        "f": dict(result.facts),
    }
    # 0 ms and an HTTP status of 0 are told; what is None or empty is not.
    told = {key: value for key, value in values.items() if value not in (None, "", {})}
    return json.dumps(told, separators=(",", ":"))


def _to_result(text: str) -> Result:
    values = json.loads(text)
    verdict = values.get("v")
    return Result(
        region=values["r"],
        verdict=Verdict(verdict) if verdict else None,
        ms=values.get("ms"),
        code=values.get("c"),
        error=values.get("e", ""),
        phases=values.get("p", {}),
        facts=values.get("f", {}),
    )


def _to_round(item: RoundItem) -> Round:
    at, _, version = item.round.partition("#")
    jury, _, witnesses = (item.panel or "").partition("|")
    return Round(
        item.monitor_id,
        datetime.fromisoformat(at),
        int(version),
        tuple(jury.split()),
        tuple(witnesses.split()),
        tuple(_to_result(text) for text in item.results or ()),
    )
