"""``__hot_dispose__``: what a module does once, when its code leaves memory.

Called for a generation that was retired and for a candidate that was refused, on a thread of its own: it is the user's
code, and may take its time or never come back.
"""

from __future__ import annotations

import sys
import threading
import weakref
from collections.abc import Callable
from types import ModuleType
from typing import Any

from hotd import stacks
from hotd.core import border
from hotd.core.border import Raised
from hotd.core.values import Failure
from hotd.loading import forks

HOT_DISPOSE = "__hot_dispose__"

_disposed: dict[int, weakref.ref[ModuleType]] = {}
"""Modules whose hook was called, by identity: two lines of generations may share one module, and retire it both."""
_lock = threading.RLock()
"""Re-entrant: the garbage collector may end another such module in here."""
forks.renew(sys.modules[__name__], "_lock", threading.RLock)


class Disposal:
    """One call of the hook. It holds nothing of the module: only the thread does, while it runs."""

    def __init__(self, what: str, over: Callable[[], None] | None) -> None:
        self.what = what
        self._over = over
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._raised: Raised | None = None

    @property
    def ended(self) -> bool:
        return self._ended.is_set()

    def failure(self, within: float = 0.0) -> Failure | None:
        """What went wrong, known at the end of the call, at most ``within`` seconds from now.

        A call that does not end in time failed, too; its thread cannot be ended and is left alone.
        """
        if self._ended.wait(within):
            return self._raised.failure if self._raised is not None and not self._raised.orderly else None
        sentence = f"{HOT_DISPOSE} of {self.what} did not end in time; its thread was abandoned"
        return Failure("TimeoutError", sentence, self._stack() or f"{sentence}\n")

    def start(self, hook: Callable[[], Any], run: Callable[..., Any]) -> None:
        self._thread = threading.Thread(
            target=self._call, args=(hook, run), name=f"hotd-dispose-{self.what}", daemon=True
        )
        born = border.call(self._thread.start)
        if isinstance(born, Raised):  # RuntimeError: can't start new thread
            self._end(born)

    def _call(self, hook: Callable[[], Any], run: Callable[..., Any]) -> None:
        outcome = border.call(run, hook)
        del hook, run
        self._end(outcome if isinstance(outcome, Raised) else None)

    def _end(self, raised: Raised | None) -> None:
        self._raised, self._thread = raised, None
        self._ended.set()
        if self._over is not None:
            self._over()

    def _stack(self) -> str | None:
        thread = self._thread
        stack = stacks.of_thread(thread.ident if thread is not None else None)
        return border.stack_text(stacks.from_outside(stack)) if stack else None


def dispose(
    module: ModuleType, run: Callable[..., Any], what: str, over: Callable[[], None] | None = None
) -> Disposal | None:
    """Begin to call the module's hook; None where it has none, or where it was called before.

    ``run`` calls a function for the module's generation (`hotd.loading.Generation.run`); ``what`` is for people:
    ``long_op g3``; ``over`` is called at the end, on the hook's thread. Never raises, never waits.
    """
    found = border.call(getattr, module, HOT_DISPOSE, None)
    hook = None if isinstance(found, Raised) else found.value
    if hook is None or not _first(module):
        return None
    disposal = Disposal(what, over)
    disposal.start(hook, run)
    return disposal


def _first(module: ModuleType) -> bool:
    key = id(module)
    with _lock:
        known = _disposed.get(key)
        if known is not None and known() is module:
            return False

        def forget(ended: weakref.ref[ModuleType]) -> None:
            if _disposed.get(key) is ended:
                del _disposed[key]

        try:
            _disposed[key] = weakref.ref(module, forget)
        except TypeError:  # what a module put in its own place need not be weakly referable
            return True
        return True
