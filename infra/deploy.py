"""Put Wakeful into an AWS account, or bring what is there up to date: `make deploy`.

    REGION=eu-central-1 python -m infra.deploy

The environment says what is wanted (README, "Deploy it"). Whatever interrupts it, running it again goes on
from there and ends the same.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from infra.deploying import env_file, founding, mail
from infra.deploying.account import require_enabled
from infra.deploying.ending import ended
from infra.deploying.plans import road
from infra.deploying.raising import Raising
from infra.deploying.reach import Operator
from infra.deploying.settling import settle
from infra.deploying.site import Site, open_site
from infra.deploying.smoke import Visitor
from infra.deploying.wishes import read
from infra.package import ROOT, Package, package

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from infra.deploying.plans import Standing

ONCE = "Keep what is secret here: it is shown this once."


def packaged(prefix: str, target: Path) -> Package:
    """Build what AWS gets, in the folder *target*."""
    return package(ROOT, target, prefix)


def deploy(
    operator: Operator,
    told: Mapping[str, str],
    packaging: Callable[[str, Path], Package] = packaged,
    folder: Path = ROOT / "build",
) -> None:
    """Do what the environment *told* us to; raises Halt with a sentence about what to do.

    *folder* is where the environment of the deployment is left. What is built lies in a folder of this run
    alone: templates are read until the last stack is up, and another stage may be packaged meanwhile.
    """
    wish = read(told)
    site = open_site(operator, wish)
    with tempfile.TemporaryDirectory(prefix="wakeful-") as own:
        home = _raise(site, lambda: packaging(wish.prefix, Path(own)))
    if home is None:
        return
    written = env_file.write(site, home, folder)
    _open(site, home)
    _tell_of_domain(operator, home)
    operator.say(written)
    operator.say(f"Deployed: {home.parameters['PublicUrl'] or _at(home, 'EndpointURL')}")


def _raise(site: Site, packaging: Callable[[], Package]) -> Standing | None:
    """Bring all up and return how home stands, or nothing where it was only asked what would change."""
    wish, operator = site.wish, site.operator
    raising = _plan(site, packaging)
    operator.say(f"Account {site.account.number}, stage {wish.stage}, home {wish.region}")
    if wish.dry_run:
        raising.preview()
        return None
    raising.stock()
    return raising.raise_all()


def _plan(site: Site, packaging: Callable[[], Package]) -> Raising:
    """Return what is to be done, now that all is known to be ready for it; raises Halt."""
    wish, operator = site.wish, site.operator
    seen = site.see()
    before = seen.home.parameters if seen.home else {}
    wanted = wish.parameters.get("ProbeRegions", before.get("ProbeRegions", "")).replace(",", " ").split()
    require_enabled(site.account, [wish.region, *wanted])
    way = road(seen, wish.region, wanted)
    given = settle(site, seen.home)
    if sender := given.get("MailFrom"):
        for concern in mail.concerns(operator, wish.region, sender, force=wish.force):
            operator.say(f"Note: {concern}")
    operator.say("Packaging ...")
    return Raising(site, packaging(), given, seen, way)


def _open(site: Site, home: Standing) -> None:
    """Found what is new, show its keys, and look whether everything works; raises Halt where it does not."""
    wish, operator = site.wish, site.operator
    url, ping_url = _at(home, "EndpointURL"), _at(home, "PingUrl")
    with founding.inside(wish.prefix, wish.region, operator.rest) as tools:
        opening = founding.found(tools, new_keys=wish.new_keys)
        for name, value in opening.items():  # at once: what is lost here can not be shown again
            operator.say(f"{name:<16} {value}")
        if opening:
            operator.say(
                f"{ONCE}\nTry: curl -fsS -m 10 --retry 5 "
                f"'{ping_url or url}/ping/{opening['ping_key']}/job?create=1'"
            )
        pinged = f"pinged, also at {ping_url}," if ping_url else "pinged,"
        operator.say(f"Looking around: a check is made, {pinged} read and deleted ...")
        with founding.borrowed_key(tools) as key:
            Visitor(operator, url, key, ping_url).look_around()


def _at(home: Standing, output: str) -> str:
    """Return the address that *home* tells as *output*, or nothing where it has none."""
    return home.outputs.get(output, "").rstrip("/")


def _tell_of_domain(operator: Operator, home: Standing) -> None:
    if target := home.outputs.get("DomainTarget"):
        operator.say(
            f"Point {home.parameters['Domain']} to {target}: a CNAME record, or an alias in Route 53."
        )


if __name__ == "__main__":
    sys.exit(ended(lambda: deploy(Operator(), os.environ)))
