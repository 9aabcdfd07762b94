"""The one thread that changes anything."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from hotd.contract.errors import HotdError, Internal, ShuttingDown
from hotd.contract.views import Change
from hotd.core import afterlife, ending, instances, outcomes, residue
from hotd.core.book import Book
from hotd.core.effects import (
    AbandonLoad,
    AskToEnd,
    Decision,
    Discard,
    Effect,
    Emit,
    Promote,
    Retire,
    StartInstance,
    StartLoad,
)
from hotd.core.reconcile import next_deadline, reconcile
from hotd.core.values import Instant
from hotd.core.watch import files_changed
from hotd.engine.events import EventRing
from hotd.ports import Afterlife, Batch, Clock, Executor, InstanceEvent, Loading, LoadOutcome

T = TypeVar("T")
Decide = Callable[[Book, Instant], Decision]

ANSWER_WITHIN = 10.0
"""Seconds. A decision takes microseconds; whoever waits longer is told of a defect instead of hanging."""

DEFECT_PAUSE = 1.0
"""Seconds between two tries of something that fails by a defect."""

log = logging.getLogger("hotd.engine")


@dataclass(slots=True)
class _Message:
    decide: Decide
    reply: _Reply | None = None


@dataclass(slots=True)
class _Reply:
    done: threading.Event = field(default_factory=threading.Event)
    answer: Change | int | None = None
    error: HotdError | None = None


class Engine:
    """Owns the book. Every change is a pure function of the book and the time, run on the thread ``hotd-engine``."""

    def __init__(self, book: Book, *, clock: Clock, loading: Loading, executor: Executor, events: EventRing) -> None:
        self._book = book
        self._clock = clock
        self._loading = loading
        self._executor = executor
        self._events = events
        self._inbox: queue.SimpleQueue[_Message] = queue.SimpleQueue()
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="hotd-engine", daemon=True)
        self._ended = False
        self._hurt = False

    @property
    def book(self) -> Book:
        """What is true now. Immutable: read it once and draw from that."""
        return self._book

    def start(self) -> None:
        self._thread.start()

    # --- messages in: from any thread ------------------------------------------------------------------------------

    def tell(self, decide: Decide) -> None:
        """Have a decision made; nobody waits for it."""
        self._inbox.put(_Message(decide))

    def ask(self, decide: Decide) -> Change | int | None:
        """Have a decision made and get its answer. Raises what the decision raises."""
        reply = _Reply()
        self._inbox.put(_Message(decide, reply))
        # The flag is set before the last message is answered: either we see it here, or the engine sees our message.
        if self._ended and not reply.done.is_set():
            raise ShuttingDown("the daemon has ended")
        if not reply.done.wait(ANSWER_WITHIN):
            raise Internal(f"the engine did not answer within {ANSWER_WITHIN:g} s")
        if reply.error is not None:
            raise reply.error
        return reply.answer

    def loaded(self, outcome: LoadOutcome) -> None:
        self.tell(lambda book, now: outcomes.loaded(book, outcome, now))

    def instance_event(self, event: InstanceEvent) -> None:
        self.tell(lambda book, now: instances.reported(book, event, now))

    def left_behind(self, module: str) -> None:
        """What candidates of the module left behind may be another than it was. It is looked at when its turn comes."""
        self.tell(lambda book, now: residue.left_behind(book, module, self._loading.left_behind(module), now))

    def afterlife(self, news: Afterlife) -> None:
        self.tell(lambda book, now: afterlife.told(book, news, now))

    def files_changed(self, batch: Batch) -> None:
        self.tell(lambda book, now: files_changed(book, batch.paths, self._touched(book, batch.paths), now))

    def stop(self, drain_deadline: float) -> None:
        """Begin the daemon's end; ``join`` waits for it."""
        self.tell(lambda book, now: ending.begin(book, drain_deadline, now))

    def join(self, timeout: float | None = None) -> bool:
        """Whether the engine has ended."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    # --- views out: from any thread --------------------------------------------------------------------------------

    def wait_for(self, look: Callable[[Book], T | None], seconds: float) -> T | None:
        """What ``look`` finds in the book as soon as it finds something; None after ``seconds``."""
        deadline = self._clock.now().mono + seconds
        with self._changed:
            while (found := look(self._book)) is None and not self._ended:
                left = deadline - self._clock.now().mono
                if left <= 0:
                    return None
                self._changed.wait(left)
            return found

    # --- the thread ------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._ended:
            message = self._next_message()
            now = self._clock.now()
            try:
                if message is not None:
                    self._handle(message, now)
                self._take(reconcile(self._book, now))
                self._hurt = False
            except Exception:
                # A defect in a decision must cost that one decision, not every hosted thread.
                log.critical("a decision failed; the daemon goes on", exc_info=True, extra={"event": "engine.defect"})
                self._hurt = True
            if ending.over(self._book, now):
                self._end()

    def _next_message(self) -> _Message | None:
        deadline = next_deadline(self._book)
        left = None if deadline is None else max(0.0, deadline - self._clock.now().mono)
        if self._hurt and left is not None:
            # What failed at a deadline fails again at once: slow that down to something an operator can read.
            left = max(left, DEFECT_PAUSE)
        try:
            return self._inbox.get(timeout=left)
        except queue.Empty:
            return None

    def _handle(self, message: _Message, now: Instant) -> None:
        reply = message.reply
        try:
            decision = message.decide(self._book, now)
        except HotdError as error:
            if reply is None:
                log.warning("%s", error, extra={"event": "engine.refused"})
                return
            reply.error = error
            reply.done.set()
            return
        except Exception as error:
            if reply is not None:
                reply.error = Internal(f"{type(error).__name__} in a decision; the daemon's log has the traceback")
                reply.done.set()
            raise
        self._take(decision)
        if reply is not None:
            reply.answer = decision.answer
            reply.done.set()

    def _take(self, decision: Decision) -> None:
        """Act, then publish: whoever sees a generation as current can already get it."""
        for effect in decision.effects:
            try:
                self._act(effect)
            except Exception:
                # The decision stands: a book that forgot what was begun would be worse than one effect that failed.
                log.critical("%s failed", effect, exc_info=True, extra={"event": "engine.defect"})
        with self._changed:
            self._book = decision.book
            self._changed.notify_all()

    def _act(self, effect: Effect) -> None:
        match effect:
            case StartLoad():
                self._loading.start(effect.job, self.loaded)
            case AbandonLoad():
                stack = self._loading.abandon(effect.job)
                log.error(
                    "load %d was abandoned; it stands in:\n%s",
                    effect.job,
                    stack or "nowhere, it just ended",
                    extra={"event": "load.abandoned"},
                )
            case Promote():
                self._loading.promote(effect.module, effect.number)
            case Discard():
                self._loading.discard(effect.module, effect.number)
            case Retire():
                self._loading.retire(effect.module, effect.number)
            case StartInstance():
                self._executor.start(effect.spec)
            case AskToEnd():
                self._executor.stop(effect.instance)
            case Emit():
                self._events.append(effect, self._clock.now())

    def _touched(self, book: Book, paths: frozenset[str]) -> list[str]:
        return [
            module.name
            for module in book.modules.values()
            if self._loading.touched_by(module.name, paths)
            # Before a first load nothing is known of its files: any change under its roots may be the cure.
            or (module.current is None and any(_under(path, module.spec.roots) for path in paths))
        ]

    def _end(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        while True:
            try:
                message = self._inbox.get_nowait()
            except queue.Empty:
                return
            if message.reply is not None:
                message.reply.error = ShuttingDown("the daemon has ended")
                message.reply.done.set()


def _under(path: str, roots: tuple[str, ...]) -> bool:
    return any(path.startswith(root.rstrip("/") + "/") for root in roots)
