from __future__ import annotations

import contextvars
import io
import logging
import sys
import threading
from collections.abc import Callable
from typing import Any, TextIO

import pytest

from hotd.api import CURRENT, Context
from hotd.core.values import Instant
from hotd.workers.output import Capture, LogBook
from hotd.workers.stream import LONGEST_LINE

ONE, TWO = Context("long_op-1", "long_op", 1), Context("long_op-2", "long_op", 2)


class StillClock:
    def now(self) -> Instant:
        return Instant(mono=1.0, wall=1000.5)


class Desk:
    """A capture between users' code and streams that can be looked at."""

    def __init__(
        self, stdout: TextIO | None, stderr: TextIO | None, complain: Callable[[str], None] | None = None
    ) -> None:
        self.book = LogBook(100_000_000)
        self.complaints: list[str] = []
        self.capture = Capture(self.book, StillClock(), complain or self.complaints.append)
        self.originals = stdout, stderr

    def __enter__(self) -> Desk:
        # In the body of a test and not in a fixture: pytest changes sys.stdout itself between the two.
        self.before = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = self.originals
        self.capture.install()
        return self

    def __exit__(self, *_: object) -> None:
        self.capture.restore()
        sys.stdout, sys.stderr = self.before

    def recorded(self, stream: str = "stdout") -> list[str]:
        return [line.text for line in self.book.tail("long_op", 1_000_000) if line.stream == stream]


def as_instance(context: Context, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    def run() -> Any:
        CURRENT.set(context)
        return fn(*args, **kwargs)

    return contextvars.copy_context().run(run)


def pipe() -> io.TextIOWrapper:
    """What stdout is under systemd: UTF-8, strict, buffered in blocks."""
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=False)


def passed(stream: TextIO) -> bytes:
    """What has really gone out."""
    raw = stream.buffer
    assert isinstance(raw, io.BytesIO)
    return raw.getvalue()


@pytest.fixture
def out() -> TextIO:
    return pipe()


@pytest.fixture
def desk(out: TextIO) -> Desk:
    return Desk(out, pipe())


# --- recording and passing on ----------------------------------------------------------------------------------------


def test_a_printed_line_is_recorded_and_passed_on_at_once(desk: Desk, out: TextIO) -> None:
    """``hotctl logs`` has it with instance and generation, the journal has it now and not when a block is full."""
    with desk:
        as_instance(ONE, print, "hello", "wörld")
        (line,) = desk.book.tail("long_op", 5)
        assert (line.instance, line.generation, line.stream, line.text) == ("long_op-1", 1, "stdout", "hello wörld")
        assert line.at == 1000.5
        assert passed(out) == "hello wörld\n".encode()


def test_the_two_streams_are_told_apart(desk: Desk, out: TextIO) -> None:
    """stderr of an instance is recorded as such and goes to stderr."""
    with desk:
        as_instance(ONE, lambda: sys.stderr.write("oops\n"))
        assert desk.recorded("stderr") == ["oops"]
        assert desk.recorded() == []
        assert passed(out) == b""


def test_output_of_no_instance_goes_straight_through(desk: Desk, out: TextIO) -> None:
    """The daemon's own words are not an instance's, and are not touched."""
    with desk:
        sys.stdout.write("from the daemon")
        sys.stdout.buffer.write(b" \xff")
        sys.stdout.flush()
        assert desk.recorded() == []
        assert passed(out) in (b"from the daemon \xff", b" \xfffrom the daemon")  # as unordered as without us


def test_two_instances_never_share_a_line(desk: Desk, out: TextIO) -> None:
    """print() writes in pieces; each line comes out whole whoever prints in between."""
    with desk:
        as_instance(ONE, sys.stdout.write, "one ")
        as_instance(TWO, sys.stdout.write, "two ")
        as_instance(ONE, sys.stdout.write, "ends\n")
        as_instance(TWO, sys.stdout.write, "ends\n")
        assert passed(out) == b"one ends\ntwo ends\n"
        assert desk.recorded() == ["one ends", "two ends"]


