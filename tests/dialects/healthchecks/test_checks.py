import json
from datetime import timedelta

import pytest
from people import Person

from chalicelib.core.monitors import unique_key
from chalicelib.services.tenancy import found
from healthchecks.asking import CHECKS, ONE, ask, refusal


@pytest.fixture
def check(alice):
    """Return a new check of Alice's."""
    return alice.check(name="Backups", tags="prod www", timeout=3600, grace=60)


# --- what a check says --------------------------------------------------------------------------------------


def test_its_urls_work_as_they_are_given(alice, anyone, check):
    """Ping, update, pause and resume by the URLs of the answer (R267)."""
    path = {
        name: check[f"{name}_url"].removeprefix("http://wakeful.test")
        for name in ("ping", "update", "pause", "resume")
    }
    assert anyone.get(path["ping"]).text == "OK"
    assert alice.post(path["update"], {"name": "By URL"}).json()["name"] == "By URL"
    assert alice.post(path["pause"]).json()["status"] == "paused"
    assert alice.post(path["resume"]).json()["status"] == "new"


@pytest.mark.parametrize(
    ("headers", "site"),
    [
        (
            {"Host": "abc.execute-api.eu-west-1.amazonaws.com"},
            "http://abc.execute-api.eu-west-1.amazonaws.com",
        ),
        ({"Host": "hc.example.org", "X-Forwarded-Proto": "https"}, "https://hc.example.org"),
        ({"Host": "127.0.0.1:8000"}, "http://127.0.0.1:8000"),
    ],
)
def test_urls_begin_as_the_client_reached_us(alice, house, check, headers, site):
    """Whatever host and scheme the client used lead back here (R267)."""
    shown = house.front.ask("GET", CHECKS + check["uuid"], {**headers, "X-Api-Key": alice.key}).json()
    assert shown["ping_url"] == f"{site}/ping/{check['uuid']}"
    assert shown["update_url"] == f"{site}{CHECKS}{check['uuid']}"
    assert shown["pause_url"] == shown["update_url"] + "/pause"
    assert shown["resume_url"] == shown["update_url"] + "/resume"


def test_a_ping_sets_its_times(alice, anyone, house, check):
    """last_ping and, a period later, next_ping: whole seconds, +00:00 (R268, R269)."""
    house.clock.now = house.clock.now.replace(hour=14, minute=2, second=3, microsecond=999) + timedelta(
        days=1
    )
    day = house.clock.now.date().isoformat()
    anyone.get(f"/ping/{check['uuid']}")
    now = alice.see(check)
    assert (now["last_ping"], now["next_ping"]) == (f"{day}T14:02:03+00:00", f"{day}T15:02:03+00:00")
    anyone.get(f"/ping/{check['uuid']}/fail")
    assert (alice.see(check)["status"], alice.see(check)["next_ping"]) == ("down", None)


def test_the_status_is_one_of_five(alice, anyone, house, check):
    """new, up, grace, down, paused; a run in progress is told beside it (R274, R275)."""
    seen = [alice.see(check)]
    for act in (
        lambda: anyone.get(f"/ping/{check['uuid']}/start"),
        lambda: anyone.get(f"/ping/{check['uuid']}"),
        lambda: house.sleep(seconds=3601),
        lambda: house.sleep(seconds=60),
        lambda: ask(alice, "pause", check["uuid"]),
    ):
        act()
        seen.append(alice.see(check))
    assert [(now["status"], now["started"]) for now in seen] == [
        ("new", False),
        ("new", True),
        ("up", False),
        ("grace", False),
        ("down", False),
        ("paused", False),
    ]


