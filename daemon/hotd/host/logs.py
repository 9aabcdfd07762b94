"""The daemon's own log: lines for whoever watches, written to the stream it was started with.

Other rooms log as everybody does, ``logging.getLogger(__name__)``, with the fields of the event as ``extra``::

    log.info("is current, was g1", extra={"event": "reload.promoted", "hosted": "long_op", "generation": 2})

    21:04:11 long_op g2 is current, was g1                  on a terminal
    <6>long_op g2 is current, was g1                        in the journal, which has a clock of its own

The name of the hosted module travels as ``hosted``: ``extra={"module": ...}`` is a KeyError of the standard library,
whose records already call the source file that.
"""

from __future__ import annotations

import logging
import os
import select
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TextIO

from hotd.host.printable import printable

_ROOT = "hotd"
_PATIENCE = 0.5
"""Seconds that a line waits for a reader that stands still (Ctrl-S on a terminal, a stopped pager, a stalled journal):
once. The engine's thread writes lines too, and must not stand still with it."""
_PRIORITY = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}


def is_journal(stream: TextIO, env: Mapping[str, str]) -> bool:
    """Whether what is written to ``stream`` goes to the journal, by $JOURNAL_STREAM.

    The variable names device and inode of the pipe that systemd connected (systemd.exec(5)), and is inherited:
    alone it proves nothing, since the stream may have been redirected since.
    """
    device, colon, inode = env.get("JOURNAL_STREAM", "").partition(":")
    try:
        found = os.fstat(stream.fileno())
        return bool(colon) and (found.st_dev, found.st_ino) == (int(device), int(inode))
    except (OSError, ValueError):  # no descriptor, a closed one, or no numbers
        return False


def setup(stream: TextIO, journal: bool, verbose: bool) -> Callable[[], None]:
    """Send the daemon's log to ``stream``, from DEBUG on if ``verbose``, else from INFO. The way back is returned.

    ``stream`` is the object that was ``sys.stderr`` at the start: the name is captured for instances later, and the
    daemon's lines are not theirs. The root logger is left to users' code.
    """
    logger = logging.getLogger(_ROOT)
    level, propagate, former = logger.level, logger.propagate, logger.handlers[:]
    lines = _Lines(stream, journal)
    logger.handlers[:] = [*(handler for handler in former if not isinstance(handler, _Lines)), lines]
    logger.setLevel(logging.DEBUG if verbose else logging.INFO)
    logger.propagate = False  # user code may configure the root logger; our lines would come twice

    def undo() -> None:
        logger.handlers[:] = former
        logger.setLevel(level)
        logger.propagate = propagate
        lines.close()

    return undo


class _Lines(logging.Handler):
    """Writes records as lines. Nothing that goes wrong with that reaches the code that logged."""

    def __init__(self, stream: TextIO, journal: bool) -> None:
        super().__init__()
        self._stream = stream
        self._journal = journal
        self._lost = 0
        """Records since the reader stood still."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            head = f"<{_priority(record.levelno)}>" if self._journal else _clock(record.created)
            lines = [*_lines(record)]
            if self._lost:
                lines.insert(0, f"{self._lost} entries of this log are lost: nobody took them")
            # One write for one record: lines of instances go to the same descriptor and must not come in between.
            text = "".join(f"{head}{line}\n" for line in lines)
            if all(self._put(piece) for piece in _pieces(text)):
                self._lost = 0
            else:
                self._lost += 1
        except (OSError, ValueError):
            # A closed terminal, a full disk, a reader that went away: there is nobody left to tell.
            return

    def _put(self, piece: str) -> bool:
        """Write what fits without waiting for the reader; False where there is no room."""
        try:
            descriptor = self._stream.fileno()
        except (OSError, ValueError):  # a stream of Python's own, which takes everything
            descriptor = None
        if descriptor is not None:
            room = select.poll()
            room.register(descriptor, select.POLLOUT)
            if not room.poll(0 if self._lost else _PATIENCE * 1000):
                return False
        self._write(piece)
        return True

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
        except UnicodeEncodeError:  # LANG=C and a stream that is strict about it
            self._stream.write(text.encode("ascii", "backslashreplace").decode())
        self._stream.flush()


def _pieces(text: str) -> list[str]:
    """What a pipe with room takes at once: PIPE_BUF bytes, at four for a character."""
    most = select.PIPE_BUF if text.isascii() else select.PIPE_BUF // 4
    return [text[start : start + most] for start in range(0, len(text), most)]


def _lines(record: logging.LogRecord) -> Iterator[str]:
    """What is said, on its first line with its subject; what follows is indented, so that no datum forges a line."""
    first, *more = _message(record).split("\n")
    yield printable(_with_subject(first, record))
    trace = record.exc_text or (logging.Formatter().formatException(record.exc_info) if record.exc_info else "")
    for line in (*more, *trace.splitlines()):
        yield "    " + printable(line)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - foreign: the __str__ of any argument; a log line must not end who writes it
        return f"{record.msg} (the arguments of this line cannot be shown)"


def _with_subject(message: str, record: logging.LogRecord) -> str:
    """``long_op g2 is current``: whom the event is about comes first, unless the message begins with it anyway."""
    fields = record.__dict__
    name, generation = fields.get("instance") or fields.get("hosted"), fields.get("generation")
    if name is None or message.startswith(str(name)):
        return message
    return f"{name} {message}" if generation is None else f"{name} g{generation} {message}"


def _priority(level: int) -> int:
    """The syslog priority of a level of ``logging``; levels in between count as the one below."""
    return min((p for known, p in _PRIORITY.items() if known <= level), default=7)


def _clock(created: float) -> str:
    return time.strftime("%H:%M:%S ", time.localtime(created))
