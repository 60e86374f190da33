from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from chalicelib.core.monitors import unique_key

GAUGES = [
    "hc_check_up",
    "hc_check_started",
    "hc_check_grace",
    "hc_check_paused",
    "hc_tag_up",
    "hc_checks_total",
    "hc_checks_down_total",
]
YEAR = 31_536_000  # seconds


@pytest.fixture
def project(bobs_project):
    """Return the address of the metrics of Bob's project."""
    return f"/projects/{bobs_project.project.project_id}/metrics"


def families(reply):
    """Return the metrics as Prometheus reads them, by name."""
    assert reply.status == 200, reply.text
    return {family.name: family for family in text_string_to_metric_families(reply.text)}


def figure(reply, name, check):
    """Return one check's figure."""
    wanted = unique_key(check["uuid"])
    found = [s.value for s in families(reply)[name].samples if s.labels["unique_key"] == wanted]
    assert len(found) == 1
    return found[0]


def as_prometheus(bobs_project):
    """Return the headers that Prometheus sends with a read-only key."""
    return {"Authorization": f"Bearer {bobs_project.read_only_key}"}


@pytest.fixture
def scrape(anyone, project, bobs_project):
    """Return the way in which Prometheus asks."""
    return lambda: anyone.get(project, **as_prometheus(bobs_project))


# --- what is told -------------------------------------------------------------------------------------------


def test_an_empty_project_has_figures(scrape):
    """Where there are no checks yet, every gauge is announced and the totals are zero."""
    reply = scrape()
    found = families(reply)
    assert reply.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert list(found) == GAUGES
    assert {family.type for family in found.values()} == {"gauge"}
    assert all(family.documentation for family in found.values())
    assert [found[name].samples[0].value for name in GAUGES[-2:]] == [0.0, 0.0]


def test_each_check_is_labelled(scrape, bob):
    """A check is told by its name, its tags and its unique key, and never by its id."""
    check = bob.check(name="Backup", tags="db  prod")
    reply = scrape()
    labels = {"name": "Backup", "tags": "db  prod", "unique_key": unique_key(check["uuid"])}
    for gauge in GAUGES[:4]:
        assert labels in [sample.labels for sample in families(reply)[gauge].samples]
    assert check["uuid"] not in reply.text


@pytest.mark.parametrize(
    "name",
    [
        'a "quoted" name',
        "back\\slash",
        "two\nlines",
        '\\"',
        "\\n",
        "\\\\n\n",
        "trailing\\",
        "{a=b} # c,",
        "Ü✓\r\t",
        "\u2028line",
        "\x85next",
        "\x0bfeed",
        "# HELP x",
        'a",name="b',
        "",
        " ",
    ],
)
def test_any_name_survives(scrape, bob, name):
    """Backslashes, quotes, line ends and whatever else is in a name come back as they were."""
    check = bob.check(name=name)
    wanted = unique_key(check["uuid"])
    samples = families(scrape())["hc_check_up"].samples
    assert [sample.labels["name"] for sample in samples if sample.labels["unique_key"] == wanted] == [name]


def test_figures_follow_the_check(scrape, bob):
    """Up is 0 only when the check is down; started, grace and paused tell themselves."""

    def figures():
        reply = scrape()
        return [figure(reply, name, check) for name in GAUGES[:4]]

    check = bob.check(timeout=60, grace=60)
    code = check["uuid"]
    assert figures() == [1, 0, 0, 0]
    bob.house.ask("GET", f"/ping/{code}/start")
    assert figures() == [1, 1, 0, 0]
    bob.house.ask("GET", f"/ping/{code}")
    assert figures() == [1, 0, 0, 0]
    bob.house.clock.now += timedelta(seconds=60)
    assert figures() == [1, 0, 1, 0]
    bob.house.clock.now += timedelta(seconds=60)
    assert figures() == [0, 0, 0, 0]
    bob.post(f"/api/v3/checks/{code}/pause")
    assert figures() == [1, 0, 0, 1]


def test_a_tag_is_up_unless_one_of_its_checks_is_down(scrape, bob):
    """Each tag has one figure; the totals count every check."""
    before = families(scrape())
    good, bad = (bob.check(tags=tags, timeout=YEAR) for tags in ("both good", 'both bad"\\'))
    bob.house.ask("GET", f"/ping/{good['uuid']}")
    bob.house.ask("GET", f"/ping/{bad['uuid']}/fail")
    after = families(scrape())
    tags = {sample.labels["tag"]: sample.value for sample in after["hc_tag_up"].samples}
    assert [tags[tag] for tag in ("both", "good", 'bad"\\')] == [0, 1, 0]
    grown = [after[name].samples[0].value - before[name].samples[0].value for name in GAUGES[-2:]]
    assert grown == [2, 1]


# --- who may ask --------------------------------------------------------------------------------------------


def test_a_key_may_come_in_the_header_or_in_the_path(anyone, project, bobs_project):
    """Prometheus sends a bearer token; who cannot, writes the key behind the path."""
    key = bobs_project.read_only_key
    assert anyone.get(project, Authorization=f"Bearer {key}").status == 200
    assert anyone.get(f"{project}/{key}").status == 200


def test_a_key_that_may_write_is_kept_out(anyone, project, bobs_project):
    """A read-write key is 403: it should not lie in a scraper's settings, still less in an address."""
    key = bobs_project.api_key
    assert anyone.get(project, Authorization=f"Bearer {key}").status == 403
    assert anyone.get(f"{project}/{key}").status == 403


@pytest.mark.parametrize(("key", "status"), [("x", 400), ("x" * 31, 400), ("x" * 500, 400), ("x" * 32, 403)])
def test_without_a_good_key_there_are_no_figures(anyone, project, key, status):
    """What has not the length of a key is 400; a key that nobody has is 403."""
    assert anyone.get(project, Authorization=f"Bearer {key}").status == status
    assert anyone.get(f"{project}/{key}").status == status


@pytest.mark.parametrize("secret", ["", " ", "\t"])
def test_an_empty_token_is_no_key(anyone, project, secret):
    """A bearer token of nothing is 400."""
    assert anyone.get(project, Authorization=f"Bearer {secret}").status == 400


def test_other_kinds_of_credentials_are_not_looked_at(anyone, project, bobs_project):
    """Only a bearer token counts: 401 without one."""
    assert anyone.get(project, Authorization=f"Basic {bobs_project.read_only_key}").status == 401
    assert anyone.get(project).status == 401


def test_a_key_opens_its_own_project_only(anyone, reader, project):
    """Another project's key is 403, and so is a project that does not exist."""
    assert anyone.get(project, Authorization=f"Bearer {reader.key}").status == 403
    assert anyone.get("/projects/x/metrics", Authorization=f"Bearer {reader.key}").status == 403