# --- finding checks -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tagged(house):
    """Return Dora, in whose project are three checks with tags and slugs."""
    dora = Person(house, found(house.tools, "Dora's project", house.clock.now).api_key)
    dora.check(name="1", slug="tagged-1", tags="foo bar")
    dora.check(name="2", slug="tagged-2", tags="foo")
    dora.check(name="3", slug="tagged-2", tags="foobar bar")
    return dora


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?slug=tagged-1", "1"),
        ("?slug=tagged-2", "23"),
        ("?slug=tagged", ""),
        ("?slug=Tagged-1", ""),
        ("?tag=foo", "12"),
        ("?tag=bar", "13"),
        ("?tag=foo&tag=bar", "1"),
        ("?tag=bar&tag=foo", "1"),
        ("?tag=fo", ""),
        ("?tag=FOO", ""),
        ("?tag=foo&slug=tagged-2", "2"),
        ("?tag=foobar&slug=", "3"),
        ("?tag=foo%20bar", ""),
        ("?tag=foo,bar", ""),
        ("?slug=tagged-1&other=1", "1"),
    ],
)
def test_checks_are_found_by_slug_and_tags(tagged, query, names):
    """Slugs exactly, tags whole and all of them, in the order of creation (R271-R273)."""
    assert "".join(one["name"] for one in tagged.get(CHECKS + query).json()["checks"]) == names


def test_a_list_keeps_its_order(carol):
    """Checks are listed as they were created, and an update moves none of them (R264)."""
    made = [carol.check(name=name) for name in ("b", "c", "a")]
    ask(carol, "update", made[1]["uuid"], {"desc": "touched"})
    ask(carol, "pause", made[0]["uuid"])
    assert [check["name"] for check in carol.get(CHECKS).json()["checks"]] == ["b", "c", "a"]


@pytest.mark.parametrize("path", [CHECKS, CHECKS.rstrip("/")])
def test_lists_take_a_slash_or_none(carol, path):
    """With or without the slash at the end: the same, never a redirect (R377)."""
    assert carol.get(path + "?slug=nothing").json() == {"checks": []}
    assert carol.post(path, {"name": "slashed"}).status == 201


def test_single_checks_take_a_slash_or_none(alice, check):
    """What the document writes without a slash works with one as well (R377)."""
    path = CHECKS + check["uuid"]
    assert alice.get(path + "/").json() == alice.get(path).json()
    assert alice.post(path + "/", {"name": "slashed"}).json()["name"] == "slashed"
    assert alice.post(path + "/pause/").json()["status"] == "paused"
    assert alice.post(path + "/resume/").json()["status"] == "new"
    assert alice.ask("DELETE", path + "/").status == 200


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_only_version_three_is_served(alice, version):
    """The older versions' paths are left to others (R378)."""
    assert alice.get(f"/api/{version}/checks/").status == 404


# --- updating -----------------------------------------------------------------------------------------------


def test_an_update_of_nothing_changes_nothing(alice, check):
    """{} and an empty body leave a check as it was (R324)."""
    for body in (b"{}", b""):
        assert ask(alice, "update", check["uuid"], body).json() == alice.see(check) == check


def test_an_update_cannot_be_an_upsert(alice, check):
    """`unique` means nothing here; another check of that name stays as it is (R325)."""
    other = alice.check(name="Other")
    changed = ask(alice, "update", check["uuid"], {"name": "Other", "desc": "mine", "unique": ["name"]})
    assert (changed.status, changed.json()["uuid"]) == (200, check["uuid"])
    assert alice.see(other) == other