def test_a_flushed_part_of_a_line_is_seen_and_stays_on_a_line_of_its_own(desk: Desk, out: TextIO) -> None:
    """Dots of progress appear when flushed; another instance's line does not land behind them."""
    with desk:
        as_instance(ONE, print, "..", end="", flush=True)
        assert passed(out) == b".."
        as_instance(TWO, print, "two")
        assert passed(out) == b"..\ntwo\n"
        as_instance(ONE, print, "..", end="", flush=True)
        sys.stdout.write("daemon\n")
        sys.stdout.flush()
        as_instance(ONE, print, " done")
        assert passed(out) == b"..\ntwo\n..\ndaemon\n done\n"
        assert desk.recorded() == ["two", ".... done"]


def test_an_instance_s_own_line_goes_on_where_it_was(desk: Desk, out: TextIO) -> None:
    """Nobody in between: the dots and what follows are one line on the terminal as well."""
    with desk:
        as_instance(ONE, print, ".", end="", flush=True)
        as_instance(ONE, print, ".", end="", flush=True)
        as_instance(ONE, print, "!")
        assert passed(out) == b"..!\n"


def test_what_is_left_at_the_end_is_recorded_and_its_line_ended(desk: Desk, out: TextIO) -> None:
    """The last words of an instance are kept even without a line end."""
    with desk:
        as_instance(ONE, print, "bye", end="", flush=True)
        as_instance(TWO, lambda: sys.stderr.write("last"))
        desk.capture.ended(ONE)
        desk.capture.ended(TWO)
        desk.capture.ended(TWO)
        assert passed(out) == b"bye\n"
        assert desk.recorded() == ["bye"]
        assert desk.recorded("stderr") == ["last"]


def test_several_lines_in_one_write_are_several_lines(desk: Desk, out: TextIO) -> None:
    """Cut at every line end, written in one piece; a carriage return before it is not text."""
    with desk:
        as_instance(ONE, sys.stdout.write, "a\n\nb\r\nc")
        assert desk.recorded() == ["a", "", "b"]
        assert passed(out) == b"a\n\nb\r\n"


def test_a_report_stands_among_the_instance_s_errors(desk: Desk) -> None:
    """What hotd has to say of an instance is where its author looks; recorded also while nothing is captured."""
    with desk:
        desk.capture.report(ONE, "a thread failed\n  details\n")
        desk.capture.restore()
        desk.capture.report(ONE, "and again")
        assert desk.recorded("stderr") == ["a thread failed", "  details", "and again"]


# --- what is no text -------------------------------------------------------------------------------------------------


def test_bytes_that_are_no_utf_8_are_recorded_and_passed_on_as_they_are(desk: Desk, out: TextIO) -> None:
    r"""``sys.stdout.buffer.write(b"\xff")`` neither raises nor is lost."""
    with desk:
        as_instance(ONE, sys.stdout.write, "text, then ")
        assert as_instance(ONE, sys.stdout.buffer.write, b"\xff\n") == 2
        assert desk.recorded() == [r"text, then \xff"]
        assert passed(out) == b"text, then \xff\n"


def test_a_character_written_in_two_halves_is_one(desk: Desk) -> None:
    """Bytes find their place in the line, whatever pieces they come in."""
    with desk:
        for half in (b"\xc3", b"\xbc", b"\n"):
            as_instance(ONE, sys.stdout.buffer.write, half)
        assert desk.recorded() == ["ü"]


def test_lone_surrogates_are_recorded_as_such_and_never_raise(desk: Desk, out: TextIO) -> None:
    """File names that are no text can be printed."""
    with desk:
        as_instance(ONE, print, "\ud800\udcff é")
        assert desk.recorded() == [r"\ud800\udcff é"]
        assert passed(out) == "\\ud800\\udcff é\n".encode()
        assert desk.complaints == []


