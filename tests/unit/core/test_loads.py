"""Load jobs: what is looked at, what must not be executed."""

from __future__ import annotations

from hotd.contract.errors import TooManyGenerations, TooManyInstances
from hotd.core.loads import at_cap, at_most
from hotd.core.messages import LoadKind
from tests.support.books import FILE, World, promoted, serving, spec


def test_a_job_says_what_to_load_and_by_when() -> None:
    """The entry and the arguments it will be called with."""
    world = World(spec(args=("{instance}",), kwargs={"x": 1}, load_deadline=7.0))
    revision = world.reload()
    job = world.load_of()
    assert (job.id, job.module, job.entry, job.args, job.kwargs) == (1, "op", "op:Op", ("{instance}",), {"x": 1})
    assert (job.kind, job.changed, job.avoid, job.within) == (LoadKind.STAGE, None, {}, 7.0)
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
    assert avoid == [{"B": ()}, {}, {}, {}]
    world.edit("broken")
    assert world.load_of().avoid == {"broken": (), "B": ()}


def test_what_digests_cover_unseen_goes_along_with_them_also_to_the_next_daemon() -> None:
    """That has not run the code yet, and would give the same content another digest."""
    seen = (("op", "late"),)
    world = serving()
    world.carried = seen
    world = promoted(world, "broken", "B")
    world.undo()
    world.edit("broken")
    assert world.load_of().avoid == {"broken": seen, "B": seen}
    world.settle()
    following = World(known=world.shelf.remembered(died=True))
    assert following.module().carried == {"broken": seen, "B": seen}


def test_checks_and_plans_keep_nothing_of_what_they_refuse() -> None:
    """Nothing is quarantined for it."""
    world = serving()
    world.carried = (("op", "late"),)
    world.write("broken")
    world.check()
    world.settle()
    world.reload(dry_run=True)
    world.settle()
    assert not world.module().carried and not world.module().quarantine


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
    assert blocked.hint == "`hotctl drain op 1` asks who runs the oldest to end"
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


def test_a_hundred_reloads_under_long_jobs_end_at_the_cap() -> None:
    """Refused one after the other, with the names of who holds the old ones; memory is bounded all the while."""
    world = serving(spec(surge=10, max_generations=4))
    revisions = []
    for n in range(136):
        world.write(f"B{n}")
        revisions.append(world.reload())
        world.settle()
        world.run()
        assert len(world.module().loaded) <= 4 and world.book.alive <= 4
    refused = [change.modules[0].error for change in map(world.outcome_of, revisions) if change.outcome == "refused"]
    assert len(refused) == 133
    assert {one.code for one in refused if one} == {"too-many-generations"}
    assert {one.message.partition("; ")[2] for one in refused if one} == {"held by op-1, op-2, op-3"}
    assert world.drain(1).outcome == "done"
    world.end(1)
    world.reload()
    world.settle()
    assert world.module().generations[world.module().current or 0].digest == "B135"


def test_a_full_house_names_who_still_runs_older_code() -> None:
    """Of all modules: it is one number for the whole daemon."""
    world = serving(spec("a", replicas=2), spec("b", replicas=1), max_instances=3)
    full = at_most(world.book)
    assert isinstance(full, TooManyInstances) and full.message == "max_instances = 3 of the whole daemon is reached"
    assert full.hint == "wait for one to end, or raise it under [daemon] in hotd.toml"
    promoted(world, "B", module="b")
    full = at_most(world.book)
    assert full is not None and full.message.endswith("is reached; b-1 still runs older generations")
    promoted(world, "B", module="a")
    full = at_most(world.book)
    assert full is not None and full.message.endswith("; a-1, a-2 and b-1 still run older generations")
    assert full.hint == "`hotctl blocking` tells where they stand, or raise it under [daemon] in hotd.toml"
    world.end(1, module="b")
    world.scale(0, "b")
    world.end(2, module="b")
    assert at_most(world.book) is None
