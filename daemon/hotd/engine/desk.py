"""Answers verbs: reads draw from the published book, changes are decided by the engine's thread."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from hotd.contract import views
from hotd.contract.codec import to_text
from hotd.contract.errors import HotdError, StoreDegraded
from hotd.contract.requests import LONGEST_WAIT, Request
from hotd.contract.verbs import Verb
from hotd.core.adding import check_stays
from hotd.core.book import Book, Module
from hotd.core.picture import is_over, module_views, outcome_of
from hotd.core.records import Audited
from hotd.core.values import Actor
from hotd.core.wording import as_served, serving
from hotd.engine.engine import Decide, Engine
from hotd.engine.events import EventRing
from hotd.ports import Adding, Applying, Clock, Examining, Executor, Loading, LogReader, Store, Watcher

T = TypeVar("T")

LASTING = frozenset({"done", "promoted", "undone"})
"""Outcomes after which something is otherwise."""

log = logging.getLogger("hotd.engine")


@dataclass(frozen=True, slots=True)
class About:
    """What the daemon knows of itself."""

    pid: int
    version: str
    python: str
    interpreter: str
    socket: str


class Drawn:
    """The modules of a book as they are shown, drawn once for all who ask before anything is otherwise.

    A book never changes; what changes is which one is published. What looks the same in the next one is the same
    object: who writes it need not do so again. Used from many threads: at worst two draw the same.
    """

    def __init__(self) -> None:
        self._last: tuple[Book, Mapping[str, views.ModuleView]] | None = None

    def modules(self, book: Book) -> Mapping[str, views.ModuleView]:
        last = self._last
        if last is None or last[0] is not book:
            last = self._last = book, module_views(book, last[1] if last is not None else {})
        return last[1]


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything a verb may need to be answered. Used from many threads at once."""

    engine: Engine
    loading: Loading
    executor: Executor
    watcher: Watcher
    events: EventRing
    logs: LogReader
    clock: Clock
    store: Store
    about: About
    answers: Mapping[str, Callable[..., Any]]
    """verb -> how it is answered (``hotd.engine.verbs.ANSWERS``)."""
    adding: Adding
    applying: Applying
    examining: Examining
    drain_deadline: Callable[[], float]
    """Seconds, as [daemon] has it now: what instances get to end in when the daemon does."""
    drawn: Drawn = field(default_factory=Drawn)

    def ask(self, verb: Verb, request: Request, actor: Actor) -> Any:
        try:
            if verb.changes:
                check_stays(self.engine.book, request)
            answer = self.answers[verb.name](self, request, actor)
        except HotdError as error:
            self._audit(verb, request, actor, error.code)
            raise
        self._audit(verb, request, actor, getattr(answer, "outcome", ""))
        return answer

    def _audit(self, verb: Verb, request: Request, actor: Actor, outcome: str) -> None:
        if verb.changes:
            now, asked = self.clock.now(), to_text(request)
            self.store.note(Audited(now.wall, actor.name, actor.uid, verb.name, asked, outcome))

    def kept(self, read: Callable[[Store], T], otherwise: T) -> T:
        """What the store says; while it cannot, the answer is what the book knows, and the conditions say why."""
        try:
            return read(self.store)
        except StoreDegraded as error:
            log.warning("%s", error, extra={"event": "store.unread"})
            return otherwise

    def change(self, decide: Decide) -> views.Change:
        """A change that is complete when it is decided."""
        answer = self.engine.ask(decide)
        assert isinstance(answer, views.Change), "decisions of this kind answer at once"
        return self._as_kept(answer)

    def roll_out(self, decide: Decide, max_wait: float) -> views.Change:
        """A change that may have to load: its outcome, or ``in-flight`` after ``max_wait`` seconds."""
        answer = self.engine.ask(decide)
        assert answer is not None, "decisions of this kind answer with a revision, or at once"
        return self._as_kept(self.outcome(answer, max_wait) if isinstance(answer, int) else answer)

    def outcome(
        self, revision: int, max_wait: float, until: Callable[[Book, views.Change], bool] | None = None
    ) -> views.Change:
        """The outcome of a rollout as soon as it is known and ``until`` holds. Raises UnknownRevision."""
        if (earlier := self._outcome_before(revision)) is not None:
            return _as_of(self.engine.book, earlier)

        def look(book: Book) -> views.Change | None:
            change = outcome_of(book, revision)
            if change.outcome == "in-flight" or (until is not None and not until(book, change)):
                return None
            return change

        def glance(book: Book) -> bool | None:
            return True if is_over(book, revision) else None

        found = self.engine.wait_for(look, min(max_wait, LONGEST_WAIT), glance)
        change = found or outcome_of(self.engine.book, revision)
        return _as_of(self.engine.book, change)

    def _outcome_before(self, revision: int) -> views.Change | None:
        """Of a rollout that only the store remembers."""
        return None if self.remembers(revision) else self.kept(lambda store: store.outcome(revision), None)

    def remembers(self, revision: int) -> bool:
        """Whether the book has it, and not the store alone."""
        book = self.engine.book
        return revision in book.rollouts or any(one.revision == revision for one in book.history)

    def _as_kept(self, change: views.Change) -> views.Change:
        """Who is told of a change that a restart would forget is told that, too."""
        trouble = self.engine.book.store.trouble
        if trouble is None or change.outcome not in LASTING:
            return change
        note = f"not kept yet, so it holds until the daemon ends: {trouble.message}"
        return replace(change, note=f"{change.note}; {note}" if change.note else note)


def _as_of(book: Book, change: views.Change) -> views.Change:
    """How many run the new and the old code is told as of now, not as of the swap."""
    known = book.modules
    return replace(
        change, modules=tuple(_counted(m, known[m.module]) if m.module in known else m for m in change.modules)
    )


def _counted(change: views.ModuleChange, module: Module) -> views.ModuleChange:
    """Of a generation that something newer has replaced only those who still run it are of interest."""
    if change.generation is not None and change.generation != module.current:
        left = views.Serving(module.count(change.generation), 0)
        return replace(change, serving=left, note=as_served(change.note, None))
    return replace(change, serving=serving(module), note=as_served(change.note, module))
