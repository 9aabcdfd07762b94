"""A stream that is followed over the ends of daemons."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from hotctl.following import Absence, Pages, Stream, outliving
from hotd.contract.errors import NotPermitted, Unreachable
from hotd.contract.views import Event, Events

GONE = Unreachable("no daemon at s: there is no socket there", hint="start one")


def page(*seqs: int, next: int | None = None, closing: bool = False, anew: bool = False, lost: int = 0) -> Events:
    events = tuple(Event(seq, "t", "module.scaled") for seq in seqs)
    reached = seqs[-1] if next is None else next
    return Events(events, reached, lost, f"mark {reached}", anew, closing)


class Daemons:
    """Answer one after the other, or do not; what they were asked is kept."""

    def __init__(self, *answers: Events | Exception) -> None:
        self.answers: Iterator[Events | Exception] = iter(answers)
        self.asked: list[tuple[int | None, str, float]] = []
        self.news: list[str] = []

    def __call__(self, cursor: int | None, mark: str, max_wait: float) -> Events:
        self.asked.append((cursor, mark, max_wait))
        answer = next(self.answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def pages(self, after: int | None = None, patience: float = 60.0, follow: bool = True) -> Pages[Events]:
        return Pages(self, after, follow=follow, patience=patience, pause=0.0, news=self.news.append)


def read(daemons: Daemons, pages: Pages[Events], count: int) -> list[int]:
    return [event.seq for _ in range(count) for event in pages.next().events]


def test_a_daemon_that_ends_is_followed_by_the_next_one() -> None:
    """The cursor goes on with its mark; the news is told once, and that it is over."""
    daemons = Daemons(page(1, 2), page(3, closing=True), page(next=3, closing=True), GONE, GONE, page(4), page(5))

    assert read(daemons, daemons.pages(), 5) == [1, 2, 3, 4, 5]

    assert daemons.news == ["the daemon ends; waiting for the next one", "the daemon is back"]
    assert [(cursor, mark) for cursor, mark, _ in daemons.asked] == [
        (None, ""), (2, "mark 2"), (3, "mark 3"), (3, "mark 3"), (3, "mark 3"), (3, "mark 3"), (4, "mark 4"),
    ]  # fmt: skip
    assert [wait for _, _, wait in daemons.asked] == [0.0, *[20.0] * 6]


def test_one_that_is_killed_is_waited_for_too() -> None:
    """It could not say good-bye."""
    daemons = Daemons(page(1), GONE, page(2), GONE, page(3))

    assert read(daemons, daemons.pages(), 3) == [1, 2, 3]
    assert daemons.news == ["the daemon is gone; waiting for the next one", "the daemon is back"] * 2


def test_nobody_is_waited_for_beyond_the_time_that_there_is() -> None:
    """`--timeout 5s` is five seconds, whatever becomes of the daemon; each look is asked for what is left of them."""
    left = [5.0, 3.0, 0.0]
    asked: list[float] = []

    def look() -> int:
        asked.append(left[0])
        left.pop(0)
        raise GONE

    with pytest.raises(Unreachable, match="no daemon has come back"):
        outliving(look, Absence(pause=0.0, left=lambda: left[0]))
    assert asked == [5.0, 3.0]


def test_nobody_is_waited_for_for_ever() -> None:
    """A follower under a supervisor fails at last, with how long it waited."""
    daemons = Daemons(page(1), GONE, GONE, GONE)
    pages = daemons.pages(patience=0.0)
    pages.next()

    with pytest.raises(Unreachable, match="no daemon has come back for 0s: no daemon at s") as caught:
        pages.next()
    assert caught.value.hint == "start one"


@pytest.mark.parametrize("ask", [lambda d: d.pages(7), lambda d: d.pages(follow=False)])
def test_where_there_never_was_one_nobody_waits(ask: Callable[[Daemons], Pages[Events]]) -> None:
    """A mistyped address is told at once."""
    daemons = Daemons(GONE)
    with pytest.raises(Unreachable, match="there is no socket there"):
        ask(daemons).next()
    assert daemons.news == []


def test_another_refusal_is_not_an_absence() -> None:
    """Who was taken off the list meanwhile is told so."""
    daemons = Daemons(page(1), NotPermitted("no"))
    pages = daemons.pages()
    pages.next()
    with pytest.raises(NotPermitted):
        pages.next()


def test_a_last_page_ends_what_is_not_followed() -> None:
    """The news of a daemon's end is for whoever waits for more."""
    daemons = Daemons(page(1, closing=True))
    assert read(daemons, daemons.pages(follow=False), 1) == [1]
    assert daemons.news == []


def test_the_stream_of_the_client_tells_what_is_missing() -> None:
    """How many were dropped, and how often a daemon knew nothing of what was before."""
    daemons = Daemons(page(1), page(5, lost=3), GONE, page(1, anew=True), page(2))
    stream = Stream(daemons.pages(0), lambda one: one.events, True)

    assert [next(stream).seq for _ in range(4)] == [1, 5, 1, 2]
    assert (stream.lost, stream.anew, stream.cursor, stream.mark) == (3, 1, 2, "mark 2")
