"""Who goes, who waits and who is next, where more ask than can be answered."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from hypothesis import given
from hypothesis import strategies as st

from hotd.core.fairness import Line, Pace, Paces, Waiting, spared_least, whose_place


@dataclass(frozen=True, slots=True)
class Seated:
    """A connection, as far as it matters here."""

    number: int
    owner: str
    busy: bool
    served: bool
    first: bool
    deaf: bool = False


def seat(number: int, owner: str = "a", *, busy: bool = False, served: bool = False, first: bool = False) -> Seated:
    return Seated(number, owner, busy, served, first)


# --- who goes ---------------------------------------------------------------------------------------------------------


def test_the_oldest_that_was_never_answered_goes_first() -> None:
    """A flood looks like that, a caller does not."""
    assert whose_place([seat(1, served=True), seat(2, busy=True), seat(3), seat(4)]) == seat(3)


def test_where_all_were_answered_the_oldest_that_is_idle_goes() -> None:
    """It connects again when it has something to say."""
    seats = [seat(1, busy=True, served=True), seat(2, served=True), seat(3, served=True)]
    assert whose_place(seats) == seat(2, served=True)


def test_nobody_goes_in_the_middle_of_a_call() -> None:
    """The newcomer is turned away instead."""
    assert whose_place([seat(1, busy=True), seat(2, busy=True)]) is None
    assert whose_place(list[Seated]()) is None


def test_who_takes_no_answer_goes_where_nobody_else_can() -> None:
    """Else one user who reads nothing keeps everybody out. Who is idle goes before, whoever has the most."""
    deaf = [replace(seat(number, "deaf", busy=True, served=True), deaf=True) for number in (1, 2)]
    busy = seat(3, busy=True)
    assert whose_place([busy, *deaf]) == deaf[0]
    assert whose_place([busy, *deaf, seat(4, served=True)]) == seat(4, served=True)
    admin = replace(seat(5, busy=True, served=True, first=True), deaf=True)
    assert spared_least([admin, busy]) is None


def test_a_flood_of_one_user_costs_no_other_user_a_connection() -> None:
    """Whoever has the most gives: also where all of the flood were answered once, and the other never yet."""
    flood = [seat(number, "flood", served=True) for number in range(2, 9)]
    assert whose_place([seat(1, "honest"), *flood, seat(9, "honest")]) == flood[0]


def test_where_the_daemon_is_short_no_admin_goes_that_was_answered() -> None:
    """Who is there to mend it stays; one that never said a word is as good as anybody's."""
    admin, silent = seat(1, served=True, first=True), seat(2, first=True)
    assert spared_least([admin]) is None
    assert spared_least([admin, silent]) == silent
    assert spared_least([admin, seat(3, "b", served=True)]) == seat(3, "b", served=True)


# --- who asks too often -----------------------------------------------------------------------------------------------


def test_after_a_burst_requests_are_spaced_out() -> None:
    """Ten a second, three at once: the fourth waits a tenth of a second, the fifth two."""
    paces, pace = Paces(), Pace(10, 3)
    waits = [paces.wait("a", pace, 100.0) for _ in range(5)]
    assert [round(wait, 6) for wait in waits] == [0, 0, 0, 0.1, 0.2]


def test_a_rest_brings_the_burst_back() -> None:
    """And nothing beyond it, however long it was."""
    paces, pace = Paces(), Pace(10, 3)
    for _ in range(3):
        paces.wait("a", pace, 0.0)
    assert [round(paces.wait("a", pace, 1_000.0), 6) for _ in range(4)] == [0, 0, 0, 0.1]


def test_nobody_waits_for_what_another_asked() -> None:
    """Each owner has its own; who asks no more is forgotten."""
    paces, pace = Paces(), Pace(1, 1)
    assert paces.wait("a", pace, 0.0) == 0
    assert paces.wait("a", pace, 0.0) == 1
    assert paces.wait("b", pace, 0.0) == 0
    assert paces.wait("c", pace, 60.0) == 0
    assert len(paces) == 1


@given(st.lists(st.floats(0, 2), min_size=1, max_size=60))
def test_no_second_has_more_than_the_pace_and_one_burst(gaps: list[float]) -> None:
    """Whenever it asks: what is answered from a moment on is bounded."""
    paces, pace = Paces(), Pace(5, 4)
    now, answered = 0.0, []
    for gap in gaps:
        now += gap
        answered.append(now + paces.wait("a", pace, now))
    for start in answered:
        within = sum(1 for at in answered if start <= at < start + 1 - 1e-6)
        assert within <= 5 + 4


# --- who is next ------------------------------------------------------------------------------------------------------

OLD, NEW = True, False


def test_who_finds_a_place_does_not_wait() -> None:
    """The usual case."""
    line = Line(2)
    assert line.come(1, ("a", OLD), False, 0.0)
    assert line.come(2, ("a", OLD), False, 0.0)
    assert line.again is None
    assert not line.come(3, ("a", OLD), False, 0.0)
    assert line.called(0.0) == []
    line.go(1)
    assert line.called(0.0) == [3]


def drained(line: Line, now: float = 0.0) -> list[int]:
    """Everybody who stands in line, in the order in which they are called."""
    order: list[int] = []
    while called := line.called(now):
        order += called
        for number in called:
            line.go(number)
    return order


