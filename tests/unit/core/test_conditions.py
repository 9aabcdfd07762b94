"""Health and the conditions beside it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotd.contract.views import Health
from hotd.core.conditions import overall_health
from hotd.core.messages import Rejected
from hotd.core.times import rfc3339
from hotd.core.values import Instant
from tests.support.books import FILE, World, having, promoted, respec, serving, spec


def said(world: World, kind: str) -> tuple[str, str]:
    """Reason and message of the one condition of that type."""
    (found,) = [one for one in world.view().conditions if one.type == kind]
    return found.reason, found.message


def test_a_module_that_serves_what_is_on_disk_is_healthy() -> None:
    """Nothing to say."""
    view = serving(spec(replicas=2)).view()
    assert (view.health, view.conditions, view.out_of_sync) == ("Healthy", (), False)


def test_a_rejected_edit_over_a_healthy_current_is_healthy() -> None:
    """Rejected and OutOfSync say what is to be known; nobody needs to get up for it."""
    world = serving()
    world.wait(5.0)
    world.edit("broken")
    world.settle()
    view = world.view()
    assert (view.health, world.kinds()) == ("Healthy", ["Rejected", "OutOfSync"])
    assert said(world, "Rejected") == ("syntax-error", f"{FILE}:3: invalid syntax; g1 stays current")
    assert said(world, "OutOfSync") == ("rejected", "what is on disk was rejected; g1 serves")
    assert {one.since for one in view.conditions} == {rfc3339(world.now)}


def test_a_first_load_that_failed_is_degraded() -> None:
    """Also while somebody looks again, or file changes are held; a load in progress gives hope."""
    world = World()
    assert world.view().health == "Degraded"
    world.write("broken")
    world.reload()
    assert world.view().health == "Progressing"
    world.settle()
    assert (world.view().health, world.kinds()) == ("Degraded", ["Rejected"])
    assert said(world, "Rejected")[1].endswith("; nothing runs")
    world.pause()
    world.edit("broken2")
    assert world.view().health == "Degraded"
    world.check()
    assert world.view().health == "Degraded"


def test_a_vanished_source_is_called_by_its_name() -> None:
    """Current keeps serving."""
    world = serving()
    world.write("B")
    world.reload()
    job = world.load_of()
    world.loads.clear()
    world.loaded(Rejected(job, "no op", "source-missing", "op.py is gone", None, None, None, None, 0.1))
    assert world.kinds() == ["SourceMissing", "OutOfSync"] and world.view().health == "Healthy"


def test_while_old_code_holds_the_places_current_is_not_serving() -> None:
    """Since the promote; it ends by itself."""
    world = promoted(serving(), "B")
    world.wait(5.0)
    view = world.view()
    assert (view.health, [c.type for c in view.conditions]) == ("Progressing", ["NotServing"])
    assert view.conditions[0].reason == "draining" and view.conditions[0].since == view.loaded_at


def test_while_old_code_drains_beside_the_new_it_is_progressing() -> None:
    """Nothing is missing, and it is not over."""
    world = promoted(serving(spec(surge=1)), "B")
    world.run()
    assert (world.view().health, world.kinds()) == ("Progressing", [])
    world.end(1)
    assert world.view().health == "Healthy"


def test_where_max_instances_is_reached_that_is_why_nothing_runs() -> None:
    """The number to raise is named."""
    world = serving(spec("op"), spec("b", replicas=4), max_instances=5)
    world.stop()
    world.end(1)
    world.scale(5, "b")
    world.start()
    assert said(world, "NotServing") == (
        "max-instances",
        "g1 is current but nothing runs it: max_instances = 5 of the whole daemon is reached",
    )


def test_where_ends_come_too_fast_the_next_start_waits() -> None:
    """And says so."""
    world = serving()
    world.end(1)
    world.end(2)
    reason, message = said(world, "NotServing")
    assert world.view().health == "Progressing"
    assert (reason, message) == (
        "starting",
        "g1 is current, no instance runs yet; ends come too fast, the next start waits",
    )
    fresh = promoted(serving(), "B")
    having(fresh, replace(fresh.module(), instances={}))
    assert said(fresh, "NotServing")[1] == "g2 is current, no instance runs yet"


@pytest.mark.parametrize("how", ["stopped", "replicas", "finished"])
def test_where_nothing_shall_run_nothing_is_missing(how: str) -> None:
    """Stopped, scaled to none, or done."""
    world = serving(spec(restart="never"))
    if how == "stopped":
        world.stop()
    elif how == "replicas":
        world.scale(0)
    world.end(1)
    assert (world.view().health, world.kinds()) == ("Healthy", [])


def test_three_quick_failures_are_a_crash_loop() -> None:
    """Two are not; quick normal ends are none; the message is that of the instance."""
    world = serving()
    world.end(1)
    for number in (2, 3, 4):
        assert "CrashLooping" not in world.kinds()
        world.fail(number, message="boom" if number == 4 else "earlier")
        world.wait(0.5)
    world.edit("broken")
    world.settle()
    assert world.view().health == "Degraded"
    assert said(world, "CrashLooping") == (
        "raised",
        "3 instances in a row ended within a second: ValueError: boom; `hotctl errors op`",
    )
    quick = serving()
    quick.end(1)
    quick.fail(2)
    for number in (3, 4, 5):
        quick.wait(0.9)
        quick.end(number)
    assert quick.module().pace.quick_ends == 4 and "CrashLooping" not in quick.kinds()


def test_a_drain_past_its_deadline_is_stalled_and_degraded() -> None:
    """Who holds it up is named; since then, not since the drain began."""
    world = promoted(serving(spec(replicas=2, drain_deadline=60.0)), "B")
    world.end(1)
    world.run()
    world.wait(100.0)
    assert world.view().health == "Degraded"
    assert said(world, "Stalled") == ("drain-deadline", "g1 still drains past its deadline: op-2")
    (stalled,) = [one for one in world.view().conditions if one.type == "Stalled"]
    assert stalled.since == rfc3339(Instant(0.0, world.now.wall - 40.0))
    world.end(2)
    assert "Stalled" not in world.kinds()


def test_an_instance_that_does_not_end_when_asked_is_stalled() -> None:
    """Also of current: `hotctl stop` must not hang in silence."""
    world = serving(spec(replicas=2, drain_deadline=60.0))
    world.stop()
    assert world.view().health == "Progressing"
    world.wait(60.0)
    assert world.view().health == "Degraded"
    assert said(world, "Stalled")[1] == "asked to end, and still running past the deadline: op-1, op-2"
    world.end(1)
    world.end(2)
    assert (world.view().health, world.kinds()) == ("Healthy", [])


def test_whoever_was_late_is_late_under_new_code_too() -> None:
    """A promote does not hide it; being abandoned ends it."""
    world = serving(spec(replicas=2, drain_deadline=60.0))
    world.stop("op-2")
    world.wait(60.0)
    since = rfc3339(world.now)
    promoted(world, "B")
    stalled = world.condition("Stalled")
    assert stalled is not None and stalled.message.endswith("past the deadline: op-2") and stalled.since == since
    respec(world, after_deadline="abandon")
    world.wait(60.0)
    assert "Stalled" not in world.kinds()


def test_an_abandoned_instance_taints_the_module_until_the_daemon_ends() -> None:
    """Degraded while its thread is there; tainted ever after."""
    world = promoted(serving(spec(drain_deadline=60.0, after_deadline="abandon")), "B")
    world.wait(60.0)
    world.run()
    assert world.view().health == "Degraded"
    assert said(world, "Tainted")[1] == "abandoned and not counted: op-1; only a new daemon is clean"
    world.end(1)
    assert (world.view().health, world.kinds()) == ("Healthy", ["Tainted"])
    assert said(world, "Tainted")[1] == "instances were abandoned and ended late; only a new daemon is clean"


def test_an_import_that_will_not_end_taints_the_module_as_long_as_it_does_not() -> None:
    """Its thread cannot be ended; how many there are is told."""
    world = serving(spec(load_deadline=3.0))
    world.edit("B")
    world.wait(3.0)
    since = rfc3339(world.now)
    assert world.view().health == "Degraded"
    assert said(world, "Tainted") == (
        "import-abandoned",
        "an abandoned import of op will not end; the daemon's log has the stack, only a new daemon is clean",
    )
    world.edit("C")
    world.wait(3.0)
    assert said(world, "Tainted")[1].startswith("2 abandoned imports of op will not end")
    assert [one.since for one in world.view().conditions if one.type == "Tainted"] == [since]
    world.edit("D")
    world.settle()
    for job in list(world.abandoned):
        world.end_load(job)
    assert "Tainted" not in world.kinds()


def test_what_is_out_of_sync_says_what_brings_it_in() -> None:
    """Each reason with the command for it."""
    world = serving()
    world.pause("op")
    world.edit("B")
    world.settle()
    assert said(world, "OutOfSync") == ("paused", "files changed while paused; `hotctl resume op` loads them")
    world.pause()
    assert said(world, "OutOfSync")[1] == "files changed while paused; `hotctl resume` loads them"
    respec(world, watch="manual")
    assert said(world, "OutOfSync") == ("manual", "files changed; `hotctl reload op` loads them")
    assert world.view().health == "Healthy"


def test_what_a_resume_would_not_load_is_not_told_to_be_resumed() -> None:
    """It was asked for by hand while paused, and kept back by its neighbour."""
    world = serving(spec("a"), spec("b"))
    world.pause()
    world.write("B", "a")
    world.write("broken", "b")
    world.reload("a", "b", atomic=True)
    world.settle()
    shown = world.condition("OutOfSync", "a")
    assert shown is not None and shown.message == "files changed; `hotctl reload a` loads them"


def test_undone_while_paused_is_not_told_to_resume() -> None:
    """A resume would not load it."""
    world = promoted(serving(), "B")
    world.pause()
    world.undo()
    assert said(world, "OutOfSync")[0] == "undone"


def test_an_old_undo_does_not_explain_a_new_difference() -> None:
    """What is on disk now was never undone."""
    world = promoted(serving(), "B")
    world.undo()
    world.write("C")
    world.reload(dry_run=True)
    world.settle()
    assert said(world, "OutOfSync") == ("changed", "files changed; `hotctl reload op` loads them")


def test_since_when_it_is_out_of_sync() -> None:
    """Since the later of the two: what is on disk came, or current did."""
    world = promoted(serving(), "B")
    world.wait(10.0)
    world.undo()
    undone = rfc3339(world.now)
    world.wait(10.0)
    world.changed(FILE)
    world.settle()
    shown = world.condition("OutOfSync")
    assert shown is not None and shown.since == undone


def test_starting_and_stopping_end_by_themselves() -> None:
    """Progressing."""
    world = World()
    world.reload()
    world.settle()
    assert (world.view().health, world.kinds()) == ("Progressing", [])
    world.run()
    assert world.view().health == "Healthy"
    world.reload()
    assert world.view().health == "Progressing"
    world.settle()
    world.check()
    assert world.view().health == "Healthy", "a check is no change"


@pytest.mark.parametrize(
    ("healths", "degraded", "worst"),
    [
        ([], False, "Healthy"),
        (["Healthy", "Progressing"], False, "Progressing"),
        (["Healthy", "Degraded", "Progressing"], False, "Degraded"),
        (["Healthy"], True, "Degraded"),
    ],
)
def test_the_daemon_is_as_well_as_its_worst_module(healths: list[Health], degraded: bool, worst: Health) -> None:
    """Or worse, by conditions of its own."""
    assert overall_health(healths, degraded) == worst
