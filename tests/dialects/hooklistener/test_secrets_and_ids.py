from hooklistener.asking import MONITORS, ask, invalid, seen, stored, watched

CHECKS = "/api/v3/checks/"
SECRET_URL = "http://user:pa55word@127.0.0.1:9/"


def test_a_password_in_a_url_is_never_shown_again(alice, reader):
    """A URL's password is kept, but masked to everybody, and the mask is not taken for one (R221)."""
    monitor = watched(alice, url=SECRET_URL)
    assert monitor["url"] == "http://user:********@127.0.0.1:9/"
    assert "pa55word" not in reader.get(MONITORS).text
    assert stored(alice, monitor).spec.watch.target.url == SECRET_URL
    assert invalid(ask(alice, "change", monitor["id"], {"url": monitor["url"]})) == (422, "url")
    assert stored(alice, monitor).spec.watch.target.url == SECRET_URL


def test_words_cannot_be_looked_for_by_head(alice):
    """HEAD brings no body: a monitor that could never be up is not made, nor made of another (R232)."""
    refused = ask(
        alice, "create", fields={"name": "x", "url": SECRET_URL, "method": "HEAD", "body_contains": "ok"}
    )
    assert invalid(refused) == (422, "body_contains")
    kept = watched(alice, body_contains="ok")
    assert invalid(ask(alice, "change", kept["id"], {"method": "HEAD"})) == (422, "body_contains")
    assert seen(alice, kept) == kept


def test_an_id_works_in_every_dialect(alice):
    """The id that one dialect shows finds the monitor in another: to read, change, pause and delete."""
    monitor = watched(alice, name="Shop")
    road = CHECKS + monitor["id"]
    shown = alice.get(road).json()
    assert (shown["name"], shown["timeout"], shown["grace"]) == ("Shop", 300, 0)
    assert alice.post(road, {"tags": "web"}).json()["tags"] == "web"
    assert alice.post(f"{road}/pause").json()["status"] == "paused"
    assert seen(alice, monitor)["status"] == "paused"
    assert ask(alice, "show", shown["uuid"]).json()["data"]["id"] == monitor["id"]
    assert alice.ask("DELETE", road).status == 200
    assert ask(alice, "show", monitor["id"]).status == 404


def test_a_job_is_never_handed_a_probed_monitor(carol):
    """Who upserts a heartbeat by a name that a URL bears gets one of its own, which takes pings (R308)."""
    monitor = watched(carol, name="Shop")
    wish = {"name": "Shop", "timeout": 60, "grace": 60, "unique": ["name"]}
    made = carol.post(CHECKS, wish)
    assert made.status == 201
    assert carol.get("/ping/" + made.json()["uuid"]).status == 200
    assert carol.post(CHECKS, wish).json()["uuid"] == made.json()["uuid"]
    assert seen(carol, monitor) == monitor
