"""One captured stream: cuts what instances write into lines, records them, and passes them on in whole lines.

A write has two stages. Cutting and recording never blocks for long; passing on may, for as long as the reader of the
pipe pleases, and only who writes waits for it, as without us.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TextIO

from hotd.api import CURRENT, Context
from hotd.workers.book import StreamName

LONGEST_LINE = 64 * 1024
"""Bytes of UTF-8; a longer line is recorded in pieces."""

PATIENCE = 1.0
"""Seconds that the end waits for a reader of the original who stands still."""


@dataclass(slots=True, eq=False)
class _Unfinished:
    """The line an instance is in the middle of."""

    context: Context
    data: bytearray = field(default_factory=bytearray)
    passed: int = 0
    """How many bytes of it the original has got already, because they were flushed."""


@dataclass(slots=True, eq=False)
class _Order:
    context: Context
    sent: bool = False
    """Something is to be passed on because of it, which its author then sees to."""


@dataclass(slots=True, eq=False)
class _Write(_Order):
    data: bytes = b""


class _Flush(_Order):
    pass


class _Finish(_Order):
    pass


@dataclass(frozen=True, slots=True)
class _Parcel:
    """What is to be passed on in one piece."""

    context: Context
    data: bytes
    flush: bool
    ends: bool = False
    """The line of the instance that stands on the original is to be ended, if one does."""


class Stream:
    """The way of everybody's output to one original stream.

    Both stages take their work from a queue, whichever thread put it there, so that order is kept and a ``__del__``
    that prints while the garbage collector interrupts us (same thread, so no lock keeps it out) only adds to a queue.
    """

    def __init__(
        self,
        name: StreamName,
        original: TextIO | None,
        record: Callable[[Context, StreamName, bytes], None],
        complain: Callable[[str], None],
    ) -> None:
        self.name = name
        self.original = original
        self.capturing = True
        self._record = record
        self._complain = complain
        self._broken = False
        self._complaints: deque[str] = deque()
        self._unfinished: dict[str, _Unfinished] = {}
        self._orders: deque[_Order] = deque()
        self._cutting = _Turn()
        self._outbox: deque[_Parcel] = deque()
        self._passing = _Turn()
        self._open: str | None = None
        """The instance whose unfinished line stands on the original."""

    def owner(self) -> Context | None:
        """Whose output a write is now; None when it is nobody's and goes straight through."""
        return CURRENT.get() if self.capturing else None

    def put(self, context: Context, data: bytes) -> None:
        self._do(_Write(context, data=data))

    def flush(self, context: Context) -> None:
        """The unfinished line goes out as well: dots of progress are printed to be seen."""
        self._do(_Flush(context))

    def finish(self, context: Context) -> None:
        self._do(_Finish(context))

    def straight(self, write: Callable[[], Any]) -> Any:
        """A write of nobody's, on a line of its own. What it raises is the caller's, as without us."""
        if self._open is not None:
            with self._passing.lock:
                self._break_line()
        return write()

    def close(self) -> None:
        """Finish every line and pass through from now on."""
        self.capturing = False
        for line in list(self._unfinished.values()):
            self._orders.append(_Finish(line.context))
        self._cutting.work_off(self._orders, self._cut)
        # Where somebody stands in a write that nobody reads, what is left stays with what is recorded.
        if self._passing.lock.acquire(timeout=PATIENCE):
            try:
                self._passing.work_off(self._outbox, self._pass)
                self._break_line()
            except Exception:  # noqa: BLE001, S110 - what can be broken has been complained of
                pass
            finally:
                self._passing.lock.release()
        self._tell()

    def forget(self) -> None:
        """In a forked child: its output is its own, and what others were in the middle of is the parent's."""
        self.capturing = False
        self._unfinished, self._orders, self._outbox, self._open = {}, deque(), deque(), None
        self._cutting, self._passing = _Turn(), _Turn()

    def _do(self, order: _Order) -> None:
        self._orders.append(order)
        if not self._cutting.work_off(self._orders, self._cut):
            return
        # Who has begun a line and sent nothing need not wait for those who wait for the reader of the pipe.
        if order.sent and self._passing.work_off(self._outbox, self._pass):
            self._tell()

    # first stage: cut and record

    def _cut(self, order: _Order) -> None:
        context = order.context
        line = self._unfinished.setdefault(context.id, _Unfinished(context))
        match order:
            case _Write(data=data):
                self._add(order, line, data)
            case _Flush():
                self._send(order, line, len(line.data), flush=True)
            case _Finish():
                self._send(order, line, len(line.data), flush=True, ends=True)
                if line.data:
                    self._record(context, self.name, bytes(line.data))
                    line.data.clear()
        if not line.data:
            del self._unfinished[context.id]

    def _add(self, order: _Order, line: _Unfinished, data: bytes) -> None:
        before = len(line.data)
        line.data += data
        if end := data.rfind(b"\n") + 1:
            whole = before + end
            self._send(order, line, whole, flush=True)
            for one in bytes(line.data[: whole - 1]).split(b"\n"):
                self._record_pieces(order.context, one)
            del line.data[:whole]
            line.passed = 0
        while len(line.data) >= LONGEST_LINE:
            self._send(order, line, len(line.data), flush=False)
            piece = _piece(line.data)
            self._record(order.context, self.name, piece)
            del line.data[: len(piece)]
            line.passed -= len(piece)

    def _record_pieces(self, context: Context, line: bytes) -> None:
        rest = bytearray(line)  # of which the front is cut off without moving the rest
        while len(rest) > LONGEST_LINE:
            piece = _piece(rest)
            self._record(context, self.name, piece)
            del rest[: len(piece)]
        self._record(context, self.name, bytes(rest))

    def _send(self, order: _Order, line: _Unfinished, end: int, *, flush: bool, ends: bool = False) -> None:
        self._outbox.append(_Parcel(order.context, bytes(line.data[line.passed : end]), flush, ends))
        line.passed = end
        order.sent = True

    # second stage: pass on

    def _pass(self, parcel: _Parcel) -> None:
        if self.original is None:
            return
        owner, data = parcel.context.id, parcel.data
        if parcel.ends and (data or self._open == owner):
            data += b"\n"
        try:
            if data:
                if self._open != owner:
                    self._break_line()
                self._open = None if data.endswith(b"\n") else owner
                _write(self.original, data)
            if parcel.flush:
                self.original.flush()
                # A buffer takes anything: only what was flushed has arrived.
                self._broken = self._broken and not data
        except Exception as error:  # noqa: BLE001 - a closed pipe or a full disk must not fail who only prints
            if not self._broken:
                self._broken = True
                self._complaints.append(f"{type(error).__name__}: {error}")

    def _break_line(self) -> None:
        """End the line that another instance has begun on the original: no line is ever that of two."""
        if self._open is not None and self.original is not None:
            self._open = None
            self.original.write("\n")

    def _tell(self) -> None:
        """Complain, once until it works again: with no lock held, as the complaint may be a log line that comes here.

        Outside of the instance: the complaint is not its output.
        """
        while self._complaints:
            reason = self._complaints.popleft()
            token = CURRENT.set(None)
            try:
                self._complain(f"{self.name} of the daemon cannot be written ({reason}); output is only recorded")
            except Exception:  # noqa: BLE001, S110 - it went where the output cannot go; there is nobody left to tell
                pass
            finally:
                CURRENT.reset(token)