@pytest.mark.parametrize(
    ("before", "wish", "after"),
    [
        ({"timeout": 300}, {"schedule": "15 5 * * *"}, {"schedule": "15 5 * * *", "tz": "UTC"}),
        ({"schedule": "15 5 * * *"}, {"timeout": 300}, {"timeout": 300}),
        (
            {"schedule": "15 5 * * *", "tz": "Europe/Riga"},
            {"schedule": "@daily"},
            {"schedule": "@daily", "tz": "Europe/Riga"},
        ),
        ({"schedule": "15 5 * * *"}, {"tz": "Europe/Riga"}, {"schedule": "15 5 * * *", "tz": "Europe/Riga"}),
        ({"schedule": "*-*~1 12:00"}, {"tz": "Asia/Tokyo"}, {"schedule": "*-*~1 12:00", "tz": "Asia/Tokyo"}),
        ({"timeout": 300}, {"tz": "Europe/Riga"}, {"timeout": 300}),
        ({"schedule": "15 5 * * *"}, {"timeout": 300, "tz": "Europe/Riga"}, {"timeout": 300}),
    ],
)
def test_a_schedule_and_a_timeout_replace_each_other(alice, before, wish, after):
    """A schedule makes a check Cron, a timeout Simple; a zone alone moves a schedule (R298, R325, R327)."""
    check = alice.check(**before)
    changed = ask(alice, "update", check["uuid"], wish).json()
    assert {key: changed[key] for key in ("timeout", "schedule", "tz") if key in changed} == after
    assert alice.see(check) == changed


def test_a_new_schedule_moves_the_deadline(alice, anyone, check):
    """What is due is derived anew; the status stays (R327)."""
    anyone.get(f"/ping/{check['uuid']}")
    changed = ask(alice, "update", check["uuid"], {"timeout": 7200}).json()
    assert changed["status"] == "up"
    assert changed["next_ping"].endswith(
        (alice.house.clock.now + timedelta(hours=2)).strftime("%H:%M:%S+00:00")
    )


@pytest.mark.parametrize(
    ("wish", "shown"),
    [
        ({"subject": "SUCCESS,COMPLETED"}, ("SUCCESS,COMPLETED", "", True)),
        ({"subject_fail": "FAILED,ERROR"}, ("", "FAILED,ERROR", True)),
        ({"subject": "OK", "subject_fail": "ERROR"}, ("OK", "ERROR", True)),
        ({"subject": ""}, ("", "", False)),
        ({"subject": "", "subject_fail": ""}, ("", "", False)),
        ({"success_kw": "OK"}, ("OK", "", False)),
    ],
)
def test_deprecated_names_set_the_keywords(alice, wish, shown):
    """`subject` and `subject_fail` are keywords with the subject filter on, or off if empty (R317, R318)."""
    made = alice.check(**wish)
    assert (made["success_kw"], made["failure_kw"], made["filter_subject"]) == shown


@pytest.mark.parametrize(
    ("wish", "shown"),
    [
        ({"subject": ""}, ("", "ERROR", True)),
        ({"subject_fail": ""}, ("OK", "", True)),
        ({"subject": "", "subject_fail": ""}, ("", "", False)),
        ({"subject": "DONE"}, ("DONE", "ERROR", True)),
    ],
)
def test_one_deprecated_name_does_not_switch_the_other_off(alice, wish, shown):
    """An empty `subject` still lets `subject_fail` tell failures, as the document says (R317, R318)."""
    check = alice.check(subject="OK", subject_fail="ERROR")
    changed = ask(alice, "update", check["uuid"], wish).json()
    assert (changed["success_kw"], changed["failure_kw"], changed["filter_subject"]) == shown


# --- integrations -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def channels(house):
    """Return the ids of Alice's integrations by their names."""
    made = {}
    for name in ("Email to Alice", "SMS to Alice", "Twin", "Twin"):
        body = json.dumps(
            {"type": "WEBHOOK", "name": name, "config": {"url": "http://127.0.0.1:9/"}}
        ).encode()
        reply = house.ask("POST", "/v1/channels", body, X_Api_Key=house.foundation.api_key)
        made.setdefault(name, []).append(reply.json()["id"])
    return made


def joined(*groups):
    """Return ids as one string, as checks show them."""
    return ",".join(sorted(one for group in groups for one in group))


