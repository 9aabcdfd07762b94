"""What instances printed, page by page."""

from __future__ import annotations

from hotd.app.pages import LogPages
from hotd.workers.output import LogBook


def pages_of(*at: float, keep: int = 1_000_000) -> tuple[LogPages, LogBook]:
    """One line at each of these moments, of two instances in turn."""
    book = LogBook(keep)
    for number, moment in enumerate(at):
        book.record(moment, "long_op", f"long_op-{number % 2}", 1, "stdout", f"line {number}")
    return LogPages(book), book


def test_a_cursor_of_another_daemon_reads_from_the_start() -> None:
    """Lines go with the daemon that kept them: what the next one has is told whole, and that it is another's."""
    before, _ = pages_of(1.0, 2.0)
    page = before.page("long_op", 0, 10, 0.0, None)
    after, _ = pages_of(*(10.0 + n for n in range(5)))

    assert not before.page("long_op", page.next, 10, 0.0, None, page.mark).anew
    other = after.page("long_op", page.next, 10, 0.0, None, page.mark)
    assert (other.anew, [line.seq for line in other.lines]) == (True, [1, 2, 3, 4, 5])
    assert after.page("long_op", 99, 10, 0.0, None).anew, "a number that it has not reached"
    assert not after.page("long_op", 2, 10, 0.0, None).anew, "without a mark it is taken at its word"


def test_a_mark_goes_with_the_cursor() -> None:
    """Of the line that was looked at last, whose it is; and of none where none is kept."""
    pages, book = pages_of(1.0, 2.0, 3.0)
    page = pages.page("long_op", 0, 10, 0.0, "long_op-1")
    assert (page.next, page.mark) == (3, pages.page("long_op", None, 1, 0.0, None).mark)
    nothing = pages.page("nobody", None, 10, 0.0, None)
    assert (nothing.next, nothing.mark, nothing.closing) == (0, "", False)
    assert not pages.page("nobody", 0, 10, 0.0, None).anew
    book.close()
    assert pages.page("long_op", 3, 10, 20.0, None, page.mark).closing


def test_a_line_that_is_kept_no_more_is_lost_and_not_anothers() -> None:
    """A stalled reader is told how many."""
    pages, _ = pages_of(*(float(n) for n in range(100)), keep=2_000)
    page = pages.page("long_op", 3, 10, 0.0, None, "some time")
    assert not page.anew and page.lost > 10
