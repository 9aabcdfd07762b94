"""A daemon starts with what was permanent, whatever the disk holds by now; the disk is a change like any other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hotd.contract.errors import Quarantined
from hotd.contract.events import EventName
from hotd.core.book import DEATHS, MOST_QUARANTINED
from hotd.core.messages import LoadKind
from hotd.core.starting import MOST_MOURNED
from tests.support.books import OP, World, promoted, serving, spec

LATER = 3600.0


def started(world: World) -> World:
    """Begun, and everything loaded that is to be loaded."""
    world.begin()
    world.settle()
    world.run()
    return world


def grown(**keys: Any) -> World:
    """g1, of ``A``, is permanent; g2, of ``B``, is current, and not for long enough."""
    world = serving(spec(auto_permanent=60.0, **keys))
    world.wait(LATER)
    assert world.view().permanent == 1
    promoted(world, "B")
    world.run()
    return world


def test_the_first_start_loads_the_disk() -> None:
    """Nothing is permanent yet."""
    world = started(World())
    assert world.module().current == 1 and world.module().generations[1].digest == "A"


def test_a_start_loads_what_is_permanent_under_its_number() -> None:
    """Not the disk, and not what was current for a moment; then the disk is tried as a change."""
    world = grown().reborn()
    world.begin()
    (job,) = (one.job for one in world.loads.values())
    assert job.restores == (1, "A") and job.changed is None and not job.avoid
    world.finish()
    assert world.module().current == 1 and world.view().permanent == 1
    (job,) = (one.job for one in world.loads.values())
    assert job.restores is None and job.changed is None, "everything is looked at: nobody knows what changed"
    world.finish()
    assert world.module().current == 2 and world.module().line == (1, 2)


def test_a_disk_that_holds_what_is_permanent_changes_nothing() -> None:
    """One generation, one entry in the history: the start."""
    world = serving()
    world = started(world.reborn())
    assert world.module().current == 1 and world.view().out_of_sync is False
    assert [one.cause for one in world.book.history if one.listed] == ["start"]


def test_broken_source_on_disk_does_not_keep_a_start_from_serving() -> None:
    """What is permanent runs, and the disk is out of sync."""
    world = serving()
    world.write("broken")
    world = started(world.reborn())
    assert world.module().current == 1 and world.view().health == "Healthy"
    assert world.kinds() == ["Rejected", "OutOfSync"]


@pytest.mark.parametrize("how", ["pause", "pause all", "pin", "manual", "unwatched"])
def test_a_start_holds_back_what_the_daemon_before_held_back(how: str) -> None:
    """Pauses and pins last; the disk is only looked at, so that it can be told to differ."""
    world = serving(spec(watch="manual" if how == "manual" else "auto"))
    if how in ("pause", "pause all"):
        world.pause(OP if how == "pause" else None)
    if how == "pin":
        world.pin()
    world.write("B")
    world = started(world.reborn(watches=how != "unwatched"))
    assert world.module().current == 1
    out_of_sync = world.condition("OutOfSync")
    reasons = {"pause": "paused", "pause all": "paused", "unwatched": "changed", "pin": "pinned", "manual": "manual"}
    assert out_of_sync is not None and out_of_sync.reason == reasons[how]
    if how in ("pause", "pause all"):
        world.resume(OP if how == "pause" else None)
        world.settle()
        assert world.module().current == 2


def test_what_was_decided_lasts() -> None:
    """Replicas, stops, quarantine; and it is told where hotd.toml says otherwise."""
    world = promoted(serving(spec(replicas=2)), "B")
    world.undo()
    world.scale(3)
    world.stop()
    world = started(world.reborn())
    assert world.module().replicas == 3 and world.module().stopped and not world.running()
    assert world.view().overrides == {"replicas": 2, "stopped": False}
    assert world.module().quarantine == {"B": "undone"} and world.module().current == 1
    assert world.view().out_of_sync, "the watcher does not redo what was undone, not even after a restart"


def test_numbers_go_on_where_they_were() -> None:
    """Of generations and of revisions; a rejected edit is still remembered."""
    world = promoted(serving(), "B", "C")
    world.edit("broken")
    world.settle()
    revision = world.book.next_revision
    world = started(world.reborn())
    world.edit("D")
    world.settle()
    assert world.module().current == 4
    assert min(one.revision for one in world.book.history) >= revision
    assert [one.digest for one in world.module().rejections] == ["broken"]


def test_what_cannot_be_brought_back_gives_way_to_the_disk() -> None:
    """A module without its sources is told of, and what is on disk is tried: never a dead module for that."""
    world = serving()
    world = world.reborn()
    world.lost.add("A")
    world.write("B")
    revision = world.begin()
    world.finish()
    assert world.module().current is None
    change = world.outcome_of(revision)
    assert change.outcome == "rejected" and world.module().failures[-1].generation == 1
    (told,) = world.events(EventName.RELOAD_REJECTED)
    assert told.message == "op g1 could not be brought back, nothing runs: its sources are damaged"
    world.settle()
    assert world.module().current == 2 and world.module().quarantine == {}


def test_generations_that_nobody_can_load_any_more_are_not_permanent() -> None:
    """Their record is gone; the disk is all there is."""
    world = serving()
    world.shelf.generations.clear()
    world = started(world.reborn())
    assert world.module().current == 1 and world.module().generations[1].cause == "start"


def test_an_entry_that_was_not_closed_counts_for_the_next_start() -> None:
    """The daemon died between the word that something is about to be done and the word that it was."""
    world = grown()
    world.prompt = False
    world.write("C")
    world.reload()
    world.settle()
    world.keep()
    world.keep()
    assert world.module().current == 3, "the swap was made, and nobody knows of it"
    world = world.reborn()
    assert world.book.modules[OP].generations[3].digest == "C"
    started(world)
    assert world.module().current == 3 and world.module().deaths == {"C": 1}


# --- three deaths ----------------------------------------------------------------------------------------------------


def died_of(world: World, times: int) -> World:
    """A daemon that died so often, each time with what is on disk current and not permanent; the next one's start."""
    for _ in range(times):
        started(world)
        world = world.reborn()
    return started(world)


