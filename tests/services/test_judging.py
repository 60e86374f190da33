"""What regions find comes home in any order, twice or late; the story it makes is the same."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise

import pytest
from botocore.exceptions import EndpointConnectionError

from chalicelib.core.consensus import Answer, Result
from chalicelib.core.errors import Conflict, Unavailable
from chalicelib.core.probing import conclude
from chalicelib.core.status import Status, Verdict
from chalicelib.messages import ProbeBundle, ResultBundle
from chalicelib.services import judging
from tests.stories.neighbours import calls_through, queue_of
from tests.stories.targets import new_probe

SECOND = timedelta(seconds=1)
TEN = 10 * SECOND
REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-1")
UP, DOWN = Verdict.UP, Verdict.DOWN


@pytest.fixture
def probe(house):
    """Return a monitor that nobody has probed yet."""
    return new_probe(house, "http://127.0.0.1:9/")


def answer(probe, number, region, verdict, **more):
    """Return what *region* found in the round of the tenth second *number*."""
    at = probe.monitor.spec.created + number * TEN
    return Answer(probe.check_id, at, 0, REGIONS, (), Result(region, verdict, **more))


def hear(house, *answers):
    """Let answers come home."""
    judging.collect(house.tools, ResultBundle(tuple(answers)), house.clock())


def unanimous(probe, number, verdict):
    """Return the same answer from every region."""
    return [answer(probe, number, region, verdict) for region in REGIONS]


def test_a_majority_is_enough(house, probe):
    """The second of two equal answers brings the verdict; the third is kept and changes nothing."""
    for count, region in enumerate(REGIONS):
        hear(house, answer(probe, 1, region, UP))
        assert probe.phase == ("pending" if count == 0 else "up")
    assert len(probe.flips) == 1
    assert probe.monitor.state.rev == 1


def test_a_crash_between_the_answer_and_the_verdict_is_mended_by_the_repetition(house, probe):
    """An answer that was kept but not judged is judged when its message comes again."""
    for region in REGIONS[:2]:
        house.tools.rounds.append(answer(probe, 1, region, DOWN))
    assert probe.monitor.state.judged_at is None
    hear(house, answer(probe, 1, REGIONS[1], DOWN))
    assert probe.monitor.state.doubts == 1


def test_answers_to_an_older_question_are_not_judged(house, probe):
    """What was asked before a change says nothing of what is asked now."""
    hear(house, *unanimous(probe, 1, UP))
    probe.watch(timeout=5 * SECOND)
    hear(house, *unanimous(probe, 2, DOWN), *unanimous(probe, 3, DOWN))
    assert probe.phase == "up"


def test_a_first_bad_verdict_asks_again_once(house, probe):
    """The first bad round of a monitor that is not down sends one more to every region; the second none."""
    house.pump.drain()
    hear(house, *unanimous(probe, 1, UP))
    waiting = queue_of(house, "probes")
    before = len(waiting.bodies)
    hear(house, *unanimous(probe, 2, DOWN))
    assert len(waiting.bodies) == before + 1
    assert waiting.delays[-1] == pytest.approx(2, abs=0.001)  # moto counts in floats
    hear(house, *unanimous(probe, 2, DOWN))
    asked = [ProbeBundle.from_json(body).orders[0] for body in waiting.bodies[before:]]
    assert len({(order.at, order.version) for order in asked}) == 1  # however often it is asked for
    hear(house, *unanimous(probe, 3, DOWN))
    assert len(waiting.bodies) == before + len(asked)
    assert probe.phase == "down"


def test_where_one_round_is_enough_nobody_asks_again(house, receiver, probe):
    """With a threshold of one the first bad verdict is the alarm."""
    probe.watch(failure_threshold=1)
    answers = [
        Answer(probe.check_id, probe.monitor.spec.created + TEN, 1, REGIONS, (), Result(region, DOWN))
        for region in REGIONS
    ]
    before = len(queue_of(house, "probes").bodies)
    hear(house, *answers)
    assert len(queue_of(house, "probes").bodies) == before
    house.advance(milliseconds=1)
    assert receiver.reasons() == ["went_down"]


def test_who_cannot_tell_is_not_counted(house, probe):
    """A region that could not look makes no majority, neither for nor against."""
    hear(
        house,
        answer(probe, 1, REGIONS[0], None, error="registry away"),
        answer(probe, 1, REGIONS[1], None, error="registry away"),
        answer(probe, 1, REGIONS[2], DOWN),
    )
    assert probe.monitor.state.judged_at is None


def test_a_monitor_that_is_gone_is_no_fault(house, probe):
    """Answers about what was deleted meanwhile are taken and forgotten."""
    answers = unanimous(probe, 1, DOWN)
    probe.ask("DELETE")
    hear(house, *answers)


@pytest.mark.parametrize("seed", range(3))
def test_a_storm_of_answers_is_one_story(house, probe, seed):
    """Sixty rounds from three regions, shuffled within reach, each answer twice, from eight threads: whatever
    verdict was written last is of the newest round, flips alternate, and no round is judged twice.
    """
    chance = random.Random(seed)  # noqa: S311  no secrets here, but the same storm each time
    house.tools.rest = time.sleep
    rounds = [(number, chance.choice((UP, DOWN))) for number in range(1, 61)]
    answers = [answer(probe, number, region, verdict) for number, verdict in rounds for region in REGIONS] * 2
    answers.sort(key=lambda found: found.at + chance.random() * 40 * SECOND)

    def work(found):
        for _ in range(20):
            try:
                return hear(house, found)
            except Conflict:  # SQS would bring it again
                continue
        raise AssertionError("it never got through")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, answers))
    state = probe.monitor.state
    assert state.judged_at == probe.monitor.spec.created + 60 * TEN
    assert state.verdict == rounds[-1][1]
    news = [flip.new for flip in probe.flips]
    assert all(before is not after for before, after in pairwise(news))
    assert all(len(found.results) == len(REGIONS) for found in probe.rounds)


def test_in_order_the_story_is_what_the_core_says(house, probe):
    """What is stored after each round is what the pure state machine makes of the verdicts."""
    state = probe.monitor.state
    for number, verdict in enumerate((UP, DOWN, UP, DOWN, DOWN, DOWN, UP, DOWN, UP, UP, UP), start=1):
        hear(house, *unanimous(probe, number, verdict))
        spec = probe.monitor.spec
        state = conclude(spec.monitor_id, spec.watch, state, verdict, spec.created + number * TEN).state
        stored = probe.monitor.state
        assert (stored.status, stored.doubts, stored.doubted_since, stored.since) == (
            state.status,
            state.doubts,
            state.doubted_since,
            state.since,
        )
    assert state.status is Status.UP


def test_one_that_cannot_be_taken_holds_up_nobody(house, probe):
    """Where the answer about one monitor meets a fault, those behind it are judged all the same."""
    other = new_probe(house, "http://127.0.0.1:9/")

    def broken(_client, operation, arguments, make):
        if operation == "UpdateItem" and probe.check_id in str(arguments["Key"]):
            raise EndpointConnectionError(endpoint_url="https://dynamodb.example/")
        return make()

    bundle = [*unanimous(probe, 1, UP), *unanimous(other, 1, UP)]
    with calls_through(broken), pytest.raises(Unavailable):
        hear(house, *bundle)
    assert (probe.phase, other.phase) == ("pending", "up")
    hear(house, *bundle)
    assert probe.phase == "up"


def test_a_stale_replica_costs_no_round(house, probe):
    """A monitor that a replica shows as it was before a change is read afresh before its round is judged."""
    before = []

    def stale(_client, operation, arguments, make):
        if operation != "Query" or arguments.get("ConsistentRead") or not before:
            return make()
        return before[0]

    def keep(_client, operation, _arguments, make):
        reply = make()
        if operation == "Query":
            before.append(reply)
        return reply

    with calls_through(keep):
        house.tools.monitors.load(probe.check_id)
    probe.watch(timeout=5 * SECOND)
    created = probe.monitor.spec.created
    newer = [Answer(probe.check_id, created + TEN, 1, REGIONS, (), Result(region, UP)) for region in REGIONS]
    with calls_through(stale):
        hear(house, *newer)
    assert probe.phase == "up"


def test_one_region_alone_takes_nothing_down(house, probe):
    """With one region and a threshold of one the first bad round only makes others look, too (R390)."""
    probe.watch(failure_threshold=1, regions=("eu-west-1",))
    created = probe.monitor.spec.created

    def told(number, verdicts, witnesses=()):
        return [
            Answer(
                probe.check_id, created + number * TEN, 1, ("eu-west-1",), witnesses, Result(region, verdict)
            )
            for region, verdict in verdicts.items()
        ]

    hear(house, *told(1, {"eu-west-1": UP}), *told(2, {"eu-west-1": DOWN}))
    assert probe.phase == "investigating"
    others = ("us-east-1", "ap-southeast-1")
    hear(house, *told(3, {"eu-west-1": DOWN, "us-east-1": DOWN}, others))
    assert probe.phase == "down"
