from __future__ import annotations

import contextlib
import errno
import io
import logging
import os
import re
import select
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hotd.host import logs

log = logging.getLogger("hotd.some.room")

Setup = Callable[..., io.StringIO]


@pytest.fixture
def set_up() -> Iterator[Setup]:
    """``set_up(journal=…, verbose=…)`` -> the stream that the log goes to until the test ends."""
    undone = []

    def start(journal: bool = False, verbose: bool = False) -> io.StringIO:
        stream = io.StringIO()
        undone.append(logs.setup(stream, journal=journal, verbose=verbose))
        return stream

    yield start
    for undo in reversed(undone):
        undo()


def test_an_event_is_a_line_with_its_time_and_subject(set_up: Setup) -> None:
    """A line begins with when and whom: `21:04:11 long_op g2 is current, was g1`."""
    stream = set_up()

    log.info("is current, was g%d", 1, extra={"event": "reload.promoted", "hosted": "long_op", "generation": 2})

    assert re.fullmatch(r"\d\d:\d\d:\d\d long_op g2 is current, was g1\n", stream.getvalue())


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({}, "6 folders are watched"),
        ({"hosted": "long_op"}, "long_op 6 folders are watched"),
        ({"hosted": "long_op", "instance": "long_op-7", "generation": 2}, "long_op-7 g2 6 folders are watched"),
        ({"hosted": "6 folders"}, "6 folders are watched"),
    ],
)
def test_the_subject_comes_from_the_fields_and_once(set_up: Setup, fields: dict[str, object], line: str) -> None:
    """The nearest name wins, and a message that begins with it is not given it twice."""
    stream = set_up(journal=True)

    log.info("6 folders are watched", extra=fields)

    assert stream.getvalue() == f"<6>{line}\n"


@pytest.mark.parametrize(
    ("level", "prefix"),
    [
        (logging.DEBUG, "<7>"),
        (logging.INFO, "<6>"),
        (logging.WARNING, "<4>"),
        (logging.WARNING + 5, "<4>"),
        (logging.ERROR, "<3>"),
        (logging.CRITICAL, "<2>"),
        (1, "<7>"),
    ],
)
def test_the_journal_gets_a_priority_in_place_of_a_time(set_up: Setup, level: int, prefix: str) -> None:
    """`journalctl -p err` finds our errors, and no line has two clocks."""
    stream = set_up(journal=True, verbose=True)
    logging.getLogger("hotd").setLevel(1)

    log.log(level, "said")

    assert stream.getvalue() == f"{prefix}said\n"


def test_debug_lines_come_only_when_asked_for(set_up: Setup) -> None:
    """Without --verbose the log is about events."""
    quiet = set_up()
    log.debug("a detail")
    loud = set_up(verbose=True)
    log.debug("a detail")

    assert (quiet.getvalue(), "a detail" in loud.getvalue()) == ("", True)


def test_a_name_cannot_forge_a_line_or_command_the_terminal(set_up: Setup) -> None:
    """Whatever a path or an exception contains, a line of the log that begins at the margin is ours."""
    stream = set_up(journal=True)

    log.warning("rejected: %s", "x\n<0>long_op is doomed\x1b[31m", extra={"hosted": "long_op\nfake"})

    assert stream.getvalue() == "<4>long_op fake rejected: x\n<4>    <0>long_op is doomed�[31m\n"


def test_every_line_of_a_traceback_has_the_priority(set_up: Setup) -> None:
    """The journal takes each line for an entry of its own: none of them may sink to another priority."""
    stream = set_up(journal=True)

    try:
        raise RuntimeError("worn out")
    except RuntimeError:
        log.exception("long_op-1 failed")

    lines = stream.getvalue().splitlines()
    assert lines[0] == "<3>long_op-1 failed"
    assert lines[-1] == "<3>    RuntimeError: worn out"
    assert all(line.startswith("<3>") for line in lines)