def test_what_the_daemon_dies_of_is_tried_again_but_not_for_ever() -> None:
    """Three deaths of one content, then the permanent generation stays."""
    world = grown().reborn()
    assert started(world).module().deaths == {"B": 1}
    world = died_of(world.reborn(), DEATHS - 2)
    assert world.module().current == 1 and world.module().quarantine == {"B": "died"}
    out_of_sync = world.condition("OutOfSync")
    assert out_of_sync is not None and out_of_sync.reason == "died"
    assert out_of_sync.message.startswith("the daemon died 3 times of what is on disk; g1 serves")
    world = started(world.reborn())
    assert world.module().current == 1 and world.module().deaths == {"B": 3}, "what was not tried did not kill"


def test_a_person_may_try_what_the_daemon_died_of() -> None:
    """By force; without it he is told why not."""
    world = died_of(grown().reborn(), DEATHS - 1)
    revision = world.reload()
    world.settle()
    (change,) = world.outcome_of(revision).modules
    assert change.error is not None and change.error.code == Quarantined.code
    assert change.error.message == "the daemon died 3 times of what is on disk for op"
    assert change.error.hint == "edit it, or `hotctl reload op --force`"
    world.reload(force=True)
    world.settle()
    assert world.module().current == 2 and world.module().quarantine == {}


def test_other_content_is_no_reason_for_fear() -> None:
    """The quarantine is of one content."""
    world = died_of(grown().reborn(), DEATHS - 1)
    world.edit("C")
    world.settle()
    assert world.module().current == 3


def test_an_end_of_its_own_is_no_death() -> None:
    """However often somebody stops the daemon."""
    world = grown()
    for _ in range(DEATHS + 1):
        world = started(world.reborn(died=False))
    assert world.module().current == 2 and world.module().deaths == {}


def test_who_dies_of_the_only_code_there_is_tries_it_again_and_again() -> None:
    """Nothing else could run."""
    world = World(spec(auto_permanent=LATER))
    world = died_of(world, DEATHS + 1)
    assert world.module().current == 1 and world.module().quarantine == {}
    world.make_permanent()
    assert world.module().deaths == {}


def test_deaths_of_very_many_contents_are_not_remembered_for_ever() -> None:
    """The oldest are forgotten."""
    world = grown()
    for number in range(MOST_MOURNED + 2):
        world = world.reborn()
        world.write(str(number))
        started(world)
    assert len(world.module().deaths) == MOST_MOURNED < MOST_QUARANTINED


def test_a_look_of_a_start_is_no_news() -> None:
    """It leaves no trace in the history, and the paths that it knows nothing of stay to be loaded."""
    world = serving()
    world.pause()
    world.write("B")
    world = world.reborn()
    world.begin()
    world.finish()
    assert [one.job.kind for one in world.loads.values()] == [LoadKind.PLAN]
    world.finish()
    assert len(world.book.history) == 1 and world.module().pending


# --- imports that end the process ------------------------------------------------------------------------------------


def importing(world: World, **digests: str) -> World:
    """The next daemon, after one that died importing those."""
    following = world.reborn()
    following.known = replace(following.known, trying=digests)
    return following


def test_what_ends_the_process_as_it_is_imported_is_not_imported_for_ever() -> None:
    """Three deaths, then the disk is left alone, and what is permanent serves."""
    world = serving()
    world.write("B")
    for times in range(1, DEATHS):
        world = importing(world, op="B")
        world.begin()
        world.finish()
        assert world.module().deaths == {"B": times} and world.module().current == 1
    world = started(importing(world, op="B"))
    out_of_sync = world.condition("OutOfSync")
    assert world.module().current == 1 and out_of_sync is not None
    assert (out_of_sync.reason, out_of_sync.message) == (
        "fatal",
        "the daemon died 3 times importing what is on disk; g1 serves until it changes, or `hotctl reload op --force`",
    )
    world.edit("C")
    world.settle()
    assert world.module().current == 2


def test_nobody_else_is_to_blame_for_a_death_in_an_import() -> None:
    """What was current meanwhile did nothing."""
    world = grown()
    following = started(importing(world, other="X"))
    assert following.module().deaths == {} and following.module().current == 2


def test_the_only_code_there_is_is_left_alone_if_it_ends_the_process() -> None:
    """One module that does not run is better than a daemon that does not."""
    world = World()
    for _ in range(DEATHS):
        world = importing(world, op="A")
        world.begin()
    world.settle()
    assert world.module().current is None and world.view().health == "Degraded"
    (condition,) = world.view().conditions
    assert (condition.type, condition.reason) == ("Rejected", "fatal")
    assert condition.message == (
        "the daemon died 3 times importing what is on disk; nothing runs; edit it, or `hotctl reload op --force`"
    )
    world.reload(force=True)
    world.settle()
    assert world.module().current == 1 and not world.view().conditions


def test_what_is_permanent_is_left_alone_if_it_ends_the_process_by_now() -> None:
    """Over another Python, perhaps; then the disk is all there is."""
    world = serving()
    for _ in range(DEATHS):
        world = importing(world, op="A")
        world.begin()
    world.settle()
    assert world.module().current is None and world.view().permanent == 1
    world.edit("B")
    world.settle()
    assert world.module().current == 2
