import pytest
from requirements import LAST, PROMISED, claims, named_in, table


def test_every_promised_requirement_has_a_test():
    """What this version promises is claimed by at least one test."""
    assert sorted(PROMISED - table().keys()) == []


def test_every_claim_names_a_requirement_that_there_is():
    """A number that is in no document is a slip of the pen."""
    assert [number for number in table() if not 1 <= number <= LAST] == []


def test_every_test_tells_its_claim():
    """A test without a docstring claims nothing."""
    assert [name for name, claim in claims() if not claim] == []


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Nothing.", set()),
        ("One (R80).", {80}),
        ("Several (R1, R3-R5, R41\N{EN DASH}R42).", {1, 3, 4, 5, 41, 42}),
        ("No numbers: HR80, R, Riga.", set()),
    ],
)
def test_requirements_are_named_one_by_one_or_as_a_range(text, numbers):
    """Both forms are understood, and nothing else is taken for one."""
    assert named_in(text) == numbers


def test_the_table_is_made_of_tests(tmp_path):
    """Every test below a folder is found, with what its docstring names."""
    folder = tmp_path / "core"
    folder.mkdir()
    (folder / "test_x.py").write_text('def test_a():\n    """A (R1-R2)."""\n\ndef helper():\n    """R9."""\n')
    assert table(tmp_path) == {1: ["core/test_x.py::test_a"], 2: ["core/test_x.py::test_a"]}
