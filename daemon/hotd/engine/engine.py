"""The one thread that changes anything."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from hotd.contract.errors import HotdError, Internal, ShuttingDown
from hotd.contract.views import Change
from hotd.core import afterlife, durable, ending, instances, outcomes, residue, stale, unseen
from hotd.core.book import Book
from hotd.core.bundle import Bundle
from hotd.core.concluding import conclude_all
from hotd.core.effects import (
    AbandonLoad,
    AskToEnd,
    Decision,
    Discard,
    Effect,
    Emit,
    Host,
    Prepare,
    Promote,
    Respecify,
    Retire,
    StartInstance,
    StartLoad,
    Unhost,
    Write,
)
from hotd.core.messages import Stored, Unwritten, WatchTrouble
from hotd.core.reconcile import next_deadline, reconcile
from hotd.core.records import KeptModule, Trouble
from hotd.core.values import Instant
from hotd.core.watch import files_changed, files_expected
from hotd.engine.events import EventRing, write_line
from hotd.engine.front import Front, Glance, News, Reply
from hotd.ports import (
    Afterlife,
    Batch,
    Clock,
    Executor,
    InstanceEvent,
    Loading,
    LoadOutcome,
    StaleReport,
    Store,
)

T = TypeVar("T")
E = TypeVar("E", bound=Effect)
Decide = Callable[[Book, Instant], Decision]

ANSWER_WITHIN = 10.0
"""Seconds. A decision takes microseconds; whoever waits longer is told of a defect instead of hanging."""

END_PAUSE = 0.05
"""Seconds between two looks at the clock while the end waits for the last write."""

LOAD_TAKES = 0.02
"""Seconds without a message, after which the log is written though something is being loaded: most loads are over."""

LINES_WITHIN = 0.5
"""Seconds that a line waits at most, and ``MOST_LINES`` are too many to wait."""
MOST_LINES = 100

DEFECT_PAUSE = 1.0
"""Seconds between two tries of something that fails by a defect."""

log = logging.getLogger("hotd.engine")


@dataclass(slots=True)
class _Message:
    decide: Decide
    reply: Reply | None = None


class Engine:
    """Owns the book. Every change is a pure function of the book and the time, run on the thread ``hotd-engine``.

    What is decided is acted upon at once, and shown and answered when it is durable: whatever anybody was told
    survives the daemon.
    """

    def __init__(
        self,
        book: Book,
        *,
        clock: Clock,
        loading: Loading,
        executor: Executor,
        events: EventRing,
        store: Store,
        hurry: Callable[[], None] = lambda: None,
    ) -> None:
        """``hurry`` is called with every message: it is to be decided soon."""
        self._book = book
        """What was decided."""
        self._kept = book
        """The one of which the store was last told."""
        self._front = Front(book, clock, events)
        self._news = News(book)
        """What was made since."""
        self._loads: list[StartLoad] = []
        """To be begun when the store has been told, and has kept what has the ticket."""
        self._loads_after = 0
        self._lines: list[Emit] = []
        """Of the log, to be written when nothing else is to be done."""
        self._lines_by = 0.0
        """Monotonic seconds by which they are written however much there is to do."""
        self._clock = clock
        self._loading = loading
        self._executor = executor
        self._events = events
        self._store = store
        self._hurry = hurry
        self._inbox: queue.SimpleQueue[_Message] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="hotd-engine", daemon=True)
        self._ended = False
        self._hurt = False

    @property
    def book(self) -> Book:
        """What is true now, and will be at the next start. Immutable: read it once and draw from that."""
        return self._front.book

    def start(self) -> None:
        self._thread.start()

    # --- messages in: from any thread ------------------------------------------------------------------------------

    def tell(self, decide: Decide) -> None:
        """Have a decision made; nobody waits for it."""
        self._hurry()
        self._inbox.put(_Message(decide))

    def ask(self, decide: Decide) -> Change | int | None:
        """Have a decision made and get its answer. Raises what the decision raises."""
        reply = Reply()
        self._hurry()
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

    def watch_troubles(self, troubles: tuple[WatchTrouble, ...]) -> None:
        """All that keeps changes from being seen now."""
        self.tell(lambda book, now: unseen.noted(book, troubles, now))

    def stale(self, report: StaleReport) -> None:
        """What was imported for good, and is another on disk."""
        self.tell(lambda book, now: stale.noted(book, report, now))

    def left_behind(self, module: str) -> None:
        """What candidates of the module left behind may be another than it was. It is looked at when its turn comes."""
        self.tell(lambda book, now: residue.left_behind(book, module, self._loading.left_behind(module), now))

    def afterlife(self, news: Afterlife) -> None:
        self.tell(lambda book, now: afterlife.told(book, news, now))

    def files_changed(self, batch: Batch) -> None:
        self.tell(lambda book, now: files_changed(book, batch.paths, self._touched(book, batch.paths), now))

    def files_expected(self, paths: frozenset[str]) -> None:
        """They have changed, and will most likely be told in a moment."""
        self.tell(lambda book, _: files_expected(book, paths, self._touched(book, paths)))

    def stored(self, said: Stored) -> None:
        self.tell(lambda book, now: durable.stored(book, said, now))

    def stop(self, drain_deadline: float) -> None:
        """Begin the daemon's end; ``join`` waits for it."""
        self.tell(lambda book, now: ending.begin(book, drain_deadline, now))

    def join(self, timeout: float | None = None) -> bool:
        """Whether the engine has ended."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    # --- views out: from any thread --------------------------------------------------------------------------------

    def wait_for(self, look: Callable[[Book], T | None], seconds: float, glance: Glance | None = None) -> T | None:
        """What ``look`` finds in the book as soon as it finds something; None after ``seconds``.

        ``glance`` says on the engine's thread which books are worth a look.
        """
        return self._front.wait_for(look, seconds, glance)

    # --- the thread ------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._ended:
            message = self._next_message()
            now = self._clock.now()
            try:
                if message is not None:
                    self._handle(message, now)
                # Whoever saved a file waits for nothing else by now.
                self._take(conclude_all(self._book, now))
                self._take(reconcile(self._book, now))
                self._hurt = False
            except Exception:
                # A defect in a decision must cost that one decision, not every hosted thread.
                log.critical("a decision failed; the daemon goes on", exc_info=True, extra={"event": "engine.defect"})
                self._hurt = True
            self._secure(now)
            self._start_loads()
            if ending.over(self._book, now) and not self._front.waits:
                self._end()

    def _next_message(self) -> _Message | None:
        deadline, now = self._deadline(), self._clock.now()
        if len(self._lines) >= MOST_LINES or (self._lines and now.mono >= self._lines_by):
            self._write_lines()
        left = None if deadline is None else max(0.0, deadline - now.mono)
        if left is not None and ending.over(self._book, now):
            # Nothing is left to be done but to hear from the store, and its own patience is a deadline, too.
            left = max(left, END_PAUSE)
        if self._hurt and left is not None:
            # What failed at a deadline fails again at once: slow that down to something an operator can read.
            left = max(left, DEFECT_PAUSE)
        if self._lines:
            # While something is loaded they wait: beside busy threads each is four waits for the interpreter lock.
            wait = LOAD_TAKES if self._book.rollouts else 0.0
            left = wait if left is None else min(left, wait)
        try:
            return self._inbox.get(timeout=left)
        except queue.Empty:
            self._write_lines()
            return None

    def _deadline(self) -> float | None:
        try:
            return next_deadline(self._book)
        except Exception:
            if not self._hurt:
                log.critical("a deadline cannot be told", exc_info=True, extra={"event": "engine.defect"})
            self._hurt = True
            return self._clock.now().mono

    def _handle(self, message: _Message, now: Instant) -> None:
        reply = message.reply
        try:
            decision = message.decide(self._book, now)
        except HotdError as error:
            if reply is None:
                log.warning("%s", error, extra={"event": "engine.refused"})
                return
            reply.refuse(error)
            return
        except Exception as error:
            if reply is not None:
                reply.refuse(Internal(f"{type(error).__name__} in a decision; the daemon's log has the traceback"))
            raise
        self._take(decision)
        if reply is not None:
            reply.answer = decision.answer
            self._news.replies.append(reply)

    def _take(self, decision: Decision) -> None:
        """Act; shown it is later: whoever sees a generation as current can already get it."""
        for effect in decision.effects:
            self._try(effect, self._act)
        self._book = decision.book

    def _try(self, effect: E, act: Callable[[E], None]) -> None:
        try:
            act(effect)
        except Exception:
            # The decision stands: a book that forgot what was begun would be worse than one effect that failed.
            log.critical("%s failed", effect, exc_info=True, extra={"event": "engine.defect"})

    def _start_loads(self) -> None:
        if self._loads and self._book.store.covers(self._loads_after):
            loads, self._loads = self._loads, []
            for load in loads:
                self._try(load, lambda effect: self._loading.start(effect.job, self.loaded))

    def _write_lines(self) -> None:
        lines, self._lines = self._lines, []
        for line in lines:
            self._try(line, write_line)

    def _secure(self, now: Instant) -> None:
        """Have kept what is to be kept of all that was decided since the last time."""
        news, self._news = self._news, News(self._book)
        write: Write | None = None
        try:
            self._book, write = durable.secured(self._kept, self._book, tuple(news.events), now)
            if write is not None:
                # The process may die of a load: what has become known of a module (of how many deaths, say) is kept
                # before. The beginning alone is written with what the load brings, unless somebody waits for it.
                known = any(isinstance(record, KeptModule) for record in write.records)
                if known and self._loads:
                    self._loads_after = write.ticket
                urgent = known or bool(news.replies) or not self._loads
                sources = self._sources() if write.whole else None
                self._store.write(write.ticket, write.records, self.stored, sources, urgent=urgent)
        except Exception:
            # The daemon goes on; whoever waits is let go, and everything is brought again.
            log.critical("what was decided is not kept", exc_info=True, extra={"event": "engine.defect"})
            if write is not None:
                self.stored(Unwritten(write.ticket, Trouble("defect", "a defect of hotd", "the daemon's log has more")))
        self._kept = news.book = self._book
        self._front.put(news, self._book.store)

    def _sources(self) -> dict[str, Callable[[], Bundle | None]]:
        """Of all that is loaded, for a store that may have lost them."""
        return {
            generation.digest: partial(self._loading.bundle, module.name, generation.number)
            for module in self._book.modules.values()
            for generation in module.loaded
        }

    def _act(self, effect: Effect) -> None:
        match effect:
            case StartLoad():
                self._loads.append(effect)
            case StartInstance():
                self._executor.start(effect.spec)
            case AskToEnd():
                self._executor.stop(effect.instance)
            case Emit():
                now = self._clock.now()
                self._news.events.append(self._events.made(effect, now))
                if not self._lines:
                    self._lines_by = now.mono + LINES_WITHIN
                self._lines.append(effect)
            case Write():
                raise AssertionError("what is to be kept is found, not decided")
            case _:
                self._act_on_code(effect)

    def _act_on_code(
        self, effect: Prepare | AbandonLoad | Promote | Discard | Retire | Host | Respecify | Unhost
    ) -> None:
        match effect:
            case Prepare():
                self._loading.prepare(effect.module, effect.paths)
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
            case Host():
                spec = effect.spec
                self._loading.host(spec.name, spec.roots, spec.keep, effect.newest, spec.packages)
            case Respecify():
                spec = effect.spec
                self._loading.respecify(spec.name, spec.roots, spec.keep, spec.packages, effect.entered)
            case Unhost():
                self._loading.unhost(effect.module)

    def _touched(self, book: Book, paths: frozenset[str]) -> list[str]:
        return [
            module.name
            for module in book.modules.values()
            if self._loading.touched_by(module.name, paths)
            # Before a first load nothing is known of its files: any change under its roots may be the cure.
            or (module.current is None and any(_under(path, module.spec.watched) for path in paths))
        ]

    def _end(self) -> None:
        self._ended = True
        self._write_lines()
        self._front.close()
        while True:
            try:
                message = self._inbox.get_nowait()
            except queue.Empty:
                return
            if message.reply is not None:
                message.reply.refuse(ShuttingDown("the daemon has ended"))


def _under(path: str, roots: tuple[str, ...]) -> bool:
    return any(path.startswith(root.rstrip("/") + "/") for root in roots)
