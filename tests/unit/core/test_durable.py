"""What anybody may be told is durable, and what is about to be done is written down first."""

from __future__ import annotations

from typing import Any

import pytest

from hotd.contract.errors import StoreDegraded
from hotd.contract.events import EventName
from hotd.contract.views import Event
from hotd.core import durable
from hotd.core.book import MOST_REVISIONS
from hotd.core.concluding import conclude_all
from hotd.core.conditions import conditions_of_daemon
from hotd.core.durable import difference, everything, secured
from hotd.core.effects import Discard, Promote, Write
from hotd.core.messages import Logged, Written
from hotd.core.reconcile import reconcile
from hotd.core.records import (
    Began,
    Ended,
    Forget,
    Intent,
    KeptDaemon,
    KeptFailure,
    KeptGeneration,
    KeptModule,
    KeptRejection,
    KeptRevision,
    Opened,
    Record,
    Remembered,
    Trouble,
)
from hotd.core.storing import FIRST_PAUSE, PATIENCE
from tests.support.books import FULL, OP, World, promoted, serving, spec

READ_ONLY = Trouble("read-only", "/state/hotd.db: it cannot be written", "let the daemon's user write there")


def slowly(world: World) -> World:
    """From here on nothing is durable before a test says so."""
    world.prompt = False
    world.forget()
    return world


def written(world: World) -> list[list[Record]]:
    """What each write so far was asked to keep."""
    return [list(write.records) for write in world.of(Write)]


def kinds(world: World) -> list[list[str]]:
    return [[type(record).__name__ for record in records] for records in written(world)]


# --- a promote -------------------------------------------------------------------------------------------------------


def test_a_candidate_is_promoted_when_it_is_written_down() -> None:
    """Number, content and sources first; then the swap; then the outcome, and only that can be seen."""
    world = slowly(serving())
    world.write("B")
    revision = world.reload(reason="fix")
    assert kinds(world) == [["Opened"]]
    world.finish()
    assert kinds(world)[1:] == [["Intent"]] and not world.of(Promote)
    world.keep()
    assert not world.of(Promote), "that was another write"
    world.keep()
    assert world.of(Promote) == [Promote(OP, 2)] and world.module().current == 2
    assert world.seen.modules[OP].current == 1 and revision in world.seen.rollouts
    while world.writes:
        world.keep()
    assert world.seen is world.book and world.seen.history[-1].revision == revision
    (opened,), (intent,), outcome = written(world)[:3]
    assert isinstance(opened, Opened) and (opened.revision, opened.modules, opened.listed) == (revision, {OP: 1}, True)
    assert isinstance(intent, Intent) and (intent.revision, intent.module, intent.previous) == (revision, OP, 1)
    generation = intent.generation
    assert (generation.number, generation.digest, generation.executed) == (2, "B", (OP,))
    assert (generation.cause, generation.actor, generation.verdict) == ("hotctl reload: fix", "root", "none")
    assert intent.bundle is not None and intent.bundle.digest == "B"
    assert [type(record) for record in outcome] == [KeptModule, KeptGeneration, KeptGeneration, KeptRevision]
    verdicts = {one.number: one.verdict for one in outcome if isinstance(one, KeptGeneration)}
    assert verdicts == {1: "superseded", 2: "promoted"}


@pytest.mark.parametrize("answer", [Logged, Written])
def test_a_candidate_is_promoted_with_the_news_that_it_is_written_down(answer: type[Logged | Written]) -> None:
    """In the log is enough, which no end of the daemon takes away; nobody is told of it before it is durable."""
    world = slowly(serving())
    world.write("B")
    world.reload()
    world.finish()
    world.keep()
    heard = durable.stored(world.book, answer(world.writes[0].ticket), world.now)
    assert not heard.effects and heard.book.store.covers(world.writes[0].ticket) == (answer is Written)
    assert conclude_all(heard.book, world.now).effects[0] == Promote(OP, 2)
    assert reconcile(heard.book, world.now).effects[0] == Promote(OP, 2), "should the other be missed"