def test_a_stream_that_takes_surrogates_gets_them() -> None:
    """Under LANG=C bytes that came in as surrogates go out as the bytes they were."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="surrogateescape")
    with Desk(out, None):
        as_instance(ONE, print, "\udcff")
        as_instance(ONE, print, "é")
    assert passed(out) == b"\xff\n\\xe9\n"


def test_a_stream_without_bytes_gets_what_can_be_shown() -> None:
    """An original that is text only (io.StringIO) is no reason to raise."""
    out = io.StringIO()
    with Desk(out, None):
        as_instance(ONE, sys.stdout.buffer.write, b"\xff\n")
    assert out.getvalue() == "\\xff\n"


@pytest.mark.parametrize("char", ["x", "ü", "€", "😀"])
@pytest.mark.parametrize("end", ["", "\n"])
def test_a_very_long_line_is_recorded_in_pieces_and_passed_on_whole(
    desk: Desk, out: TextIO, char: str, end: str
) -> None:
    """A line without end does not grow in memory for ever; no character is cut in two, none is lost."""
    with desk:
        text = "a" + char * (3 * LONGEST_LINE // len(char.encode()))
        as_instance(ONE, sys.stdout.write, text + end)
        desk.capture.ended(ONE)
        pieces = desk.recorded()
        assert "".join(pieces) == text
        assert len(pieces) > 3
        assert all(len(piece.encode()) <= LONGEST_LINE for piece in pieces)
        assert passed(out) == (text + "\n").encode()


def test_bytes_without_any_character_are_cut_too(desk: Desk) -> None:
    """Garbage is bounded like text."""
    with desk:
        as_instance(ONE, sys.stdout.buffer.write, b"\x80" * (LONGEST_LINE + 1) + b"\n")
        assert [len(piece) for piece in desk.recorded()] == [4 * LONGEST_LINE, 4]


# --- a broken original -----------------------------------------------------------------------------------------------


class Broken(io.StringIO):
    """A pipe whose reader is gone, until it is mended."""

    mended = False

    def write(self, text: str, /) -> int:
        if not self.mended:
            raise BrokenPipeError(32, "Broken pipe")
        return super().write(text)


def test_a_broken_original_is_reported_once_and_recording_goes_on() -> None:
    """Nobody's work fails because the terminal was closed; it is told again only if it broke again."""
    out = Broken()
    with Desk(out, None) as desk:
        for n in range(3):
            as_instance(ONE, print, n, flush=True)
        assert desk.recorded() == ["0", "1", "2"]
        (complaint,) = desk.complaints
        assert "stdout" in complaint
        assert "Broken pipe" in complaint
        out.mended = True
        as_instance(ONE, print, "mended")
        out.mended = False
        as_instance(ONE, print, "again", end="")
        desk.capture.ended(ONE)
    assert out.getvalue() == "mended\n"
    assert len(desk.complaints) == 2


def test_a_complaint_that_fails_or_prints_harms_nobody() -> None:
    """The complaint may be a log line that comes back to the very stream: it is nobody's output, and ends."""
    owners: list[object] = []

    def complain(sentence: str) -> None:
        owners.append(CURRENT.get())
        sys.stdout.write(sentence)

    with Desk(Broken(), None, complain) as desk:
        as_instance(ONE, print, "x")
    assert owners == [None]
    assert desk.recorded() == ["x"]


