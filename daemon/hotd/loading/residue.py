"""What a candidate that is no more left behind: undone where that is safe, told, and watched until it has gone.

First its ``__hot_dispose__`` may put things right, if it got as far as to have one. Then whatever can be taken away
without taking anybody else's is (`holders`). What then is still there is remembered, weakly, until it is not.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from types import SimpleNamespace, TracebackType
from typing import Any

from hotd.core import border
from hotd.core.border import Raised
from hotd.loading import forks
from hotd.loading.candidate import Candidate
from hotd.loading.dispose import HOT_DISPOSE, dispose
from hotd.loading.imports.part import OWNER, Part
from hotd.loading.imports.threads import when_over
from hotd.loading.outside.holders import Holder, found_by, registered
from hotd.loading.outside.running import idle_worker, placed, running
from hotd.loading.outside.whose import Whose

PATIENCE = 5.0
"""Seconds that ``__hot_dispose__`` of a candidate gets."""
MOST_TOLD = 40
"""Sentences. A candidate that started a thousand threads is told of as one that started forty, and how many more."""


class Residue:
    """Of one candidate. It holds the candidate's code until it is `clear`, from then on weakly."""

    def __init__(self, candidate: Candidate, parts: Iterable[Part], spaces: Mapping[Part, dict[str, Any]]) -> None:
        """``parts`` are those that nobody else uses, ``spaces`` the globals of those whose execution failed."""
        self.of = candidate.generation.identity
        self.changed: Callable[[], None] = _nobody
        """Called, from any thread, when something that was still there has gone."""
        self._candidate: Candidate | None = candidate
        self._spaces = spaces
        self._parts = [weakref.ref(part, self._code_is_gone) for part in parts]
        self._classes: list[weakref.ref[type]] = []
        """Those without any function, which live on when the parts that made them are gone."""
        self._imported: list[weakref.ref[Part]] = []
        """Where code put them, which is not to be told of parts that are gone."""
        self._libraries: tuple[str, ...] = ()
        """The same of libraries, by name."""
        self._of_classes: tuple[str, ...] = ()
        """What referred to those at the last look, as it is told once the parts are gone, and theirs with them."""
        self._heard: dict[int, bool] = {}
        """Threads that tell when they are over, by identity (their class may say what equals what); and whether they
        are its residue till then, also when its code is gone."""
        self._still: dict[object, str] = {}

    @property
    def still(self) -> tuple[str, ...]:
        """What was there at the last look and has not gone since, as phrases."""
        return tuple(self._still.copy().values())

    def clear(self, *, hooks: bool = True) -> tuple[str, ...]:
        """Undo what can be undone; sentences about that, and about what cannot. It runs user code.

        Without ``hooks`` where an import of the candidate still runs: its own hook would come too early.
        """
        candidate = self._candidate
        if candidate is None or not any(self._alive()):
            return ()
        told = list(self._dispose(candidate)) if hooks else []
        whose = self._whose()
        before = candidate.before
        found = list(_all(whose, before))
        undone = [one.what for _, one in found if one.undo is not None and _taken_away(one.undo)]
        self._classes = [weakref.ref(cls, self._code_is_gone) for cls in whose.plain]
        if whose.plain:
            self._imported, self._libraries = [weakref.ref(part) for part in whose.imported], tuple(whose.libraries())
        self._look(whose)
        self._candidate, self._spaces = None, {}
        told += [f"{what}: taken away" for what in dict.fromkeys(undone) if what not in self.still]
        return _some([*told, *(f"{what}: still there" for what in dict.fromkeys(self.still))])

    def look(self) -> None:
        """Find out anew what is still there."""
        if self._still:
            self._look(self._whose())

    def _dispose(self, candidate: Candidate) -> Iterator[str]:
        for name in candidate.generation.entries:
            part = candidate.generation.find(name)
            if part is None or all(part is not one for one in self._alive()):
                continue
            failed = self._spaces.get(part, {}).get(HOT_DISPOSE)
            module: Any = SimpleNamespace(**{HOT_DISPOSE: failed}) if failed is not None else part.module
            disposal = dispose(module, candidate.run, name) if module is not None else None
            failure = disposal.failure(PATIENCE) if disposal is not None else None
            if failure is not None:
                sentence = failure.message if failure.kind == "TimeoutError" else f"{failure.kind}: {failure.message}"
                yield f"{HOT_DISPOSE} of {name}: {sentence}"
        for part, name, target in candidate.generation.added:  # what the hook itself imported by a computed name
            part.drop_edge(name, target)

    def _look(self, whose: Whose) -> None:
        classes = Whose((), (), whose.plain, whose.imported, self._libraries)
        found = _all(classes, {}) if whose.plain else ()
        self._of_classes = tuple(one.what for thread, one in found if thread is None)
        still: dict[object, str] = {}
        for thread, one in _all(whose, {}):
            key: object = one.what if thread is None else id(thread)
            still[key] = one.what
            if thread is not None:
                self._listen(thread, until_it_ends=not idle_worker(thread, one))
        for thread in threading.enumerate():
            if self._heard.get(id(thread)) and thread is not threading.current_thread():
                still.setdefault(id(thread), placed(thread))
        self._still = still
        # A thread that ends from here on says so. One that did before found nothing to take away, and is gone by now.
        living = {id(thread) for thread in threading.enumerate()}
        for key in [key for key in (*still, *self._heard) if type(key) is int and key not in living]:
            still.pop(key, None)
            self._heard.pop(key, None)

    def _listen(self, thread: threading.Thread, *, until_it_ends: bool) -> None:
        key = id(thread)
        if key not in self._heard:
            when_over(thread, partial(self._thread_is_over, key))
        self._heard[key] = until_it_ends or self._heard.get(key, False)

    def _whose(self) -> Whose:
        imported = (part for reference in self._imported if (part := reference()) is not None)
        return Whose(self._alive(), self._spaces.values(), self._alive_classes(), imported, self._libraries)

    def _alive_classes(self) -> Iterator[type]:
        return (cls for reference in self._classes if (cls := reference()) is not None)

    def _alive(self) -> Iterator[Part]:
        return (part for reference in self._parts if (part := reference()) is not None)

    def _thread_is_over(self, key: int) -> None:
        self._heard.pop(key, None)
        if self._still.pop(key, None) is not None:
            self.changed()

    def _code_is_gone(self, _: weakref.ref[Part] | weakref.ref[type]) -> None:
        """The collector has the last of the parts: what referred to them does no longer. It may run anywhere."""
        if self._still and not any(self._alive()):
            left = self._of_classes if any(True for _ in self._alive_classes()) else ()
            before = self._still.copy()
            for key in before:
                if not (self._heard.get(key) if type(key) is int else key in left):
                    self._still.pop(key, None)
            for what in left:
                self._still.setdefault(what, what)
            if self._still != before:
                self.changed()


