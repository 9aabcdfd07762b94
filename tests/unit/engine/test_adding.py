"""Modules come and go through the desk."""

from __future__ import annotations

import pytest

from hotd.contract import requests
from hotd.contract.errors import Busy, Refused, UnknownModule
from hotd.contract.verbs import VERBS, Role
from hotd.core.messages import InstanceEnded
from hotd.engine.desk import Desk
from tests.unit.engine.ports import FakeAdding, FakeExecutor, FakeLoading, caught_up
from tests.unit.engine.test_across_restarts import ask, desk, store

__all__ = ["desk", "store"]


def added(desk: Desk) -> FakeLoading:
    """``late`` runs."""
    loading = desk.loading
    assert isinstance(loading, FakeLoading)
    ask(desk, requests.Add("late", "late:Op", ("/late",), max_wait=0.0))
    loading.finish(1, "A")
    caught_up(desk.engine)
    return loading


def test_what_is_added_is_watched_hosted_and_loaded(desk: Desk) -> None:
    """In this order: no change falls between."""
    loading = added(desk)
    assert isinstance(desk.adding, FakeAdding) and desk.adding.told == ["coming /late", "watch"]
    assert loading.calls[:3] == [("host", "late"), ("start", "late"), ("promote", "late", 1)]
    with pytest.raises(Refused):
        ask(desk, requests.Add("late", "late:Op"))


def test_a_removal_is_waited_for(desk: Desk) -> None:
    """Then it is gone, its roots are watched no more, and its history is still there."""
    loading, executor, adding = added(desk), desk.executor, desk.adding
    assert isinstance(executor, FakeExecutor) and isinstance(adding, FakeAdding)
    executor.on_stop = lambda instance: desk.engine.instance_event(InstanceEnded(instance))
    change = ask(desk, requests.Remove("late"))
    assert change.outcome == "done" and change.modules[0].previous == 1
    assert loading.calls[-2:] == [("unhost", "late"), ("retire", "late", 1)] and adding.told[-2:] == ["watch", "watch"]
    with pytest.raises(UnknownModule):
        ask(desk, requests.Status("late"))
    assert ask(desk, requests.Remove("late")).outcome == "done"
    assert ask(desk, requests.History("late")).revisions[0].outcome == "promoted"


def test_who_waits_for_an_instance_on_demand_is_told_how_it_ended(desk: Desk) -> None:
    """Also where its module has gone by then."""
    added(desk)
    instance = ask(desk, requests.Run("late")).modules[0].instance
    executor = desk.executor
    assert isinstance(executor, FakeExecutor)
    executor.on_stop = lambda one: desk.engine.instance_event(InstanceEnded(one))
    assert ask(desk, requests.Remove("late")).outcome == "done"
    assert ask(desk, requests.Instances(instance=instance)).instances[0].state == "ended"


def test_what_drains_is_left_alone_meanwhile(desk: Desk) -> None:
    """Who does not wait is told who has to end."""
    added(desk)
    assert ask(desk, requests.Remove("late", max_wait=0.0)).note.startswith("late-1 to end; then it goes")
    assert ask(desk, requests.Remove("late", max_wait=0.0)).outcome == "in-flight"
    with pytest.raises(Busy):
        ask(desk, requests.Scale("late", 3))


def test_hosting_is_for_admins() -> None:
    """Whoever adds a module runs what he likes."""
    assert VERBS["add"].role == VERBS["remove"].role == Role.ADMIN
