"""All of hotd.toml takes effect, or nothing does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotd.contract import requests
from hotd.contract.errors import Busy, Locked, Pinned, Refused, ShuttingDown
from hotd.contract.events import EventName
from hotd.core import applying, deploying, ending, staging
from hotd.core.conditions import conditions_of_daemon
from hotd.core.configuration import ConfigPlan, config_plan
from hotd.core.effects import Host, Respecify, Unhost
from tests.support.books import ROOT, World, serving, spec

LATE = spec("late", replicas=2)


def said(world: World) -> list[tuple[str, str, str]]:
    return [(one.type, one.reason, one.message) for one in conditions_of_daemon(world.book)]


def test_nothing_to_do_loads_what_is_on_disk() -> None:
    """As `reload --all` does, and says that nothing changed."""
    world = serving()
    revision = world.apply(spec())
    world.settle()
    change = world.outcome_of(revision)
    assert (change.outcome, change.settings) == ("unchanged", ())
    assert not world.events(EventName.CONFIG_APPLIED) and not said(world)
    world.write("B")
    revision = world.apply(spec())
    world.settle()
    assert world.outcome_of(revision).outcome == "promoted" and world.module().current == 2


def test_a_module_that_comes_is_loaded_and_runs() -> None:
    """It stands in hotd.toml: a start hosts it by itself, and nobody marks it."""
    world = serving()
    revision = world.apply(spec(), LATE)
    assert world.of(Host) == [Host(LATE)]
    world.settle()
    change = world.outcome_of(revision)
    assert change.outcome == "promoted" and change.note == "1 module added"
    assert world.running("late") == {1: 1, 2: 1} and not world.view("late").added
    (told,) = world.events(EventName.MODULE_ADDED)
    assert (told.module, told.cause, told.actor) == ("late", "hotctl apply", "root")
    assert world.events(EventName.CONFIG_APPLIED)[0].message == "hotd.toml is applied: 1 module added"


def test_a_module_that_goes_drains_first() -> None:
    """And comes back as it is written then, not as it was stopped."""
    world = serving(spec("a"), spec("b"))
    revision = world.apply(spec("a"))
    world.settle()
    assert world.outcome_of(revision).outcome == "done" and world.outcome_of(revision).note == "1 module removed"
    assert world.view("b").leaving
    world.end(1, module="b")
    assert "b" not in world.book.modules and world.of(Unhost) == [Unhost("b")]
    assert not world.shelf.remembered(died=False).modules["b"].stopped
    world.apply(spec("a"), spec("b"))
    world.settle()
    assert world.view("b").generation == 1 and not world.view("b").stopped


def test_what_changes_of_a_module_takes_effect_at_once() -> None:
    """Nothing is loaded again for it."""
    world = serving()
    revision = world.apply(spec(replicas=3, surge=1))
    world.settle()
    change = world.outcome_of(revision)
    assert (change.outcome, change.note) == ("done", "2 settings changed")
    assert [m.outcome for m in change.modules] == ["unchanged"]
    assert world.view().replicas == 3 and len(world.module().instances) == 3
    world.apply(spec(replicas=1))
    world.settle()
    assert world.view().replicas == 1 and sum(i.leaving for i in world.module().instances.values()) == 2
    world.apply(spec(replicas=1, restart="never"))
    world.settle()
    for number in list(world.module().instances):
        world.end(number)
    assert not world.module().instances
    world.apply(spec(replicas=1))
    world.settle()
    assert len(world.module().instances) == 1, "always: what was done is done again"


def test_what_was_decided_at_run_time_stays_decided() -> None:
    """Replicas, a pause, a stop: hotd.toml is what `reset` returns to."""
    world = serving(spec("a"), spec("b"))
    world.scale(3, "a")
    world.pause("a")
    world.stop("b")
    world.apply(spec("a", replicas=2), spec("b", replicas=2))
    world.settle()
    view = world.view("a")
    assert (view.replicas, view.watch, view.overrides) == (3, "paused", {"replicas": 2, "paused": False})
    assert world.view("b").stopped and world.view("b").replicas == 2


def test_nothing_is_applied_where_a_module_that_comes_is_rejected() -> None:
    """Not even what has nothing to do with it; and hotd says so until it is applied."""
    world = serving(spec(keep=("x",)))
    revision = world.apply(spec(replicas=5), LATE, settings={"daemon.max_instances": 9})
    assert "late" in world.book.modules
    world.write("broken", "late")
    world.loads[world.load_of("late").id].read.update(world.lines["late"].disk)
    world.settle()
    change = world.outcome_of(revision)
    assert (change.outcome, change.note) == ("rejected", "nothing of hotd.toml was applied")
    assert [one.key for one in change.settings] == [
        "daemon.max_instances", "modules.late", "modules.op.replicas", "modules.op.keep",
    ]  # fmt: skip
    assert set(world.book.modules) == {"op"} and world.book.max_instances == 64
    assert world.view().replicas == 1 and world.module().spec.keep == ("x",)
    assert world.of(Respecify) == [Respecify(spec(replicas=5)), Respecify(spec(keep=("x",)), entered=False)]
    assert world.of(Unhost) == [Unhost("late")]
    assert not world.events(EventName.MODULE_ADDED)
    ((kind, reason, message),) = said(world)
    assert (kind, reason) == ("Rejected", "not-applied")
    assert message == (
        f"hotd.toml is not applied: revision {revision} failed (`hotctl outcome {revision}` tells "
        "why); nothing was changed; `hotctl apply` reads it again"
    )
    world.write("good", "late")
    world.apply(spec(replicas=5), LATE)
    world.settle()
    assert not said(world) and world.view("late").generation == 1


def test_nothing_is_applied_where_an_edit_is_rejected() -> None:
    """The disk and hotd.toml are one change."""
    world = serving(spec("a"), spec("b"))
    world.write("broken", "a")
    revision = world.apply(spec("a"), spec("b", replicas=3))
    world.settle()
    assert world.outcome_of(revision).outcome == "rejected" and world.view("b").replicas == 1
    world.apply(spec("a"), spec("b"))
    world.settle()
    assert len(world.events(EventName.CONFIG_REJECTED)) == 1, "without a change of hotd.toml that is the edit's news"


def test_what_is_called_with_something_else_is_looked_at_again() -> None:
    """A call that cannot work is no surprise of the next instance."""
    world = serving()
    world.apply(spec(args=(1,)))
    assert world.load_of().recheck and world.load_of().args == (1,)
    world.settle()
    assert world.of(Respecify) == [Respecify(spec(args=(1,)), entered=True)]
    world.apply(spec(args=(1,)))
    assert not world.load_of().recheck
    world.settle()
    world.apply(replace(spec(args=(1,)), entry="op:Other"))
    assert (world.load_of().entry, world.load_of().recheck) == ("op:Other", True)
    world.settle()
    assert world.view().entry == "op:Other"


def test_settings_of_the_daemon_take_effect_with_it() -> None:
    """At once, or named until the restart."""
    world = serving()
    settings = {"daemon.max_instances": 9, "watch.enabled": False, "daemon.executor": "dask"}
    world.apply(spec(), settings=settings)
    world.settle()
    assert world.book.max_instances == 9 and not world.book.watches
    message = "hotd.toml says otherwise of daemon.executor, which takes effect when the daemon is restarted"
    assert said(world) == [("RestartRequired", "configuration", message)]
    since = world.book.config.restart
    world.time += 5.0
    world.apply(spec(), settings={"daemon.executor": "dask"})
    world.settle()
    assert world.book.config.restart == since, "it is no news"
    world.apply(spec())
    world.settle()
    assert not said(world)


def test_a_file_with_errors_changes_nothing_and_says_so() -> None:
    """Until one without is applied."""
    world = serving()
    before = world.book.modules
    world.tell(lambda book, now: applying.unreadable(book, "hotd.toml:3: no such key", ROOT, now))
    assert world.book.modules == before
    assert said(world)[0][2].startswith("hotd.toml is not applied: hotd.toml:3: no such key")
    (told,) = world.events(EventName.CONFIG_REJECTED)
    assert told.message == "hotd.toml is not applied: hotd.toml:3: no such key"
    world.apply(spec())
    world.settle()
    assert not said(world)


def test_of_many_errors_a_condition_has_the_first() -> None:
    """It is one line in every table; whoever applies sees them all."""
    world = serving()
    world.tell(lambda book, now: applying.unreadable(book, "hotd.toml:3: wrong\nhotd.toml:5: a\nb", ROOT, now))
    (told,) = world.events(EventName.CONFIG_REJECTED)
    assert told.message == "hotd.toml is not applied: hotd.toml:3: wrong (and 2 more)"
    assert said(world)[0][2] == f"{told.message}; `hotctl apply` reads it again"


def test_nobody_elses_work_is_in_the_way() -> None:
    """A deploy, a staged candidate, another apply, a pin of what goes, a name that was added at run time."""
    world = serving(spec("a"), spec("b"))
    world.apply(spec("a"), spec("b"))
    with pytest.raises(Locked, match=r"root is applying hotd\.toml since 0 s"):
        world.apply(spec("a"))
    world.settle()
    world.pin("b")
    with pytest.raises(Pinned, match=r"b is pinned, and hotd\.toml has it no more"):
        world.apply(spec("a"))
    world.add(LATE)
    world.settle()
    world.run("late")
    with pytest.raises(Refused, match="late was added at run time"):
        world.apply(spec("a"), spec("b"), LATE)
    world.remove("late")
    with pytest.raises(Busy, match="late is being removed"):
        world.apply(spec("a"), spec("b"), LATE)
    world.write("B", "a")
    world.tell(lambda book, now: staging.stage(book, requests.Stage("a"), ROOT, now))
    world.settle()
    with pytest.raises(Busy, match="a candidate of a waits"):
        world.apply(spec("a"), spec("b"))
    world.tell(lambda book, now: staging.abort(book, requests.Abort("a"), ROOT, now))
    request = requests.Deploy()
    world.tell(lambda book, now: deploying.deploy(book, request, ROOT, now))
    with pytest.raises(Locked, match="is deploying"):
        world.apply(spec("a"), spec("b"))
    world.tell(lambda book, now: ending.begin(book, 1.0, now))
    with pytest.raises(ShuttingDown):
        world.apply(spec("a"), spec("b"))


def test_a_module_that_is_gone_by_itself_meanwhile_is_gone() -> None:
    """Nobody is told to go twice."""
    world = serving(spec("a"), spec("b"))
    plan = config_plan({}, {}, {"a": spec("a"), "b": spec("b"), "c": spec("c")}, [spec("a")])
    world.tell(lambda book, now: applying.apply(book, plan, "SIGHUP", ROOT, now))
    world.settle()
    assert world.view("b").leaving
    world.tell(lambda book, now: applying.apply(book, plan, "SIGHUP", ROOT, now))
    world.settle()
    assert len(world.events(EventName.MODULE_LEAVING)) == 1


def test_a_daemon_that_hosts_nothing_applies_settings() -> None:
    """There is nothing to load for them."""
    world = serving(spec("a"))
    world.apply()
    world.settle()
    world.end(1, module="a")
    assert not world.book.modules
    revision = world.apply(settings={"daemon.max_instances": 9})
    assert world.outcome_of(revision).outcome == "done" and world.book.max_instances == 9


def test_a_preview_says_what_would_be_done() -> None:
    """Or that there is nothing to do."""
    plan = config_plan({}, {}, {}, [LATE])
    assert (applying.preview(plan).outcome, applying.preview(plan).note) == ("planned", "1 module added")
    assert applying.preview(plan).settings == plan.told
    assert applying.preview(ConfigPlan()).note.startswith("hotd.toml says what is so already")
    assert applying.requested(requests.Apply(reason="why")) == "hotctl apply: why"
    assert applying.requested(requests.Apply()) == "hotctl apply"