class Remains:
    """All residues of one loader of which something is still there."""

    def __init__(self) -> None:
        self.changed: Callable[[], None] = _nobody
        """Called, from any thread, when something that was still there has gone."""
        self._residues: tuple[Residue, ...] = ()
        self._lock = threading.RLock()
        """Re-entrant: the garbage collector may end a candidate in here, which is news."""
        forks.renew(self, "_lock", threading.RLock)

    @property
    def still(self) -> tuple[str, ...]:
        """What was there at the last look and has not gone since, as phrases. No work."""
        return _some(list(dict.fromkeys(what for residue in self._residues for what in residue.still)))

    def clear(self, residue: Residue, *, hooks: bool = True) -> tuple[str, ...]:
        """As `Residue.clear`; what is still there then is remembered."""
        told = residue.clear(hooks=hooks)
        residue.changed = self._news
        with self._lock:
            others = tuple(one for one in self._residues if one.of is not residue.of)
            self._residues = (*others, residue) if residue.still else others
        return told

    def _news(self) -> None:
        self.changed()

    def look(self) -> None:
        """Find out anew what is still there of all of them. Some milliseconds for each; nothing where there is none."""
        for residue in self._residues:
            residue.look()
        with self._lock:
            self._residues = tuple(one for one in self._residues if one.still)


def spaces_of(error: BaseException, parts: Iterable[Part]) -> dict[Part, dict[str, Any]]:
    """The globals of those parts whose code was running when it was raised: their modules are gone by then."""
    ours, found = frozenset(parts), dict[Part, dict[str, Any]]()
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        trace: TracebackType | None = _TRACEBACK.__get__(one)
        while trace is not None:
            part: Part | None = trace.tb_frame.f_builtins.get(OWNER)
            if part is not None and part in ours:
                found[part] = trace.tb_frame.f_globals
            trace = trace.tb_next
        waiting += [_CAUSE.__get__(one), _CONTEXT.__get__(one)]
    return found


_TRACEBACK, _CAUSE, _CONTEXT = (BaseException.__dict__[name] for name in ("__traceback__", "__cause__", "__context__"))


def _all(whose: Whose, before: Mapping[Any, Any]) -> Iterator[tuple[threading.Thread | None, Holder]]:
    yield from found_by(lambda: running(whose))
    for one in registered(whose, before):
        yield None, one


def _taken_away(undo: Callable[[], object]) -> bool:
    return not isinstance(border.call(undo), Raised)


def _some(told: list[str]) -> tuple[str, ...]:
    more = len(told) - MOST_TOLD
    return (*told[:MOST_TOLD], f"and {more} more") if more > 0 else tuple(told)


def _nobody() -> None:
    """Nobody wants to know."""
