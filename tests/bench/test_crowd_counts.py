"""What it costs the engine that somebody ends, counted. In milliseconds: `make bench`."""

from __future__ import annotations

import sys

from hotd.core.book import Book
from hotd.core.values import Instant
from tests.bench.crowds import crowd, one_ends


def calls(book: Book, now: Instant) -> int:
    """Function calls until the next book can be seen."""
    counted = 0

    def profile(frame: object, event: str, argument: object) -> None:
        nonlocal counted
        counted += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        after = one_ends(book, now)
    finally:
        sys.setprofile(None)
    assert after.alive == book.alive
    return counted


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
