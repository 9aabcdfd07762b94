"""What it costs the engine that somebody ends, or saves a file, counted. In milliseconds: `make bench`."""

from __future__ import annotations

import sys
from collections.abc import Callable

from hotd.core.book import Book
from hotd.core.values import Instant
from tests.bench.crowds import crowd, one_ends, one_saved


def calls(book: Book, now: Instant) -> int:
    """Function calls until the next book can be seen after an end."""
    counted, after = count(lambda: one_ends(book, now))
    assert after.alive == book.alive
    return counted


def count(act: Callable[[], Book]) -> tuple[int, Book]:
    counted = 0

    def profile(frame: object, event: str, argument: object) -> None:
        nonlocal counted
        counted += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        after = act()
    finally:
        sys.setprofile(None)
    return counted, after


def test_the_work_of_a_message_grows_with_the_instances_and_no_faster() -> None:
    """A thousand instances over 50 modules: fewer than 30 calls for each; twice as many instances, less than twice."""
    few, many = calls(*crowd(50, 20)), calls(*crowd(50, 40))
    assert few < 30 * 1000
    assert many < 2 * few
    assert calls(*crowd(100, 20)) < 2.2 * few


def test_what_everybody_lacks_is_not_counted_by_everybody() -> None:
    """The same where each module lacks instances because ``max_instances`` is reached."""
    from dataclasses import replace

    book, now = crowd(50, 20)
    short = replace(book, modules={name: replace(m, replicas=30) for name, m in book.modules.items()})
    assert calls(short, now) < 40 * 1000


def aged(saves: int, modules: int = 1) -> tuple[Book, Instant]:
    """A daemon in whose first module so many saves were made; the instances finish on what they run."""
    book, now = crowd(modules, 1)
    for _ in range(saves):
        now = Instant(now.mono + 1.0, now.wall + 1.0)
        book = one_saved(book, now)
    return book, now


def calls_of_a_save(book: Book, now: Instant) -> int:
    return count(lambda: one_saved(book, now))[0]


def test_a_save_is_decided_in_so_many_calls() -> None:
    """They are on the way from the settled file to the code that is current, and nothing else runs meanwhile."""
    assert calls_of_a_save(*aged(3)) < 1600


def test_a_save_is_decided_as_fast_after_very_many_of_them() -> None:
    """Whoever edits all day does not wait longer in the evening."""
    early, late = calls_of_a_save(*aged(3)), calls_of_a_save(*aged(600))
    assert late < 1.5 * early


def test_a_save_passes_by_the_modules_that_nobody_saved() -> None:
    """Fewer than 25 calls for each of them, from the settled file to the end."""
    alone, among = calls_of_a_save(*aged(3)), calls_of_a_save(*aged(3, 51))
    assert (among - alone) / 50 < 25
