"""Output of real threads; what needs none is in tests/unit/workers."""

from __future__ import annotations

import io
import logging
import os
import select
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from hotd import api
from hotd.core.values import Instant
from hotd.host.forks import forget_in_child
from hotd.ports import InstanceEnded
from hotd.workers.output import Capture, LogBook
from tests.integration.workers.rig import Rig
from tests.support.eventually import eventually


class StillClock:
    def now(self) -> Instant:
        return Instant(mono=1.0, wall=1000.5)


@contextmanager
def captured(stdout: Any, complaints: list[str] | None = None) -> Iterator[tuple[Capture, LogBook]]:
    """In the body of a test: pytest changes sys.stdout itself between fixtures and test."""
    book = LogBook(100_000_000)
    capture = Capture(book, StillClock(), (complaints if complaints is not None else []).append)
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = stdout, io.StringIO()
    capture.install()
    try:
        yield capture, book
    finally:
        capture.restore()
        sys.stdout, sys.stderr = before


def test_what_an_instance_prints_is_known_when_its_end_is() -> None:
    """``hotctl run --wait`` shows all of the output, the last unfinished line included."""
    out = io.StringIO()
    with captured(out) as (capture, book):
        rig = Rig(capture)
        id = rig.start(print, "first\nlast", end="")
        assert isinstance(rig.end(id), InstanceEnded)
        lines = [line.text for line in book.tail("long_op", 10)]
        rig.close()
    assert lines == ["first", "last"]
    assert out.getvalue() == "first\nlast\n"


def test_lines_of_many_instances_stay_whole_and_in_order() -> None:
    """Eight instances that print in pieces, as fast as they can, through one real pipe: every line is one's own."""
    reader, writer = os.pipe()
    got: list[bytes] = []

    def drain() -> None:
        with os.fdopen(reader, "rb") as end:
            got.extend(end)

    drainer = threading.Thread(target=drain)
    drainer.start()

    def chatter() -> None:
        me = api.instance().id
        for n in range(200):
            sys.stdout.write(f"{me} ")
            if n % 7 == 0:
                sys.stdout.buffer.write(b"- ")
            print(n, "end")  # noqa: T201 - what users do

    with os.fdopen(writer, "w", encoding="utf-8") as out, captured(out) as (capture, book):
        rig = Rig(capture)
        for id in [rig.start(chatter) for _ in range(8)]:
            assert isinstance(rig.end(id), InstanceEnded)
        rig.close()
        recorded = book.tail("long_op", 10_000)
    drainer.join(10)
    for instance in {line.instance for line in recorded}:
        wanted = [f"{instance} {'- ' if n % 7 == 0 else ''}{n} end" for n in range(200)]
        assert [line.text for line in recorded if line.instance == instance] == wanted
        assert [line.decode().rstrip() for line in got if line.startswith(instance.encode() + b" ")] == wanted
    assert len(got) == 8 * 200


def test_a_reader_that_went_away_fails_nobody() -> None:
    """``hotd serve | head``: instances go on, their output is recorded, and it is complained of once."""
    reader, writer = os.pipe()
    os.close(reader)
    complaints: list[str] = []
    # Raw and without a buffer: a buffered one would raise once more when it is closed.
    raw: Any = os.fdopen(writer, "wb", buffering=0)
    out = io.TextIOWrapper(raw, encoding="utf-8", write_through=True)
    with out, captured(out, complaints) as (capture, book):
        rig = Rig(capture)

        def chatter() -> None:
            for n in range(50):
                print(n, flush=True)  # noqa: T201 - what users do

        for id in [rig.start(chatter) for _ in range(2)]:
            assert isinstance(rig.end(id), InstanceEnded)
        rig.close()
        assert len(book.tail("long_op", 1000)) == 100
    assert len(complaints) == 1


