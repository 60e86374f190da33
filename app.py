"""The front door: what API Gateway, the schedule, the queues and the topics come in by. No logic."""

from chalice import Chalice

import chalicelib.storage.states  # noqa: F401  every request needs it; while Lambda starts us it is cheap
from chalicelib.dialects import function_url, shared_v1, strays
from chalicelib.dialects.haspulse import routes as haspulse
from chalicelib.dialects.healthchecks import routes as healthchecks
from chalicelib.dialects.hooklistener import routes as hooklistener
from chalicelib.dialects.indiepulse import routes as indiepulse
from chalicelib.dialects.statuspulse import routes as statuspulse
from chalicelib.web import routes as web
from chalicelib.workers import (
    announcer,
    collector,
    janitor,
    mailroom,
    notifier,
    prober,
    scanner,
    scheduler,
    waker,
)

# Of two that a stray path is equally like, the first answers it.
DIALECTS = (haspulse, indiepulse, healthchecks, hooklistener, statuspulse)
WORKERS = (scheduler, scanner, waker, prober, collector, announcer, notifier, janitor, mailroom)

app = Chalice(app_name="wakeful", configure_logs=False)
for part in (*DIALECTS, shared_v1, web, function_url, *WORKERS):
    app.register_blueprint(part.blueprint)
app.register_blueprint(
    strays.blueprint_beside((str(part.__package__), part.ROUTES) for part in (*DIALECTS, web))
)
