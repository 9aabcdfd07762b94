"""The protocols through which the engine speaks to the rooms around it, and the plain values that cross them.

The engine decides; adapters act and report back by calling the sink they were given, from whatever thread they are
on. A sink only enqueues, so calling it never blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from hotd.contract import requests
from hotd.contract.requests import Request
from hotd.contract.verbs import Verb
from hotd.contract.views import Change, Event, Finding, Logs, RevisionView
from hotd.core.bundle import Bundle
from hotd.core.messages import (
    Afterlife,
    Avoided,
    Batch,
    Checked,
    Holder,
    HookFailed,
    InstanceEnded,
    InstanceEvent,
    InstanceFailed,
    InstanceSpec,
    InstanceStarted,
    LeakedCode,
    Leaks,
    LoadJob,
    LoadKind,
    LoadOutcome,
    PartFile,
    Planned,
    Rejected,
    Staged,
    Stale,
    StaleReport,
    Stored,
    Unchanged,
    WatchTrouble,
    WouldRebuild,
)
from hotd.core.records import KeptFailure, Record
from hotd.core.values import Actor, EntryKind, InstanceId, Instant, Progress, Spec

__all__ = [
    "LoadKind",
    "LoadJob",
    "Staged",
    "Checked",
    "Unchanged",
    "Planned",
    "Avoided",
    "WouldRebuild",
    "Rejected",
    "Stale",
    "StaleReport",
    "LoadOutcome",
    "PartFile",
    "Afterlife",
    "HookFailed",
    "LeakedCode",
    "Leaks",
    "Holder",
    "InstanceSpec",
    "InstanceStarted",
    "InstanceEnded",
    "InstanceFailed",
    "InstanceEvent",
    "Batch",
    "WatchTrouble",
    "Clock",
    "Loading",
    "Code",
    "Executor",
    "Store",
    "Trials",
    "Sources",
    "Watcher",
    "Adding",
    "Applying",
    "Examining",
    "Desk",
    "LogReader",
]


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> Instant: ...


# --- loading ---------------------------------------------------------------------------------------------------------


class Loading(Protocol):
    """Loads and keeps generations. Everything but ``start`` is a look-up or a pointer swap and returns at once."""

    def host(
        self,
        module: str,
        roots: tuple[str, ...],
        keep: tuple[str, ...] = (),
        newest: tuple[int, str] | None = None,
        packages: tuple[str, ...] = (),
    ) -> None:
        """Make room for a module's line of generations, in which the parts named in ``keep`` stay what they are.

        ``newest`` is number and digest of the last generation there was.
        """

    def respecify(
        self,
        module: str,
        roots: tuple[str, ...],
        keep: tuple[str, ...],
        packages: tuple[str, ...],
        entered: bool | None = None,
    ) -> None:
        """From now on it is loaded from these, which are more than before, or as many as before that again.

        The parts named in ``keep`` must not be executed again by the way, and no others.

        ``entered``: whether current is entered from now on as the last load with ``recheck`` found it could be; None
        says nothing of that.
        """

    def unhost(self, module: str) -> None:
        """Nothing of the module is current any more, so that each of its generations can be retired."""

    def start(self, job: LoadJob, sink: Callable[[LoadOutcome], None]) -> None:
        """Run the job on a thread of its own; exactly one outcome reaches the sink."""

    def prepare(self, module: str, paths: frozenset[str]) -> None:
        """A job of the module will most likely want what is at these paths, in a moment. Runs no user code."""

    def abandon(self, job: int) -> str | None:
        """Stop caring for a job: a candidate that it may still bring is thrown away. The stack it stands in now."""

    def promote(self, module: str, number: int) -> None:
        """Make a candidate, or a generation still in memory, the current one: one reference is swapped."""

    def discard(self, module: str, number: int) -> None:
        """Throw a candidate away."""

    def left_behind(self, module: str) -> tuple[str, ...]:
        """What candidates of the module that are no more left behind, and is still there: phrases."""

    def retire(self, module: str, number: int) -> None:
        """Drop a generation from memory, after its dispose hook. Whoever still holds objects of it keeps those.

        What comes of that is told as `Afterlife`, from another thread.
        """

    def holders(self, module: str, number: int, within: float) -> tuple[Holder, ...]:
        """Who keeps a leaked generation in memory; () when nobody does. Takes up to ``within`` seconds, more or less.

        Looks through the whole heap: not for the engine's thread.
        """

    def touched_by(self, module: str, paths: frozenset[str]) -> bool:
        """Whether any of the absolute paths may matter to the module. No I/O."""

    def closure(self, module: str) -> tuple[PartFile, ...]:
        """The parts of the current generation; empty where there is none."""

    def bundle(self, module: str, number: int) -> Bundle | None:
        """What a generation in memory was made of; None when it is gone. From any thread, and not at once."""

    def code(self, module: str, number: int) -> Code:
        """The entry of a generation in memory, for whoever runs an instance of it. KeyError when it is gone."""

    def close(self) -> None: ...


class Code(Protocol):
    """The entry of one generation, ready to run."""

    @property
    def kind(self) -> EntryKind: ...
    @property
    def target(self) -> Callable[..., Any]: ...
    def run(self, fn: Callable[..., Any], *args: Any) -> Any:
        """Call ``fn`` so that whatever it imports or resolves by name finds this generation."""


# --- instances -------------------------------------------------------------------------------------------------------


class Executor(Protocol):
    """Runs instances. For every ``start`` exactly one InstanceEnded or InstanceFailed follows, however it ends."""

    def start(self, spec: InstanceSpec) -> None:
        """Start one instance on a thread (or process) of its own; returns before user code runs."""

    def stop(self, instance: InstanceId) -> None:
        """Ask it to end at its next checkpoint. Asking twice, or after its end, does nothing."""

    def progress(self, instance: InstanceId) -> Progress | None: ...

    def stack(self, instance: InstanceId) -> str | None:
        """The Python stack it stands in now, plain paths; None when it is not running."""

    def close(self) -> None: ...


# --- the store -------------------------------------------------------------------------------------------------------


Sources = Mapping[str, Callable[[], Bundle | None]]


class Trials(Protocol):
    """Remembers, whatever ends the process, what was being executed for the first time. Never raises."""

    def begin(self, module: str, digest: str) -> None: ...
    def end(self, module: str) -> None: ...


class Store(Protocol):
    """Keeps what outlives the daemon. Reads are for threads that may wait for a file: never the engine's."""

    def write(
        self,
        ticket: int,
        records: Sequence[Record],
        sink: Callable[[Stored], None],
        sources: Sources | None = None,
        *,
        urgent: bool = True,
    ) -> None:
        """Keep all of them or none; the sink is told which, in the order of the tickets. Returns at once.

        ``sources`` tells for digests how to get the bundle, if the store should lack it. What is not ``urgent`` may
        wait a moment for more to be written with it.
        """

    def note(self, record: Record) -> None:
        """Keep it, and tell nobody."""

    def bundle(self, digest: str) -> Bundle:
        """The sources of a generation. Raises Expired, StoreDegraded."""

    def history(self, module: str | None, before: int, limit: int) -> tuple[RevisionView, ...]:
        """Revisions below ``before``, newest first. Raises StoreDegraded."""

    def outcome(self, revision: int) -> Change | None:
        """What a revision came to; None for one that is not kept. Raises StoreDegraded."""

    def failures(self, module: str, limit: int) -> tuple[KeptFailure, ...]:
        """The newest that happened before this daemon started, newest last. Raises StoreDegraded."""

    def events(self, after: int, before: int, limit: int) -> tuple[Event, ...]:
        """Those between the two, oldest first. Raises StoreDegraded."""


