from dataclasses import replace

import pytest

from app import app
from chalicelib.local.emulation import build
from chalicelib.services.tenancy import found
from chalicelib.settings import Settings
from chalicelib.toolbox import Toolbox, using
from tests.emulators import MiniStack, Wire, credentials, on_ministack, on_moto
from tests.storage.billing import MORNING, Deployment
from tests.storage.examples import a_spec, alices, stored


@pytest.fixture(scope="session")
def ministack(tmp_path_factory):
    """Return this worker's own MiniStack."""
    stack = MiniStack(tmp_path_factory.mktemp("ministack"))
    yield stack
    stack.stop()


@pytest.fixture(params=["moto", "ministack"])
def engine(request):
    """Return an emulated AWS with our tables, all empty."""
    if request.param == "moto":
        with on_moto() as moto:
            yield moto
    else:
        with on_ministack(request.getfixturevalue("ministack")) as stack:
            yield stack


@pytest.fixture
def strict_engine(ministack):
    """Return the engine that meters what calls consume and heeds idempotency tokens."""
    with on_ministack(ministack) as stack:
        yield stack


@pytest.fixture
def tools(engine):
    """Return the tools of a deployment on the engine; nobody rests."""
    return Toolbox(engine.settings, rest=lambda _: None)


@pytest.fixture
def wire(engine):
    """Return the wire between us and the engine's DynamoDB."""
    listening = Wire(engine.settings)
    yield listening
    listening.hang_up()


@pytest.fixture
def strict_tools(strict_engine):
    """Return the tools of a deployment on the strict engine."""
    return Toolbox(strict_engine.settings, rest=lambda _: None)


@pytest.fixture
def strict_wire(strict_engine):
    """Return the wire between us and the strict engine's DynamoDB."""
    listening = Wire(strict_engine.settings)
    yield listening
    listening.hang_up()


@pytest.fixture
def alice(tools):
    """Store Alice's organization and project; return her id."""
    organization, project = alices()
    tools.projects.found(organization, project)
    return organization.organization_id


@pytest.fixture
def job(tools, alice):
    """Return a monitor that is up, stored."""
    return stored(tools, replace(a_spec(), organization_id=alice))


@pytest.fixture
def deployment(ministack):
    """Return a deployment on MiniStack with one monitor of Alice's, made by her and never pinged."""
    with credentials():
        ministack.reset()
        settings = build(Settings(endpoint_url=ministack.url, allow_private_targets=True))
        tools = Toolbox(settings, rest=lambda _: None)
        with using(tools):
            wire = Wire(settings)
            running = Deployment(app, tools, found(tools, "Alice", MORNING), wire)
            tools.clock = lambda: running.now
            running.create()
            yield running
            wire.hang_up()


@pytest.fixture
def up(deployment):
    """Return the deployment when its monitor is up and its container warm."""
    deployment.ping()
    deployment.ping()
    return deployment
