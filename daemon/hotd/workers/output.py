"""What instances print: recorded by the line for ``hotctl logs``, and passed on to where it would have gone.

``sys.stdout`` and ``sys.stderr`` are replaced by tees that ask, at each write, whose code is running. Who keeps a tee
(a logging handler made while a module was imported) prints for whichever instance uses it, and after ``restore`` to
the stream behind it. Not seen here: ``sys.__stdout__``, ``os.write(1, ...)``, child processes.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import TextIO

from hotd.api import Context
from hotd.ports import Clock
from hotd.workers.book import LogBook, LogLine, StreamName
from hotd.workers.stream import Stream, as_bytes, as_text
from hotd.workers.tee import Tee

__all__ = ["Capture", "LogBook", "LogLine", "StreamName"]

log = logging.getLogger(__name__)


class Capture:
    """Stands between users' code and the two standard streams, from ``install`` to ``restore``."""

    def __init__(self, book: LogBook, clock: Clock, complain: Callable[[str], None] = log.warning) -> None:
        """``complain`` gets one sentence when an original stream breaks, from the thread that met it."""
        self._book = book
        self._clock = clock
        self._complain = complain
        self._tees: dict[StreamName, Tee] = {}

    def install(self) -> None:
        """Replace ``sys.stdout`` and ``sys.stderr``. Twice is once."""
        if not self._tees:
            self._tees = {
                "stdout": Tee(self._stream("stdout", sys.stdout)),
                "stderr": Tee(self._stream("stderr", sys.stderr)),
            }
            sys.stdout, sys.stderr = self._tees["stdout"], self._tees["stderr"]

    def restore(self) -> None:
        """Put the originals back, unless somebody has put a third stream there since. Unfinished lines are finished."""
        tees, self._tees = self._tees, {}
        for name, tee in tees.items():
            if getattr(sys, name) is tee:
                setattr(sys, name, tee.stream.original)
            tee.stream.close()

    def forget(self) -> None:
        """In a forked child: what it prints goes straight to where the originals lead, and waits for nobody."""
        for tee in self._tees.values():
            tee.stream.forget()

    def ended(self, context: Context) -> None:
        """Its instance prints no more: record and pass on what it left without a line end."""
        for tee in self._tees.values():
            tee.stream.finish(context)

    def report(self, context: Context, text: str) -> None:
        """Say something about an instance among its own lines, as if it had printed it to ``sys.stderr``."""
        tee = self._tees.get("stderr")
        stream = tee.stream if tee is not None else self._stream("stderr", None)
        stream.put(context, as_bytes(text.rstrip("\n") + "\n"))

    def _stream(self, name: StreamName, original: TextIO | None) -> Stream:
        return Stream(name, original, self._record, self._complain)

    def _record(self, context: Context, stream: StreamName, line: bytes) -> None:
        text = as_text(line).removesuffix("\r")
        self._book.record(self._clock.now().wall, context.module, context.id, context.generation, stream, text)
