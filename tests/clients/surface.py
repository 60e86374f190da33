"""All that the published client can do, done against a stack; run by the Python of .clients.

It reads where the stack is and what opens it, and writes what the client made of the answers, both as JSON:
once for the synchronous client, once for the asynchronous one.
"""

import asyncio
import inspect
import json
import sys
from contextlib import asynccontextmanager

from healthchecks_io import AsyncClient, CheckCreate, CheckTrap, CheckUpdate, Client, HCAPIError

NOBODY = "00000000-0000-4000-8000-000000000000"


class Walk:
    """One client on its way through everything; both kinds go the same way."""

    def __init__(self, kind, given):
        self._kind = kind
        self._given = given
        self._client = self._dressed(given["api_key"])

    def _dressed(self, key):
        base_url, ping_key = self._given["base_url"], self._given["ping_key"]
        return self._kind(key, ping_key, f"{base_url}/api/", f"{base_url}/ping/", api_version=3)

    async def all(self):
        """Return what each part of the surface gave."""
        return {
            "checks": await self.checks(),
            "history": await self.history(),
            "slugs": await self.slugs(),
            "traps": await self.traps(),
            "project": await self.project(),
            "reader": await self.reader(),
            "refusals": await self.refusals(),
        }

    async def checks(self):
        """Create, find, change, pause and delete."""
        ask, client = settled, self._client
        wish = CheckCreate(
            name="Backup", tags="prod db", desc="Nightly", timeout=3600, grace=600, channels="*"
        )
        made = await ask(client.create_check(wish))
        cron = await ask(
            client.create_check(CheckCreate(schedule="15 5 * * *", tz="Europe/Riga", tags="prod"))
        )
        change = CheckUpdate(name="Changed", timeout=7200, methods="POST")
        told = {
            "made": made,
            "cron": cron,
            "again": await ask(
                client.create_check(CheckCreate(name="Backup", tags="prod db", unique=["name", "tags"]))
            ),
            "all": [check.uuid for check in await ask(client.get_checks())],
            "prod": [check.uuid for check in await ask(client.get_checks(tags=["prod"]))],
            "both": [check.uuid for check in await ask(client.get_checks(tags=["prod", "db"]))],
            "got": await ask(client.get_check(made.uuid)),
            "changed": await ask(client.update_check(made.uuid, change)),
            "paused": await ask(client.pause_check(made.uuid)),
            "deleted": await ask(client.delete_check(made.uuid)),
            "gone": await refused(lambda: client.get_check(made.uuid)),
        }
        await ask(client.delete_check(cron.uuid))
        return told

    async def history(self):
        """Ping in every way; then read the log and the flips."""
        ask, client = settled, self._client
        code = (await ask(client.create_check(CheckCreate(name="Pinged", timeout=3600)))).uuid
        answers = [
            await ask(client.start_ping(uuid=code)),
            await ask(client.success_ping(uuid=code, data="it went well")),
            await ask(client.fail_ping(uuid=code, data="it did not")),
            await ask(client.exit_code_ping(0, uuid=code)),
            await ask(client.exit_code_ping(3, uuid=code, data="three")),
        ]
        flips = await ask(client.get_check_flips(code))
        return {
            "uuid": code,
            "answers": answers,
            "pings": await ask(client.get_check_pings(code)),
            "flips": flips,
            "last hour": await ask(client.get_check_flips(code, seconds=3600)),
            "long ago": await ask(client.get_check_flips(code, start=0, end=1_592_217_980)),
        }

    async def slugs(self):
        """Ping by the project's ping key and a slug."""
        ask, client, slug = settled, self._client, self._given["slug"]
        return [
            await ask(client.start_ping(slug=slug)),
            await ask(client.success_ping(slug=slug, data="by slug")),
            await ask(client.fail_ping(slug=slug)),
            await ask(client.exit_code_ping(0, slug=slug)),
        ]

    async def traps(self):
        """Run jobs inside of the client's trap: one goes well, one fails loudly, one fails in silence."""
        ask, client = settled, self._client
        code = (await ask(client.create_check(CheckCreate(name="Trapped", timeout=3600)))).uuid
        async with entered(CheckTrap(client, uuid=code)) as trap:
            trap.add_log("first line")
            trap.add_log("second line")
        try:
            async with entered(CheckTrap(client, uuid=code)):
                fill_the_disk()
        except RuntimeError as error:
            loud = str(error)
        async with entered(CheckTrap(client, uuid=code, suppress_exceptions=True)):
            fill_the_disk()
        async with entered(CheckTrap(client, slug=self._given["slug"])):
            pass
        return {"uuid": code, "loud": loud, "pings": await ask(client.get_check_pings(code))}

    async def project(self):
        """Look at what belongs to the whole project."""
        return {
            "integrations": await settled(self._client.get_integrations()),
            "badges": await settled(self._client.get_badges()),
        }

    async def reader(self):
        """Look with a key that may only look."""
        client = self._dressed(self._given["read_only_key"])
        seen = (await settled(client.get_checks(tags=["by-slug"])))[0]
        return {
            "seen": seen,
            "got": await settled(client.get_check(seen.unique_key)),
            "flips": await settled(client.get_check_flips(seen.unique_key)),
            "written": await refused(lambda: client.create_check(CheckCreate(name="Never"))),
        }

    async def refusals(self):
        """Return the error that the client makes of each refusal of ours."""
        client, stranger = self._client, self._dressed("x" * 32)
        return {
            "wrong key": await refused(stranger.get_checks),
            "no such check": await refused(lambda: client.get_check(NOBODY)),
            "bad time": await refused(lambda: client.get_check_flips(self._given["check"], start=10**12)),
            "bad schedule": await refused(lambda: client.create_check(CheckCreate(schedule="* * * * * *"))),
            "ping of no check": await refused(lambda: client.success_ping(uuid=NOBODY)),
            "bad exit status": await refused(lambda: client.exit_code_ping(256, uuid=NOBODY)),
            "a slug of two": await refused(lambda: client.success_ping(slug=self._given["double"])),
        }


def fill_the_disk():
    """Fail as jobs do."""
    raise RuntimeError("the disk is full")


async def settled(answer):
    """Return what a client answers, awaited where the client is asynchronous."""
    return await answer if inspect.isawaitable(answer) else answer


async def refused(act):
    """Return the name of the error that *act* raises."""
    try:
        return f"no error, but {await settled(act())!r}"
    except HCAPIError as error:
        return type(error).__name__


@asynccontextmanager
async def entered(trap):
    """Enter *trap* as its client wants it entered."""
    if isinstance(trap.client, AsyncClient):
        async with trap:
            yield trap
    else:
        with trap:
            yield trap


def plain(value):
    """Return one of the client's models as JSON has it."""
    return value.model_dump(mode="json")


if __name__ == "__main__":
    where = json.load(sys.stdin)
    told = {kind.__name__: asyncio.run(Walk(kind, where).all()) for kind in (Client, AsyncClient)}
    json.dump(told, sys.stdout, default=plain)
