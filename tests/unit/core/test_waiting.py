"""``hotctl wait``: every wait names what it waits for."""

from __future__ import annotations

import pytest

from hotd.contract.errors import UnknownGeneration, UsageError
from hotd.contract.views import Waited
from hotd.core.afterlife import told
from hotd.core.messages import LeakedCode, Leaks
from hotd.core.waiting import goal, waited
from tests.support.books import OP, World, promoted, serving, spec


def ask(world: World, until: str, number: int | None = None) -> Waited:
    module = world.module()
    return waited(world.book, module, goal(module, until, number), world.now)


@pytest.mark.parametrize("text", ["generation>=2", "generation >= 2", "generation>=g2"])
def test_a_generation_or_a_later_one_is_waited_for(text: str) -> None:
    """Numbers only grow: whoever was too late for g2 is content with g3."""
    world = serving()
    assert ask(world, text) == Waited(OP, 2, False, "op: g1 is current, not g2 or a later one", "hotctl status op")
    promoted(world, "B")
    assert ask(world, text) == Waited(OP, 2, True, "op: g2 is current", "hotctl status op")
    promoted(world, "C")
    assert ask(world, text).reached
    assert ask(World(), text).message == "op: no generation is current, not g2 or a later one"


def test_a_drain_is_over_when_nobody_runs_an_older_generation() -> None:
    """Until then everybody who does is named, with what he runs."""
    world = serving(spec(replicas=3))
    assert ask(world, "drained") == Waited(OP, None, True, "op: no instance runs an older generation", "hotctl why op")
    promoted(world, "B")
    assert ask(world, "drained").message == "op: op-1, op-2 and op-3 run g1 still"
    world.end(1)
    promoted(world, "C")
    view = ask(world, "drained")
    assert (view.reached, view.message) == (False, "op: op-2, op-3 and op-4 run g1 and g2 still")
    assert ask(world, "drained", 2) == Waited(OP, 2, False, "op: op-4 runs g2 still", "hotctl why op 2")
    world.end(4)
    assert ask(world, "drained", 2).message == "op: no instance runs g2"
    assert not ask(world, "drained").reached


def test_whoever_was_abandoned_is_not_waited_for() -> None:
    """Nobody knows whether that ends."""
    world = promoted(serving(spec(drain_deadline=5.0, after_deadline="abandon")), "B")
    world.wait(5.0)
    assert ask(world, "drained").reached and ask(world, "drained", 1).reached


def test_health_is_waited_for_with_the_first_reason_against_it() -> None:
    """And its next command."""
    world = World()
    assert ask(world, "healthy") == Waited(
        OP, None, False, "op: it is Degraded: nothing has been loaded yet", "hotctl reload op", "Degraded"
    )
    world.reload()
    world.settle()
    assert ask(world, "healthy").message == "op: it is Progressing: op-1 shall start"
    world.run()
    assert ask(world, "healthy") == Waited(OP, None, True, "op: it is Healthy", "hotctl status op", "Healthy")


def test_a_generation_is_retired_when_it_was_dropped_from_memory() -> None:
    """Nobody runs it that counts, and no undo is kept ready; who has its code all the same is told."""
    world = serving(spec(standby=1))
    assert ask(world, "retired", 1) == Waited(OP, 1, False, "op: g1 is current", "hotctl why op 1")
    promoted(world, "B")
    assert ask(world, "retired", 1).message == "op: op-1 runs g1 still"
    world.end(1)
    assert ask(world, "retired", 1).message == "op: g1 is kept in memory for an undo"
    promoted(world, "C")
    world.end(2)
    assert ask(world, "retired", 1) == Waited(OP, 1, True, "op: g1 is retired", "hotctl why op 1")
    news = Leaks(OP, (LeakedCode(1, ("op",)), LeakedCode(7, ("op",))))
    world.tell(lambda book, now: told(book, news, now))
    view = ask(world, "retired", 1)
    assert (view.reached, view.message) == (True, "op: g1 is retired, and its code is in memory all the same")
    assert ask(world, "retired", 7).message == "op: g7 is retired, and its code is in memory all the same"


def test_whoever_was_abandoned_is_never_told_to_have_left_memory() -> None:
    """A thread cannot be killed."""
    world = promoted(serving(spec(replicas=2)), "B")
    world.purge(1, deadline=5.0)
    world.wait(5.0)
    assert ask(world, "retired", 1).message == "op: g1 is retired; op-1 and op-2 were abandoned and run it still"
    world.end(1)
    assert ask(world, "retired", 1).message == "op: g1 is retired; op-2 was abandoned and runs it still"
    world.end(2)
    assert ask(world, "retired", 1).message == "op: g1 is retired"


@pytest.mark.parametrize(
    ("until", "number", "says"),
    [
        ("draind", None, "nobody can wait for \"draind\"; did you mean drained? there are 'generation>=N' (in quotes)"),
        ("xyzzy", None, "there are 'generation>=N' (in quotes), drained, healthy, retired"),
        ("generation>=0", None, "there are 'generation>=N' (in quotes)"),
        ("generation>=8888888888888888888", None, "there are 'generation>=N' (in quotes)"),
        ("retired", None, "say which generation shall be retired; `hotctl wait op N --for retired`"),
        ("healthy", 1, '"healthy" is said of a module, not of one generation; leave the number out'),
        ("generation>=2", 1, "is said of a module, not of one generation"),
    ],
)
def test_what_cannot_be_waited_for_is_told_at_once(until: str, number: int | None, says: str) -> None:
    """Not after two minutes."""
    with pytest.raises(UsageError) as caught:
        goal(serving().module(), until, number)
    assert says in f"{caught.value.message}; {caught.value.hint}"


def test_a_generation_that_there_never_was_is_not_waited_for() -> None:
    """It may come; then ``generation>=N`` is meant."""
    with pytest.raises(UnknownGeneration):
        goal(serving().module(), "drained", 7)
