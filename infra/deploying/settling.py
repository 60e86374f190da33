"""What the home stack is given: what was said, and what the account and the tables have a say in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.deploying import gateway, tables
from infra.deploying.account import certificate_for
from infra.deploying.plans import stands
from infra.halting import Halt

if TYPE_CHECKING:
    from infra.deploying.plans import Standing
    from infra.deploying.site import Site


def settle(site: Site, home: Standing | None) -> dict[str, str]:
    """Return the parameters that are given to the stack at *home*; raises Halt where one is impossible."""
    given = dict(site.wish.parameters)
    if "Domain" in given:
        domain = given["Domain"]
        found = certificate_for(site.operator, site.wish.region, domain) if domain else ""
        given["CertificateArn"] = found
    if home and given.get("PingUrl") == "" and not site.wish.force:
        _require_no_function_url(home)
    given["Shards"] = _shards(site, home, given.get("Shards"))
    given["GatewayLogRole"] = _gateway_log_role(site, home, given.get("AccessLogs"))
    return given


def _require_no_function_url(home: Standing) -> None:
    """Raise Halt where jobs may have been shown a function URL: another one would not be the same."""
    if not stands(home) or not home.parameters.get("PingUrl"):
        return
    url = home.outputs.get("PingUrl", "the function URL for pings").rstrip("/")
    raise Halt(
        f"PING_URL=api would delete {url}: jobs that were shown it could ping no more. "
        f"Let them ping {home.outputs.get('EndpointURL', 'the API').rstrip('/')} first, which takes the same "
        f"pings, then say FORCE=1."
    )


def _shards(site: Site, home: Standing | None, said: str | None) -> str:
    """Return into how many parts checks are divided; raises Halt for fewer than before: none visits the rest.

    A stack that was destroyed is forgotten, and one whose update was undone may have had more; the tables
    remember.
    """
    before = int(home.parameters.get("Shards", 0)) if home else 0
    noted = tables.shards(site.operator, site.wish.region, site.wish.prefix)
    stored = max(before, noted) if home and stands(home) else noted
    wanted = int(said) if said else max(before, stored)
    if wanted < stored:
        raise Halt(
            f"SHARDS={wanted} would lose sight of checks: they are divided into {stored} parts already, "
            f"which may grow, never shrink. Leave it out, or say {stored} or more."
        )
    return str(wanted)


def _gateway_log_role(site: Site, home: Standing | None, said: str | None) -> str:
    """Return whether the stack gives API Gateway the role that it logs by, one per region of an account.

    Another's is left alone, and what is ours already stays ours.
    """
    before = home.parameters if home and stands(home) else {}
    if (said or before.get("AccessLogs", "on")) == "off":
        return before.get("GatewayLogRole", "")
    if gateway.is_ours(home):
        gateway.lost_role(site, home)  # as a question: what cannot be given back stops us here
        return gateway.IS_OURS
    return "" if gateway.has_role(site) else gateway.IS_OURS
