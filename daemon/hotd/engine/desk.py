"""Answers verbs: reads draw from the published book, changes are decided by the engine's thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hotd.contract import views
from hotd.contract.requests import LONGEST_WAIT, Request
from hotd.contract.verbs import Verb
from hotd.core.book import Book, Module
from hotd.core.picture import outcome_of
from hotd.core.values import Actor
from hotd.core.wording import serving
from hotd.engine.engine import Decide, Engine
from hotd.engine.events import EventRing
from hotd.ports import Clock, Executor, Loading, LogReader, Watcher


@dataclass(frozen=True, slots=True)
class About:
    """What the daemon knows of itself."""

    pid: int
    version: str
    python: str
    interpreter: str
    socket: str


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
    about: About
    answers: Mapping[str, Callable[..., Any]]
    """verb -> how it is answered (``hotd.engine.verbs.ANSWERS``)."""

    def ask(self, verb: Verb, request: Request, actor: Actor) -> Any:
        return self.answers[verb.name](self, request, actor)

    def change(self, decide: Decide) -> views.Change:
        """A change that is complete when it is decided."""
        answer = self.engine.ask(decide)
        assert isinstance(answer, views.Change), "decisions of this kind answer at once"
        return answer

    def roll_out(self, decide: Decide, max_wait: float) -> views.Change:
        """A change that loads: its outcome, or ``in-flight`` after ``max_wait`` seconds."""
        revision = self.engine.ask(decide)
        assert isinstance(revision, int), "decisions of this kind answer with a revision"
        return self.outcome(revision, max_wait)

    def outcome(
        self, revision: int, max_wait: float, until: Callable[[Book, views.Change], bool] | None = None
    ) -> views.Change:
        """The outcome of a rollout as soon as it is known and ``until`` holds. Raises UnknownRevision."""

        def look(book: Book) -> views.Change | None:
            change = outcome_of(book, revision)
            if change.outcome == "in-flight" or (until is not None and not until(book, change)):
                return None
            return change

        change = self.engine.wait_for(look, min(max_wait, LONGEST_WAIT)) or outcome_of(self.engine.book, revision)
        return _as_of(self.engine.book, change)


def _as_of(book: Book, change: views.Change) -> views.Change:
    """How many run the new and the old code is told as of now, not as of the swap."""
    known = book.modules
    return replace(
        change, modules=tuple(_counted(m, known[m.module]) if m.module in known else m for m in change.modules)
    )


def _counted(change: views.ModuleChange, module: Module) -> views.ModuleChange:
    """Of a generation that something newer has replaced only those who still run it are of interest."""
    if change.generation is not None and change.generation != module.current:
        return replace(change, serving=views.Serving(module.count(change.generation), 0))
    return replace(change, serving=serving(module))
