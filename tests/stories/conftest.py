import logging
from collections.abc import Iterator

import pytest

from chalicelib.local.house import House
from tests.stories.neighbours import Receiver, empty_queues_answer_at_once, new_channel, receiving


@pytest.fixture
def house(house: House) -> Iterator[House]:
    """Let quiet minutes pass quickly in Alice's house."""
    with empty_queues_answer_at_once():
        yield house


@pytest.fixture
def receiver(house: House) -> Iterator[Receiver]:
    """Run a webhook on loopback that hears of everything in Alice's project."""
    with receiving(house.clock) as peer:
        new_channel(house, "WEBHOOK", url=peer.url + "/")
        yield peer


@pytest.fixture
def alices_mail(house: House) -> str:
    """Return Alice's address, told of everything in her project."""
    new_channel(house, "EMAIL", email="alice@example.org")
    return "alice@example.org"


@pytest.fixture
def quiet() -> Iterator[None]:
    """Let what fails do so without a word: it is meant to."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)
