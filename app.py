"""The front door: what API Gateway, the schedule, the queues and the topics come in by. No logic."""

from chalice import Chalice

import chalicelib.storage.states  # noqa: F401  every request needs it; while Lambda starts us it is cheap
from chalicelib.dialects import shared_v1
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

DIALECTS = (healthchecks, haspulse, hooklistener, indiepulse, statuspulse, shared_v1)
WORKERS = (scheduler, scanner, waker, prober, collector, announcer, notifier, janitor, mailroom)

app = Chalice(app_name="wakeful", configure_logs=False)
for part in (*DIALECTS, web, *WORKERS):
    app.register_blueprint(part.blueprint)
