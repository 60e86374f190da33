"""The projects that people move between: all of them in one house."""

import pytest
import yaml

from chalicelib.local.house import built
from chalicelib.services.access import enter
from chalicelib.services.tenancy import Names, create_project
from chalicelib.storage.keys import Lane
from tests.cli.moving.moves import SHOP, tried


@pytest.fixture(scope="module")
def house():
    """Return a house that all projects are in."""
    with built() as made:
        yield made


@pytest.fixture
def new_project(house):
    """Return what makes a new project and returns its id."""
    admin = enter(house.tools, house.foundation.admin_key, Lane.V1, house.clock())
    now = house.clock()
    return lambda: create_project(house.tools, admin, Names("P", f"p-{house.tools.new_id()}"), now).project_id


@pytest.fixture
def place(tmp_path):
    """Return what writes a document into a file, and tries to import that into a project."""

    def placing(document, project_id, *options):
        path = tmp_path / "wakeful.yaml"
        text = document if isinstance(document, str) else yaml.safe_dump(document, allow_unicode=True)
        path.write_bytes(text.encode())
        return tried("import", str(path), "--project", project_id, *options)

    return placing


@pytest.fixture
def shop(new_project, place):
    """Return the id of a project in which all that SHOP says is configured."""
    project_id = new_project()
    assert place(SHOP, project_id).status == 0
    return project_id
