"""A delivery becomes a message that is sent once, and tried again with growing patience."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise

import pytest

from chalicelib.local.house import waiting_messages
from chalicelib.messages import DeliveryNotice
from chalicelib.services.delivering import BUSY_FOR, WAITS
from chalicelib.services.telling import flip_story
from chalicelib.storage.deliveries import LEASE
from tests.stories.faults import DEAD, UNANSWERED, UNREACHABLE, meeting, on_the_wire
from tests.stories.neighbours import (
    PATIENCE,
    deliveries,
    fates,
    forget_mails,
    line_of,
    mails,
    new_channel,
    new_check,
    post,
    queue_of,
    speak,
)

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
VISIBILITY = timedelta(seconds=360)  # of the deliveries queue (infra/resources.json)


@pytest.fixture
def webhook(house, receiver):
    """Return the id of the channel that leads to the receiver."""
    assert receiver.heard == []
    return house.tools.channels.of_project(house.foundation.project.project_id)[0].channel_id


@pytest.fixture
def check(house, webhook):
    """Return a check that is told to the receiver, and to it alone."""
    return new_check(house, channels=webhook)


def pauses(receiver):
    """Return how long the receiver was left in peace between one request and the next."""
    return [later.at - earlier.at for earlier, later in pairwise(receiver.heard)]


def let_run(house, until):
    """Let time pass until *until* from message to message; no tick is needed, for no deadline comes."""
    house.pump.drain()
    while house.clock() < until:
        later = [moment for moment in waiting_messages() if moment > house.clock()]
        house.clock.now = min([until, *later])
        house.pump.drain()


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
def test_patience_grows_from_seconds_to_hours(house, receiver, webhook, check, chance):
    """A refused message is tried again after 5 s, 30 s, 2 min, 10 min, 1 h and 6 h, each up to a fifth
    later, then given up; all tries carry one delivery id, and the channel's log tells how it ended.
    """
    house.tools.chance = lambda: chance
    receiver.answers(500)
    check.ping("fail")
    let_run(house, house.clock() + 10 * HOUR)
    expected = [wait * (1 + 0.2 * chance) for wait in WAITS]
    assert len(receiver.heard) == 7
    late = [pause - wait for pause, wait in zip(pauses(receiver), expected, strict=True)]
    assert timedelta() <= min(late)
    assert max(late) <= SECOND
    assert len({heard.delivery for heard in receiver.heard}) == 1
    [line] = deliveries(house, webhook)
    assert (line["status"], line["attempts"]) == ("failed", 7)
    assert line["error"].startswith("The receiver answered 500")
    assert queue_of(house, "deliveries").bodies == queue_of(house, "dead-letters").bodies == []


@pytest.mark.parametrize("trouble", [500, 403, 429])
def test_a_passing_trouble_is_passed_over(house, receiver, webhook, check, trouble):
    """A message that is refused twice and then taken was sent once; the error is forgotten."""
    receiver.answers_once(trouble)
    receiver.answers_once(trouble)
    check.ping("fail")
    house.advance(minutes=2)
    assert fates(house, webhook) == ["went_down sent"]
    assert deliveries(house, webhook)[0]["attempts"] == 3
    shown = speak(house, "GET", f"/v1/channels/{webhook}").json()
    assert (shown["broken"], shown["lastError"]) == (False, None)


@pytest.mark.parametrize(
    ("asked", "waited"),
    [("1200", 1200), ("Mon, 02 Mar 2026 08:40:00 GMT", 2400), ("2", 5), ("99999999", 21600), ("soon", 5)],
)
def test_the_receiver_may_ask_for_more_patience(house, receiver, webhook, check, asked, waited):
    """Retry-After, seconds or a date, is honoured where it asks for more than our own pause, up to 6 h."""
    house.tools.chance = lambda: 0.0
    receiver.answers_once(429, Retry_After=asked)
    check.ping("fail")
    let_run(house, house.clock() + timedelta(seconds=waited + 60))
    [pause] = pauses(receiver)
    assert timedelta(seconds=waited) <= pause <= timedelta(seconds=waited + 1)
    assert fates(house, webhook) == ["went_down sent"]


def test_no_wait_in_the_queue_is_longer_than_it_may_be(house, receiver, check):
    """A wait of hours hops through SQS, which delays by 900 s at most, and nothing is sent on the way."""
    receiver.answers_once(429, Retry_After="7200")
    check.ping("fail")
    house.advance(seconds=1)
    queue, delays = queue_of(house, "deliveries"), set()
    while len(receiver.heard) == 1:
        delays.update(queue.delays)
        assert len(queue.bodies) == 1
        house.advance(minutes=2)
    assert max(delays) == 900
    assert pauses(receiver) == [pytest.approx(2 * HOUR, abs=2 * MINUTE)]


def test_a_repeated_notice_does_not_shorten_a_pause(house, receiver, webhook, check):
    """While a message waits for its next try, a repetition of its notice neither sends it early nor
    multiplies the tries: the pause is a fact of the log, not of one message in the queue.
    """
    house.tools.chance = lambda: 0.0
    receiver.answers(429, Retry_After="1800")
    check.ping("fail")
    house.advance(seconds=1)
    [body] = queue_of(house, "deliveries").bodies
    twin = json.dumps({**json.loads(body), "not_before": ""})
    for _ in range(3):
        post(house, house.tools.settings.deliveries_queue_url, twin)
    let_run(house, house.clock() + timedelta(minutes=29))
    assert len(receiver.heard) == 1
    receiver.answers(200)
    let_run(house, house.clock() + timedelta(minutes=2))
    assert [pause >= timedelta(minutes=30) for pause in pauses(receiver)] == [True]
    assert fates(house, webhook) == ["went_down sent"]
    let_run(house, house.clock() + timedelta(minutes=40))
    assert (len(receiver.heard), queue_of(house, "deliveries").bodies) == (2, [])


def test_a_message_that_was_given_up_can_be_sent_again(house, receiver, webhook, check):
    """What is shown as failed can be replayed, once it can succeed; what was sent cannot."""
    receiver.answers(500)
    check.ping("fail")
    let_run(house, house.clock() + 10 * HOUR)
    receiver.answers(200)
    [line] = deliveries(house, webhook)
    wish = json.dumps({"deliveryId": line["id"]}).encode()
    assert speak(house, "POST", f"/v1/channels/{webhook}/deliveries", wish).status == 202
    house.advance(seconds=1)
    assert fates(house, webhook) == ["went_down sent"]
    assert (len(receiver.heard), len({heard.delivery for heard in receiver.heard})) == (8, 1)
    assert speak(house, "POST", f"/v1/channels/{webhook}/deliveries", wish).status == 409


@pytest.mark.parametrize("gone", [401, 404, 410])
def test_a_channel_that_is_gone_is_given_up_and_reported(house, receiver, webhook, gone):
    """A permanent refusal marks the channel broken at once, in the provider's words; the project's other
    channels are told, once each.
    """
    new_channel(house, "EMAIL", email="alice@example.org")
    new_channel(house, "WEBHOOK", url=receiver.url + "/other")
    check = new_check(house, channels=webhook)
    receiver.answers_once(gone)
    check.ping("fail")
    let_run(house, house.clock() + HOUR)
    shown = speak(house, "GET", f"/v1/channels/{webhook}").json()
    assert shown["broken"]
    assert f"answered {gone}" in shown["lastError"]
    assert fates(house, webhook) == ["went_down failed"]
    assert receiver.reasons("/other") == ["channel_broke"]
    assert [mail.subject for mail in mails(house)] == ["Channel not working: Our WEBHOOK"]
    assert f"answered {gone}" in mails(house)[0].body
    assert len(receiver.at("/")) == 1


def test_a_broken_channel_is_left_alone(house, receiver, webhook, check):
    """Nothing is sent to a broken channel: no other alarm, no repetition, no recovery."""
    receiver.answers(410)
    others = [new_check(house, channels=webhook) for _ in range(3)]
    check.ping("fail")
    house.advance(seconds=1)
    receiver.answers(200)
    for other in others:
        other.ping("fail")
    check.ping()
    let_run(house, house.clock() + HOUR)
    assert len(receiver.heard) == 1


@pytest.mark.parametrize("remedy", ["amended", "tested"])
def test_a_broken_channel_gets_another_chance(house, receiver, webhook, check, remedy):
    """A change of its configuration, or a test that succeeds, takes a broken channel into service again."""
    receiver.answers_once(410)
    check.ping("fail")
    house.advance(seconds=1)
    road = f"/v1/channels/{webhook}"
    if remedy == "amended":
        wish = json.dumps({"config": {"url": receiver.url + "/new"}}).encode()
        assert speak(house, "PATCH", road, wish).status == 200
    else:
        assert speak(house, "POST", f"{road}/test").json() == {"success": True}
    assert not speak(house, "GET", road).json()["broken"]
    receiver.heard.clear()
    new_check(house, channels=webhook).ping("fail")
    house.advance(seconds=1)
    assert [heard.story["reason"] for heard in receiver.heard] == ["went_down"]


def test_a_test_that_fails_takes_nothing_back(house, receiver, webhook, check):
    """A test of a broken channel that fails again tells so, and leaves it broken."""
    receiver.answers(410)
    check.ping("fail")
    house.advance(seconds=1)
    answer = speak(house, "POST", f"/v1/channels/{webhook}/test").json()
    assert answer["success"] is False
    assert "410" in answer["error"]
    assert speak(house, "GET", f"/v1/channels/{webhook}").json()["broken"]


@pytest.mark.xfail(strict=True, reason="needs the moment of the break in the channel itself; reported")
def test_a_channel_that_breaks_under_many_messages_is_reported_once(house, receiver, webhook):
    """When several messages at once find a channel gone, its neighbours still hear of it once."""
    new_channel(house, "EMAIL", email="alice@example.org")
    checks = [new_check(house, channels=webhook) for _ in range(4)]
    receiver.answers(410)
    for check in checks:
        check.ping("fail")
    for _ in checks:
        house.pump.bring(line_of(house, "announce"))

    def ticking():
        house.clock.now += timedelta(microseconds=1)
        return house.clock.now

    def says_that_it_broke(operation, arguments):
        return operation == "PutItem" and "channel_broke" in str(arguments)

    house.tools.clock = ticking
    with meeting(len(checks), says_that_it_broke), ThreadPoolExecutor(len(checks)) as threads:
        leaving = [threads.submit(house.pump.bring, line_of(house, "notify")) for _ in checks]
        assert [sent.result() for sent in leaving] == [1] * len(checks)
    house.advance(minutes=1)
    assert len(mails(house)) == 1


@pytest.mark.parametrize("fault", [UNREACHABLE, UNANSWERED, DEAD], ids=str)
def test_a_crash_at_the_break_of_a_channel_loses_no_news(house, receiver, webhook, check, fault):
    """Whichever step fails after a permanent refusal: in the end the channel is broken, the message is
    shown as failed, and the neighbours know.
    """
    new_channel(house, "EMAIL", email="alice@example.org")
    receiver.answers(410)
    for step in range(3, 10):  # before that nothing was asked of the receiver
        with on_the_wire(house) as wire:
            wire.spoil(
                fault,
                lambda call, step=step: call.room == "notify" and call.number == step + steps(wire),
            )
            check.ping("fail")
            let_run(house, house.clock() + 8 * MINUTE)
        shown = speak(house, "GET", f"/v1/channels/{webhook}").json()
        assert shown["broken"], wire.spoiled
        assert fates(house, webhook)[-1] == "went_down failed", wire.spoiled
        assert mails(house), wire.spoiled
        forget_mails(house)
        receiver.answers_once(200)
        speak(house, "POST", f"/v1/channels/{webhook}/test")
        check.ping()
        let_run(house, house.clock() + MINUTE)


def steps(wire):
    """Return how many calls were made before the notifier's first."""
    return next((call.number for call in wire.calls if call.room == "notify"), len(wire.calls))


