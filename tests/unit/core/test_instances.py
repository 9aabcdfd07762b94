"""Instances: born when a place is free, replaced when they end, asked to end a few at a time."""

from __future__ import annotations

import pytest

from hotd.contract.events import EventName
from hotd.core.book import Pace
from hotd.core.effects import AskToEnd, StartInstance
from hotd.core.instances import LONGEST_PAUSE, calm_at
from hotd.core.messages import InstanceEnded, InstanceFailed, InstanceStarted
from hotd.core.reconcile import next_deadline
from hotd.core.values import Failure, InstanceId
from tests.support.books import World, promoted, serving, spec


def numbers(world: World) -> list[int]:
    """The instances that were started, in order."""
    return [effect.spec.id.number for effect in world.of(StartInstance)]


# --- places -----------------------------------------------------------------------------------------------------------


def test_as_many_run_as_there_are_replicas() -> None:
    """Each with arguments of its own, and everything an executor needs."""
    world = World(spec(replicas=2, args=("{instance}",), kwargs={"name": "w{instance}"}, stop_method="halt"))
    world.reload()
    world.settle()
    specs = [effect.spec for effect in world.of(StartInstance)]
    assert [one.id for one in specs] == [InstanceId("op", 1), InstanceId("op", 2)]
    assert [(one.args, one.kwargs) for one in specs] == [((1,), {"name": "w1"}), ((2,), {"name": "w2"})]
    assert {(one.generation, one.digest, one.stop_method) for one in specs} == {(1, "A", "halt")}


def test_an_ended_instance_is_replaced_at_once() -> None:
    """By notification; its number is never used again."""
    world = serving(spec(replicas=2))
    world.end(1)
    assert numbers(world) == [3] and world.running() == {2: 1, 3: 1}


def test_old_and_new_never_exceed_the_replicas() -> None:
    """The new code gets each place as its holder ends."""
    world = promoted(serving(spec(replicas=2)), "B")
    assert world.running() == {1: 1, 2: 1}
    world.end(2)
    assert world.running() == {1: 1, 3: 2}
    world.end(1)
    assert world.running() == {3: 2, 4: 2} and world.states() == {1: "standby", 2: "current"}


def test_a_surge_lets_the_new_code_run_beside_the_old() -> None:
    """So many more, while old ones drain; never more new ones than replicas."""
    world = promoted(serving(spec(replicas=3, surge=1)), "B")
    assert sorted(world.running().values()) == [1, 1, 1, 2]
    world.end(1)
    world.end(2)
    assert sorted(world.running().values()) == [1, 2, 2, 2]
    world.end(3)
    assert sorted(world.running().values()) == [2, 2, 2]


def test_an_instance_is_running_when_its_executor_says_so() -> None:
    """Told once, and not of one that was asked to end before."""
    world = World(spec(replicas=2))
    world.reload()
    world.settle()
    world.stop("op-2")
    world.run()
    world.run()
    assert [i.state for i in world.module().instances.values()] == ["running", "stopping"]
    (told,) = world.events(EventName.INSTANCE_STARTED)
    assert (told.message, told.instance) == ("op-1 runs g1", "op-1")


def test_news_of_nobody_changes_nothing() -> None:
    """Of an instance that was never known, or is told of twice."""
    world = serving()
    before = world.book
    for gone in (InstanceId("op", 99), InstanceId("nobody", 1)):
        world.report(InstanceEnded(gone))
        world.report(InstanceStarted(gone))
    assert world.book == before


# --- ends -------------------------------------------------------------------------------------------------------------


def test_an_end_tells_how_long_it_lived_and_on_what() -> None:
    """Whether it was asked makes a difference to whoever reads the log."""
    world = serving(spec(replicas=2))
    world.end(1)
    world.stop("op-2")
    world.end(2)
    messages = [e.message for e in world.events(EventName.INSTANCE_ENDED)]
    assert messages == ["op-1 ended on g1 after 10.0 s", "op-2 ended as asked on g1 after 10.0 s"]
    assert world.events(EventName.INSTANCE_ENDED)[0].fields == {"lived_s": 10.0}


def test_a_failure_is_kept_with_generation_and_instance() -> None:
    """Also where it had been asked to end; the place is filled all the same."""
    world = serving(spec(replicas=2))
    world.stop("op-2")
    world.fail(2, message="while stopping")
    world.fail(1)
    assert [f.instance for f in world.module().failures] == ["op-2", "op-1"]
    assert world.module().failures[1].error.message == "ValueError: boom"
    assert world.module().errors == 2 and world.running() == {3: 1, 4: 1}
    told = world.events(EventName.INSTANCE_FAILED)[1]
    assert told.message == "op-1 failed on g1: ValueError: boom (/ops/op.py:7)"


def test_a_failure_without_a_message_is_its_kind() -> None:
    """And without a file it has no place."""
    world = serving()
    bare = Failure("KeyboardInterrupt", "", "")
    world.alive.clear()
    world.report(InstanceFailed(InstanceId("op", 1), bare))
    assert world.module().failures[0].error.message == "KeyboardInterrupt"
    assert world.events(EventName.INSTANCE_FAILED)[0].message.endswith("KeyboardInterrupt: ")


