"""The limits of a key, counted exactly whatever comes at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from people import Person, new_key

from chalicelib.services.keys import KeyWish

AT_ONCE = 16


@pytest.fixture
def somebody(house):
    """Return somebody with a key that nobody has used."""
    return Person(house, new_key(house, KeyWish("fresh")))


def test_of_two_hundred_at_once_exactly_a_hundred_pass(somebody):
    """However they meet, no call over the limit is let through, and none below it is lost (R79, R81)."""
    with ThreadPoolExecutor(AT_ONCE) as crew:
        answers = list(crew.map(lambda _: somebody.get("/v1/channels"), range(200)))
    passed = [answer for answer in answers if answer.status == 200]
    assert (len(passed), {answer.status for answer in answers}) == (100, {200, 429})
    left = sorted(int(answer.headers["X-RateLimit-Remaining"]) for answer in passed)
    assert left == list(range(100))


def test_the_last_call_of_a_minute_and_the_one_too_many(somebody, house):
    """Headers count down to nothing; the next is refused, and says when it would not be (R76, R79, R81)."""
    left = [somebody.get("/v1/channels").headers["X-RateLimit-Remaining"] for _ in range(100)]
    assert left == [str(number) for number in reversed(range(100))]
    house.clock.now += timedelta(seconds=17)
    refused = somebody.get("/v1/channels")
    assert (refused.status, refused.json()["error"]) == (429, "RATE_LIMITED")
    assert refused.headers["X-RateLimit-Limit"] == "100"
    assert refused.headers["X-RateLimit-Remaining"] == "0"
    wait = int(refused.headers["Retry-After"])
    house.clock.now += timedelta(seconds=wait - 1)
    assert somebody.get("/v1/channels").status == 429
    house.clock.now += timedelta(seconds=1)
    assert somebody.get("/v1/channels").status == 200


def test_each_key_has_a_limit_of_its_own(somebody, house):
    """What one key used up, another of the same project still has; pings use up none (R79, R80)."""
    for _ in range(100):
        somebody.get("/v1/channels")
    assert somebody.get("/v1/channels").status == 429
    neighbour = Person(house, new_key(house, KeyWish("another")))
    check = neighbour.check(name="pinged")
    assert house.ask("GET", f"/ping/{check['uuid']}").status == 200
    assert neighbour.get("/v1/channels").headers["X-RateLimit-Remaining"] == "99"


def test_a_use_shows_at_once(somebody, house):
    """When a key was last used stands in the list of keys (R67)."""
    admin = Person(house, house.foundation.admin_key)
    house.clock.now += timedelta(minutes=1)
    somebody.get("/v1/channels")
    keys = admin.get("/v1/api-keys?limit=100").json()["apiKeys"]
    shown = next(key for key in keys if somebody.key.startswith(key["keyPrefix"]))
    assert shown["lastUsedAt"] == house.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
