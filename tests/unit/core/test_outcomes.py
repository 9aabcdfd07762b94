"""What loads bring, in whatever order and however late."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotd.contract.events import EventName
from hotd.core.book import UNREAD
from hotd.core.effects import AbandonLoad, Discard, Promote, StartLoad
from hotd.core.messages import Checked, LoadKind, Planned, Rejected
from hotd.core.outcomes import MOST_FAILURES, MOST_REJECTIONS, MOST_SUPERSEDED
from hotd.core.picture import failure_views
from tests.support.books import FILE, World, promoted, serving, spec

# --- a candidate, nothing new, a refusal ------------------------------------------------------------------------------


def test_a_broken_edit_changes_nothing_but_the_news() -> None:
    """Rejected with file and line, current untouched, instances untouched."""
    world = serving(spec(replicas=2))
    world.edit("broken")
    world.settle()
    module = world.module()
    assert (module.current, world.running()) == (1, {1: 1, 2: 1}) and not world.of(Promote)
    assert module.errors == 1 and module.failures[-1].instance is None
    (told,) = world.events(EventName.RELOAD_REJECTED)
    assert told.message == f"op rejected, g1 stays current: {FILE}:3: invalid syntax"
    assert (told.actor, told.cause) == ("watch", "watch: op.py")
    fields = {"digest": "broken", "code": "syntax-error", "file": FILE, "line": 3, "left": [], "duration_ms": 250.0}
    assert told.fields == fields
    failed = failure_views(module, 1)[0]
    assert (failed.cause, failed.actor, failed.duration_ms) == ("watch: op.py", "watch", 250.0)
    view = world.view()
    assert view.rejected is not None and (view.rejected.file, view.rejected.line) == (FILE, 3)


def test_a_first_load_that_fails_leaves_nothing_to_run() -> None:
    """And the repair heals it."""
    world = World()
    world.write("broken")
    revision = world.reload()
    world.settle()
    assert world.module().current is None and world.running() == {}
    assert world.outcome_of(revision).outcome == "rejected"
    assert "op rejected, nothing runs" in world.events(EventName.RELOAD_REJECTED)[0].message
    world.edit("B")
    world.settle()
    assert world.module().current == 1 and world.running() == {1: 1} and world.module().rejection is None


def test_a_rejected_content_is_not_loaded_by_the_watcher_again() -> None:
    """Touching a broken file, or saving it again as it is, costs nothing; the news stays."""
    world = serving()
    world.edit("broken")
    world.settle()
    world.changed(FILE)
    world.settle()
    assert len(world.events(EventName.RELOAD_REJECTED)) == 1
    assert world.view().rejected is not None and world.module().errors == 1


def test_the_news_of_a_rejected_content_comes_back_with_it() -> None:
    """Broken, repaired, and broken again in the same way: the watcher does not load it, but says what is wrong."""
    world = serving()
    for text in ("broken", "A", "broken"):
        world.edit(text)
        world.settle()
        assert (world.module().rejection is not None) == (text == "broken")
    assert world.condition("Rejected") is not None and world.view().out_of_sync
    assert len(world.events(EventName.RELOAD_REJECTED)) == 1
    (skipped,) = world.events(EventName.RELOAD_REFUSED)
    assert "what is on disk for op was rejected" in skipped.message
    (change,) = world.book.history[-1].change.modules
    assert change.outcome == "skipped" and not world.book.history[-1].listed
    assert change.error is not None and change.error.hint == "edit it, or `hotctl reload op`"


def test_plain_reload_tries_a_rejected_content_again() -> None:
    """The cause may have been a passing one."""
    world = serving()
    world.edit("broken")
    world.settle()
    revision = world.reload()
    world.settle()
    assert world.outcome_of(revision).outcome == "rejected" and world.module().errors == 2
    assert world.module().quarantine == {"broken": "rejected"}


def test_what_loads_after_all_is_quarantined_no_more() -> None:
    """A passing cause has passed."""
    world = promoted(serving(), "B")
    world.undo()
    world.reload(force=True)
    world.settle()
    assert world.module().quarantine == {} and world.module().current == 2


def test_plain_reload_of_undone_content_is_refused_and_names_force() -> None:
    """Somebody decided against it."""
    world = promoted(serving(), "B")
    world.undo()
    revision = world.reload()
    world.settle()
    (change,) = world.outcome_of(revision).modules
    assert change.outcome == "refused" and change.error is not None
    assert (change.error.code, change.error.message) == ("quarantined", "what is on disk for op was undone")
    assert change.error.hint == "edit it, or `hotctl reload op --force`"
    assert world.module().current == 1


def test_reload_all_skips_what_was_undone_and_lists_it() -> None:
    """Exit 0: nobody asked for that one by name."""
    world = promoted(serving(spec("a"), spec("b")), "B", module="a")
    world.undo("a")
    world.write("B", "b")
    revision = world.reload(all=True)
    world.settle()
    change = world.outcome_of(revision)
    assert (change.outcome, [m.outcome for m in change.modules]) == ("promoted", ["skipped", "promoted"])
    assert change.modules[0].note == "what is on disk for a was undone"


def test_forced_content_that_is_rejected_stays_undone() -> None:
    """The refusal does not lift what a person decided."""
    world = promoted(serving(), "B")
    world.undo()
    world.reload(force=True)
    job = world.load_of()
    del world.loads[job.id]
    world.loaded(Rejected(job, "B", "import-failed", "no database", None, None, None, None, 0.1))
    assert world.module().quarantine == {"B": "undone"}
    assert world.condition("OutOfSync") is not None


def test_the_memory_of_refusals_is_bounded() -> None:
    """A night of broken saves fills nothing."""
    world = serving()
    for number in range(MOST_FAILURES + 5):
        world.edit(f"broken{number}")
        world.settle()
    module = world.module()
    assert (len(module.rejections), len(module.failures)) == (MOST_REJECTIONS, MOST_FAILURES)
    assert module.errors == MOST_FAILURES + 5 and module.rejection is module.rejections[-1]


def test_unchanged_heals_a_rejection() -> None:
    """The broken edit was taken back."""
    world = serving()
    world.edit("broken")
    world.settle()
    world.edit("A")
    world.settle()
    assert world.module().rejection is None and not world.view().out_of_sync
    assert world.events(EventName.RELOAD_UNCHANGED)


def test_a_refusal_without_a_digest_is_news_all_the_same() -> None:
    """A file that cannot be read has no content to remember; the next save is tried."""
    world = serving()
    world.edit("nameless")
    world.settle()
    rejected = world.view().rejected
    assert rejected is not None and rejected.digest == f"{UNREAD}2" and world.condition("Rejected") is not None
    world.changed(FILE)
    assert world.loads, "it may be readable now"
    world.settle()
    world.edit("A")
    world.settle()
    assert world.view().rejected is None


# --- looks ------------------------------------------------------------------------------------------------------------


def test_a_check_changes_nothing() -> None:
    """Neither a passed one nor a failed one."""
    world = serving()
    before = world.module()
    for text, outcome in (("B", "checked"), ("broken", "rejected")):
        world.write(text)
        revision = world.check()
        world.settle()
        assert world.outcome_of(revision).outcome == outcome
        assert world.module() == before
    (checked,) = world.outcome_of(2).modules
    assert checked.reloaded == ("op",) and checked.duration_ms == 250.0


def test_what_a_load_left_behind_is_told_with_its_outcome() -> None:
    """Of a refused one in its error, wherever that is shown; of one that was only checked beside it."""
    world = serving()
    left = ("atexit function 'bye': taken away",)
    world.reload()
    _, running = world.loads.popitem()
    world.loaded(Rejected(running.job, "B", "import-failed", "no", None, None, None, None, 0.1, left))
    (change,) = world.outcome_of(2).modules
    assert change.error is not None and change.error.left == world.module().failures[-1].error.left == left
    assert world.events(EventName.RELOAD_REJECTED)[0].fields["left"] == [*left]

    world.check()
    _, running = world.loads.popitem()
    world.loaded(Checked(running.job, "B", ("op",), 0.1, left=left))
    (change,) = world.outcome_of(3).modules
    assert change.left == left and change.error is None


def test_a_plan_tells_what_would_be_executed_and_changes_nothing_else() -> None:
    """And whether the disk differs is known afterwards."""
    world = serving()
    world.write("B")
    revision = world.reload(dry_run=True)
    world.settle()
    (change,) = world.outcome_of(revision).modules
    assert (change.outcome, change.plan[0].part, change.plan[0].why) == ("planned", "op", "its file changed")
    assert world.module().current == 1 and world.view().out_of_sync
    world.write("A")
    world.reload(dry_run=True)
    world.settle()
    assert not world.view().out_of_sync


def test_a_plan_of_what_cannot_be_loaded_tells_why() -> None:
    """No rejection of the module: nothing was tried."""
    world = serving()
    world.write("broken")
    revision = world.reload(dry_run=True)
    world.settle()
    assert world.outcome_of(revision).outcome == "rejected"
    assert world.module().errors == 0 and world.view().rejected is None and world.view().out_of_sync


@pytest.mark.parametrize("text", ["B", "broken", "broken otherwise", "A"])
def test_before_the_first_generation_a_look_says_nothing_of_the_disk(text: str) -> None:
    """There is nothing it could differ from, and what was rejected stays the news."""
    world = World()
    world.write("broken")
    world.reload()
    world.settle()
    before = world.module()
    world.write(text)
    world.reload(dry_run=True)
    world.settle()
    assert world.module() == before


def test_before_the_first_generation_even_a_look_that_finds_no_difference_says_nothing() -> None:
    """There is no generation it could be equal to."""
    world = World()
    world.reload(dry_run=True)
    job = world.load_of()
    world.loads.clear()
    before = world.module()
    world.loaded(Planned(job, "d", differs=False, executed=(), kept=()))
    assert world.module() == before


def test_a_look_does_not_hide_what_was_refused_before_it_was_read() -> None:
    """An import that hung has no digest; that the file differs is no news then. A later save is."""
    world = serving(spec(load_deadline=3.0))
    world.edit("B")
    world.wait(3.0)
    for text in ("B", "broken"):
        world.write(text)
        world.reload(dry_run=True)
        world.settle()
        assert world.view().rejected is not None and world.condition("Rejected") is not None
    world.pause()
    world.edit("C")
    world.settle()
    assert world.view().rejected is None and world.view().out_of_sync


def test_a_look_forgets_the_paths_only_where_nobody_looks_again() -> None:
    """A file saved while the plan was made is not forgotten."""
    world = serving()
    world.pause()
    world.changed(FILE)
    world.edit("B")
    world.finish()
    assert world.module().pending == {FILE} and world.loads, "the first look read A, and found no difference"
    world.write("A")
    world.changed(FILE)
    world.finish()
    assert world.module().pending == {FILE} and world.view().out_of_sync
    world.finish()
    assert world.module().pending == frozenset() and not world.view().out_of_sync


# --- newer content while a load is in flight --------------------------------------------------------------------------


def test_newer_content_supersedes_a_candidate() -> None:
    """It is thrown away, not promoted: the newest wins, and no stale one runs in between."""
    world = serving()
    world.edit("B")
    world.edit("C")
    world.finish()
    assert world.of(Discard) == [Discard("op", 2)] and not world.of(Promote)
    assert world.load_of().changed is None, "the file of the first edit must not be forgotten"
    world.finish()
    assert world.of(Promote) == [Promote("op", 3)] and world.module().generations[3].digest == "C"
    (revision,) = (r for r in world.book.history if r.actor == "watch")
    assert revision.change.modules[0].generation == 3


def test_newer_content_supersedes_a_refusal_too() -> None:
    """A file saved half-way is not told of when the whole one is there already."""
    world = serving()
    world.edit("broken")
    world.edit("B")
    world.settle()
    assert not world.events(EventName.RELOAD_REJECTED) and world.module().generations[2].digest == "B"


def test_who_never_stops_writing_is_loaded_all_the_same() -> None:
    """After so many times the candidate is promoted, and the newest follows in a rollout of its own."""
    world = serving()
    world.edit("0")
    for turn in range(MOST_SUPERSEDED + 1):
        world.edit(f"{turn + 1}")
        world.finish()
    assert world.of(Promote) == [Promote("op", MOST_SUPERSEDED + 2)]
    assert world.module().generations[5].digest == str(MOST_SUPERSEDED)
    assert world.load_of().changed == frozenset({FILE})
    world.settle()
    assert world.module().generations[6].digest == str(MOST_SUPERSEDED + 1)
    assert not world.view().out_of_sync


def test_a_persons_reload_is_superseded_as_well() -> None:
    """Whoever said reload wants what is there now."""
    world = serving()
    world.write("B")
    revision = world.reload()
    world.edit("C")
    world.settle()
    (change,) = world.outcome_of(revision).modules
    assert (change.outcome, change.previous, change.generation) == ("promoted", 1, 3)
    assert len(world.of(Promote)) == 1


def test_while_paused_nothing_supersedes() -> None:
    """The load that was asked for completes; the change waits for the resume."""
    world = serving()
    world.pause()
    world.write("B")
    world.reload()
    world.edit("C")
    world.finish()
    assert world.module().generations[2].digest == "B" and world.module().pending == {FILE}
    world.settle()
    assert world.view().out_of_sync
    world.resume()
    world.settle()
    assert world.module().generations[3].digest == "C"


def test_a_check_is_not_superseded() -> None:
    """It told of what was there when it looked; the edit is loaded for itself."""
    world = serving()
    revision = world.check()
    world.edit("B")
    world.finish()
    assert world.outcome_of(revision).outcome == "checked"
    assert world.load_of().kind is LoadKind.STAGE


def test_members_of_an_atomic_rollout_that_grew_old_are_loaded_again() -> None:
    """Never a set that was not on disk: what is promoted together was saved together."""
    world = serving(spec("a"), spec("b"))
    for name in ("a", "b"):
        world.write("B", name)
    revision = world.reload("a", "b", atomic=True)
    world.finish("a")
    world.edit("C", "a")
    world.edit("C", "b")
    world.finish("b")
    assert not world.of(Promote), "b was superseded, a waits for it"
    world.finish("b")
    assert not world.of(Promote) and world.load_of("a").changed is None
    assert world.of(Discard) == [Discard("b", 2), Discard("a", 2)]
    world.finish("a")
    assert world.of(Promote) == [Promote("a", 3), Promote("b", 3)]
    assert world.outcome_of(revision).outcome == "promoted"


def test_members_of_an_atomic_rollout_that_failed_are_not_loaded_again() -> None:
    """It is over; the watcher loads the newest for itself."""
    world = serving(spec("a"), spec("b"))
    world.write("B", "a")
    world.write("broken", "b")
    revision = world.reload("a", "b", atomic=True)
    world.finish("a")
    world.edit("C", "a")
    world.finish("b")
    assert world.outcome_of(revision).outcome == "rejected" and world.of(Discard) == [Discard("a", 2)]
    world.settle()
    assert world.module("a").generations[3].digest == "C" and world.module("b").current == 1


def test_members_of_an_atomic_rollout_are_not_renewed_for_ever() -> None:
    """As often as any load; then all are promoted, and the newest follows."""
    world = serving(spec("a"), spec("b"))
    for name in ("a", "b"):
        world.write("B", name)
    world.reload("a", "b", atomic=True)
    world.finish("b")
    world.edit("0", "b")
    world.finish("a")
    for turn in range(MOST_SUPERSEDED):
        assert not world.of(Promote)
        world.edit(f"{turn + 1}", "b")
        world.finish("b")
    loads = [one.job.module for one in world.of(StartLoad)]
    assert loads == ["a", "b"] + ["b"] * MOST_SUPERSEDED + ["b"] and len(world.of(Promote)) == 2
    world.settle()
    assert not world.book.rollouts and not world.view("a").out_of_sync and not world.view("b").out_of_sync


def test_a_member_that_grew_old_is_loaded_again_when_all_others_are_there() -> None:
    """Once, however often it is saved while they are not."""
    world = serving(spec("a"), spec("b"), spec("c"))
    for name in ("a", "b", "c"):
        world.write("B", name)
    world.reload("a", "b", "c", atomic=True)
    world.finish("a")
    world.edit("C", "a")
    world.finish("b")
    assert [one.job.module for one in world.loads.values()] == ["c"]
    world.finish("c")
    assert world.load_of("a").changed is None
    world.settle()
    assert [world.module(name).generations[world.module(name).current or 0].digest for name in "abc"] == ["C", "B", "B"]


# --- loads that do not end --------------------------------------------------------------------------------------------


def test_an_import_that_hangs_is_given_up_at_the_deadline() -> None:
    """Its thread is abandoned, current serves on, and the next edit is loaded beside it."""
    world = serving(spec(load_deadline=3.0))
    world.edit("B")
    world.wait(3.0)
    assert world.of(AbandonLoad) == [AbandonLoad(1 + 1)]
    (told,) = world.events(EventName.RELOAD_REJECTED)
    assert "took longer than load_deadline (3 s); its thread was abandoned" in told.message
    view = world.view()
    assert view.rejected is not None and view.rejected.reason == "load-timeout" and view.generation == 1
    assert view.rejected.digest == f"{UNREAD}2"
    assert (view.health, view.out_of_sync) == ("Degraded", True)
    world.edit("C")
    world.settle()
    assert world.module().current == 2 and world.module().rejection is None


def test_what_comes_too_late_is_thrown_away() -> None:
    """A candidate of an abandoned load serves nobody; a late refusal is no news."""
    world = serving(spec(load_deadline=3.0))
    for text in ("B", "broken"):
        world.edit(text)
        world.wait(3.0)
    world.forget()
    before = world.module()
    assert len(before.hung) == 2 and world.kinds() == ["Rejected", "Tainted", "OutOfSync"]
    for job in list(world.abandoned):
        world.end_load(job)
    assert world.of(Discard) == [Discard("op", 2)] and world.module() == replace(before, hung={})
    assert world.kinds() == ["Rejected", "OutOfSync"], "the process is clean again"


def test_a_late_candidate_does_not_take_the_one_that_waits_along() -> None:
    """Loaded again, the same content has the same number."""
    world = serving(spec("a", load_deadline=3.0), spec("b", load_deadline=10.0))
    world.edit("B", "a")
    world.wait(3.0)
    (hung,) = world.abandoned
    world.write("B", "b")
    world.reload("a", "b", atomic=True)
    world.finish("a")
    world.end_load(hung)
    assert not world.of(Discard)
    world.finish("b")
    assert world.of(Promote) == [Promote("a", 2), Promote("b", 2)]


def test_a_member_that_hangs_does_not_hold_its_rollout() -> None:
    """Every wait has a deadline; the others keep theirs."""
    world = serving(spec("a", load_deadline=3.0), spec("b", load_deadline=30.0))
    for name in ("a", "b"):
        world.write("B", name)
    revision = world.reload("a", "b", atomic=True)
    world.wait(3.0)
    assert world.outcome_of(revision).outcome == "in-flight"
    world.finish("b")
    assert world.outcome_of(revision).outcome == "rejected" and world.module("b").current == 1


def test_a_member_that_hangs_takes_its_atomic_neighbours_along() -> None:
    """Whoever was ready is thrown away at the deadline, and the history knows how long it took."""
    world = serving(spec("a", load_deadline=3.0), spec("b", load_deadline=30.0))
    for name in ("a", "b"):
        world.write("B", name)
    revision = world.reload("a", "b", atomic=True)
    world.finish("b")
    world.wait(3.0)
    assert world.outcome_of(revision).outcome == "rejected" and world.of(Discard) == [Discard("b", 2)]
    assert world.outcome_of(revision).modules[0].duration_ms == 3000.0


@pytest.mark.parametrize("verb", ["check", "dry-run"])
def test_a_look_that_hangs_ends_too(verb: str) -> None:
    """It rejects for whoever asked, and leaves the module alone."""
    world = serving(spec(load_deadline=3.0))
    revision = world.check() if verb == "check" else world.reload(dry_run=True)
    world.wait(3.0)
    assert world.outcome_of(revision).outcome == "rejected"
    assert world.module().errors == 0 and world.view().rejected is None
    assert world.condition("Tainted") is not None, "its thread is there all the same"


def test_every_deadline_is_looked_at_in_one_go() -> None:
    """Also those of several rollouts, and of several modules of one."""
    world = serving(spec("a"), spec("b"), spec("c"))
    world.reload("a", "b")
    world.reload("c")
    world.wait(30.0)
    assert len(world.of(AbandonLoad)) == 3 and not world.book.rollouts
