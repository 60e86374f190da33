import pytest
import yaml

from tests.cli.moving.moves import HOOK, SHOP, exported, loaded, said

pytestmark = pytest.mark.usefixtures("house")


def check_of(house, project_id, name):
    """Return a monitor of a project by its name."""
    [found] = [one for one in house.tools.monitors.of_project(project_id) if one.spec.name == name]
    return found


def test_what_a_person_writes_is_what_there_is_then(house, shop):
    """A file need say no more than what is not usual; things are named by name or slug."""
    nightly, web = check_of(house, shop, "Nightly backup").spec, check_of(house, shop, "Shop").spec
    channels = {channel.channel_id: channel for channel in house.tools.channels.of_project(shop)}
    [policy] = house.tools.policies.of_project(shop)
    [window] = house.tools.windows.of_project(shop)
    assert (nightly.schedule.expression, nightly.schedule.tz) == ("0 3 * * *", "Europe/Berlin")
    assert [channels[each].config for each in nightly.channels] == [{"url": HOOK}]
    assert nightly.policy_id == policy.policy_id
    assert [channels[each].name for rung in policy.rungs for each in rung.channels] == ["Ops", "Boss"]
    assert f"{nightly.quiet.begins:%H:%M}" == "22:00"
    assert web.watch.target.url == "https://ann:secret@example.org/"
    assert window.monitors == (web.monitor_id,)


def test_no_secret_is_shown_unless_it_is_asked_for(shop):
    """Neither of channels nor of targets, as in the APIs (R44)."""
    assert "secret" not in exported(shop)
    assert exported(shop, "--with-secrets").count("secret") == 5


def test_a_mask_keeps_what_is_stored(house, shop, place):
    """Also beside what changes; and what stands in the place of a mask is the new secret."""
    told = loaded(shop)
    told["channels"][0]["name"] = "Night shift"
    told["checks"][0]["channels"] = told["policies"][0]["steps"][0]["channels"] = ["Night shift"]
    told["checks"][1]["target"]["headers"]["Accept"] = "*/*"
    assert place(told, shop).out == (
        "~ channel Ops (SLACK)\n"
        "    name: Ops → Night shift\n"
        "~ check Shop (http)\n"
        "    target.headers.Accept: changes, and is secret\n"
        "2 changed.\n"
    )
    target = check_of(house, shop, "Shop").spec.watch.target
    assert (target.headers, target.body) == (
        (("Accept", "*/*"), ("Authorization", "Bearer secret")),
        "secret",
    )
    assert next(channel.config for channel in house.tools.channels.of_project(shop)) == {"url": HOOK}


def test_a_mask_that_stands_for_nothing_is_refused(shop, new_project, place):
    """Nothing could ever be told by such a channel; where it was exported from, the mask says enough."""
    told = place(exported(shop), new_project())
    assert told.status == 1
    assert [line.split()[0] for line in told.err.splitlines()[1:]] == [
        "channels[0].config.url",
        "checks[1].target.url",
        "checks[1].target.headers.Authorization",
        "checks[1].target.headers.Accept",
        "checks[1].target.body",
    ]


def test_a_dry_run_tells_the_difference_and_changes_nothing(shop, place):
    """What is new, what becomes something else, and what only --prune would delete."""
    before = exported(shop)
    told = yaml.safe_load(before)
    told["checks"][0] |= {"name": "Backup", "slug": "nightly-backup", "grace": "1h", "tags": ["db"]}
    told["checks"][1] = {"name": "Weekly", "every": "7d"}
    del told["windows"], told["checks"][0]["quiet_hours"]["spares"]
    assert place(told, shop, "--dry-run").out == (
        "~ check Nightly backup (heartbeat)\n"
        "    name: Nightly backup → Backup\n"
        "    grace: 30m → 1h\n"
        "    slug: nothing → nightly-backup\n"
        '    tags: nothing → ["db"]\n'
        "+ check Weekly (heartbeat)\n"
        "- check Shop (http)\n"
        "- window Patch day\n"
        "2 would change; nothing was stored. What begins with - stays: --prune deletes it (2).\n"
    )
    assert place(told, shop, "--dry-run", "--prune").out.endswith("\n4 would change; nothing was stored.\n")
    assert exported(shop) == before


