"""Back to a generation that served before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hotd.contract import requests
from hotd.contract.errors import (
    Busy,
    Expired,
    GenerationMismatch,
    NoHistory,
    NotPermitted,
    Pinned,
    Refused,
    ShuttingDown,
    UnknownGeneration,
    UnknownModule,
    UnknownRevision,
    UsageError,
)
from hotd.contract.events import EventName
from hotd.contract.views import Change
from hotd.core import undoing
from hotd.core.effects import Promote, StartLoad
from hotd.core.messages import Rejected
from hotd.core.values import Actor
from tests.support.books import FILE, ROOT, World, having, promoted, serving, spec


def three(**keys: Any) -> World:
    """g3 is current; what came before drains or stands by."""
    return promoted(serving(spec(**keys)), "B", "C")


def test_an_undo_is_a_swap_without_disk_or_import() -> None:
    """Told, and an entry of the history."""
    world = promoted(serving(), "B")
    world.forget()
    change = world.undo(reason="it smells")
    (one,) = change.modules
    assert (change.outcome, one.outcome, one.previous, one.generation) == ("undone", "undone", 2, 1)
    assert world.of(Promote) == [Promote("op", 1)] and not world.of(StartLoad)
    (told,) = world.events(EventName.MODULE_UNDONE)
    assert told.message == "op is back to g1; g2 is quarantined until its content changes"
    assert (told.cause, told.actor, told.fields) == ("hotctl undo: it smells", "root", {"previous": 2})
    newest = world.book.history[-1]
    assert newest.listed and newest.change == change and newest.revision == change.revision
    assert world.module().generations[2].verdict == "rolled-back"
    assert world.module().generations[1].verdict == "promoted"


def test_the_watcher_does_not_redo_what_was_undone() -> None:
    """Until the content changes."""
    world = promoted(serving(), "B")
    world.undo()
    world.changed(FILE)
    world.settle()
    assert world.module().current == 1
    shown = world.condition("OutOfSync")
    assert shown is not None and shown.reason == "undone"
    assert shown.message == ("what is on disk was undone; g1 serves until it changes, or `hotctl reload op --force`")
    world.edit("C")
    world.settle()
    assert world.module().current == 3 and not world.view().out_of_sync


def test_a_second_undo_goes_further_back_and_never_forward() -> None:
    """To the last that was neither undone nor skipped, then to the one before."""
    world = three()
    assert world.undo().modules[0].generation == 2
    assert world.undo().modules[0].generation == 1
    with pytest.raises(NoHistory) as raised:
        world.undo()
    assert raised.value.message == "op has no stable generation before g1"
    promoted(world, "D")
    assert world.undo().modules[0].generation == 1, "not to g2 or g3, which were undone"


def test_an_undo_to_the_generation_that_drains_brings_its_instances_back() -> None:
    """They run what is current again; nobody is started for them."""
    world = promoted(serving(spec(replicas=2)), "B")
    assert world.states() == {1: "draining", 2: "current"}
    world.undo()
    assert world.states() == {1: "current", 2: "standby"} and world.running() == {1: 1, 2: 1}
    assert world.view().serving.current == 2 and "NotServing" not in world.kinds()


def test_an_undo_leaves_the_instances_of_the_undone_code_to_finish() -> None:
    """As any swap does."""
    world = promoted(serving(spec(replicas=2)), "B")
    world.end(1)
    world.end(2)
    world.wait(2.0)
    change = world.undo()
    assert world.states() == {1: "current", 2: "draining"}
    assert change.note.startswith("g1 is current but nothing runs it: op-3 and -4 stay on g2")
    world.end(3)
    assert sorted(world.running().values()) == [1, 2]


def test_an_undo_to_a_standby_generation_starts_it_again() -> None:
    """It was kept for this."""
    world = three(replicas=0)
    assert world.states() == {1: "standby", 2: "standby", 3: "current"}
    world.scale(1)
    world.end(1)
    assert world.undo(to=1).modules[0].generation == 1
    assert world.states()[1] == "current" and set(world.running().values()) == {1}


def test_an_undo_to_a_later_generation_lifts_its_quarantine() -> None:
    """What is on disk is what serves again, and nothing is out of sync."""
    world = three()
    world.undo()
    world.undo()
    assert world.module().quarantine == {"C": "undone", "B": "undone"}
    world.undo(to=3)
    assert world.module().current == 3 and world.module().quarantine == {"B": "undone", "A": "undone"}
    assert not world.view().out_of_sync
    with pytest.raises(NoHistory):
        world.undo()


def test_an_undo_past_one_generation_forgets_it_too() -> None:
    """``--to g1`` from g3: the next undo does not go to g2."""
    world = three()
    world.undo(to=1)
    with pytest.raises(NoHistory):
        world.undo()
    promoted(world, "D")
    assert world.undo().modules[0].generation == 1


def test_sideways_the_line_keeps_what_was_never_left() -> None:
    """g1, g2, g3: undone to g2, then to g3 all the same; the next undo goes to g1."""
    world = three()
    world.undo()
    world.undo(to=3)
    assert world.undo().modules[0].generation == 1


def test_undone_content_comes_back_under_its_own_number() -> None:
    """``reload --force``: the same digest keeps its number, and can be undone again."""
    world = promoted(serving(), "B")
    world.undo()
    world.wait(1.0)
    world.reload(force=True)
    world.settle()
    module = world.module()
    assert (module.current, module.line, module.quarantine) == (2, (1, 2), {})
    assert list(module.generations) == [1, 2] and module.generations[2].created == world.now
    assert world.undo().modules[0].generation == 1
    assert world.module().line == (1,)


def test_undone_content_comes_back_while_instances_of_it_still_run() -> None:
    """They count as instances of current: they run what current is."""
    world = promoted(serving(spec(replicas=2)), "B")
    world.end(1)
    world.undo()
    assert world.states() == {1: "current", 2: "draining"}
    world.reload(force=True)
    world.settle()
    assert world.states() == {1: "draining", 2: "current"}
    assert (world.view().serving.current, world.view().serving.old) == (1, 1)


def test_a_rejected_edit_is_still_the_news_after_an_undo() -> None:
    """It is what is on disk."""
    world = promoted(serving(), "B")
    world.edit("broken")
    world.settle()
    world.undo()
    assert world.module().current == 1 and world.view().rejected is not None
    shown = world.condition("OutOfSync")
    assert shown is not None and shown.reason == "rejected"


def test_an_old_rejection_of_what_was_undone_is_no_news() -> None:
    """It loaded in the end, when the database was back; then it was undone."""
    world = serving()
    world.write("B")
    world.reload()
    job = world.load_of()
    world.loads.clear()
    world.loaded(Rejected(job, "B", "import-failed", "no database", None, None, None, None, 0.1))
    assert world.view().rejected is not None
    world.reload()
    world.settle()
    assert world.module().current == 2 and world.view().rejected is None
    world.undo()
    assert world.view().rejected is None and world.kinds() == ["OutOfSync"]


def test_an_undo_between_equal_contents_quarantines_nothing() -> None:
    """What serves is not what must not serve."""
    world = promoted(serving(), "B", "A")
    world.undo(to=1)
    assert world.module().current == 1 and world.module().quarantine == {} and not world.view().out_of_sync


def test_while_a_reload_is_in_flight_nothing_is_undone() -> None:
    """It is named, with the command that tells its end; also where it only waits."""
    world = promoted(serving(), "B")
    revision = world.reload(reason="hotfix")
    with pytest.raises(Busy) as raised:
        world.undo()
    assert raised.value.message == f"rollout {revision} of op is in flight (hotctl reload: hotfix, by root)"
    assert raised.value.hint == f"`hotctl outcome {revision}` tells how it ends; undo after that"
    world.settle()
    world.check()
    world.reload()
    with pytest.raises(Busy):
        world.undo()


@pytest.mark.parametrize("look", ["check", "dry-run", "while paused"])
def test_a_look_does_not_stand_in_the_way_of_an_undo(look: str) -> None:
    """An import that hangs in a check must not keep an operator from going back."""
    world = promoted(serving(), "B")
    if look == "check":
        world.check()
    elif look == "dry-run":
        world.reload(dry_run=True)
    else:
        world.pause()
        world.edit("C")
    world.undo()
    assert world.module().current == 1
    world.settle()
    assert world.view().out_of_sync


def gone() -> World:
    """g1, of ``A``, has left memory; g2 stands by, g3 is current."""
    world = promoted(serving(spec(replicas=0, standby=1)), "B", "C")
    assert world.states() == {2: "standby", 3: "current"}
    world.forget()
    return world


def test_what_left_memory_is_loaded_again_under_its_number() -> None:
    """From the store, whatever the disk holds; then it is an undo like any other."""
    world = gone()
    created = world.module().generations[1].created
    revision = world.ask_to_undo(to=1, reason="slow")
    assert isinstance(revision, int) and world.module().current == 3
    (job,) = (one.job for one in world.loads.values())
    assert job.restores == (1, "A") and not job.avoid
    world.settle()
    change = world.outcome_of(revision)
    (one,) = change.modules
    assert (change.outcome, one.outcome, one.generation, one.previous) == ("undone", "undone", 1, 3)
    module = world.module()
    assert (module.current, module.permanent, module.line, module.quarantine) == (1, 1, (1,), {"C": "undone"})
    back = module.generations[1]
    assert (back.created, back.cause, back.verdict) == (created, "hotctl reload", "promoted")
    (told,) = world.events(EventName.MODULE_UNDONE)
    assert told.message == "op is back to g1; g3 is quarantined until its content changes"
    assert (told.cause, told.actor, told.fields) == (
        "hotctl undo: slow", "root", {"previous": 3, "reloaded": ["op"], "duration_ms": 250.0}
    )  # fmt: skip
    world.edit("C")
    world.settle()
    assert world.module().current == 1, "the watcher does not redo it"


def test_what_cannot_be_loaded_again_leaves_everything_as_it_was() -> None:
    """And says why; of what is on disk it says nothing."""
    world = gone()
    world.lost.add("A")
    before = world.module()
    revision = world.ask_to_undo(to=1)
    assert isinstance(revision, int)
    world.settle()
    (one,) = world.outcome_of(revision).modules
    assert one.outcome == "rejected" and one.error is not None and one.error.message == "its sources are damaged"
    after = world.module()
    assert (after.current, after.quarantine, after.disk, after.line) == (3, {}, before.disk, before.line)
    assert world.view().rejected is None and after.failures[-1].generation == 1


def test_an_undo_from_the_store_is_not_superseded_by_what_is_saved_meanwhile() -> None:
    """It reads no disk; what was saved follows."""
    world = gone()
    world.ask_to_undo(to=1)
    world.edit("D")
    world.finish()
    assert world.module().current == 1
    world.settle()
    assert world.module().generations[world.module().current or 0].digest == "D"


def test_an_undo_from_the_store_needs_room() -> None:
    """As every load does."""
    world = promoted(serving(spec(replicas=1, standby=0, max_generations=2)), "B")
    world.run()
    world.end(1)
    promoted(world, "C")
    revision = world.ask_to_undo(to=1)
    assert isinstance(revision, int)
    assert [one.error.code for one in world.outcome_of(revision).modules if one.error] == ["too-many-generations"]


def test_another_change_waits_for_an_undo_from_the_store() -> None:
    """And is told of it."""
    world = gone()
    world.ask_to_undo(to=1)
    with pytest.raises(Busy):
        world.ask_to_undo(to=2)


def test_an_undo_on_a_full_disk_works() -> None:
    """That is when it is needed: the pointer is swapped, nothing is written first."""
    world = promoted(serving(), "B")
    world.prompt = False
    world.scale(2)
    world.lose()
    assert world.undo().outcome == "undone" and world.module().current == 1


def test_an_undo_is_permanent_at_once() -> None:
    """Nobody goes back to what must not last."""
    world = promoted(serving(spec(auto_permanent=3600.0)), "B")
    world.undo()
    assert world.view().permanent == 1


def test_a_pinned_module_is_not_undone() -> None:
    """Nothing changes current, until it is unpinned."""
    world = promoted(serving(), "B")
    world.pin()
    with pytest.raises(Pinned) as raised:
        world.undo()
    assert raised.value.message == "op is pinned to g2" and raised.value.hint == "`hotctl unpin op`, then undo"
    world.unpin()
    assert world.undo().outcome == "undone"


def test_what_could_not_be_started_can_be_undone() -> None:
    """The permanent generation is lost, and the disk is broken: what was stable before is still there."""
    world = promoted(serving(), "B", "C")
    world.make_permanent()
    world = world.reborn()
    world.lost.add("C")
    world.write("broken")
    world.begin()
    world.settle()
    assert world.module().current is None
    assert isinstance(world.ask_to_undo(), int)
    world.settle()
    assert world.module().current == 2 and world.view().permanent == 2


def test_numbers_that_never_were_and_current_itself_are_refused() -> None:
    """Each says what there is."""
    world = promoted(serving(), "B")
    with pytest.raises(UnknownGeneration) as unknown:
        world.undo(to=9)
    assert unknown.value.message == "op has no generation g9" and unknown.value.hint == "there are g1, g2"
    with pytest.raises(Refused, match="g2 is current already"):
        world.undo(to=2)
    with pytest.raises(UnknownModule):
        world.undo("nobody")
    with pytest.raises(GenerationMismatch):
        world.undo(if_generation=1)


def test_before_the_first_generation_there_is_nothing_to_undo() -> None:
    """The command that tells why is named."""
    with pytest.raises(NoHistory) as raised:
        World().undo()
    assert raised.value.hint == "`hotctl errors op` tells why"


def test_an_ending_daemon_undoes_nothing() -> None:
    """It changes nothing any more."""
    world = promoted(serving(), "B")
    world.shut_down()
    with pytest.raises(ShuttingDown):
        world.undo()


def test_undoing_and_reloading_for_ever_keeps_the_line_short() -> None:
    """No number is in it twice."""
    world = promoted(serving(spec(replicas=0)), "B")
    for _ in range(5):
        world.undo()
        world.reload(force=True)
        world.settle()
    assert world.module().line == (1, 2)
    assert having(world, replace(world.module(), stopped=True)).undo().outcome == "undone"


# --- all of one rollout -----------------------------------------------------------------------------------------------


def undo_revision(world: World, revision: int, done: Change | None = None, **keys: Any) -> Any:
    request = requests.Undo(revision=revision, **keys)
    return world.tell(lambda book, now: undoing.undo(book, request, ROOT, now, done))


def changed_together() -> tuple[World, int]:
    world = serving(spec("a"), spec("b"))
    world.write("B", "a")
    world.write("B", "b")
    revision = world.reload(all=True, atomic=True)
    world.settle()
    return world, revision


def test_all_that_a_rollout_changed_is_taken_back_as_one() -> None:
    """One entry in the history, one swap."""
    world, revision = changed_together()

    change = undo_revision(world, revision)

    assert [(one.module, one.outcome, one.generation) for one in change.modules] == [
        ("a", "undone", 1),
        ("b", "undone", 1),
    ]
    assert (world.module("a").current, world.module("b").current) == (1, 1)
    assert world.book.history[-1].cause == f"hotctl undo --revision {revision}"


def test_a_rollout_is_taken_back_by_who_operates_all_its_modules() -> None:
    """Also where a module of the operator's own is named beside it."""
    world, revision = changed_together()

    def by(*patterns: str, module: str | None = None) -> Any:
        actor, request = Actor("ann", 1000, "operator", patterns), requests.Undo(module, revision=revision)
        return world.tell(lambda book, now: undoing.undo(book, request, actor, now))

    for module in (None, "a"):
        with pytest.raises(NotPermitted, match=f"may not undo --revision {revision}: b: that needs the role operator"):
            by("a", module=module)
    assert world.module("a").current == 2
    assert by("a", "b").outcome == "undone"


