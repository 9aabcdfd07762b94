"""Load jobs: what is looked at, what must not be executed."""

from __future__ import annotations

from hotd.contract.errors import TooManyGenerations
from hotd.core.loads import at_cap
from hotd.core.messages import LoadKind
from tests.support.books import FILE, World, promoted, serving, spec


def test_a_job_says_what_to_load_and_by_when() -> None:
    """The entry and the arguments it will be called with."""
    world = World(spec(args=("{instance}",), kwargs={"x": 1}, load_deadline=7.0))
    revision = world.reload()
    job = world.load_of()
    assert (job.id, job.module, job.entry, job.args, job.kwargs) == (1, "op", "op:Op", ("{instance}",), {"x": 1})
    assert (job.kind, job.changed, job.avoid) == (LoadKind.STAGE, None, frozenset())
    (member,) = world.book.rollouts[revision].members.values()
    assert getattr(member, "deadline", None) == world.time + 7.0


def test_the_watcher_has_only_the_changed_files_looked_at() -> None:
    """All others are known to be what current was made of."""
    world = serving()
    world.edit("B")
    assert world.load_of().changed == frozenset({FILE})


def test_where_the_disk_differed_already_everything_is_looked_at() -> None:
    """The repair of one file must bring the edit of the other, which was refused before."""
    world = serving()
    world.edit("broken")
    world.settle()
    world.edit("x", file="helper")
    assert world.load_of().changed is None


def test_before_the_first_generation_everything_is_looked_at() -> None:
    """There is nothing to compare a file with."""
    world = World()
    world.edit("B")
    assert world.load_of().changed is None


def test_a_person_has_everything_looked_at() -> None:
    """Whatever the watcher may have missed."""
    world = serving()
    world.pause()
    world.edit("B")
    world.settle()
    world.reload()
    assert world.load_of().changed is None and world.load_of().kind is LoadKind.STAGE


def test_a_load_takes_the_paths_that_were_waiting_and_a_look_leaves_them() -> None:
    """What a reload reads needs no reload afterwards."""
    world = serving()
    world.pause()
    world.edit("B")
    assert world.load_of().kind is LoadKind.PLAN and world.module().pending == {FILE}
    world.settle()
    world.check()
    assert world.module().pending == {FILE}
    world.settle()
    world.reload()
    assert world.module().pending == frozenset()


def test_what_must_not_be_executed_depends_on_who_asks() -> None:
    """The watcher: neither rejected nor undone; a person: not undone; ``--force``, checks and plans: anything."""
    world = promoted(serving(), "broken", "B")
    world.undo()
    avoid = []
    for keys in ({}, {"force": True}, {"dry_run": True}):
        world.reload(**keys)
        avoid.append(world.load_of().avoid)
        world.write("A")
        world.settle()
    world.check()
    avoid.append(world.load_of().avoid)
    world.settle()
    assert world.module().quarantine == {"broken": "rejected", "B": "undone"}
    assert avoid == [{"B"}, frozenset(), frozenset(), frozenset()]
    world.edit("broken")
    assert world.load_of().avoid == {"broken", "B"}


def test_at_the_cap_the_holders_are_named() -> None:
    """With the command that asks them to end. What is on standby makes room, and holds nothing up."""
    world = serving(spec(replicas=3, max_generations=3))
    promoted(world, "B")
    world.end(2)
    promoted(world, "C")
    world.end(3)
    blocked = at_cap(world.module())
    assert isinstance(blocked, TooManyGenerations) and world.running() == {1: 1, 4: 2, 5: 3}
    assert blocked.message == "3 generations of op are in use, max_generations is 3; held by op-1, op-4"
    assert blocked.hint == "`hotctl restart op` asks old instances to end"
    world.end(1)
    assert at_cap(world.module()) is None and world.states() == {1: "standby", 2: "draining", 3: "current"}


def test_who_was_abandoned_holds_nothing_up() -> None:
    """Its thread is there; its generation makes room."""
    world = serving(spec(replicas=2, max_generations=2, drain_deadline=60.0, after_deadline="abandon"))
    world.stop("op-1")
    world.wait(60.0)
    promoted(world, "B")
    blocked = at_cap(world.module())
    assert blocked is not None and blocked.message.endswith("held by op-2, op-3")
    world.wait(60.0)
    assert at_cap(world.module()) is None