def test_a_recovery_is_told_however_long_it_takes(house, receiver, webhook, check):
    """A recovery is never dropped when its outage was told: it is tried as patiently as any message."""
    check.ping("fail")
    house.advance(seconds=1)
    receiver.answers(503)
    check.ping()
    let_run(house, house.clock() + 2 * HOUR)
    receiver.answers(200)
    let_run(house, house.clock() + 8 * HOUR)
    assert fates(house, webhook) == ["went_down sent", "recovered sent"]
    assert receiver.reasons()[-1] == "recovered"


@pytest.mark.xfail(strict=True, reason="the second outage's fate alone decides; reported")
def test_the_last_recovery_of_a_flapping_job_is_told(house, receiver, check):
    """Who was told of an outage hears in the end that all is well, whatever came between was given up."""
    check.ping("fail")
    house.advance(seconds=1)
    receiver.answers(500)
    check.ping()
    house.advance(seconds=1)
    check.ping("fail")
    let_run(house, house.clock() + 10 * HOUR)
    receiver.answers(200)
    check.ping()
    let_run(house, house.clock() + HOUR)
    assert receiver.reasons()[-1] == "recovered"


def test_a_late_recovery_does_not_gainsay_a_new_outage(house, receiver, webhook, check):
    """A recovery that still waits when the next outage begins is not told after it; that one's is."""
    check.ping("fail")
    house.advance(seconds=1)
    receiver.answers_once(500)
    check.ping()
    house.advance(seconds=1)
    check.ping("fail")
    house.advance(minutes=1)
    check.ping()
    house.advance(seconds=1)
    assert receiver.reasons() == ["went_down", "recovered", "went_down", "recovered"]
    assert fates(house, webhook) == [
        "went_down sent",
        "recovered needless",
        "went_down sent",
        "recovered sent",
    ]


