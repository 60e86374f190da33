import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from chalicelib.cli import yaml_text
from tests.cli.moving.moves import exported
from tests.cli.moving.projects import LINES, WORDS, projects

MANY = settings(
    max_examples=8,
    phases=[Phase.generate],  # a project is large, and to shrink one takes minutes
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
SAME = (0, "Nothing changes.\n", "")


def without_ids(text):
    """Return what an export says of everything but which it was; what is called by its id is so by number."""
    document = yaml.safe_load(text)
    ids = [entry["id"] for name in document if name != "wakeful" for entry in document[name]]
    for number, each in enumerate(ids):
        text = text.replace(each, f"thing-{number}")
    return text


def sizes(text):
    """Return of how many things of each sort an export tells."""
    return {name: len(entries) for name, entries in yaml.safe_load(text).items() if name != "wakeful"}


@given(text=st.text(st.characters(codec="utf-8")) | WORDS | st.sampled_from(LINES))
def test_every_text_is_read_as_it_was_written(text):
    """Whatever YAML makes of such words and line breaks elsewhere."""
    document = [{"text": text, text: [text]}]
    assert yaml_text.read(yaml_text.written(document), "it") == document


@MANY
@given(document=projects())
def test_what_is_imported_is_there_and_a_second_time_changes_nothing(new_project, place, document):
    """Of any project: importing it twice is importing it once, and so are its own exports."""
    here = new_project()
    assert place(document, here).status == 0
    assert place(document, here) == SAME
    assert place(exported(here), here, "--prune") == SAME
    assert place(exported(here, "--with-secrets"), here, "--prune") == SAME


@MANY
@given(document=projects())
def test_a_project_that_moves_stays_what_it_was(new_project, place, document):
    """Of any project: an export, imported into an empty one, exports the same again."""
    here, there = new_project(), new_project()
    place(document, here)
    told = exported(here, "--with-secrets")
    place(told, there)
    assert without_ids(exported(there, "--with-secrets")) == without_ids(told)
    assert place(told, there, "--prune") == SAME


@MANY
@given(document=projects(), other=projects())
def test_a_project_becomes_what_another_is(new_project, place, document, other):
    """Of any two: pruned, nothing of the first is left, and all of the second is there."""
    here, there = new_project(), new_project()
    place(document, here)
    place(other, there)
    told = exported(there, "--with-secrets")
    place(told, here, "--prune")
    assert place(told, here, "--prune") == SAME
    assert sizes(exported(here)) == sizes(told)