def test_members_of_an_atomic_rollout_are_written_down_and_swapped_as_one() -> None:
    """No moment in which only some of them are."""
    world = slowly(serving(spec("a"), spec("b")))
    for name in ("a", "b"):
        world.write("B", name)
    world.reload(all=True, atomic=True)
    world.finish("a")
    assert kinds(world) == [["Opened"]]
    world.finish("b")
    assert kinds(world)[1:] == [["Intent", "Intent"]]
    world.keep()
    world.keep()
    assert world.of(Promote) == [Promote("a", 2), Promote("b", 2)]


def test_members_of_any_other_rollout_do_not_wait_for_each_other() -> None:
    """Each is swapped when it is ready."""
    world = slowly(serving(spec("a"), spec("b")))
    for name in ("a", "b"):
        world.write("B", name)
    revision = world.reload(all=True)
    world.finish("a")
    world.keep()
    world.keep()
    assert world.of(Promote) == [Promote("a", 2)] and revision in world.book.rollouts


def test_what_is_saved_while_something_is_written_down_follows_it() -> None:
    """A swap that was begun is not called back."""
    world = slowly(serving())
    world.edit("B")
    world.finish()
    world.edit("C")
    world.prompt = True
    world.keep()
    assert world.module().current == 2
    world.settle()
    assert world.module().current == 3


def test_a_look_that_leaves_no_trace_is_not_written_down() -> None:
    """The daemon looks at the disk for itself; checks and plans are not listed."""
    world = slowly(serving())
    world.check()
    world.settle()
    opened, revision = (record for records in written(world) for record in records)
    assert isinstance(opened, Opened) and not opened.listed
    assert isinstance(revision, KeptRevision) and not revision.listed
    world = slowly(serving(spec(watch="manual")))
    world.edit("B")
    assert len(world.book.rollouts) == 1 and kinds(world) == []


def test_the_daemons_end_discards_what_is_being_written_down() -> None:
    """And says how the rollout ended."""
    world = slowly(serving())
    world.write("B")
    revision = world.reload()
    world.finish()
    world.shut_down()
    assert world.of(Discard) == [Discard(OP, 2)]
    assert world.outcome_of(revision).outcome == "refused"
    assert [type(one) for one in written(world)[-1]] == [KeptRevision, Ended]


# --- what else is kept -----------------------------------------------------------------------------------------------


def changes(world: World) -> list[Record]:
    """What everything since ``slowly`` has to keep, in all."""
    return [record for records in written(world) for record in records]


def test_everything_that_was_decided_is_kept() -> None:
    """Without any verb saying so."""
    world = slowly(serving(spec(replicas=2)))
    world.pause()
    world.scale(3)
    world.stop()
    world.pause(OP)
    world.pin()
    found = changes(world)
    assert found[0] == KeptDaemon(paused=True)
    assert found[-1] == KeptModule(OP, 1, 1, (1,), True, True, True, 3)


def test_failures_and_refusals_are_kept_once() -> None:
    """Those that were kept before are not written again."""
    world = slowly(serving())
    world.fail(1)
    world.edit("broken")
    world.settle()
    world.wait(1.0)
    world.fail(2)
    found = changes(world)
    assert [one.instance for one in found if isinstance(one, KeptFailure)] == ["op-1", None, "op-2"]
    assert [one.digest for one in found if isinstance(one, KeptRejection)] == ["broken"]


def test_refusals_without_a_digest_are_not_quarantined_for_the_next_daemon() -> None:
    """They are named after a job of this one."""
    world = serving()
    world.edit("nameless")
    world.settle()
    assert world.module().quarantine
    assert world.shelf.modules[OP].quarantine == {} and world.shelf.rejections[OP]


