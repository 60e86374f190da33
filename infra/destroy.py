"""Take Wakeful out of an AWS account: `make destroy`.

    REGION=eu-central-1 python -m infra.destroy

The tables stay unless DELETE_DATA=yes. Whatever interrupts it, running it again goes on from there.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from infra.deploying import env_file, gateway, mail, tables
from infra.deploying.account import side_by_side
from infra.deploying.ending import ended
from infra.deploying.plans import road
from infra.deploying.reach import Operator
from infra.deploying.site import Site, open_site
from infra.deploying.wishes import Wish, read
from infra.halting import Halt
from infra.package import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from infra.deploying.plans import Seen

ROLE_STAYS = "The role by which API Gateway writes logs stays: other APIs of the account may use it by now."


def destroy(operator: Operator, told: Mapping[str, str], folder: Path = ROOT / "build") -> None:
    """Do what the environment *told* us to; raises Halt with a sentence about what to do.

    *folder* is where `make deploy` has left the deployment's environment.
    """
    wish = read(told)
    site = open_site(operator, wish)
    seen = site.see()
    probers = road(seen, wish.region, ()).away
    if wish.dry_run:
        _preview(site, seen, probers, folder)
        return
    _confirm(operator, wish)
    side_by_side(probers, lambda region: site.prober(region).remove())
    if seen.home and seen.home.parameters.get("MailDomain"):
        mail.receive_no_more(operator, wish.region, wish.prefix)
    if parts := seen.home and seen.home.parameters.get("Shards"):  # which nothing else remembers
        tables.note_shards(operator, wish.region, wish.prefix, int(parts))
    was_home = site.home.remove()
    n_buckets = _remove_buckets(site)
    left = _tables(site)
    if wish.delete_data:
        tables.drop(operator, wish.region, left)
    went = was_home or n_buckets > 0 or (wish.delete_data and bool(left))
    for line in _summary(wish, went, left):
        operator.say(line)
    if seen.home and seen.home.parameters.get("GatewayLogRole") == gateway.IS_OURS:
        operator.say(ROLE_STAYS)
    env_file.remove(site, folder)


def _confirm(operator: Operator, wish: Wish) -> None:
    """Ask before anything is touched, where data is to go; raises Halt unless it is meant."""
    if not wish.delete_data or wish.force:
        return
    try:
        typed = operator.hear(
            f"This deletes all data of stage {wish.stage} for ever. Type the stage's name: "
        )
    except EOFError:
        typed = ""
    if typed.strip() != wish.stage:
        raise Halt("Nothing was deleted: type the stage's name to delete its data, or say FORCE=1.")


def _preview(site: Site, seen: Seen, probers: Sequence[str], folder: Path) -> None:
    """Say what would be removed."""
    doomed = [f"the prober in {region}" for region in probers]
    doomed += [f"the stack {site.home.name} in {site.wish.region}"] if seen.home else []
    doomed += [f"the bucket {site.bucket(region).name}" for region in _with_bucket(site)]
    doomed += [f"the table {name}" for name in _tables(site)] if site.wish.delete_data else []
    doomed += ["the file of its environment"] if env_file.is_there(site, folder) else []
    for thing in doomed or ["nothing"]:
        site.operator.say(f"Would be removed: {thing}")


def _with_bucket(site: Site) -> list[str]:
    """Return the regions where there is a bucket of our code, those of interrupted runs, too."""
    s3 = site.operator.client("s3", site.wish.region)
    owned = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    found = [region for region in site.account.regions if site.bucket(region).name in owned]
    home = site.wish.region
    return [region for region in found if (site.bucket(region).home() or home) == home]


def _remove_buckets(site: Site) -> int:
    """Remove the buckets of the code, and return how many there were."""
    regions = _with_bucket(site)
    side_by_side(regions, lambda region: site.bucket(region).remove())
    for region in regions:
        site.operator.say(f"{region:<15} removed the bucket {site.bucket(region).name}")
    return len(regions)


def _tables(site: Site) -> list[str]:
    """Return the names of the tables that are there."""
    found = tables.kept(site.operator, site.wish.region, site.wish.prefix)
    return [properties["TableName"] for properties in found.values()]


def _summary(wish: Wish, went: bool, left: list[str]) -> list[str]:
    lines = [f"Stage {wish.stage} is gone from {wish.region}." if went else "There was nothing to remove."]
    if left and not wish.delete_data:
        lines += [f"Left with all their data: {', '.join(left)}."]
        lines += ["The next deployment takes them in again; say DELETE_DATA=yes, too, to delete them."]
    return lines


if __name__ == "__main__":
    sys.exit(ended(lambda: destroy(Operator(), os.environ)))