def test_no_recovery_is_told_of_an_outage_that_never_was(house, receiver, webhook, check):
    """Where the message of an outage was given up, its recovery is not told either; the log says why."""
    receiver.answers(500)
    check.ping("fail")
    let_run(house, house.clock() + 10 * HOUR)
    receiver.answers(200)
    check.ping()
    let_run(house, house.clock() + HOUR)
    assert fates(house, webhook) == ["went_down failed", "recovered needless"]
    assert set(receiver.reasons()) == {"went_down"}


def test_a_recovery_is_not_told_to_a_channel_that_came_later(house, receiver, check, webhook):
    """Who was not told of the outage, because the channel is newer, is not told of its end."""
    check.ping("fail")
    house.advance(seconds=1)
    newer = new_channel(house, "WEBHOOK", url=receiver.url + "/newer")
    check.ask("POST", channels=f"{webhook},{newer}")
    check.ping()
    house.advance(seconds=1)
    assert (receiver.reasons(), receiver.reasons("/newer")) == (["went_down", "recovered"], [])


def test_an_outage_that_is_over_before_it_was_told_is_told_once(house, receiver, webhook, check):
    """A recovery that finds the outage's message still waiting is told together with it, in one message."""
    receiver.answers_once(500)
    house.advance(seconds=1)
    check.ping("fail")
    house.advance(seconds=3)
    check.ping()
    let_run(house, house.clock() + HOUR)
    assert receiver.reasons() == ["went_down", "was_down"]
    assert receiver.heard[-1].story["lasted"] == 3
    assert fates(house, webhook) == ["went_down merged", "recovered sent"]
    assert queue_of(house, "deliveries").bodies == []