class Stalled(io.StringIO):
    """A pipe whose reader stands still."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Event()
        self.goes_on = threading.Event()

    def write(self, text: str, /) -> int:
        self.entered.set()
        self.goes_on.wait()
        return super().write(text)


def test_a_reader_that_stands_still_does_not_keep_the_daemon_from_ending() -> None:
    """Whoever prints stands in the write with the lock; the end records what is left, and goes."""
    out = Stalled()
    with Desk(out, None) as desk:
        as_instance(ONE, sys.stdout.write, "half a ")
        printing = threading.Thread(target=as_instance, args=(TWO, print, "two"), daemon=True)
        printing.start()
        assert out.entered.wait(10)

        desk.capture.restore()

        assert desk.recorded() == ["two", "half a "]
        out.goes_on.set()
        printing.join(10)
        assert not printing.is_alive()


def test_a_missing_original_is_recorded_only() -> None:
    """A daemon without standard streams (sys.stdout is None) still has its logs."""
    with Desk(None, None) as desk:
        as_instance(ONE, print, "x", flush=True)
        sys.stdout.write("nobody's")
        sys.stdout.flush()
        sys.stdout.buffer.write(b"x")
        sys.stdout.buffer.flush()
        assert not sys.stdout.isatty()
        with pytest.raises(io.UnsupportedOperation):
            sys.stdout.fileno()
        assert (sys.stdout.encoding, sys.stdout.errors) == ("utf-8", "backslashreplace")
    assert desk.recorded() == ["x"]


# --- what user code does with streams --------------------------------------------------------------------------------


def test_a_kept_stream_prints_for_whoever_uses_it(desk: Desk) -> None:
    """A logging handler made at import time, by one instance, logs for each under its own name."""
    with desk:
        handler = as_instance(ONE, logging.StreamHandler)
        record = logging.LogRecord("user", logging.INFO, "x.py", 1, "logged", None, None)
        as_instance(TWO, handler.emit, record)
        handler.emit(record)
        assert [(line.instance, line.text) for line in desk.book.tail("long_op", 5)] == [("long_op-2", "logged")]


def test_a_kept_stream_passes_through_after_restore(desk: Desk, out: TextIO) -> None:
    """Nothing breaks for a thread that outlives the capture."""
    with desk:
        kept = sys.stdout
        as_instance(ONE, kept.write, "unfinished")
        as_instance(TWO, kept.write, "flushed")
        as_instance(TWO, kept.flush)
        desk.capture.restore()
        desk.capture.restore()
        assert sys.stdout is out
        as_instance(ONE, print, "late", file=kept, flush=True)
        assert desk.recorded() == ["unfinished", "flushed"]
        assert sorted(passed(out).splitlines()) == [b"flushed", b"late", b"unfinished"]


def test_restore_leaves_alone_what_somebody_else_put_there(desk: Desk) -> None:
    """A stream that replaced ours is not ours to replace."""
    with desk:
        other = io.StringIO()
        sys.stdout = other
        desk.capture.restore()
        assert sys.stdout is other


def test_installing_twice_is_installing_once(desk: Desk) -> None:
    """No tee ever stands behind a tee."""
    with desk:
        tee = sys.stdout
        desk.capture.install()
        assert sys.stdout is tee


def test_a_tee_behaves_like_a_text_stream(desk: Desk, out: TextIO) -> None:
    """Libraries ask standard streams many things; they get the original's answers, and cannot break it."""
    with desk:
        tee: Any = sys.stdout

        def use() -> None:
            tee.reconfigure(line_buffering=False, encoding="ascii")
            tee.close()
            tee.buffer.close()
            io.TextIOWrapper(tee.detach(), encoding="utf-8").close()
            tee.writelines(["a", "b\n"])
            tee.buffer.writelines([b"c", bytearray(b"d\n")])
            tee.buffer.flush()

        assert isinstance(sys.stdout, io.TextIOBase)
        assert issubclass(type(tee.buffer), io.BufferedIOBase)
        as_instance(ONE, use)
        assert passed(out) == b"ab\ncd\n"
        assert (tee.encoding, tee.errors, tee.name, tee.mode) == ("utf-8", "strict", "<stdout>", "w")
        assert (tee.buffer.name, tee.buffer.mode, tee.buffer.raw) == ("<stdout>", "wb", tee.buffer)
        assert (tee.line_buffering, tee.write_through) == (True, False)
        for stream in (tee, tee.buffer):
            assert stream.writable()
            assert not stream.readable()
            assert not stream.seekable()
            assert not stream.closed
            assert not stream.isatty()
            with pytest.raises(io.UnsupportedOperation):
                stream.fileno()


def test_a_tee_refuses_what_a_stream_refuses(desk: Desk) -> None:
    """A wrong type is the same TypeError in the daemon and outside."""
    with desk:
        with pytest.raises(TypeError, match="must be str, not bytes"):
            as_instance(ONE, sys.stdout.write, b"x")
        for wrong in ("x", 5):
            with pytest.raises(TypeError):
                as_instance(ONE, sys.stdout.buffer.write, wrong)


class PrintsWithin(io.StringIO):
    """A ``__del__`` of the user's that prints while its own print is being written, made certain."""

    done = False

    def write(self, text: str, /) -> int:
        if not self.done:
            self.done = True
            as_instance(ONE, print, "from __del__")
        return super().write(text)


def test_a_line_printed_while_one_is_written_waits_its_turn() -> None:
    """The garbage collector may run a ``__del__`` that prints anywhere: nothing hangs, no line is torn or lost."""
    out = PrintsWithin()
    with Desk(out, None) as desk:
        as_instance(ONE, print, "outer")
    assert out.getvalue() == "outer\nfrom __del__\n"
    assert desk.recorded() == ["outer", "from __del__"]