def full(places: int = 1) -> Line:
    line = Line(places)
    for number in range(places):
        line.come(-number, ("z", OLD), False, 0.0)
    return line


def test_admins_go_before_the_others_who_are_not_starved() -> None:
    """Of nine turns in a row one is for the others."""
    line = full()
    for number in range(1, 4):
        line.come(number, ("viewer", OLD), False, 0.0)
    for number in range(100, 120):
        line.come(number, ("admin", OLD), True, 0.0)
    line.go(0)
    order = drained(line)
    assert order[:9] == [*range(100, 108), 1]
    assert order[9:18] == [*range(108, 116), 2]
    assert sorted(order) == [1, 2, 3, *range(100, 120)]


def test_owners_take_turns_whatever_the_length_of_their_queues() -> None:
    """A flood of one does not hold the other up; nor the one command of a user whose own flood it is."""
    line = full()
    for number in range(1, 6):
        line.come(number, ("flood", OLD), False, 0.0)
    line.come(10, ("honest", OLD), False, 0.0)
    line.come(11, ("honest", OLD), False, 0.0)
    line.come(20, ("flood", NEW), False, 0.0)
    line.go(0)
    assert drained(line) == [1, 10, 20, 2, 11, 3, 4, 5]


def test_a_newcomer_does_not_overtake_who_stands_in_line() -> None:
    """Also where a place has become free this moment."""
    line = full()
    line.come(1, ("a", OLD), False, 0.0)
    line.go(0)
    assert not line.come(2, ("b", OLD), False, 0.0)
    assert line.called(0.0) == [1]


def test_who_gives_up_is_not_called() -> None:
    """It was cut, or went; doing so twice is fine."""
    line = full()
    for number in (1, 2, 3):
        line.come(number, ("a", OLD), False, 0.0)
    line.come(4, ("b", OLD), False, 0.0)
    for gone in (1, 1, 4):
        line.go(gone)
    line.go(0)
    assert drained(line) == [2, 3]
    assert line.again is None


def test_a_place_is_lent_and_not_given() -> None:
    """Who stands before a disk that hangs keeps nobody waiting for longer than half a second."""
    line = full(2)
    line.come(5, ("a", OLD), False, 0.02)
    assert line.again == 0.5
    assert line.called(0.49) == []
    assert line.called(0.5) == [5]
    line.go(0)
    line.go(-1)
    assert line.come(6, ("a", OLD), False, 0.51)


def test_an_admin_finds_a_place_where_the_others_have_all_that_they_may() -> None:
    """Also before those of them who stand in line; and what is kept is nobody else's, free or not."""
    line = Line(2, kept=1)
    assert line.come(1, ("viewer", OLD), False, 0.0)
    assert not line.come(2, ("viewer", OLD), False, 0.0)
    assert line.called(0.0) == []
    assert line.come(100, ("admin", OLD), True, 0.0)
    assert not line.come(101, ("admin", OLD), True, 0.0)
    line.go(100)
    assert line.called(0.0) == [101]
    line.go(1)
    assert line.called(0.0) == [2]
    line.go(101)
    assert not line.come(3, ("viewer", OLD), False, 0.0)
    assert line.come(102, ("admin", OLD), True, 0.0)


def test_one_place_at_least_is_everybodys() -> None:
    """However many are kept."""
    assert Line(1, kept=1).come(1, ("viewer", OLD), False, 0.0)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.booleans(), st.booleans()), max_size=60),
    st.integers(0, 1),
)
def test_nobody_is_forgotten_and_no_place_is_given_twice(
    arrivals: list[tuple[str, bool, bool, bool]], kept: int
) -> None:
    """Whoever comes, in whatever order, leaves answered, one at a place; what is kept for admins they have."""
    line, answered, at_work = Line(2, kept=kept), Counter[int](), list[int]()
    for number, (owner, old, first, ends) in enumerate(arrivals):
        if line.come(number, (owner, old), first, 0.0):
            at_work.append(number)
        if ends and at_work:
            answered[at_work[0]] += 1
            line.go(at_work.pop(0))
        at_work += line.called(0.0)
        assert len(at_work) <= 2
        assert sum(1 for one in at_work if not arrivals[one][2]) <= 2 - kept
    for number in at_work:
        answered[number] += 1
        line.go(number)
    answered.update(drained(line))
    assert answered == Counter(range(len(arrivals)))


# --- who waits for something ------------------------------------------------------------------------------------------


def test_one_user_may_wait_so_often_and_all_together_so_often() -> None:
    """The rest is told why."""
    waiting = Waiting(5, kept=2, each=2)
    assert waiting.come("a", False) is None
    assert waiting.come("a", False) is None
    assert waiting.come("a", False) == "2 calls of a wait already, more than that may not"
    assert waiting.come("b", False) is None
    assert waiting.come("c", False) == "3 calls wait already, more than that may not"


def test_admins_have_room_of_their_own_to_wait_in() -> None:
    """Followers do not keep anybody from waiting for the outcome of a reload."""
    waiting = Waiting(3, kept=2, each=1)
    assert waiting.come("a", False) is None
    assert waiting.come("b", False) is not None
    assert waiting.come("root", True) is None
    assert waiting.come("root", True) is None
    assert waiting.come("root", True) is not None
    waiting.go("root")
    assert waiting.come("root", True) is None
    waiting.go("a")
    assert waiting.come("b", False) is not None, "admins wait in the others' room, too"
