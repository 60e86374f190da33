from chalicelib.storage.projects import RESERVED_FOR
from tests.emulators import at_once
from tests.storage.examples import MINUTE, NOON, SECOND


def test_of_many_who_create_the_same_monitor_one_wins(tools):
    """Of 20 callers who reserve a description at once, one is told its own id and all others that very id
    (R309).
    """
    told = at_once(20, lambda n: tools.projects.reserve("alices-project", "unique#1", f"id-{n}", NOON))

    assert len(set(told)) == 1
    assert told[int(told[0].removeprefix("id-"))] == told[0]


def test_a_reservation_holds_for_its_time(tools):
    """The second caller is told the first one's id until the reservation runs out; then it is free again."""
    held = [
        tools.projects.reserve("alices-project", "unique#1", name, NOON + after)
        for name, after in (
            ("first", 0 * SECOND),
            ("second", RESERVED_FOR - SECOND),
            ("third", RESERVED_FOR),
            ("fourth", RESERVED_FOR + SECOND),
        )
    ]

    assert held == ["first", "first", "third", "third"]


def test_descriptions_are_reserved_each_for_itself(tools):
    """Another description, and another project, have reservations of their own."""
    reserve = tools.projects.reserve

    assert reserve("alices-project", "unique#1", "a", NOON) == "a"
    assert reserve("alices-project", "unique#2", "b", NOON) == "b"
    assert reserve("bobs-project", "unique#1", "c", NOON + MINUTE / 2) == "c"


def test_a_repeated_reservation_is_still_ours(tools, wire):
    """When the answer was lost and the client asked again, the caller still learns that it won."""
    wire.lose_answer("PutItem")

    assert tools.projects.reserve("alices-project", "unique#1", "ours", NOON) == "ours"