def test_a_new_name_is_no_new_thing(house, shop, place):
    """The id says who it is: its address stays, and what it went through."""
    before = check_of(house, shop, "Nightly backup").spec
    assert place(exported(shop).replace("Nightly backup", "Backup"), shop).status == 0
    after = check_of(house, shop, "Backup").spec
    assert (after.monitor_id, after.badge_key) == (before.monitor_id, before.badge_key)


def test_what_a_file_does_not_speak_of_goes_only_when_told_so(house, shop, place):
    """Without --prune it stays; with it everything goes, what is named by others after them."""
    assert place("checks: []", shop).out.endswith(
        "Nothing changes. What begins with - stays: --prune deletes it (6).\n"
    )
    assert place("checks: []", shop, "--prune").out.endswith("\n6 changed.\n")
    assert loaded(shop) == {"wakeful": 1}
    house.pump.drain()


def test_a_deleted_check_comes_back_to_its_address(house, shop, place):
    """Its job goes on pinging where it always did, once what was left of the old one is gone."""
    told = exported(shop, "--with-secrets")
    nightly = check_of(house, shop, "Nightly backup").spec.monitor_id
    house.ask("GET", f"/ping/{nightly}")
    place("checks: []", shop, "--prune")
    assert house.ask("GET", f"/ping/{nightly}").status == 404
    assert place(told, shop, "--dry-run").status == 0
    house.pump.drain()  # what it left behind is deleted
    place(told, shop)
    assert house.ask("GET", f"/ping/{nightly}").status == 200
    assert check_of(house, shop, "Nightly backup").state.n_pings == 1


def test_a_copy_beside_the_original_gets_ids_of_its_own(house, shop, new_project, place):
    """Two checks cannot have one address."""
    there = new_project()
    place(exported(shop, "--with-secrets"), there)
    here = check_of(house, shop, "Shop").spec.monitor_id
    assert check_of(house, there, "Shop").spec.monitor_id != here


def test_a_paused_check_is_paused(house, shop, place):
    """And watched again when the file says no more that it is."""
    assert place(SHOP.replace("type: http", "type: http\n  paused: true"), shop).out == (
        "~ check Shop (http)\n    paused: nothing → true\n1 changed.\n"
    )
    assert check_of(house, shop, "Shop").state.status == "paused"
    assert loaded(shop)["checks"][1]["paused"] is True
    place(SHOP, shop)
    assert check_of(house, shop, "Shop").state.status == "pending"


def test_past_maintenance_is_no_part_of_it(shop, house, place):
    """It is neither exported, nor deleted, nor made up."""
    past = {"title": "Last year", "starts": "2025-03-10T22:00:00Z", "ends": "2025-03-10T23:00:00Z"}
    assert place({"windows": [past]}, shop).out.endswith(
        "Nothing changes. What begins with - stays: --prune deletes it (6).\n"
    )
    [coming] = house.tools.windows.of_project(shop)
    assert coming.title == "Patch day"


def test_who_moved_what_is_in_the_trail(house, place, tmp_path, monkeypatch):
    """By a key, it is that key's deed, in its project; else it is the operator's."""
    monkeypatch.setenv("WAKEFUL_KEY", house.foundation.api_key)
    path = tmp_path / "one.yaml"
    path.write_text("checks: [{name: By key}]")
    assert said("import", str(path)) == "+ check By key (heartbeat)\n1 changed.\n"
    assert "By key" in said("export")
    place("checks: [{name: By hand}]", house.foundation.project.project_id)
    entries = house.tools.audits.before(house.foundation.organization.organization_id, "", 10_000)
    names = {entry.object_name: entry.key_name for entry in entries}
    assert (names["By key"], names["By hand"]) == ("read-write", "operator")
