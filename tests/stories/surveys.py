"""What registries and name servers say in our stories: a prober that looks nowhere but here."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.core.findings import Findings, RecordSet, Registration, Survey
from chalicelib.local.house import House
from chalicelib.messages import SurveyOrder, SurveyResult, probe_order
from chalicelib.services import surveying
from chalicelib.storage.deliveries import Delivery
from tests.stories.neighbours import new_channel, post
from tests.stories.targets import Probe, new_probe
from tests.stories.telling import incidents

DAY = timedelta(days=1)


class World:
    """Who is asked by surveys, and what is said; nobody else is asked anything."""

    def __init__(self, house: House, url: str) -> None:
        self.house = house
        self.channel_id = new_channel(house, "WEBHOOK", url=url)
        self.ordered: list[SurveyOrder] = []
        self.ends: dict[str, datetime] = {}  # of the registrations that are known, by domain
        self.records: dict[str, tuple[RecordSet, ...]] = {}
        house.pump.lines = [
            replace(line, handler=self._probe) if line.name == "probe" else line for line in house.pump.lines
        ]

    def _probe(self, event: Any, _: object) -> None:
        for record in event["Records"]:
            order = probe_order(record["body"])
            if isinstance(order, SurveyOrder):
                self.ordered.append(order)
                self.house.tools.queues.results(SurveyResult(order.monitor_id, self.seen(order.host)))

    def seen(self, host: str) -> Survey:
        """Return what a survey of *host* finds now."""
        domain = ".".join(host.split(".")[-2:])
        end, now = self.ends.get(domain), self.house.clock()
        found = Registration(domain, "Names & Co", end, True) if end else None
        return Survey(host, now, found, self.records.get(host, ()))

    def watch(self, host: str, days: float | None = None, **watch: Any) -> Probe:
        """Have a site watched whose domain ends in so many *days*."""
        if days is not None:
            self.ends[".".join(host.split(".")[-2:])] = self.house.clock() + days * DAY
        probe = new_probe(self.house, f"https://{host}/", interval=DAY, **watch)
        self.house.pump.drain()
        return probe

    def live(self, days: int) -> None:
        """Let so many days pass, in each of which nothing happens but the surveys that fall due."""
        for _ in range(days):
            self.house.clock.now = self.house.clock.now.replace(second=1, microsecond=0) + DAY
            surveying.tick(self.house.tools, self.house.clock())
            self.house.advance(seconds=30)

    def tell(self, probe: Probe, survey: Survey) -> None:
        """Let a survey come home, once more perhaps."""
        url = self.house.tools.settings.results_queue_url
        post(self.house, url, SurveyResult(probe.check_id, survey).to_json())
        self.house.pump.drain()

    def known(self, probe: Probe) -> Findings:
        """Return what is known of a monitor's host."""
        return self.house.tools.findings.find(probe.check_id)

    def told(self, probe: Probe) -> list[Delivery]:
        """Return what people were to be told of a monitor's domain, the oldest first."""
        log = self.house.tools.deliveries.of_channel(self.channel_id, 1000)
        return [line for line in log[::-1] if line.story.startswith(f"domain#{probe.check_id}@")]

    def warnings(self, probe: Probe) -> list[str]:
        """Return what was told of a monitor's domain, in the words of its stories."""
        return [line.story.split("@")[2].partition("#")[0] for line in self.told(probe)]

    def incident(self, probe: Probe) -> dict[str, Any]:
        """Return the one incident of a monitor's domain, as the API shows it."""
        [found] = [one for one in incidents(self.house) if one["checkIds"] == [probe.check_id]]
        return found

    def timeline(self, probe: Probe) -> list[str]:
        """Return what the incident of a monitor's domain says, the oldest line first."""
        lines = self.house.tools.incidents.timeline(self.incident(probe)["id"])
        return [line.message for line in lines]
