"""A deployment is raised: code into buckets, home, the probers side by side; what is unwanted goes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from infra.deploying import gateway, mail, tables
from infra.deploying.account import side_by_side
from infra.deploying.buckets import key_of
from infra.deploying.plans import Move, Road, Seen, Standing, next_move, parameters
from infra.deploying.stacks import Blueprint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from infra.deploying.site import Site
    from infra.package import Package

TOLD_BY_HOME = {
    "HomeResultsQueueUrl": "ResultsQueueUrl",
    "HomeResultsQueueArn": "ResultsQueueArn",
    "SenderRoleArns": "ProbeSenderRoleArns",
}
TOLD_LIKE_HOME = ("AllowPrivateTargets", "OperatorMail")


@dataclass(frozen=True)
class Raising:
    """What is to be at a site, and what was there before."""

    site: Site
    package: Package
    given: Mapping[str, str]  # parameters, as settled
    seen: Seen
    road: Road

    @property
    def regions(self) -> tuple[str, ...]:
        """Home, and all regions that are probed from."""
        return (self.site.wish.region, *self.road.after)

    def stock(self) -> None:
        """Put code and templates where CloudFormation finds them; raises Halt where a bucket is another's."""
        side_by_side(self.regions, lambda region: self.site.bucket(region).exists())
        side_by_side(self.regions, self._stock_one)

    def _stock_one(self, region: str) -> None:
        wish, bucket = self.site.wish, self.site.bucket(region)
        bucket.ensure(wish.tags)
        is_new = bucket.put(self.package.code, self._code_key)
        template = self._template(region)
        bucket.put(template, key_of(template, wish.prefix))
        what = "uploaded" if is_new else "is there"
        self.site.operator.say(f"{region:<15} {self._code_key} {what}")

    @property
    def _code_key(self) -> str:
        return f"{self.site.wish.prefix}-{self.package.digest[:16]}.zip"

    def _template(self, region: str) -> Path:
        home, prober = self.package.templates
        return home if region == self.site.wish.region else prober

    def home_blueprint(self, newer: Mapping[str, str] | None = None) -> Blueprint:
        """Return what the home stack is to be, where *newer* parameters go before those that were settled."""
        before = self.seen.home.parameters if self.seen.home else {}
        return self._blueprint(self.site.wish.region, before, {**self.given, **(newer or {})})

    def _blueprint(self, region: str, before: Mapping[str, str], given: Mapping[str, str]) -> Blueprint:
        template, bucket = self._template(region), self.site.bucket(region)
        code = {"CodeBucket": bucket.name, "CodeKey": self._code_key}
        declared: dict[str, Any] = json.loads(template.read_text())
        return Blueprint(
            bucket.url(key_of(template, self.site.wish.prefix)),
            parameters(declared, before, {**given, **code}),
            self.site.wish.tags,
        )

    def raise_all(self) -> Standing:
        """Bring all stacks to what they are to be; return how home stands then, raises Halt."""
        wish, operator = self.site.wish, self.site.operator
        if self.seen.home:
            self._probers(self.road.before, self.seen.home)
        blueprint = self.home_blueprint()
        receives = bool(blueprint.parameters["MailDomain"])
        if self.seen.home and self.seen.home.parameters.get("MailDomain") and not receives:
            mail.receive_no_more(operator, wish.region, wish.prefix)
        writes = blueprint.parameters["AccessLogs"] == "on"
        if writes and (lost := gateway.lost_role(self.site, self.seen.home)):
            gateway.give_back(self.site, lost)
        home = self._home()
        self._probers(self.road.after, home)
        side_by_side(self.road.away, self._take_away)
        left_to_do = mail.receive(operator, wish.region, wish.prefix) if receives else ""
        if left_to_do:
            operator.say(f"Note: {left_to_do}")
        return home

    def _home(self) -> Standing:
        """Raise home. The number of parts is noted before anything is put into one of them, or never lost."""
        wish, operator = self.site.wish, self.site.operator
        note = partial(tables.note_shards, operator, wish.region, wish.prefix)

        def draw() -> Blueprint:
            return self.home_blueprint({"Shards": str(note(int(self.given["Shards"])))})

        home = self.site.home.raise_up(draw, partial(tables.adopt, self.site.home, wish.prefix))
        note(int(home.parameters["Shards"]))
        return home

    def _probers(self, regions: Sequence[str], home: Standing) -> None:
        if not regions:
            return
        told = {name: home.outputs[output] for name, output in TOLD_BY_HOME.items()}
        told |= {name: home.parameters[name] for name in TOLD_LIKE_HOME}
        side_by_side(
            regions,
            lambda region: self.site.prober(region).raise_up(lambda: self._blueprint(region, {}, told)),
        )

    def _take_away(self, region: str) -> None:
        self.site.prober(region).remove()
        bucket = self.site.bucket(region)
        if bucket.exists():
            bucket.remove()
        self.site.operator.say(f"{region:<15} is probed from no more")

    def preview(self) -> None:
        """Say what `raise_all` would change; whatever that takes is taken away again."""
        wish, operator, home = self.site.wish, self.site.operator, self.site.home
        left = tables.kept(operator, wish.region, wish.prefix) if self._creates else {}
        operator.say(f"{wish.region:<15} {home.name}:")
        if left:
            operator.say(f"  {len(left)} tables of an earlier stack would be taken in, the rest created")
        else:
            self._preview_home()
        for region in self.road.after:
            deed = "updated where it differs" if region in self.seen.probers else "created"
            operator.say(f"{region:<15} the prober would be {deed}")
        for region in self.road.away:
            operator.say(f"{region:<15} the prober would be removed")

    @property
    def _creates(self) -> bool:
        return next_move(self.seen.home) is Move.CREATE

    def _preview_home(self) -> None:
        wish, template = self.site.wish, self.package.templates[0]
        bucket, key = self.site.bucket(wish.region), key_of(template, wish.prefix)
        was_there = bucket.exists()
        if not was_there:
            bucket.ensure(wish.tags)
        is_new = bucket.put(template, key)
        try:
            for line in self.site.home.preview(self.home_blueprint()):
                self.site.operator.say(line)
        finally:
            if not was_there:
                bucket.remove()
            elif is_new:
                bucket.take(key)
