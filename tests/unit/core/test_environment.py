"""What changed below a generation since it was loaded is said when it is brought back."""

from __future__ import annotations

from hotd.contract.events import EventName
from hotd.core import durable
from hotd.core.environment import MOST_NAMED, Environment, since
from hotd.core.reasons import Seen, why
from hotd.core.records import KeptGeneration
from tests.support.books import OP, World, promoted, serving

THEN = Environment("3.11.7", {"pydantic": "2.7", "rich": "13.7", "Old": "1"})


def test_every_difference_is_named() -> None:
    """Python, what moved, what is new and what is gone."""
    now = Environment("3.12.1", {"pydantic": "2.9", "rich": "13.7", "new": "0.1"})
    assert since(THEN, now, 3) == (
        "Python 3.11.7 -> 3.12.1, new not there -> 0.1, Old 1 -> gone, pydantic 2.7 -> 2.9 since g3"
    )


def test_the_same_versions_and_unknown_ones_are_no_news() -> None:
    """Of a generation of today nothing is asked."""
    assert since(THEN, THEN, 3) == since(None, THEN, 3) == since(THEN, None, 3) == ""


def test_a_sentence_names_a_few_and_counts_the_rest() -> None:
    """Whoever upgraded everything knows it."""
    many = Environment("3.11.7", {f"p{n}": "1" for n in range(MOST_NAMED + 3)})
    assert since(many, Environment("3.11.7"), 1).endswith("p4 1 -> gone and 3 more since g1")


def test_a_start_over_other_versions_says_so() -> None:
    """In the outcome, in the stream and in the log; it serves all the same."""
    world = serving()
    world.shelf.over[OP, 1] = THEN
    world = world.reborn(over=Environment("3.11.7", {**THEN.packages, "pydantic": "2.9"}))
    revision = world.begin()
    world.settle()
    (change,) = world.outcome_of(revision).modules
    assert change.note == "pydantic 2.7 -> 2.9 since g1" and world.module().current == 1
    (told,) = world.events(EventName.MODULE_MOVED)
    assert told.message == "op runs over pydantic 2.7 -> 2.9 since g1"


def test_an_undo_over_other_versions_says_so() -> None:
    """From the store; what is new runs over what there is."""
    world = serving()
    world.shelf.over[OP, 1] = THEN
    world.make_permanent()
    world = world.reborn(over=Environment("3.12.1", THEN.packages))
    world.lost.add("A")
    world.write("B")
    world.begin()
    world.settle()
    assert not world.events(EventName.MODULE_MOVED)
    world.lost.clear()
    revision = world.ask_to_undo(to=1)
    assert isinstance(revision, int)
    world.settle()
    (change,) = world.outcome_of(revision).modules
    assert change.note.endswith("Python 3.11.7 -> 3.12.1 since g1")


def test_an_undo_in_memory_over_other_versions_says_so() -> None:
    """In the answer, in the stream, and for as long as it runs in status and why."""
    world = serving()
    world.shelf.over[OP, 1] = THEN
    world.make_permanent()
    world = world.reborn(over=Environment("3.12.1", THEN.packages))
    world.begin()
    world.settle()
    promoted(world, "B")
    assert world.view().moved == "" and "Moved" not in reasons(world)
    world.forget()
    (change,) = world.undo(reason="slow").modules
    assert change.note.endswith("Python 3.11.7 -> 3.12.1 since g1")
    (told,) = world.events(EventName.MODULE_MOVED)
    assert (told.generation, told.actor, told.cause) == (1, "root", "hotctl undo: slow")
    assert told.fields == {"moved": "Python 3.11.7 -> 3.12.1 since g1"}
    assert world.view().moved == "Python 3.11.7 -> 3.12.1 since g1" and "Moved" in reasons(world)


def test_a_store_that_is_begun_anew_is_told_what_each_generation_ran_over() -> None:
    """And what was executed for it: nobody else knows by then."""
    world = serving()
    world.shelf.over[OP, 1] = THEN
    world = world.reborn(over=Environment("3.12.1"))
    world.begin()
    world.settle()
    (kept,) = [one for one in durable.everything(world.book) if isinstance(one, KeptGeneration)]
    assert (kept.number, kept.executed, kept.over) == (1, ("op",), THEN)


def reasons(world: World) -> list[str]:
    return [one.type for one in why(world.book, world.module(), None, world.now, Seen())]


def test_a_world_without_news_says_nothing() -> None:
    """The first start of all."""
    world = World()
    world.begin()
    world.settle()
    assert not world.events(EventName.MODULE_MOVED)