def test_a_rollout_that_something_was_built_upon_is_not_taken_back() -> None:
    """Nothing of it: the sentence names who is somewhere else by now."""
    world, revision = changed_together()
    world.edit("C", "b")
    world.settle()

    with pytest.raises(Refused, match="b is at g3 by now"):
        undo_revision(world, revision)
    assert (world.module("a").current, world.module("b").current) == (2, 3)


def restarted() -> tuple[World, int, Change]:
    """Only the store remembers the rollout, and what was before it."""
    world, revision = changed_together()
    for name in ("a", "b"):
        world.make_permanent(name)
    done = world.outcome_of(revision)
    world = world.reborn()
    world.begin()
    world.settle()
    return world, revision, done


def test_a_rollout_before_this_daemons_life_is_taken_back_as_one() -> None:
    """Both are loaded from the store and swapped together; the watcher redoes neither."""
    world, revision, done = restarted()
    with pytest.raises(UnknownRevision):
        undo_revision(world, revision)
    asked = undo_revision(world, revision, done)
    assert isinstance(asked, int)
    world.finish("a")
    assert (world.module("a").current, world.module("b").current) == (2, 2), "one waits for the other"
    world.finish("b")
    change = world.outcome_of(asked)
    assert change.outcome == "undone" and [(one.module, one.generation) for one in change.modules] == [
        ("a", 1),
        ("b", 1),
    ]
    assert world.book.history[-1].cause == f"hotctl undo --revision {revision}"
    for name in ("a", "b"):
        world.changed(f"/ops/{name}.py", module=name)
    world.settle()
    assert (world.module("a").current, world.module("b").current) == (1, 1)


