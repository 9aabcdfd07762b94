"""Instances that somebody asks for one by one."""

from __future__ import annotations

from typing import Any

import pytest

from hotd.contract import requests
from hotd.contract.errors import GenerationMismatch, Refused, ShuttingDown, TooManyInstances, UnknownModule
from hotd.contract.events import EventName
from hotd.contract.views import Change
from hotd.core import demand
from hotd.core.effects import StartInstance
from hotd.core.picture import ended_view, instance_views
from tests.support.books import OP, ROOT, World, serving, spec


def ask(world: World, module: str = OP, **keys: Any) -> Change:
    request = requests.Run(module, **keys)
    answer = world.tell(lambda book, now: demand.run(book, request, ROOT, now))
    assert isinstance(answer, Change)
    return answer


def started(world: World) -> list[tuple[Any, Any]]:
    return [(effect.spec.args, effect.spec.kwargs) for effect in world.of(StartInstance)]


def test_a_module_without_replicas_runs_when_it_is_asked_to() -> None:
    """With the arguments that were given, or the module's own."""
    world = serving(spec(replicas=0, args=("{instance}",), kwargs={"size": 1}))

    change = ask(world, args=("a", 2), reason="by hand")
    ask(world, kwargs={"size": 3})
    ask(world)

    assert change.outcome == "done" and change.modules[0].instance == "op-1"
    assert started(world) == [(("a", 2), {}), ((), {"size": 3}), ((3,), {"size": 1})]
    (told, *_) = world.events(EventName.INSTANCE_REQUESTED)
    assert (told.instance, told.actor, told.cause) == ("op-1", "root", "hotctl run: by hand")


def test_it_takes_no_place_of_the_replicas_and_nobody_replaces_it() -> None:
    """Two replicas and one more are three; when the one ends, two remain, and no pause was earned."""
    world = serving(spec(replicas=2))
    ask(world)
    world.run()
    assert world.running() == {1: 1, 2: 1, 3: 1}

    world.end(3)

    assert world.running() == {1: 1, 2: 1}
    assert world.module().pace.quick_ends == 0
    world.end(1)
    world.wait(60)
    assert world.running() == {2: 1, 4: 1}


def test_how_it_ended_is_told_to_who_asks_late() -> None:
    """A failure is one, and is in the module's errors."""
    world = serving(spec(replicas=0))
    ask(world)
    ask(world)
    world.run()
    world.time += 2
    world.end(1)
    world.fail(2)

    fine, bad = ended_view(world.module(), "op-1"), ended_view(world.module(), "op-2")

    assert fine is not None and (fine.state, fine.age_s, fine.on_demand, fine.current) == ("ended", 2.0, True, True)
    assert bad is not None and bad.state == "failed"
    assert world.module().errors == 1
    assert ended_view(world.module(), "op-3") is None


def test_a_new_generation_does_not_end_it_halfway() -> None:
    """Nobody would do its work again: not by ``on_change = "stop"``, not by a restart or a smaller scale."""
    world = serving(spec(replicas=1, on_change="stop"))
    ask(world)
    world.run()
    world.edit("B")
    world.settle()
    world.restart()
    world.scale(0)

    assert world.module().instances[2].state == "running"
    assert world.states()[1] == "draining"
    world.stop("op-2")
    assert world.module().instances[2].state == "stopping"


def test_it_is_listed_as_what_it_is() -> None:
    """Beside the replicas."""
    world = serving(spec())
    ask(world)

    assert [view.on_demand for view in instance_views(world.module(), world.now, lambda _: None)] == [False, True]


def test_a_module_whose_only_instance_is_on_demand_is_not_served_by_it() -> None:
    """The replica that is missing is still started."""
    world = serving(spec(replicas=0))
    ask(world)
    world.scale(1)

    assert world.running() == {1: 1, 2: 1}


def test_what_cannot_run_is_refused_with_the_way_out() -> None:
    """Unknown, not loaded, stopped, another generation, too many, the end of the daemon."""
    world = World(spec("empty"))
    with pytest.raises(Refused, match="has no generation"):
        ask(world, "empty")
    world = serving(spec(), max_instances=1)
    with pytest.raises(UnknownModule):
        ask(world, "oo")
    with pytest.raises(GenerationMismatch):
        ask(world, if_generation=2)
    with pytest.raises(TooManyInstances, match="max_instances = 1"):
        ask(world)
    world.stop()
    with pytest.raises(Refused, match="is stopped"):
        ask(world)
    world.shut_down()
    with pytest.raises(ShuttingDown):
        ask(world)


def test_what_is_asked_for_during_a_rollout_is_run_once_and_by_one_generation() -> None:
    """Before it, while it loads, after the swap, while the old drains: none is lost, none is run twice."""
    world = serving(spec())
    asked = [ask(world)]
    world.write("B")
    world.reload()
    asked.append(ask(world))
    world.settle()
    asked.append(ask(world))
    world.drain(1)
    asked.append(ask(world))
    started = {str(one.spec.id): one.spec.generation for one in world.of(StartInstance)}
    assert [started[change.modules[0].instance or ""] for change in asked] == [1, 1, 2, 2]
    ids = [str(one.spec.id) for one in world.of(StartInstance)]
    assert len(ids) == len(set(ids))