@pytest.mark.parametrize(
    ("restart", "ending", "replaced"),
    [
        ("always", "end", True),
        ("always", "fail", True),
        ("on-failure", "end", False),
        ("on-failure", "fail", True),
        ("never", "end", False),
        ("never", "fail", False),
    ],
)
def test_restart_says_which_ends_are_replaced(restart: str, ending: str, replaced: bool) -> None:
    """Work that is done for good frees no place; a new generation does not do it again."""
    world = serving(spec(replicas=2, restart=restart))
    getattr(world, ending)(1)
    assert (len(world.running()) == 2) == replaced
    promoted(world, "B")
    assert (len(world.running()) == 2) == replaced
    world.start()
    assert len(world.running()) == 2, "a start fills the places again"


@pytest.mark.parametrize("restart", ["on-failure", "never"])
def test_who_was_asked_to_end_is_replaced_whatever_restart_says(restart: str) -> None:
    """Its work was not done."""
    world = serving(spec(restart=restart))
    world.stop("op-1")
    world.end(1)
    assert world.running() == {2: 1}


# --- ends that come too fast ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["end", "fail"])
def test_ends_that_come_too_fast_are_slowed_down_more_and_more(ending: str) -> None:
    """Normal ends too: a loop of starts serves nobody."""
    world = serving()
    world.time += 100
    world.end(1)
    pauses = []
    for number in range(2, 16):
        getattr(world, ending)(number)
        assert world.running() == {}
        due = next_deadline(world.book)
        assert due is not None
        pauses.append(round(due - world.time, 3))
        world.wait(pauses[-1])
        assert world.running() == {number + 1: 1}
    assert pauses[:5] == [0.1, 0.2, 0.4, 0.8, 1.6] and pauses[-1] == LONGEST_PAUSE


def test_an_end_that_was_asked_for_is_never_too_fast() -> None:
    """Restarting by hand is not a crash."""
    world = serving()
    for number in (1, 2, 3):
        world.restart(f"op-{number}")
        world.end(number)
    assert world.module().pace == Pace() and world.running() == {4: 1}


def test_an_instance_that_lived_long_enough_forgives_those_before() -> None:
    """Also where its end is the first that is heard of it."""
    world = serving()
    world.end(1)
    world.fail(2)
    world.wait(0.1)
    world.time += 0.5
    world.fail(3)
    assert world.module().pace.quick_ends == 2 and world.module().pace.failing
    world.wait(0.2)
    world.time += 5.0
    world.fail(4)
    assert world.module().pace == Pace() and world.running() == {5: 1}


def test_old_code_neither_slows_the_new_down_nor_forgives_it() -> None:
    """Its quick ends say nothing of current, and its long lives do not either."""
    world = serving(spec(replicas=3))
    world.end(1)
    promoted(world, "B")
    world.fail(4)
    assert world.module().pace == Pace() and world.running() == {2: 1, 3: 1, 5: 2}
    world.end(5)
    world.wait(0.5)
    for number in (6, 7):
        world.fail(number)
        world.wait(0.5)
    assert world.module().pace.quick_ends == 3
    world.end(2)
    assert world.module().pace.quick_ends == 3 and "CrashLooping" in world.kinds()


def test_a_crash_loop_is_over_when_everybody_has_lived_a_second() -> None:
    """Not only at the next end, which may be days away."""
    world = serving()
    world.end(1)
    for number in (2, 3, 4):
        world.fail(number)
        world.wait(0.5)
    assert world.view().health == "Degraded" and "CrashLooping" in world.kinds()
    assert calm_at(world.module()) == next_deadline(world.book), "the engine wakes for it"
    world.run()
    world.wait(1.0)
    assert world.view().health == "Healthy" and world.kinds() == [] and next_deadline(world.book) is None


def test_a_crash_loop_is_not_over_because_a_neighbour_lives() -> None:
    """Nor because it ends: as long as one place is empty or just filled, it goes on."""
    world = serving(spec(replicas=2))
    world.fail(2)
    for number in (3, 4, 5, 6, 7):
        world.fail(number)
        due = next_deadline(world.book)
        assert due is not None
        world.wait(due - world.time)
    assert world.module().pace.quick_ends == 5
    world.end(1)
    assert world.module().pace.quick_ends == 5


def test_a_module_that_is_stopped_has_no_crash_loop() -> None:
    """Nothing runs that could end too fast."""
    world = serving()
    world.end(1)
    for number in (2, 3, 4):
        world.fail(number)
        world.wait(0.5)
    world.stop()
    world.end(5)
    assert "CrashLooping" not in world.kinds()


# --- asking -----------------------------------------------------------------------------------------------------------


