from tests.guard.peers import serve, town
from tests.probes.name_servers import server
from tests.probes.registries import registry, shown

__all__ = ["registry", "serve", "server", "shown", "town"]
