"""The book: one immutable value, and the facts that are read off it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotd.contract.errors import UnknownModule
from hotd.contract.views import Change
from hotd.core.book import (
    MOST_QUARANTINED,
    MOST_REVISIONS,
    Disk,
    Instance,
    Module,
    Revision,
    bounded,
    carrying,
    open_book,
    quarantined,
    recorded,
    saw,
    without,
)
from hotd.core.messages import LoadKind
from hotd.core.values import InstanceId, Instant
from tests.support.books import World, promoted, serving, spec

NOW = Instant(5.0, 50.0)


def test_an_unknown_module_is_answered_with_the_nearest_name() -> None:
    """Did you mean."""
    with pytest.raises(UnknownModule) as raised:
        open_book((spec("long_op"),), now=NOW, max_instances=9).module("long_pp")
    assert raised.value.hint == "did you mean 'long_op'?"


@pytest.mark.parametrize(("names", "hint"), [(("b", "a"), "hosted: a, b"), ((), "hosted: none")])
def test_where_no_name_is_near_all_are_told(names: tuple[str, ...], hint: str) -> None:
    """Or that there is none."""
    with pytest.raises(UnknownModule) as raised:
        open_book(tuple(spec(name) for name in names), now=NOW, max_instances=9).module("something_else")
    assert raised.value.hint == hint


def test_small_helpers_leave_what_they_are_given() -> None:
    """New values come out."""
    mapping, items = {1: "a", 2: "b"}, (1, 2, 3)
    assert without(mapping, 1) == {2: "b"} and mapping == {1: "a", 2: "b"}
    assert bounded(items, 4, 2) == (3, 4) and bounded(items, 4, 9) == (1, 2, 3, 4)


@pytest.mark.parametrize(
    ("on_current", "old", "replicas", "surge", "finished", "missing"),
    [
        (0, 0, 2, 0, 0, 2),
        (2, 0, 2, 0, 0, 0),
        (0, 2, 2, 0, 0, 0),
        (0, 2, 2, 1, 0, 1),
        (0, 2, 2, 5, 0, 2),
        (1, 1, 2, 0, 0, 0),
        (1, 0, 2, 0, 0, 1),
        (3, 0, 2, 0, 0, 0),
        (0, 0, 2, 0, 2, 0),
        (0, 0, 2, 0, 1, 1),
        (0, 0, 2, 0, 5, 0),
    ],
)
def test_old_and_new_together_fill_replicas_plus_surge(
    on_current: int, old: int, replicas: int, surge: int, finished: int, missing: int
) -> None:
    """A place is free when neither old nor new code holds it, and its work is not done for good."""
    world = promoted(serving(spec(replicas=0)), "B")
    instances = {
        n: Instance(InstanceId("op", n), 2 if n <= on_current else 1, "running", NOW)
        for n in range(1, on_current + old + 1)
    }
    module = world.module()
    module = replace(
        module, instances=instances, replicas=replicas, finished=finished, spec=replace(module.spec, surge=surge)
    )
    assert module.shortfall == missing
    assert replace(module, stopped=True).shortfall == 0
    assert Module(spec(replicas=3), 3).shortfall == 0, "without a generation there is nothing to run"


def test_an_abandoned_instance_takes_no_place() -> None:
    """It is listed and no longer counted."""
    module = serving(spec(replicas=2)).module()
    one = replace(module.instances[1], state="abandoned")
    module = replace(module, instances={**module.instances, 1: one})
    assert (module.alive, module.on_current, module.count(1), module.shortfall) == (1, 1, 1, 1)


def test_checks_do_not_push_rollouts_out_of_the_history() -> None:
    """A history of what was changed is not lost to a monitor that checks every minute."""
    book = open_book((), now=NOW, max_instances=9)
    for number in range(1, MOST_REVISIONS + 20):
        listed = number % 2 == 1 or number > MOST_REVISIONS
        book = recorded(book, Revision(number, NOW, "", "", Change(None, (), "done"), 0.0, listed))
    assert len([r for r in book.history if r.listed]) == 269
    for number in range(1000, 1000 + 3 * MOST_REVISIONS):
        book = recorded(book, Revision(number, NOW, "", "", Change(None, (), "done"), 0.0, listed=False))
    assert len([r for r in book.history if r.listed]) == 269
    assert len(book.history) == 269 + MOST_REVISIONS
    assert book.history[-1].revision == 1000 + 3 * MOST_REVISIONS - 1


def test_the_quarantine_is_bounded_and_the_newest_stay() -> None:
    """A thousand broken edits are not remembered for ever."""
    module = Module(spec(), 1)
    for number in range(MOST_QUARANTINED + 5):
        module = quarantined(module, f"d{number}", "rejected")
    module = quarantined(module, "d50", "undone")
    assert len(module.quarantine) == MOST_QUARANTINED
    assert "d4" not in module.quarantine and "d5" in module.quarantine
    assert list(module.quarantine.items())[-1] == ("d50", "undone")


def test_what_digests_cover_is_kept_only_of_those_that_matter() -> None:
    """What is neither quarantined nor a generation's is nobody's any more."""
    seen = (("op", "late"),)
    module = carrying(quarantined(Module(spec(), 1), "d1", "rejected"), "d1", seen)
    assert carrying(module, "d1", seen) is module and carrying(module, "d1", ()) is module
    module = carrying(module, "d2", seen)
    assert module.carried == {"d1": seen, "d2": seen}
    assert carrying(module, "d3", seen).carried == {"d1": seen, "d3": seen}


def test_what_is_seen_on_disk_keeps_the_moment_it_was_first_seen() -> None:
    """Looking again does not make news younger."""
    module = saw(Module(spec(), 1), "B", NOW)
    again = saw(module, "B", Instant(9.0, 90.0))
    assert again.disk == Disk("B", NOW)
    assert saw(again, "C", Instant(9.0, 90.0)).disk == Disk("C", Instant(9.0, 90.0))


def test_nothing_differs_before_the_first_generation_and_the_first_look() -> None:
    """Out of sync is a relation between two known things."""
    assert not Module(spec(), 1).differs and Module(spec(), 1).rejection is None
    assert not saw(Module(spec(), 1), "B", NOW).differs
    module = serving().module()
    assert not module.differs and not replace(module, disk=None).differs
    assert saw(module, "B", NOW).differs and not saw(module, "A", NOW).differs


def test_a_module_is_in_flight_while_any_rollout_holds_it_and_changing_only_by_a_reload() -> None:
    """A check stands in nobody's way."""
    world = serving(spec("a"), spec("b"))
    assert world.book.in_flight("a") is None
    check = world.check("a")
    reload = world.reload("a")
    assert [r.revision for r in (world.book.in_flight("a"), world.book.changing("a")) if r] == [check, reload]
    assert world.book.in_flight("b") is None and world.book.changing("b") is None
    assert world.book.rollouts[check].kind is LoadKind.CHECK and not world.book.rollouts[check].holds("nobody")


def test_room_is_what_the_module_lacks_and_the_daemon_allows() -> None:
    """``max_instances`` bounds all modules together; an ending daemon has room for none."""
    world = serving(spec("a", replicas=3), spec("b", replicas=3), max_instances=4)
    assert world.running("a") == {1: 1, 2: 1, 3: 1} and world.running("b") == {1: 1}
    assert world.book.startable(world.module("b")) == 0 and world.module("b").shortfall == 2
    world.scale(2, "a")
    world.end(3, module="a")
    assert world.running("b") == {1: 1, 2: 1}
    world.shut_down()
    world.end(1, module="a")
    assert world.book.startable(world.module("a")) == 0


def test_the_world_begins_empty() -> None:
    """Everything configured, nothing loaded."""
    module = World().module()
    assert (module.current, module.alive, module.on_current, module.loaded) == (None, 0, 0, ())