def test_channels_are_assigned_by_star_ids_and_names(alice, channels):
    """All, some by id, some by exact name, or a mixture; shown as one string of ids (R270, R305-R307)."""
    email, sms = channels["Email to Alice"], channels["SMS to Alice"]
    for wish, shown in (
        ("*", joined(*channels.values())),
        (email[0], joined(email)),
        (f"{sms[0]},{email[0]}", joined(email, sms)),
        ("Email to Alice,SMS to Alice", joined(email, sms)),
        (f"SMS to Alice,{sms[0]}", joined(sms)),
        ("", ""),
    ):
        assert alice.check(channels=wish)["channels"] == shown


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        ("Nobody", "invalid channel identifier: Nobody"),
        ("Email to Alice ", "invalid channel identifier: Email to Alice "),
        ("email to alice", "invalid channel identifier: email to alice"),
        ("Twin", "non-unique channel identifier: Twin"),
        ("Email to Alice,", "empty channel identifier"),
        (",", "empty channel identifier"),
        ("*,*", "invalid channel identifier: *"),
        ("Gr\u00fc\u00dfe \U0001fab2", "invalid channel identifier: Gr\u00fc\u00dfe \U0001fab2"),
    ],
)
def test_channels_that_cannot_be_told_are_refused(alice, channels, wish, sentence):
    """Unknown, ambiguous and empty names are told, and nothing is changed (R307)."""
    check = alice.check(channels=channels["Email to Alice"][0])
    assert refusal(alice.post(CHECKS, {"channels": wish})) == (400, sentence)
    assert refusal(ask(alice, "update", check["uuid"], {"name": "x", "channels": wish})) == (400, sentence)
    assert alice.see(check) == check


def test_another_projects_channel_cannot_be_assigned(bob, channels):
    """An id of another project is no id (R254, R307)."""
    assert bob.post(CHECKS, {"channels": channels["Email to Alice"][0]}).status == 400


def test_channels_are_unassigned_by_an_empty_string_only(alice, channels):
    """Empty takes all off, a star puts all on, and left out they stay (R326)."""
    check = alice.check(channels="Email to Alice")
    assert (
        ask(alice, "update", check["uuid"], {"name": "x"}).json()["channels"] == channels["Email to Alice"][0]
    )
    assert ask(alice, "update", check["uuid"], {"channels": "*"}).json()["channels"] == joined(
        *channels.values()
    )
    assert ask(alice, "update", check["uuid"], {"channels": ""}).json()["channels"] == ""


# --- pausing, resuming, deleting ----------------------------------------------------------------------------


def test_a_pause_ends_the_run_and_stays(alice, anyone, check):
    """Paused: no run, nothing due, as often as one asks (R331)."""
    anyone.get(f"/ping/{check['uuid']}")
    anyone.get(f"/ping/{check['uuid']}/start")
    for _ in range(2):
        paused = ask(alice, "pause", check["uuid"])
        assert paused.status == 200
        assert (paused.json()["status"], paused.json()["started"], paused.json()["next_ping"]) == (
            "paused",
            False,
            None,
        )


def test_a_resumed_check_is_new(alice, anyone, check):
    """Status new, nothing pinged yet, though the pings are still counted (R335)."""
    anyone.get(f"/ping/{check['uuid']}")
    ask(alice, "pause", check["uuid"])
    resumed = ask(alice, "resume", check["uuid"]).json()
    assert (resumed["status"], resumed["last_ping"], resumed["n_pings"]) == ("new", None, 1)


def test_what_is_not_paused_cannot_be_resumed(alice, anyone, check):
    """New, up or down: 409 and a sentence (R336)."""
    for tail in ("/log", "", "/fail"):
        anyone.get(f"/ping/{check['uuid']}{tail}")
        refused = ask(alice, "resume", check["uuid"])
        assert (refused.status, refused.text) == (409, "check is not paused")


def test_what_was_deleted_is_gone_everywhere(carol, anyone):
    """After a delete every road to the check is a 404, and the list forgets it (R338, R339)."""
    code = carol.check()["uuid"]
    assert ask(carol, "delete", code).status == 200
    assert {ask(carol, name, code).status for name in ONE} == {404}
    assert ask(carol, "show", unique_key(code)).status == 404
    assert anyone.get(f"/ping/{code}").status == 404
    assert carol.get(CHECKS).json() == {"checks": []}