class Unspeakable:
    def __str__(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize("arguments", [(Unspeakable(),), (1, 2)])
def test_a_line_that_cannot_be_formatted_is_written_as_far_as_it_goes(
    set_up: Setup, arguments: tuple[object, ...]
) -> None:
    """A defect in a log call costs its arguments, never the thread that logs."""
    stream = set_up(journal=True)

    log.info("state is %s", *arguments)

    assert stream.getvalue().startswith("<6>state is %s (")


def test_a_closed_stream_is_no_error(capfd: pytest.CaptureFixture[str], set_up: Setup) -> None:
    """A daemon whose terminal went away works on, in silence."""
    set_up().close()

    log.error("nobody reads this")

    assert capfd.readouterr() == ("", "")


class Full(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_no_error(capfd: pytest.CaptureFixture[str]) -> None:
    """Neither is a write that the kernel refuses: the log is the least of what the daemon is for."""
    undo = logs.setup(Full(), journal=False, verbose=False)

    log.error("does not fit")
    undo()

    assert capfd.readouterr() == ("", "")


def test_a_reader_that_stands_still_costs_lines_and_holds_nobody() -> None:
    """Ctrl-S on the daemon's terminal must not stop the engine, which logs; what is lost is told when it goes on."""
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as pipe, os.fdopen(writer, "w", encoding="utf-8") as stream:
        os.set_blocking(writer, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writer, b"x" * select.PIPE_BUF)
        os.set_blocking(writer, True)
        undo = logs.setup(stream, journal=True, verbose=False)

        log.info("nobody takes this")
        log.info("nor this")
        pipe.read1(1 << 20)
        log.info("this %s", "is long " * 3_000)
        undo()

        stream.close()
        told = pipe.read().decode()
    assert told.startswith("<6>2 entries of this log are lost: nobody took them\n<6>this is long is long")
    assert told.endswith("is long \n") and len(told) > 24_000


def test_a_stream_that_knows_only_ascii_gets_escapes() -> None:
    """LANG=C shows `\\u2192` for an arrow; the line is not lost."""
    raw = io.BytesIO()
    undo = logs.setup(io.TextIOWrapper(raw, encoding="ascii"), journal=True, verbose=False)

    log.info("g1 → g2")
    undo()

    assert raw.getvalue() == b"<6>g1 \\u2192 g2\n"


def test_lines_go_to_the_stream_given_and_nowhere_else(set_up: Setup, capsys: pytest.CaptureFixture[str]) -> None:
    """sys.stderr is captured for instances and the root logger is the users': our lines must reach neither."""
    stream = set_up()

    log.warning("ours")

    assert "ours" in stream.getvalue()
    assert capsys.readouterr() == ("", "")
    assert not logging.getLogger("hotd").propagate


def test_setting_up_twice_writes_once(set_up: Setup) -> None:
    """The last set-up counts."""
    first, second = set_up(), set_up()

    log.info("once")

    assert (first.getvalue(), second.getvalue().count("once")) == ("", 1)


def test_undo_leaves_the_logger_as_it_was() -> None:
    """Who embeds the daemon gets his logging back."""
    logger = logging.getLogger("hotd")
    before = (logger.level, logger.propagate, list(logger.handlers))

    logs.setup(io.StringIO(), journal=False, verbose=True)()

    assert (logger.level, logger.propagate, list(logger.handlers)) == before


def test_the_journal_is_known_by_device_and_inode(tmp_path: Path) -> None:
    """$JOURNAL_STREAM is inherited by everybody; it is believed only of the very stream it names."""
    with (tmp_path / "stream").open("w") as stream, (tmp_path / "other").open("w") as other:
        found = (tmp_path / "stream").stat()
        env = {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"}

        assert logs.is_journal(stream, env)
        assert not logs.is_journal(other, env)


@pytest.mark.parametrize("value", [None, "", ":", "1", "1:", "a:b", "1:2:3"])
def test_a_senseless_journal_stream_is_no_journal(tmp_path: Path, value: str | None) -> None:
    """Whatever the variable holds, the log starts."""
    with (tmp_path / "stream").open("w") as stream:
        assert not logs.is_journal(stream, {} if value is None else {"JOURNAL_STREAM": value})


def test_a_stream_without_descriptor_is_no_journal() -> None:
    """In a test or under a debugger stderr may be an object of Python alone."""
    assert not logs.is_journal(io.StringIO(), {"JOURNAL_STREAM": "1:2"})