def test_where_one_cannot_be_loaded_again_none_goes_back() -> None:
    """All or none."""
    world, revision, done = restarted()
    world.contents["b", "A"] = {"/ops/b.py": "LOST"}
    world.lost.add("LOST")
    asked = undo_revision(world, revision, done)
    world.settle()
    assert world.outcome_of(asked).outcome == "rejected"
    assert (world.module("a").current, world.module("b").current) == (2, 2)


def test_what_is_kept_no_more_has_expired() -> None:
    """Its number is known, and nothing behind it."""
    world, revision, done = restarted()
    module = world.module("b")
    having(world, replace(module, generations={2: module.generations[2]}))
    with pytest.raises(Expired, match=f"g1 of b, which was before revision {revision}, is kept no more"):
        undo_revision(world, revision, done)


def test_a_rollout_is_taken_back_only_from_the_generation_that_is_meant() -> None:
    """``--if-generation`` holds for each of its modules."""
    world, revision = changed_together()
    with pytest.raises(GenerationMismatch):
        undo_revision(world, revision, if_generation=1)
    assert undo_revision(world, revision, if_generation=2).outcome == "undone"


def test_a_rollout_that_changed_nothing_cannot_be_taken_back() -> None:
    """Unchanged ones, first loads, and those that nobody knows."""
    world, _ = changed_together()
    nothing = world.reload("a")
    world.settle()
    with pytest.raises(NoHistory):
        undo_revision(world, nothing)
    with pytest.raises(NoHistory):
        undo_revision(world, 1)
    with pytest.raises(UnknownRevision):
        undo_revision(world, 99)
    with pytest.raises(UsageError):
        world.tell(lambda book, now: undoing.undo(book, requests.Undo(), ROOT, now))
    world.shut_down()
    with pytest.raises(ShuttingDown):
        undo_revision(world, 1)
