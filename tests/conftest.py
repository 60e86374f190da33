"""The world that tests are told in: Alice's house, her project and its keys."""

import os
from collections.abc import Iterator

import pytest

from chalicelib.local.house import House, built

os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def house() -> Iterator[House]:
    """A whole deployment on an emulated AWS, its clock moved by hand, with Alice's project in it."""
    with built() as alices:
        yield alices


@pytest.fixture
def api_key(house: House) -> str:
    """The read-write key of Alice's project."""
    return house.foundation.api_key


@pytest.fixture
def read_only_key(house: House) -> str:
    """The read-only key of Alice's project."""
    return house.foundation.read_only_key
