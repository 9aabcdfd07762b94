"""How what happened is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotd.contract.views import ErrorView, Serving
from hotd.core.wording import as_served, gen, listed, located, module_change, not_served, serving, worded
from tests.support.books import having, promoted, spec
from tests.support.books import serving as serving_world


def test_not_serving_is_said_in_the_words_of_the_design() -> None:
    """Who stays where, until when, and what to type."""
    world = promoted(serving_world(spec("long_op", replicas=2)), "B", module="long_op")
    assert not_served(world.module("long_op")) == (
        "g2 is current but nothing runs it: long_op-1 and -2 stay on g1 until they end; "
        "`hotctl restart long_op` asks them to"
    )


def test_what_a_note_said_of_nobody_serving_is_told_as_of_now() -> None:
    """The counts beside it are of now, too; whatever else it says stays."""
    world = promoted(serving_world(spec(replicas=2)), "B")
    note = f"{not_served(world.module())}; pydantic 2.7 -> 2.9 since g1"
    assert as_served(note, world.module()) == note
    assert as_served(note, None) == as_served("pydantic 2.7 -> 2.9 since g1", world.module())
    world.end(1)
    assert as_served(note, world.module()) == "pydantic 2.7 -> 2.9 since g1"
    assert as_served(not_served(promoted(world, "C").module()), None) == ""


def test_one_instance_and_three_instances_are_told_in_right_english() -> None:
    """Also where they run different generations."""
    one = promoted(serving_world(spec()), "B").module()
    assert not_served(one) == (
        "g2 is current but nothing runs it: op-1 stays on g1 until it ends; `hotctl restart op` asks it to"
    )
    world = serving_world(spec(replicas=3))
    promoted(world, "B")
    world.end(2)
    promoted(world, "C")
    assert not_served(world.module()) == (
        "g3 is current but nothing runs it: op-1, -3 and -4 stay on g1 and g2 until they end; "
        "`hotctl restart op` asks them to"
    )


@pytest.mark.parametrize(
    ("replicas", "words"),
    [
        (1, "op-1 stays on g1 until it ends; it is asked to at its next checkpoint"),
        (2, "op-1 and -2 stay on g1 until they end; they are asked to at their next checkpoint"),
    ],
)
def test_nobody_is_told_to_ask_whoever_is_asked_already(replicas: int, words: str) -> None:
    """With ``on_change = "stop"`` the daemon asks by itself."""
    world = promoted(serving_world(spec(replicas=replicas, on_change="stop")), "B")
    assert words in not_served(world.module())


def test_where_a_place_is_free_nothing_is_missing() -> None:
    """With a surge, the new code runs a moment later; where nothing shall run, nothing is missing either."""
    world = promoted(serving_world(spec(surge=1)), "B")
    assert world.running() == {1: 1, 2: 2} and not_served(world.module()) == ""
    assert world.outcome_of(2).modules[0].note == "", "the answer does not say what is no longer true when it is read"
    halted = promoted(serving_world(spec()), "B").module()
    assert not_served(replace(halted, replicas=0)) == not_served(replace(halted, stopped=True)) == ""
    assert not_served(having(serving_world(), halted).module()) != ""


def test_who_runs_what_is_counted() -> None:
    """Instances on current, and on all others."""
    world = serving_world(spec(replicas=3))
    promoted(world, "B")
    world.end(1)
    assert serving(world.module()) == Serving(1, 2)


def test_what_a_swap_left_is_the_previous_one_else_nothing_moved() -> None:
    """``from`` and ``to`` of a history line."""
    module = promoted(serving_world(), "B").module()
    assert module_change(module, "promoted", previous=1).previous == 1
    assert module_change(module, "rejected").previous == 2
    assert module_change(module, "undone", previous=3).previous == 3


def test_small_words() -> None:
    """A reason follows its verb, an error follows its place."""
    assert (gen(None), gen(3)) == ("no generation", "g3")
    assert (worded("hotctl undo", ""), worded("hotctl undo", "it smells")) == ("hotctl undo", "hotctl undo: it smells")
    assert located(ErrorView("c", "bad")) == "bad"
    assert located(ErrorView("c", "bad", None, "/ops/op.py")) == "/ops/op.py: bad"
    assert located(ErrorView("c", "bad", None, "/ops/op.py", 3)) == "/ops/op.py:3: bad"


@pytest.mark.parametrize(
    ("things", "text"),
    [
        ("", ""),
        ("a", "a"),
        ("ab", "a and b"),
        ("abcd", "a, b, c and d"),
        ("abcdefg", "e, f, g and 4 others"),
    ],
)
def test_lists_are_told_in_right_english(things: str, text: str) -> None:
    """Of many the last ones, which are the newest."""
    assert listed(list(things)) == text
