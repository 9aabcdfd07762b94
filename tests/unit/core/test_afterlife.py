"""Retired generations: what the book makes of the news about them."""

from __future__ import annotations

import pytest

from hotd.contract.events import EventName
from hotd.core.afterlife import MOST_LEAKS, told
from hotd.core.effects import Decision
from hotd.core.messages import Afterlife, HookFailed, LeakedCode, Leaks
from hotd.core.picture import generation_views
from tests.support.books import OP, World, failure, promoted, respec, serving, spec


def tell(world: World, news: Afterlife) -> None:
    world.tell(lambda book, now: told(book, news, now))


def leaking(*numbers: int) -> Leaks:
    return Leaks(OP, tuple(LeakedCode(number, ("helper", "op")) for number in numbers))


def test_a_leak_is_an_event_and_a_condition_until_it_is_gone() -> None:
    """News once, with the command that tells more; and it goes away by itself."""
    world = promoted(serving(), "B")
    since = world.now

    tell(world, leaking(1))
    world.wait(5.0)
    tell(world, leaking(1))

    (event,) = world.events(EventName.GENERATION_LEAKED)
    assert (event.module, event.generation, event.fields) == (OP, 1, {"parts": ["helper", "op"]})
    assert event.message == (
        "op g1 was retired and is in memory all the same (helper, op); `hotctl why op 1` tells who holds it"
    )
    assert world.module().leaks[1].since == since
    condition = world.condition("Leaked")
    assert condition is not None
    assert condition.message == "g1 was retired and left code in memory; `hotctl why op 1` tells who holds it"
    tell(world, leaking())
    assert world.condition("Leaked") is None
    (event,) = world.events(EventName.GENERATION_COLLECTED)
    assert (event.generation, event.message) == (1, "op g1 has left memory at last")


def test_a_leak_alone_degrades_nothing() -> None:
    """The module serves; whoever wants to know finds it."""
    world = serving()
    tell(world, leaking(1))
    assert world.view().health == "Healthy"


@pytest.mark.parametrize(
    ("numbers", "names"), [((1, 3), "g1 and g3 were"), (range(1, 10), "g7, g8, g9 and 6 others were")]
)
def test_several_leaks_are_one_condition_that_names_the_newest_to_ask_about(
    numbers: tuple[int, ...], names: str
) -> None:
    """Whoever leaks at every reload reads one line."""
    world = serving()
    tell(world, leaking(*numbers))
    condition = world.condition("Leaked")
    assert condition is not None
    assert condition.message == (
        f"{names} retired and left code in memory; `hotctl why op {numbers[-1]}` tells who holds it"
    )


def test_of_very_many_leaks_the_newest_are_kept() -> None:
    """The book stays small; what is not listed any more is not told to have gone."""
    world = serving()
    tell(world, leaking(*range(1, MOST_LEAKS + 1)))
    world.forget()

    tell(world, leaking(*range(1, MOST_LEAKS + 2)))

    assert list(world.module().leaks) == list(range(2, MOST_LEAKS + 2))
    assert [event.generation for event in world.events()] == [MOST_LEAKS + 1]


def test_a_hook_that_failed_is_an_event_and_a_failure() -> None:
    """``hotctl errors`` shows its traceback."""
    world = serving()

    tell(world, HookFailed(OP, 1, "__hot_dispose__", failure("no")))

    (event,) = world.events(EventName.HOOK_FAILED)
    assert event.message == "op g1 __hot_dispose__: ValueError: no"
    assert (event.generation, event.fields) == (1, {"hook": "__hot_dispose__"})
    module = world.module()
    (record,) = module.failures
    assert (record.generation, record.instance, record.error.code) == (1, None, "hook-failed")
    assert (record.error.message, record.error.line) == ("__hot_dispose__: ValueError: no", 7)
    assert module.errors == 1


def test_news_of_a_module_that_is_not_hosted_change_nothing() -> None:
    """It was removed meanwhile."""
    world = serving()
    news = Leaks("other", (LeakedCode(1, ("other",)),))
    assert told(world.book, news, world.now) == Decision(world.book)


def test_the_list_of_generations_names_what_is_left_of_each() -> None:
    """Of the retired ones only: a later load may have the number again."""
    world = promoted(respec(serving(spec(standby=0)), standby=0), "B")
    tell(world, leaking(1, 2))
    world.end(1)
    shown = generation_views(world.book, world.module())
    assert {view.generation: view.leaked for view in shown} == {1: ("helper", "op"), 2: ()}