def test_a_combined_message_is_patient_too(house, receiver, check):
    """A combined message that is refused is tried again as combined."""
    for _ in range(3):
        receiver.answers_once(500)
    check.ping("fail")
    house.advance(seconds=3)
    check.ping()
    let_run(house, house.clock() + HOUR)
    assert receiver.reasons() == ["went_down", "was_down", "was_down", "was_down"]
    assert len({heard.delivery for heard in receiver.heard[1:]}) == 1


def test_notices_that_come_in_the_wrong_order_make_one_message(house, receiver, webhook, check):
    """A recovery whose notice overtakes its outage's is told together with it, and nothing follows."""
    check.ping("fail")
    check.ping()
    bring_all(house, "announce")
    assert len(queue_of(house, "deliveries").bodies) == 2
    queue_of(house, "deliveries").queue._messages.reverse()
    let_run(house, house.clock() + HOUR)
    assert receiver.reasons() == ["was_down"]
    assert fates(house, webhook) == ["went_down merged", "recovered sent"]


def bring_all(house, name):
    """Bring all that waits for one handler."""
    while house.pump.bring(line_of(house, name)):
        pass


@pytest.fixture
def leaving():
    """Return a thread in which a message leaves while time goes on."""
    with ThreadPoolExecutor(1) as thread:
        yield thread


def hold_back(house, receiver, check, leaving, status):
    """Let the outage's message be on its way; return what lets its receiver answer with *status*."""
    gate = receiver.hangs_once(status)
    check.ping("fail")
    bring_all(house, "announce")
    sending = leaving.submit(house.pump.bring, line_of(house, "notify"))
    assert receiver.arrived.wait(PATIENCE)

    def let_go():
        gate.set()
        sending.result()

    return let_go


@pytest.mark.parametrize(
    ("status", "told", "logged"),
    [
        (200, ["went_down", "recovered"], ["went_down sent", "recovered sent"]),
        (500, ["went_down", "went_down", "recovered"], ["went_down sent", "recovered sent"]),
        (410, ["went_down"], ["went_down failed", "recovered needless"]),
    ],
)
def test_a_recovery_waits_while_its_outage_is_being_told(house, receiver, leaving, status, told, logged):
    """What a recovery says depends on how its outage's message fares, which may be leaving at this moment."""
    check = new_check(house)
    [webhook] = check.monitor.spec.channels
    let_go = hold_back(house, receiver, check, leaving, status)
    check.ping()
    bring_all(house, "announce")
    bring_all(house, "notify")
    assert receiver.reasons() == ["went_down"]
    let_go()
    house.advance(seconds=BUSY_FOR.total_seconds() + 1)
    let_run(house, house.clock() + HOUR)
    assert receiver.reasons() == told
    assert fates(house, webhook) == logged


