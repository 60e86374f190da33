"""Put Wakeful into an AWS account, or bring what is there up to date: `make deploy`.

    REGION=eu-central-1 python -m infra.deploy

The environment says what is wanted (README, "Deploy it"). Whatever interrupts it, running it again goes on
from there and ends the same.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from infra.deploying import founding, mail
from infra.deploying.account import certificate_for, require_enabled
from infra.deploying.ending import ended
from infra.deploying.plans import road
from infra.deploying.raising import Raising
from infra.deploying.reach import Operator
from infra.deploying.site import Site, open_site
from infra.deploying.smoke import Visitor
from infra.deploying.wishes import read
from infra.package import ROOT, Package, package

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from infra.deploying.plans import Standing

ONCE = "Keep what is secret here: it is shown this once."


def packaged(prefix: str) -> Package:
    """Build what AWS gets, in the folder build/."""
    return package(ROOT, ROOT / "build", prefix)


def deploy(
    operator: Operator, told: Mapping[str, str], packaging: Callable[[str], Package] = packaged
) -> None:
    """Do what the environment *told* us to; raises Halt with a sentence about what to do."""
    wish = read(told)
    site = open_site(operator, wish)
    raising = _plan(site, packaging)
    operator.say(f"Account {site.account.number}, stage {wish.stage}, home {wish.region}")
    if wish.dry_run:
        raising.preview()
        return
    raising.stock()
    home = raising.raise_all()
    url = home.outputs["EndpointURL"].rstrip("/")
    _open(site, url)
    _tell_of_domain(operator, home)
    operator.say(f"Deployed: {home.parameters['PublicUrl'] or url}")


def _plan(site: Site, packaging: Callable[[str], Package]) -> Raising:
    """Return what is to be done, now that all is known to be ready for it; raises Halt."""
    wish, operator = site.wish, site.operator
    seen = site.see()
    before = seen.home.parameters if seen.home else {}
    given = dict(wish.parameters)
    if "Domain" in given:
        domain = given["Domain"]
        given["CertificateArn"] = certificate_for(operator, wish.region, domain) if domain else ""
    wanted = given.get("ProbeRegions", before.get("ProbeRegions", "")).replace(",", " ").split()
    require_enabled(site.account, [wish.region, *wanted])
    way = road(seen, wish.region, wanted)
    if sender := given.get("MailFrom"):
        for concern in mail.concerns(operator, wish.region, sender):
            operator.say(f"Note: {concern}")
    operator.say("Packaging ...")
    return Raising(site, packaging(wish.prefix), given, seen, way)


def _open(site: Site, url: str) -> None:
    """Found what is new, show its keys, and look whether everything works; raises Halt where it does not."""
    wish, operator = site.wish, site.operator
    with founding.inside(wish.prefix, wish.region, operator.rest) as tools:
        opening = founding.found(tools, new_keys=wish.new_keys)
        for name, value in opening.items():  # at once: what is lost here can not be shown again
            operator.say(f"{name:<16} {value}")
        if opening:
            operator.say(
                f"{ONCE}\nTry: curl -fsS -m 10 --retry 5 '{url}/ping/{opening['ping_key']}/job?create=1'"
            )
        operator.say("Looking around: a check is made, pinged, read and deleted ...")
        with founding.borrowed_key(tools) as key:
            Visitor(operator, url, key).look_around()


def _tell_of_domain(operator: Operator, home: Standing) -> None:
    if target := home.outputs.get("DomainTarget"):
        operator.say(
            f"Point {home.parameters['Domain']} to {target}: a CNAME record, or an alias in Route 53."
        )


if __name__ == "__main__":
    sys.exit(ended(lambda: deploy(Operator(), os.environ)))
