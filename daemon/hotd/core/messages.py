"""The plain values that cross between the engine and the rooms around it."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from hotd.contract.views import Origin
from hotd.core.bundle import Bundle, Carried
from hotd.core.records import Trouble
from hotd.core.values import Failure, InstanceId

# --- loading ---------------------------------------------------------------------------------------------------------


class LoadKind(enum.Enum):
    """What a load job is for."""

    STAGE = "stage"
    """Load a candidate and keep it until it is promoted or discarded."""
    CHECK = "check"
    """Load, run the module's checks, throw away. Consumes no number."""
    PLAN = "plan"
    """Execute nothing; tell what a reload would execute again, and whether the disk differs from current."""


@dataclass(frozen=True, slots=True)
class LoadJob:
    """One load of one module. Jobs of different modules run beside each other, those of one module never do."""

    id: int
    module: str
    entry: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    kind: LoadKind
    changed: frozenset[str] | None = None
    """Absolute paths to look at; None looks at every file of the closure."""
    avoid: Mapping[str, Carried] = field(default_factory=dict)
    """Digests that must not be executed (quarantine), each with what it covers though only running the code told."""
    rebuild: tuple[str, ...] = ()
    """Kept parts that may be executed again."""
    restores: tuple[int, str] | None = None
    """Number and digest of the generation to be loaded from the store; the disk is not looked at."""
    recheck: bool = False
    """What the entry is called with is another: whether it can be is looked at also where the code is as it was."""
    follows: bool = False
    """It was asked for by the watcher: what changes meanwhile is told before its outcome is."""
    within: float = math.inf
    """Seconds from its start until it is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What came of a job that looked at the disk."""

    origins: tuple[Origin, ...] = ()
    """Of the module's roots, at that moment."""


@dataclass(frozen=True, slots=True)
class Staged(_Read):
    """A candidate exists and waits under ``number``."""

    job: LoadJob
    number: int
    digest: str
    reloaded: tuple[str, ...]
    duration: float
    bundle: Bundle | None = None
    """What it was made of."""


@dataclass(frozen=True, slots=True)
class Checked(_Read):
    """A CHECK found nothing wrong."""

    job: LoadJob
    digest: str
    reloaded: tuple[str, ...]
    duration: float
    unmatched: tuple[str, ...] = ()
    """Names in ``keep`` that are no part of the closure."""
    left: tuple[str, ...] = ()
    """What it left behind, a sentence each."""


@dataclass(frozen=True, slots=True)
class Unchanged(_Read):
    """The disk holds what is current."""

    job: LoadJob
    digest: str


@dataclass(frozen=True, slots=True)
class WouldRebuild(_Read):
    """The content would execute kept parts again; nothing was executed."""

    job: LoadJob
    digest: str
    parts: tuple[str, ...]
    message: str
    file: str | None
    line: int | None


@dataclass(frozen=True, slots=True)
class Planned(_Read):
    """The answer to a PLAN."""

    job: LoadJob
    digest: str
    differs: bool
    executed: tuple[tuple[str, str], ...]
    """(part, why) in the order of execution."""
    kept: tuple[str, ...]
    refusal: WouldRebuild | None = None
    """What the load would be refused with."""
    unmatched: tuple[str, ...] = ()
    """Names in ``keep`` that are no part of the closure."""
    shared: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """(module, parts): those of ``kept`` that are the same objects in another hosted module."""


@dataclass(frozen=True, slots=True)
class Avoided(_Read):
    """The content is one of ``job.avoid``; nothing was executed."""

    job: LoadJob
    digest: str


@dataclass(frozen=True, slots=True)
class Rejected(_Read):
    """No candidate; ``code`` is that of an error of the contract, most often a LoadRejected."""

    job: LoadJob
    digest: str
    code: str
    message: str
    hint: str | None
    file: str | None
    line: int | None
    traceback: str | None
    duration: float
    left: tuple[str, ...] = ()
    """What its execution left behind, a sentence each."""
    carried: Carried = ()
    """What the digest covers though only running the code told of it."""


LoadOutcome = Staged | Checked | Unchanged | Planned | Avoided | WouldRebuild | Rejected


@dataclass(frozen=True, slots=True)
class HookFailed:
    """A hook of a generation that was retired raised, or did not end in time."""

    module: str
    generation: int
    hook: str
    failure: Failure


@dataclass(frozen=True, slots=True)
class LeakedCode:
    """A generation that was retired, and whose code is in memory all the same."""

    generation: int
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Leaks:
    """Every leaked generation of the module, the oldest first: who is not in here has left memory."""

    module: str
    leaked: tuple[LeakedCode, ...]


Afterlife = HookFailed | Leaks
"""What is told of retired generations."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Something that keeps the code of a retired generation in memory, in words a user understands."""

    what: str
    """A phrase that follows "held by": ``logging filter 'AuditFilter' on logger 'root'``."""
    stack: str | None = None
    """Of a thread: where it stands."""


@dataclass(frozen=True, slots=True)
class PartFile:
    """One part of a loaded closure: what ``modules`` lists."""

    part: str
    file: str
    digest: str


@dataclass(frozen=True, slots=True, order=True)
class Stale:
    """Files that were imported for good, and whose content on disk is another by now, or gone."""

    kind: Literal["extension", "hotd", "package", "python"]
    name: str
    """Of the package; of an extension the name that it is imported by."""
    count: int
    path: str
    """One of the files."""


@dataclass(frozen=True, slots=True)
class StaleReport:
    """All that differs now."""

    daemon: tuple[Stale, ...] = ()
    """What is hotd's own, and what no module is known to import."""
    modules: Mapping[str, tuple[Stale, ...]] = field(default_factory=dict)
    """Module -> what its code imports."""


# --- instances -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InstanceSpec:
    """What an executor needs to run one instance. Plain data: it may travel to another process."""

    id: InstanceId
    generation: int
    digest: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    stop_method: str = ""


@dataclass(frozen=True, slots=True)
class InstanceStarted:
    id: InstanceId


@dataclass(frozen=True, slots=True)
class InstanceEnded:
    """It returned, or stopped because it was asked to."""

    id: InstanceId


@dataclass(frozen=True, slots=True)
class InstanceFailed:
    id: InstanceId
    failure: Failure


InstanceEvent = InstanceStarted | InstanceEnded | InstanceFailed


# --- storing ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Logged:
    """What was written under this ticket and all before it outlives the daemon, however that ends. A power cut may
    still take it: `Written` or `Unwritten` follows."""

    ticket: int


@dataclass(frozen=True, slots=True)
class Written:
    """What was written under this ticket and all before it is durable."""

    ticket: int
    aside: str | None = None
    """Where a store lies that could not be read any more, and in whose place a new one was begun for this."""


@dataclass(frozen=True, slots=True)
class Unwritten:
    """Nothing of what was to be written under this ticket is kept."""

    ticket: int
    trouble: Trouble


Stored = Logged | Written | Unwritten


# --- watching --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WatchTrouble:
    """Something that keeps changes of files from being seen, or kept them until just now."""

    reason: str
    """kebab-case, the same for the same cause."""
    message: str
    """A sentence with the cure."""
    subject: str = ""
    """What of several it is about: two roots that are gone are two troubles of one reason."""
    over: str = ""
    """The sentence that tells of its end; empty where there is nothing to tell."""
    healed: bool = False
    """Whether nothing goes unseen any more and it is only told for a while, so that somebody learns of it."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What changed on disk between two quiet moments."""

    paths: frozenset[str]
    """Absolute paths of files that were written, moved in, created or deleted."""
