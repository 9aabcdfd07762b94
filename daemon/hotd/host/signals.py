"""Signals, turned into calls on a thread of their own.

Python runs signal handlers on the main thread, between two bytecodes of whatever it does there. A handler that takes
a lock the interrupted code holds waits for ever, and ``Event.set`` takes one: the main thread inside ``Event.wait``,
between taking the event's lock and sleeping on it, plus a handler that sets that event, is a daemon that no SIGTERM
ends. So ours only put the number into a SimpleQueue, whose ``put`` is made for that, and ``hotd-signals`` calls back,
where a callback may take any lock.

The main thread must be somewhere a handler can run: ``Event.wait``, ``SimpleQueue.get``, ``Condition.wait``,
``Thread.join`` and ``Lock.acquire`` are, with a timeout or without (a signal wakes them, the handler runs, they go on
waiting); a C call that does not return is not. ``signal.set_wakeup_fd`` would need no main thread at all, but its
descriptor is shared with every forked child, and one forked by C code, past the hooks of ``forks``, would stop the
daemon by its own SIGTERM.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from queue import SimpleQueue
from types import FrameType, TracebackType
from typing import Any, Self

from hotd.host.forks import forget_in_child

_log = logging.getLogger(__name__)

_STOPS = (signal.SIGTERM, signal.SIGINT)
_HANDLED = (*_STOPS, signal.SIGHUP)
_END = 0
"""No signal has this number."""


class Signals:
    """From ``start`` to ``close``: what SIGTERM, SIGINT and SIGHUP do. Both are called on the main thread.

    The first SIGTERM or SIGINT is ``on_stop(number)``, the second ``on_second(number)``: somebody cannot wait. From
    then on both have their default action, so that a third kills whatever our code does. SIGHUP is ``on_reload()``.
    The callbacks run on ``hotd-signals``, one after the other, and must not wait: the next signal waits behind them.
    SIGPIPE stays ignored: a client that goes away is an error of one write.
    """

    def __init__(
        self,
        on_stop: Callable[[int], None],
        on_second: Callable[[int], None],
        on_reload: Callable[[], None],
    ) -> None:
        self._on_stop = on_stop
        self._on_second = on_second
        self._on_reload = on_reload
        self._arrived: SimpleQueue[int] = SimpleQueue()
        self._stops = 0
        self._before: dict[signal.Signals, Any] = {}
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Take the signals over. ValueError on any thread but the main one."""
        if self._before:
            return
        self._before[signal.SIGPIPE] = signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        for number in _HANDLED:
            # A shell starts `hotd serve &` of a script with SIGINT ignored: Ctrl-C is meant for somebody else then.
            if number != signal.SIGINT or signal.getsignal(number) != signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._handle)
        forget_in_child(self)
        self._thread = threading.Thread(target=self._serve, name="hotd-signals", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Give the signals back to whom they belonged, finish what has arrived, and join the thread."""
        self._restore()
        thread, self._thread = self._thread, None
        if thread is not None:
            self._arrived.put(_END)
            if thread is not threading.current_thread():
                thread.join()

    def forget(self) -> None:
        """In a forked child: SIGTERM ends it as if the daemon had never been there."""
        self._thread = None  # it was not forked along
        self._restore()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        """The handler: on the main thread, inside anything. Takes no lock, writes no log, calls no callback."""
        self._arrived.put(number)
        if number in _STOPS:
            self._stops += 1
            if self._stops == 2:
                for stop in _STOPS:
                    signal.signal(stop, signal.SIG_DFL)

    def _restore(self) -> None:
        for number, before in self._before.items():
            # None: the handler was set by C code that Python knows nothing of.
            signal.signal(number, signal.SIG_DFL if before is None else before)
        self._before.clear()

    def _serve(self) -> None:
        stops = 0
        while (number := self._arrived.get()) != _END:
            try:
                if number == signal.SIGHUP:
                    self._on_reload()
                    continue
                stops += 1
                (self._on_stop if stops == 1 else self._on_second)(number)
            except Exception:  # noqa: BLE001 - a thread's outermost frame: deaf to SIGTERM is worse than any bug
                _log.exception("the callback of %s failed", signal.Signals(number).name)