def test_a_twin_does_not_send_what_is_being_sent(house, receiver, webhook, check, leaving):
    """A notice that comes twice, the second time while the first is being worked off, sends one message."""
    let_go = hold_back(house, receiver, check, leaving, 200)
    [body] = queue_of(house, "deliveries").bodies
    post(house, house.tools.settings.deliveries_queue_url, body)
    bring_all(house, "notify")
    let_go()
    let_run(house, house.clock() + HOUR)
    assert receiver.reasons() == ["went_down"]
    assert fates(house, webhook) == ["went_down sent"]
    assert queue_of(house, "deliveries").bodies == queue_of(house, "dead-letters").bodies == []


def test_a_twin_does_not_judge_what_is_being_sent(house, receiver, webhook, check, leaving):
    """A message that its receiver takes is sent, whatever a repeated notice meanwhile thought of its channel;
    and so its recovery is told.
    """
    let_go = hold_back(house, receiver, check, leaving, 200)
    [body] = queue_of(house, "deliveries").bodies
    house.tools.channels.note_error(house.foundation.project.project_id, webhook, "Gone.", broken=True)
    post(house, house.tools.settings.deliveries_queue_url, body)
    bring_all(house, "notify")
    let_go()
    assert fates(house, webhook) == ["went_down sent"]
    speak(house, "POST", f"/v1/channels/{webhook}/test")
    check.ping()
    let_run(house, house.clock() + HOUR)
    assert receiver.reasons() == ["went_down", "test", "recovered"]


def test_a_worker_that_dies_while_sending_is_replaced(house, receiver, webhook, check):
    """When a worker dies in mid-send its lease ends, the notice comes back and the message is sent, under
    the same delivery id: only the receiver can know whether it is a repetition (R388).
    """
    with on_the_wire(house) as wire:
        wire.spoil(DEAD, lambda call: call.room == "notify" and "sent" in str(call.arguments))
        check.ping("fail")
        house.advance(seconds=1)
    assert fates(house, webhook) == ["went_down sending"]
    let_run(house, house.clock() + VISIBILITY - MINUTE)
    assert len(receiver.heard) == 1
    let_run(house, house.clock() + 2 * MINUTE)
    assert fates(house, webhook) == ["went_down sent"]
    assert len(receiver.heard) == 2
    assert len({heard.delivery for heard in receiver.heard}) == 1


def test_a_recovery_takes_over_from_a_worker_that_died(house, receiver, check):
    """A recovery waits for the lease of a worker that died while it told the outage, then tells of both."""
    with on_the_wire(house) as wire:
        wire.spoil(DEAD, lambda call: call.room == "notify" and "sent" in str(call.arguments))
        check.ping("fail")
        house.advance(seconds=1)
    check.ping()
    let_run(house, house.clock() + LEASE - 3 * SECOND)
    assert receiver.reasons() == ["went_down"]
    let_run(house, house.clock() + MINUTE)
    assert receiver.reasons() == ["went_down", "was_down"]
    let_run(house, house.clock() + HOUR)
    assert receiver.reasons() == ["went_down", "was_down"]


def test_what_nobody_can_work_off_is_kept_for_people(house):
    """A message that its handler fails at five times is put aside, where an alarm hangs on the queue."""
    nonsense = '{"nonsense": true}'
    post(house, house.tools.settings.deliveries_queue_url, nonsense)
    let_run(house, house.clock() + 4 * VISIBILITY + MINUTE)
    assert queue_of(house, "dead-letters").bodies == []
    let_run(house, house.clock() + VISIBILITY)
    assert queue_of(house, "dead-letters").bodies == [nonsense]
    assert queue_of(house, "deliveries").bodies == []


@pytest.mark.parametrize("gone", ["story", "channel"])
def test_a_notice_of_nothing_is_dropped(house, receiver, webhook, check, gone):
    """A notice whose story or channel is not there any more is worked off without a word."""
    project = house.foundation.project.project_id
    story = flip_story(check.check_id, house.clock())
    notice = DeliveryNotice(story, project, webhook if gone == "story" else "nobody")
    house.tools.queues.deliver([notice])
    house.advance(seconds=1)
    assert (receiver.heard, queue_of(house, "deliveries").bodies) == ([], [])


def test_a_deleted_channel_gets_nothing_more(house, receiver, webhook, check):
    """What was on its way to a channel when it was deleted is not sent (R46)."""
    receiver.answers_once(500)
    check.ping("fail")
    house.advance(seconds=1)
    assert speak(house, "DELETE", f"/v1/channels/{webhook}").status == 204
    let_run(house, house.clock() + HOUR)
    assert len(receiver.heard) == 1
    assert queue_of(house, "deliveries").bodies == []