def test_on_change_stop_asks_the_old_code_to_end_a_few_at_a_time() -> None:
    """So many places empty at once as ``max_unavailable`` says; the next is asked when one is filled again."""
    world = promoted(serving(spec(replicas=3, on_change="stop", max_unavailable=1)), "B")
    assert world.of(AskToEnd) == [AskToEnd(InstanceId("op", 1))]
    (told,) = world.events(EventName.INSTANCE_STOPPING)
    assert told.message == "op-1 is asked to end at its next checkpoint"
    world.end(1)
    assert world.asked == {InstanceId("op", 1), InstanceId("op", 2)} and world.running() == {2: 1, 3: 1, 4: 2}
    world.end(2)
    world.end(3)
    assert world.running() == {4: 2, 5: 2, 6: 2} and world.states() == {1: "standby", 2: "current"}


def test_who_finds_a_successor_beside_it_may_go_at_once() -> None:
    """With a surge of its own size the old code is asked all together: no place is empty meanwhile."""
    world = promoted(serving(spec(replicas=2, surge=2, on_change="stop")), "B")
    assert len(world.of(AskToEnd)) == 2 and sorted(world.running().values()) == [1, 1, 2, 2]


def test_while_the_new_code_crashes_the_old_is_not_asked() -> None:
    """A broken generation does not take the last working instances with it."""
    world = promoted(serving(spec(replicas=3, on_change="stop", max_unavailable=1)), "B")
    world.end(1)
    asked = len(world.asked)
    world.fail(4)
    world.end(2)
    assert len(world.asked) == asked, "two places are empty already"
    assert world.running() == {3: 1}


def test_who_leaves_without_a_successor_holds_no_restart_up() -> None:
    """Scaled down and restarted at once: those that nobody replaces are not missing."""
    world = serving(spec(replicas=4))
    world.scale(2)
    world.restart()
    assert {one.number for one in world.asked} == {1, 3, 4}


def test_max_instances_does_not_keep_a_module_from_being_restarted() -> None:
    """Places that it cannot fill anyway do not count as empty."""
    world = serving(spec("a", replicas=3), spec("b", replicas=3), max_instances=4)
    world.restart("b")
    assert world.of(AskToEnd) == [AskToEnd(InstanceId("b", 1))]
    world.end(1, module="b")
    assert world.running("b") == {2: 1}


def test_a_place_that_another_module_takes_does_not_hold_up_who_shall_end() -> None:
    """Of a module that waits for its next start, one is not asked; once there is no room for that start, it is."""
    world = serving(spec("a", replicas=2), spec("b", replicas=0), max_instances=2)
    world.end(1, module="a")
    world.fail(3, "a")
    world.stop("a-2")
    assert not world.asked
    world.scale(1, "b")
    assert {str(one) for one in world.asked} == {"a-2"}


def test_an_undo_withdraws_what_only_the_change_asked_for() -> None:
    """Instances of the generation that is current again, not asked yet, go on; a restart by hand goes on too."""
    world = promoted(serving(spec(replicas=3, on_change="stop")), "B")
    world.undo()
    assert world.asked == {InstanceId("op", 1)} and world.running() == {1: 1, 2: 1, 3: 1}
    world.end(1)
    assert world.asked == {InstanceId("op", 1)} and world.running() == {2: 1, 3: 1, 4: 1}
    world.restart()
    promoted(world, "C")
    world.undo()
    for number in (2, 3, 4):
        world.end(number)
    assert {n.number for n in world.asked} == {1, 2, 3, 4}


def test_whoever_was_promised_an_end_gets_it_whatever_is_asked_meanwhile() -> None:
    """A restart goes on though one more instance is ended by hand."""
    world = serving(spec(replicas=3))
    world.restart()
    world.stop("op-3")
    for number in (1, 2, 3):
        world.end(number)
    assert {one.number for one in world.asked} == {1, 2, 3} and world.running() == {4: 1, 5: 1, 6: 1}


def test_nobody_is_asked_twice() -> None:
    """A second restart while the first goes on."""
    world = serving(spec(replicas=2))
    world.restart()
    world.restart()
    assert world.of(AskToEnd) == [AskToEnd(InstanceId("op", 1))]


def test_one_that_does_not_end_when_asked_keeps_the_others_waiting_for_its_deadline_only() -> None:
    """It is named and keeps its place; the rest is replaced one after the other. Current or old, it is the same."""
    world = serving(spec(replicas=4, drain_deadline=60.0))
    world.restart()
    world.wait(59.0)
    assert {one.number for one in world.asked} == {1}
    world.wait(1.0)
    assert {one.number for one in world.asked} == {1, 2}
    for number in (2, 3, 4):
        world.end(number)
        world.run()
    assert world.running() == {1: 1, 5: 1, 6: 1, 7: 1}
    stalled = world.condition("Stalled")
    assert stalled is not None and stalled.message == "asked to end, and still running past the deadline: op-1"

    world = promoted(serving(spec(replicas=4, drain_deadline=60.0)), "B")
    world.drain(1)
    world.wait(60.0)
    assert {one.number for one in world.asked} == {1, 2}, "past the deadline of all they are still asked one by one"
    for number in (2, 3, 4):
        world.end(number)
        world.run()
    assert world.running() == {1: 1, 5: 2, 6: 2, 7: 2}
    stalled = world.condition("Stalled")
    assert stalled is not None and stalled.message == "g1 still drains past its deadline: op-1"
    assert world.kinds().count("Stalled") == 1
