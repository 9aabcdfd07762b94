from __future__ import annotations

from hotd.workers.book import LogBook, StreamName


def book_of(count: int, keep: int = 1_000_000) -> LogBook:
    """``count`` lines of long_op, alternating between two instances."""
    book = LogBook(keep)
    for n in range(1, count + 1):
        say(book, f"line {n}", instance=f"long_op-{n % 2}")
    return book


def say(book: LogBook, text: str, module: str = "long_op", instance: str = "long_op-1") -> None:
    stream: StreamName = "stdout"
    book.record(12.5, module, instance, 3, stream, text)


def test_lines_come_back_as_they_were_recorded() -> None:
    """``hotctl logs`` shows who said what, when, on which stream and generation."""
    book = LogBook(1000)
    book.record(12.5, "long_op", "long_op-7", 3, "stderr", "héllo")
    lines, cursor, lost = book.read("long_op", 0, 10)
    (line,) = lines
    assert (line.seq, line.at, line.module, line.instance) == (1, 12.5, "long_op", "long_op-7")
    assert (line.generation, line.stream, line.text) == (3, "stderr", "héllo")
    assert (cursor, lost) == (1, 0)


def test_reading_on_with_the_cursor_gives_every_line_once() -> None:
    """A follower that asks page by page misses nothing and sees nothing twice."""
    book, cursor, seen = book_of(10), 0, []
    while True:
        lines, cursor, lost = book.read("long_op", cursor, 3)
        assert lost == 0
        if not lines:
            break
        seen += [line.seq for line in lines]
    assert seen == list(range(1, 11))


def test_a_reader_of_one_instance_passes_over_the_others() -> None:
    """``--instance`` filters, and its cursor still moves."""
    book = book_of(6)
    lines, cursor, _ = book.read("long_op", 0, 2, instance="long_op-1")
    assert [line.seq for line in lines] == [1, 3]
    lines, cursor, _ = book.read("long_op", cursor, 2, instance="long_op-1")
    assert [line.seq for line in lines] == [5]
    assert cursor == 6


def test_each_module_keeps_its_own_bound() -> None:
    """A chatty module does not push out the lines of a quiet one, and costs no more than its share."""
    book = LogBook(10_000)
    say(book, "quiet", module="quiet")
    for n in range(1000):
        say(book, f"{n:0100}")
    assert len(book.tail("quiet", 10)) == 1
    kept = book.tail("long_op", 10_000)
    assert 10 < len(kept) < 100
    assert kept[-1].text.endswith("999")


def test_empty_lines_are_not_free() -> None:
    """The bound is on memory: a million empty lines are bounded too."""
    book = LogBook(10_000)
    for _ in range(1000):
        say(book, "")
    assert len(book.tail("long_op", 10_000)) < 40


def test_a_reader_is_told_how_many_lines_it_lost() -> None:
    """What left the bound before it was read is counted, so that a gap is never silent."""
    book = book_of(1000, keep=10_000)
    oldest = book.tail("long_op", 1000)[0].seq
    lines, _, lost = book.read("long_op", 100, 5)
    assert lines[0].seq == oldest
    assert lost == oldest - 101
    lines, cursor, lost = book.read("long_op", 100, 5, instance="nobody")
    assert (lines, cursor, lost) == ([], 1000, oldest - 101)


def test_the_newest_line_is_kept_however_long() -> None:
    """A single line above the bound is shown rather than nothing."""
    book = LogBook(100)
    say(book, "x" * 1000)
    say(book, "y" * 1000)
    assert [line.text[0] for line in book.tail("long_op", 5)] == ["y"]


def test_a_cursor_of_an_earlier_life_reads_from_the_start() -> None:
    """A follower that outlived a restart of the daemon gets the new lines, not silence."""
    lines, cursor, lost = book_of(3).read("long_op", 5000, 10)
    assert ([line.seq for line in lines], cursor, lost) == ([1, 2, 3], 3, 0)


def test_the_tail_is_the_newest_lines_oldest_first() -> None:
    """``hotctl logs`` without a cursor."""
    book = book_of(10)
    assert [line.seq for line in book.tail("long_op", 3)] == [8, 9, 10]
    assert [line.seq for line in book.tail("long_op", 2, instance="long_op-1")] == [7, 9]
    assert book.tail("long_op", 0) == []
    assert book.tail("unknown", 5) == []


def test_asking_for_an_unknown_module_leaves_nothing_behind() -> None:
    """Names cost no memory: anybody may ask for any."""
    book = LogBook(1000)
    for n in range(100):
        assert book.read(f"unknown{n}", 0, 10) == ([], 0, 0)
    assert not book._shelves


def test_a_forgotten_module_has_no_lines() -> None:
    """``hotctl remove`` drops what it printed; hosted again, it counts from 1."""
    book = book_of(3)
    book.forget("long_op")
    book.forget("unknown")
    assert book.tail("long_op", 5) == []
    say(book, "again")
    assert [line.seq for line in book.read("long_op", 3, 5)[0]] == [1]


class PrintsWhenCollected:
    """What a user's ``__del__`` does in the middle of our own statements, made certain: it looks like a str."""

    def __init__(self, book: LogBook) -> None:
        self.book = book
        self.done = False

    def __sizeof__(self) -> int:
        if not self.done:
            self.done = True
            say(self.book, "from __del__")
        return 50


def test_a_line_recorded_while_one_is_recorded_gets_a_number_of_its_own() -> None:
    """The garbage collector may run a ``__del__`` that prints anywhere: no line is lost, none has another's number."""
    book = LogBook(1_000_000)
    text = PrintsWhenCollected(book)
    say(book, text)  # type: ignore[arg-type]
    assert [(line.seq, line.text) for line in book.tail("long_op", 5)] == [(1, text), (2, "from __del__")]
