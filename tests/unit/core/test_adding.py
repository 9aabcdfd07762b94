"""Modules come and go while the daemon runs, and what somebody was told of them holds at the next start."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotd.contract import requests
from hotd.contract.errors import (
    Busy,
    GenerationMismatch,
    HotdError,
    Locked,
    Pinned,
    Refused,
    ShuttingDown,
    UnknownModule,
)
from hotd.contract.events import EventName
from hotd.core import adding, deploying, durable
from hotd.core.book import Leak
from hotd.core.effects import Host, Retire, Unhost
from hotd.core.reasons import Seen, why
from hotd.core.records import Added
from hotd.core.rollouts import named
from hotd.core.values import Spec
from tests.support.books import OP, ROOT, World, having, promoted, serving, spec

LATE = spec("late", replicas=2)


def hosting(late: Spec = LATE, **keys: Any) -> World:
    """``op`` of hotd.toml, and ``late``, which was added and runs."""
    world = serving()
    world.add(late, **keys)
    world.settle()
    world.run("late")
    world.time += 10.0
    world.forget()
    return world


def test_what_is_added_is_loaded_and_runs() -> None:
    """Told, in the history, marked; the others notice nothing."""
    world = serving()
    before = world.module()
    revision = world.add(LATE, reason="need it", options={"replicas": 2})
    assert world.of(Host) == [Host(LATE)]
    world.settle()
    assert world.outcome_of(revision).outcome == "promoted" and world.running("late") == {1: 1, 2: 1}
    (told,) = world.events(EventName.MODULE_ADDED)
    assert (told.message, told.actor, told.cause) == ("late is hosted: late:Op", "root", "hotctl add: need it")
    assert world.view("late").added and not world.view().added and world.module() == before
    assert world.module("late").added == {"entry": "late:Op", "replicas": 2}


def test_what_is_added_is_hosted_by_the_next_daemon() -> None:
    """With its numbers, pins, replicas and whatever else was decided."""
    world = hosting(roots=("/ops",), options={"replicas": 2})
    assert world.shelf.added["late"] == Added("late", "late:Op", {"roots": ["/ops"], "replicas": 2})
    world.scale(3, "late")
    world.pin("late")
    world.make_permanent("late")
    world = world.reborn()
    world.begin()
    world.settle()
    assert world.view("late").added and world.view("late").overrides == {"replicas": 2}
    assert (world.module("late").current, world.module("late").pinned, len(world.running("late"))) == (1, True, 3)
    world.reset("late")
    assert "it was added" in world.reset("late").note


def test_what_is_rejected_stays_and_heals() -> None:
    """As a module of hotd.toml does whose first load fails."""
    world = serving()
    world.lines["late"] = world.lines[OP].__class__({"/ops/late.py": "broken"})
    revision = world.add(LATE)
    world.settle()
    assert world.outcome_of(revision).outcome == "rejected" and world.view("late").health == "Degraded"
    world.edit("A", "late")
    world.settle()
    assert world.module("late").current == 1


def test_a_name_is_taken_once() -> None:
    """By hotd.toml, by who came first, and by who has not quite gone."""
    world = hosting()
    with pytest.raises(Refused, match="op stands in hotd"):
        world.add(spec())
    with pytest.raises(Refused, match="late was added already: late:Op") as caught:
        world.add(LATE)
    assert caught.value.hint == "`hotctl remove late` first"
    world.remove("late")
    with pytest.raises(Busy, match="late is being removed since root said so: late-1, late-2 to end"):
        world.add(LATE)


def test_nothing_is_added_where_there_is_no_room_or_no_time() -> None:
    """More replicas than instances, a deploy under way, an end under way."""
    world = serving()
    with pytest.raises(Refused, match="65 replicas are more"):
        world.add(spec("late", replicas=65))
    world.tell(lambda book, now: deploying.deploy(book, requests.Deploy(), ROOT, now))
    with pytest.raises(Locked):
        world.add(LATE)
    world.shut_down()
    with pytest.raises(ShuttingDown):
        world.add(LATE)


def test_what_is_removed_drains_first_and_leaves_memory_then() -> None:
    """Nothing new is started, nothing is loaded; with the last instance it goes."""
    world = promoted(hosting(), "B", module="late")
    world.forget()
    change = world.remove("late", reason="done")
    assert change.outcome == "in-flight" and "late-1, late-2 to end" in change.note
    assert world.asked and world.view("late").leaving and world.view("late").overrides == {}
    assert [one.type for one in why(world.book, world.module("late"), None, world.now, Seen())].count("Leaving") == 1
    world.edit("C", "late")
    world.settle()
    assert world.module("late").current == 2 and named(world.book, (), True) == (OP,)
    world.end(1, module="late")
    assert "late" in world.book.modules and world.remove("late").outcome == "in-flight", "it waits on"
    world.end(2, module="late")
    assert "late" not in world.book.modules
    left = [one for one in world.effects if isinstance(one, Unhost | Retire)]
    assert left[0] == Unhost("late") and {one.number for one in left[1:] if isinstance(one, Retire)} == {1, 2}
    (told,) = world.events(EventName.MODULE_REMOVED)
    assert (told.message, told.cause) == ("late is hosted no more; it was at g2", "hotctl remove: done")
    assert world.remove("late").outcome == "done", "whoever asks again is told so"
    with pytest.raises(UnknownModule):
        world.remove("lake")


def test_many_instances_are_not_all_named() -> None:
    """Five, and how many others."""
    world = hosting(spec("late", replicas=8))
    assert "late-5 and 3 more to end" in world.remove("late").note


def test_the_next_daemon_does_not_host_what_was_removed() -> None:
    """Even if this one dies before the last instance has ended, or where there was none."""
    world = hosting()
    world.remove("late")
    assert world.shelf.added["late"] == Added("late", None)
    assert list(world.reborn().book.modules) == [OP]
    world = serving()
    world.lines["late"] = world.lines[OP].__class__({"/ops/late.py": "broken"})
    world.add(LATE)
    world.settle()
    world.remove("late")
    assert "late" not in world.book.modules and world.shelf.added["late"] == Added("late", None)


def test_numbers_go_on_when_it_comes_back() -> None:
    """In this daemon's life and in the next; what was decided about the earlier one is over."""
    world = promoted(hosting(spec("late", replicas=0)), "B", module="late")
    world.scale(2, "late")
    world.scale(0, "late")
    world.end(1, module="late")
    world.end(2, module="late")
    module = world.module("late")
    having(world, replace(module, leaks={1: Leak(world.now, ("late",))}))
    world.pause("late")
    world.remove("late")
    world.write("C", "late")
    world.forget()
    world.add(spec("late"))
    (hosted,) = world.of(Host)
    assert hosted.newest == (2, "B")
    world.settle()
    module = world.module("late")
    assert (module.current, module.paused, sorted(module.generations), list(module.leaks)) == (3, False, [1, 2, 3], [1])
    assert list(world.running("late")) == [3], "nor is an instance's number given twice"
    world.end(3, module="late")
    world.remove("late")
    for number in world.running("late") if "late" in world.book.modules else ():
        world.end(number, module="late")
    world = world.reborn()
    world.write("D", OP)
    world.lines["late"] = world.lines[OP].__class__({"/ops/late.py": "D"})
    world.add(spec("late"))
    world.settle()
    assert world.module("late").current == 4