class Blocked(io.StringIO):
    """A terminal on which somebody pressed Ctrl-S."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()

    def write(self, text: str, /) -> int:
        assert self.go.wait(10)
        return super().write(text)


def test_a_stuck_terminal_does_not_stop_the_recording() -> None:
    """Who prints waits, as without us; what others print is in ``hotctl logs`` all the same."""
    out = Blocked()
    with captured(out) as (capture, book):
        rig = Rig(capture)
        ids = [rig.start(print, f"line {n}") for n in range(3)]
        eventually(lambda: len(book.tail("long_op", 10)) == 3)
        out.go.set()
        for id in ids:
            rig.end(id)
        rig.close()
    assert sorted(out.getvalue().splitlines()) == ["line 0", "line 1", "line 2"]


def test_a_logging_handler_between_instance_and_stream_never_locks_up() -> None:
    """Instances log through one handler on our stream, while the stream breaks and that is logged on it too."""

    class Broken(io.StringIO):
        def write(self, text: str, /) -> int:
            raise BrokenPipeError(32, "Broken pipe")

    logger = logging.Logger("user")
    with captured(None) as (capture, book):
        capture.restore()
        sys.stdout = Broken()
        mine = Capture(book, StillClock(), logger.warning)
        mine.install()
        logger.addHandler(logging.StreamHandler(sys.stdout))
        logging.raiseExceptions, before = False, logging.raiseExceptions
        rig = Rig(mine)

        def chatter() -> None:
            for n in range(100):
                logger.warning("said %d", n)
                print("printed", n)  # noqa: T201 - what users do

        for id in [rig.start(chatter) for _ in range(4)]:
            rig.end(id)
        rig.close()
        mine.restore()
        logging.raiseExceptions = before
        assert len(book.tail("long_op", 10_000)) == 4 * 200


# --- parked readers --------------------------------------------------------------------------------------------------


class Reader(threading.Thread):
    """``hotctl logs -f``."""

    def __init__(self, book: LogBook, instance: str | None = None, module: str = "long_op") -> None:
        super().__init__()
        self.book, self.instance, self.module = book, instance, module
        self.answer: tuple[list[str], int, int] | None = None
        self.start()
        eventually(lambda: (shelf := book._shelves.get(module)) is not None and shelf.waiting)

    def run(self) -> None:
        lines, cursor, lost = self.book.read(self.module, 0, 10, self.instance, max_wait=10)
        self.answer = ([line.text for line in lines], cursor, lost)

    def answered(self) -> tuple[list[str], int, int] | None:
        self.join(5)
        assert not self.is_alive()
        return self.answer


def say(book: LogBook, text: str, instance: str = "long_op-1", module: str = "long_op") -> None:
    book.record(1.0, module, instance, 1, "stdout", text)


def test_a_follower_gets_a_line_when_it_is_printed() -> None:
    """No polling: a parked reader wakes with the line it waited for, also where none was ever printed before."""
    book = LogBook(10_000)
    reader = Reader(book)
    say(book, "of another module", module="other")
    say(book, "hello")
    assert reader.answered() == (["hello"], 1, 0)


def test_a_follower_of_one_instance_sleeps_through_the_others() -> None:
    """It stays parked until its instance speaks; its cursor is behind all it passed over."""
    book = LogBook(10_000)
    reader = Reader(book, instance="long_op-2")
    say(book, "not for you")
    say(book, "for you", instance="long_op-2")
    assert reader.answered() == (["for you"], 2, 0)


def test_closing_wakes_every_parked_reader() -> None:
    """Shutdown waits for no follower; whoever asks afterwards is answered at once."""
    book = LogBook(10_000)
    readers = [Reader(book), Reader(book, module="other")]
    book.close()
    assert [reader.answered() for reader in readers] == [([], 0, 0)] * 2
    assert book.read("long_op", 0, 10, max_wait=60) == ([], 0, 0)


def test_forgetting_a_module_sends_its_readers_home() -> None:
    """``hotctl remove`` does not leave followers waiting for lines that cannot come."""
    book = LogBook(10_000)
    reader = Reader(book)
    book.forget("long_op")
    assert reader.answered() == ([], 0, 0)


def test_a_wait_ends_in_time() -> None:
    """``max_wait`` is a promise."""
    book = LogBook(10_000)
    assert book.read("long_op", 0, 10, max_wait=0.01) == ([], 0, 0)
    assert not book._shelves


def test_many_writers_number_their_lines_without_a_gap() -> None:
    """Lines recorded by many threads at once are all there, each with a number of its own."""
    book = LogBook(100_000_000)
    start = threading.Barrier(8)

    def write() -> None:
        start.wait(10)
        for n in range(500):
            say(book, str(n))

    writers = [threading.Thread(target=write) for _ in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(10)
    assert [line.seq for line in book.tail("long_op", 10_000)] == list(range(1, 4001))


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_forked_child_prints_though_another_thread_was_printing() -> None:
    """It has none of the threads that would finish their lines, waits for none, and repeats nothing of theirs."""
    inside, go = threading.Event(), threading.Event()

    class Slow(io.StringIO):
        def write(self, text: str, /) -> int:
            if text == "held\n":
                inside.set()
                go.wait(60)
            return super().write(text)

    out = Slow()
    with captured(out) as (capture, _):
        forget_in_child(capture)
        rig = Rig(capture)
        id = rig.start(print, "held")
        assert inside.wait(10)
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            api.CURRENT.set(api.Context("other-1", "other", 1))
            sys.stdout.write("of the child\n")
            os.write(writer, out.getvalue().encode())
            os._exit(0)
        try:
            assert select.select([reader], [], [], 30)[0], "the child hangs"
            assert os.read(reader, 100) == b"of the child\n"
        finally:
            go.set()
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            os.close(reader)
            os.close(writer)
        assert isinstance(rig.end(id), InstanceEnded)
        rig.close()
    assert out.getvalue() == "held\n"