class _Turn:
    """Lets one thread at a time work off a queue; the lock is held for one order, not for the queue."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._busy = False

    def work_off(self, queue: deque[Any], work: Callable[[Any], None]) -> bool:
        """True when what the caller put into the queue is done, False when the frame it interrupts will do it."""
        while queue:
            with self.lock:
                if self._busy:  # only our own thread can get here: see Stream
                    return False
                self._busy = True
                try:
                    if queue:
                        work(queue.popleft())
                finally:
                    self._busy = False
        # Another thread may have taken our order and be about to do it; what follows must find it done.
        with self.lock:
            return not self._busy


# --- bytes and text --------------------------------------------------------------------------------------------------


def as_bytes(text: str) -> bytes:
    """Reversible: lone surrogates keep their code points."""
    return str.encode(text, "utf-8", "surrogatepass")  # not text.encode: it may be of a subclass


def as_text(line: bytes) -> str:
    r"""The line as it is recorded: always encodable, with ``\xff`` for what is no UTF-8, ``\ud800`` for surrogates."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        pass
    try:
        return line.decode("utf-8", "surrogatepass").encode("utf-8", "backslashreplace").decode()
    except UnicodeDecodeError:
        return line.decode("utf-8", "backslashreplace")


def _piece(line: bytearray) -> bytes:
    """The longest start of the line that may be recorded, not ending within a character."""
    end = LONGEST_LINE
    for back in range(1, 4):
        lead = line[end - back]
        if lead >= 0xC0:
            length = 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
            end -= back if length > back else 0
            break
        if lead < 0x80:
            break
    return bytes(line[:end])


def _write(original: TextIO, data: bytes) -> None:
    """Write it as it was written, in one piece; as backslashes only where the stream cannot hold it."""
    try:
        text = data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        raw = getattr(original, "buffer", None)
        if raw is not None:
            original.flush()  # what was written as text comes first
            raw.write(data)
            return
        text = as_text(data)
    try:
        original.write(text)
    except UnicodeEncodeError:
        encoding = getattr(original, "encoding", None) or "utf-8"
        original.write(text.encode(encoding, "backslashreplace").decode(encoding))