def test_what_stands_in_hotd_toml_is_not_removed() -> None:
    """The next start would host it again."""
    world = serving()
    with pytest.raises(Refused, match="op stands in hotd"):
        world.remove(OP)


def test_a_removal_waits_its_turn() -> None:
    """A rollout, a deploy, a pin, another generation than was meant: nothing happens."""
    world = hosting()
    with pytest.raises(GenerationMismatch):
        world.remove("late", if_generation=7)
    world.pin("late")
    with pytest.raises(Pinned):
        world.remove("late")
    world.unpin("late")
    world.write("B", "late")
    world.reload("late")
    with pytest.raises(Busy):
        world.remove("late")
    world.settle()
    world.tell(lambda book, now: deploying.deploy(book, requests.Deploy(("late",)), ROOT, now))
    with pytest.raises(Locked):
        world.remove("late")


def test_a_look_that_is_under_way_is_waited_for() -> None:
    """Its answer must find the module."""
    world = hosting(spec("late", replicas=0))
    world.pause("late")
    world.edit("B", "late")
    assert world.loads
    world.remove("late")
    assert "late" in world.book.modules
    world.settle()
    assert "late" not in world.book.modules


def test_a_rollout_over_several_modules_is_waited_for_too() -> None:
    """It tells of all of them when it is over."""
    world = hosting(spec("late", replicas=0))
    world.write("B", "late")
    world.write("B")
    revision = world.reload("late", "op")
    world.finish("late")
    world.remove("late")
    assert "late" in world.book.modules and world.outcome_of(revision).outcome == "in-flight"
    world.finish("op")
    assert "late" not in world.book.modules
    assert [one.generation for one in world.outcome_of(revision).modules] == [2, 2]