# --- watching --------------------------------------------------------------------------------------------------------


class Watcher(Protocol):
    def start(self) -> None: ...
    def close(self) -> None: ...
    def watch(self, roots: Sequence[Path]) -> None:
        """Watch these, and no others. What is new among them is told as changed."""

    def flush(self) -> None:
        """Hand over what has arrived so far, without waiting for quiet."""

    def settled(self, within: float) -> None:
        """Until what has arrived so far is handed over, at most so many seconds."""

    def describe(self) -> Mapping[str, Any]:
        """For status: what ``DaemonView.watching`` has."""


# --- modules that are added ------------------------------------------------------------------------------------------


class Adding(Protocol):
    """What may be hosted at run time. For threads that may wait for a file."""

    def spec(self, request: requests.Add, actor: Actor) -> Spec:
        """What was asked for, understood as a table of hotd.toml would be. Raises UsageError, NotPermitted."""

    def coming(self, roots: Iterable[str]) -> AbstractContextManager[None]:
        """Changes below these are seen from now on: for what is about to be hosted. After it, as `watch` has it."""

    def watch(self) -> None:
        """See to it that changes below the roots of all that is hosted now are seen, and below no others."""


# --- hotd.toml -------------------------------------------------------------------------------------------------------


class Applying(Protocol):
    """Reads hotd.toml again. For threads that may wait for a file, and for what is loaded."""

    def apply(self, request: requests.Apply, actor: Actor) -> Change:
        """The outcome; ``in-flight`` after ``max_wait`` seconds. Raises BadConfig, Refused."""


class Examining(Protocol):
    """Looks at the installation. For threads that may wait for a file."""

    def examine(self) -> tuple[Finding, ...]: ...


# --- output ----------------------------------------------------------------------------------------------------------


class LogReader(Protocol):
    """What instances printed."""

    def page(
        self, module: str, after: int | None, limit: int, max_wait: float, instance: str | None, mark: str = ""
    ) -> Logs:
        """Lines after the cursor, or the newest where it is None. Parks at most ``max_wait`` seconds."""


# --- control ---------------------------------------------------------------------------------------------------------


class Desk(Protocol):
    """Answers verbs. Called from the threads of the control port, many at once."""

    def ask(self, verb: Verb, request: Request, actor: Actor) -> Any:
        """The view of ``verb.answer``. Raises HotdError. Parks at most ``request.max_wait`` where there is one."""