def test_generations_that_are_forgotten_are_let_go_of() -> None:
    """And never the permanent one."""
    world = promoted(serving(spec(replicas=0, standby=0)), *(str(n) for n in range(105)))
    world.make_permanent()
    known = set(world.shelf.generations[OP])
    assert known == set(world.module().generations) and len(known) == 101
    world = slowly(promoted(world, *(str(n) for n in range(200, 310))))
    assert world.view().permanent in world.shelf.generations[OP]
    promoted(world, "last")
    while world.writes:
        world.keep()
    assert [type(one) for one in changes(world)].count(Forget) == 1


def test_events_are_kept_with_what_they_tell_of() -> None:
    """And a book without news needs no write."""
    world = serving()
    told = (Event(1, "2026-11-23T20:41:07.204Z", "module.scaled"),)
    assert secured(world.book, world.book, (), world.now) == (world.book, None)
    book, write = secured(world.book, world.book, told, world.now)
    assert write is not None and write.records == told and book.store.issued == write.ticket


def test_a_long_history_is_kept_by_what_is_new() -> None:
    """What the book lets go of stays in the store."""
    world = slowly(serving(spec(replicas=0)))
    before = world.book
    for _ in range(MOST_REVISIONS + 1):
        world.reload()
        world.settle()
    assert len(world.book.history) == MOST_REVISIONS
    assert len([one for one in difference(before, world.book) if isinstance(one, KeptRevision)]) == MOST_REVISIONS
    assert len([one for one in changes(world) if isinstance(one, KeptRevision)]) == MOST_REVISIONS + 1


# --- a store that cannot ---------------------------------------------------------------------------------------------


def degraded(*specs: Any, trouble: Trouble = FULL) -> World:
    """g1 serves, and the first write since then has failed."""
    world = slowly(serving(*(specs or (spec(),))))
    world.pause()
    world.resume()
    world.lose(trouble)
    world.lose(trouble)
    return world


def test_a_disk_that_takes_nothing_promotes_nothing() -> None:
    """What serves goes on; whoever asks is told why, and how to cure it."""
    world = degraded()
    world.write("B")
    revision = world.reload()
    (change,) = world.outcome_of(revision).modules
    assert change.outcome == "refused" and change.error is not None and change.error.code == StoreDegraded.code
    assert change.error.message == ("nothing new is promoted while it cannot be kept: /state/hotd.db: the disk is full")
    assert change.error.hint == "make room; it is tried again by itself" and not world.loads
    assert world.running() and world.view().health == "Healthy"
    (condition,) = conditions_of_daemon(world.book)
    assert (condition.type, condition.reason) == ("StoreDegraded", "full")
    assert condition.message == (
        "/state/hotd.db: the disk is full; what serves goes on, nothing new is promoted: "
        "make room; it is tried again by itself"
    )
    (told,) = world.events(EventName.STORE_DEGRADED)
    assert told.fields == {"reason": "full"}


def test_what_was_being_promoted_is_refused_and_not_forgotten() -> None:
    """It is tried again by itself, as soon as there is a store."""
    world = slowly(serving())
    world.edit("B")
    world.finish()
    while world.writes:
        world.lose()
    assert world.module().current == 1 and world.of(Discard) == [Discard(OP, 2)]
    out_of_sync = world.condition("OutOfSync")
    assert out_of_sync is not None and out_of_sync.reason == "store-degraded"
    world.prompt = True
    world.wait(FIRST_PAUSE)
    world.settle()
    assert world.module().current == 2 and not conditions_of_daemon(world.book)
    assert len(world.events(EventName.STORE_RESTORED)) == 1


def test_one_member_that_cannot_be_kept_keeps_an_atomic_rollout_from_being_promoted() -> None:
    """All or nothing."""
    world = slowly(serving(spec("a"), spec("b")))
    for name in ("a", "b"):
        world.write("B", name)
    revision = world.reload(all=True, atomic=True)
    world.settle()
    while world.writes:
        world.lose()
    assert world.outcome_of(revision).outcome == "refused" and not world.of(Promote)