def test_nothing_else_is_done_to_what_is_on_its_way_out() -> None:
    """Its name is in no other verb's way, and it can be asked for again."""
    world = hosting()
    world.remove("late")
    refused: list[requests.Request] = [
        requests.Reload(("op", "late")), requests.Scale("late", 3), requests.Start("late"), requests.Stop("late"),
    ]  # fmt: skip
    for request in refused:
        with pytest.raises(Busy):
            adding.check_stays(world.book, request)
    for request in (requests.Remove("late"), requests.Reload(("op",)), requests.Stop("late-1"), requests.Pause()):
        adding.check_stays(world.book, request)


def test_an_abandoned_instance_keeps_no_module() -> None:
    """It is not counted; what it still says is nobody's news."""
    late = spec("late", drain_deadline=5.0, after_deadline="abandon")
    world = hosting(late)
    world.remove("late")
    world.wait(6.0)
    assert "late" not in world.book.modules
    (told,) = world.events(EventName.MODULE_REMOVED)
    assert told.message.endswith("; abandoned, and running for all that is known: late-1")
    world.end(1, module="late")
    world.add(late)
    assert world.module("late").tainted, "only a new daemon is clean"


def test_an_import_that_ends_after_its_module_has_gone_changes_nothing() -> None:
    """It was abandoned at its deadline, and its thread came to an end at last."""
    world = hosting(spec("late", replicas=0, load_deadline=1.0))
    world.write("B", "late")
    world.reload("late")
    world.wait(2.0)
    (job,) = world.abandoned
    world.remove("late")
    assert "late" not in world.book.modules
    before = world.book
    world.end_load(job)
    assert world.book.modules == before.modules


def test_a_store_that_is_begun_anew_is_told_of_what_was_added() -> None:
    """Not of what is being removed."""
    world = hosting()
    (kept,) = [one for one in durable.everything(world.book) if isinstance(one, Added)]
    assert kept.entry == "late:Op"
    world.remove("late")
    (kept,) = [one for one in durable.everything(world.book) if isinstance(one, Added)]
    assert kept.entry is None


def test_what_is_told_at_the_end() -> None:
    """Previous is what it was at."""
    change = adding.gone("late", 2)
    assert (change.outcome, change.modules[0].previous, change.modules[0].generation) == ("done", 2, None)


class Comings:
    """What the steps below do to ``late``, and what was said of it last."""

    def __init__(self, abandons: bool) -> None:
        self.late = spec("late", drain_deadline=5.0, after_deadline="abandon" if abandons else "wait")
        self.world = World(spec())
        self.wanted = False
        self.texts = 0
        self.start()

    def start(self) -> None:
        self.world.begin()
        self.world.settle()

    def add(self) -> None:
        self.world.add(self.late)
        self.wanted = True

    def remove(self) -> None:
        self.world.remove("late")
        self.wanted = False

    def edit(self) -> None:
        self.texts += 1
        if "late" in self.world.book.modules:
            self.world.edit(f"{'broken' if self.texts % 4 == 0 else 'text'}{self.texts}", "late")

    def run(self) -> None:
        if "late" in self.world.book.modules:
            self.world.run("late")

    def end(self) -> None:
        for one in [one for one in self.world.alive if one.module == "late"][:1]:
            self.world.end(one.number, module="late")

    def die(self) -> None:
        self.world = self.world.reborn()
        self.start()


STEPS = {
    **{name: getattr(Comings, name) for name in ("add", "remove", "edit", "run", "end", "die")},
    "load": lambda it: it.world.settle(),
    "wait": lambda it: it.world.wait(3.0),
    **{
        name: lambda it, name=name: getattr(it.world, name)("late")
        for name in ("reload", "pin", "unpin", "ask_to_undo")
    },
}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(sorted(STEPS)), max_size=40), st.booleans())
def test_whatever_happens_it_is_hosted_or_gone_as_was_said_last(steps: list[str], abandons: bool) -> None:
    """Numbers keep their meaning, what is gone left memory, and the next daemon hosts what this one was told to."""
    it = Comings(abandons)
    meaning: dict[int, str] = {}
    for step in steps:
        with contextlib.suppress(HotdError):
            STEPS[step](it)
        hosted, departed = it.world.book.modules.get("late"), it.world.book.departed.get("late")
        assert it.wanted == (hosted is not None and hosted.leaving is None)
        assert hosted is None or departed is None
        kept = it.world.shelf.added.get("late")
        assert it.wanted == (kept is not None and kept.entry is not None), "the next daemon does as this one"
        line = it.world.lines.get("late")
        assert hosted is not None or line is None or (not line.memory and line.current is None), "it left memory"
        found = hosted or departed
        for number, generation in found.generations.items() if found is not None else ():
            assert meaning.setdefault(number, generation.digest) == generation.digest, "a number keeps its meaning"
