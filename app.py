"""The front door: what API Gateway, the schedule, the queues and the topics come in by. No logic."""

from chalice import Chalice

from chalicelib.dialects.haspulse import routes as haspulse
from chalicelib.dialects.healthchecks import routes as healthchecks
from chalicelib.workers import announcer, janitor, mailroom, notifier, scanner, scheduler, waker

app = Chalice(app_name="wakeful", configure_logs=False)
for part in (healthchecks, haspulse, scheduler, scanner, waker, announcer, notifier, janitor, mailroom):
    app.register_blueprint(part.blueprint)