def test_edits_meanwhile_are_shown_and_follow() -> None:
    """Not tried again and again."""
    world = degraded()
    world.edit("B")
    world.edit("C")
    assert not world.loads and world.view().out_of_sync
    world.prompt = True
    world.wait(FIRST_PAUSE)
    world.settle()
    assert world.module().generations[2].digest == "C"


def test_a_module_that_has_nothing_yet_is_loaded_all_the_same() -> None:
    """A daemon that runs nothing is a dead daemon; nobody has to step down for it."""
    known = Remembered(trouble=READ_ONLY)
    world = World(spec(), known=known)
    world.prompt = False
    world.begin()
    world.settle()
    assert world.module().current == 1 and world.seen is world.book
    world.edit("B")
    assert not world.loads


def test_verbs_that_load_nothing_work_all_the_same() -> None:
    """And everything that was missed is brought when that works again."""
    world = degraded()
    world.scale(3)
    world.pin()
    assert world.module().replicas == 3 and world.seen is world.book
    world.wait(FIRST_PAUSE)
    (write,) = world.writes
    assert write.whole
    assert [type(one) for one in write.records] == [
        Began, KeptDaemon, KeptModule, KeptGeneration, KeptRevision
    ]  # fmt: skip
    world.scale(2)
    world.keep()
    assert world.book.store.trouble is None and len(world.writes) == 1
    world.keep()
    assert world.shelf.modules[OP].replicas == 2 and world.shelf.modules[OP].pinned


def test_it_is_tried_again_at_a_modest_pace() -> None:
    """However long that takes, it is told once."""
    world = degraded()
    for _ in range(10):
        assert world.book.store.retry_at is not None
        world.wait(world.book.store.retry_at - world.time)
        (write,) = world.writes
        assert write.whole
        world.lose(READ_ONLY)
    assert world.book.store.trouble == READ_ONLY and len(world.of(Write)) == 2 + 10
    assert len(world.events(EventName.STORE_DEGRADED)) == 1


def test_a_disk_that_hangs_is_one_that_takes_nothing() -> None:
    """Nobody waits for it for ever."""
    world = slowly(serving())
    world.scale(2)
    assert world.seen.modules[OP].replicas == 1
    world.wait(PATIENCE)
    assert world.seen.modules[OP].replicas == 2
    (condition,) = conditions_of_daemon(world.book)
    assert condition.reason == "slow"
    world.prompt = True
    world.keep()
    assert not conditions_of_daemon(world.book) and world.shelf.modules[OP].replicas == 2


def test_everything_is_all_that_the_next_daemon_needs() -> None:
    """Also what is under way."""
    world = promoted(serving(), "B")
    world.edit("broken")
    world.settle()
    world.prompt = False
    world.write("C")
    world.reload()
    world.settle()
    kept = list(everything(world.book))
    found = [type(one) for one in kept]
    assert found.count(KeptGeneration) == 2 and found.count(KeptRejection) == 1 and found.count(Opened) == 1
    assert found.count(Intent) == 1 and kept[0] == Began(world.book.started.wall, 1)
    assert found.count(KeptRevision) == len(world.book.history)


def test_a_store_that_was_begun_anew_is_told_of_for_as_long_as_the_daemon_lives() -> None:
    """With the place of what was lost; it keeps nothing from being promoted."""
    world = World(spec(), known=Remembered(aside="/state/hotd.db.unreadable-1"))
    (condition,) = conditions_of_daemon(world.book)
    assert (condition.type, condition.reason) == ("StoreDegraded", "aside")
    assert condition.message == (
        "the store could not be read and was begun anew; what was kept before lies in /state/hotd.db.unreadable-1"
    )
    world.begin()
    world.settle()
    assert world.module().current == 1
    world = slowly(serving())
    world.scale(2)
    world.shelf.put(world.writes.pop().records)
    world.stored(Written(world.book.store.issued, "/state/other"))
    (told,) = world.events(EventName.STORE_ASIDE)
    assert told.message.endswith("lies in /state/other")
