"""What outlives the daemon: plain values that the store is given to keep, and gives back at the next start.

Moments are wall time here, in Unix seconds: a monotonic clock says nothing to another process.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hotd.contract.views import Change, ErrorView, Event, Origin
from hotd.core.bundle import Bundle, Carried
from hotd.core.environment import Environment


@dataclass(frozen=True, slots=True)
class KeptModule:
    """What was decided about a module, and must hold at the next start."""

    name: str
    current: int | None = None
    permanent: int | None = None
    line: tuple[int, ...] = ()
    paused: bool = False
    stopped: bool = False
    pinned: bool = False
    replicas: int | None = None
    """None: as hotd.toml says."""
    quarantine: Mapping[str, str] = field(default_factory=dict)
    """digest -> why it must not be loaded."""
    deaths: Mapping[str, int] = field(default_factory=dict)
    """digest -> how often the daemon died while it was current and not permanent."""
    carried: Mapping[str, Carried] = field(default_factory=dict)
    """digest -> what it covers though only running the code told of it."""
    paused_until: float | None = None
    """When a pause ends by itself."""


@dataclass(frozen=True, slots=True)
class KeptGeneration:
    module: str
    number: int
    digest: str
    cause: str
    actor: str
    created: float
    duration_ms: float
    verdict: str = "none"
    executed: tuple[str, ...] | None = None
    """The parts that were executed for it, in that order. To be kept only when it is new: None is no news."""
    origins: tuple[Origin, ...] = ()
    """Where its code came from; with them."""
    over: Environment | None = None
    """What it runs over; with them, and None is what there is now."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A rollout began: from here on its number may be told."""

    revision: int
    at: float
    cause: str
    actor: str
    modules: Mapping[str, int | None]
    """Each with what is current now."""
    listed: bool = True


@dataclass(frozen=True, slots=True)
class Intent:
    """Written before the swap: what is about to become current, and for which revision."""

    revision: int
    module: str
    previous: int | None
    generation: KeptGeneration
    bundle: Bundle | None = None
    """The sources; None where the store has them."""


@dataclass(frozen=True, slots=True)
class KeptRevision:
    """Written after the swap, or after whatever else a rollout came to."""

    revision: int
    at: float
    cause: str
    actor: str
    change: Change
    duration_ms: float
    listed: bool = True


@dataclass(frozen=True, slots=True)
class KeptRejection:
    module: str
    digest: str
    error: ErrorView
    at: float
    cause: str
    actor: str
    duration_ms: float


@dataclass(frozen=True, slots=True)
class KeptFailure:
    module: str
    at: float
    generation: int | None
    instance: str | None
    error: ErrorView
    cause: str | None = None
    actor: str | None = None
    duration_ms: float | None = None


@dataclass(frozen=True, slots=True)
class KeptDaemon:
    """What was decided about the daemon as a whole."""

    paused: bool = False
    paused_until: float | None = None


@dataclass(frozen=True, slots=True)
class Began:
    """A daemon runs, and whatever an earlier one left open is closed: it was not done."""

    at: float
    first_revision: int
    """Of those that this daemon opens."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The daemon came to its own end."""

    at: float


@dataclass(frozen=True, slots=True)
class Added:
    """A module that was added at run time; ``entry`` None: it was removed again."""

    name: str
    entry: str | None
    options: Mapping[str, object] = field(default_factory=dict)
    """The keys that its table in hotd.toml would have."""


@dataclass(frozen=True, slots=True)
class Audited:
    """Who asked for a change, and what became of it."""

    at: float
    actor: str
    uid: int | None
    verb: str
    request: str
    """As JSON."""
    outcome: str
    """Of the change, or the code of the refusal."""


@dataclass(frozen=True, slots=True)
class Forget:
    """Generations that can no longer be undone to: their records go, and with the last of its users a bundle."""

    module: str
    numbers: tuple[int, ...]


Record = (
    KeptModule
    | KeptGeneration
    | Opened
    | Intent
    | KeptRevision
    | KeptRejection
    | KeptFailure
    | KeptDaemon
    | Began
    | Ended
    | Added
    | Audited
    | Forget
    | Bundle
    | Event
)

NOTED = (Opened, KeptFailure, Audited, Event)
"""Nothing hangs on them but what is shown: they survive the daemon's death however it dies, a power cut perhaps not,
and are not worth a wait for the disk."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why the store cannot keep anything at the moment."""

    reason: str
    """``full``, ``read-only``, ``corrupt``, ``unwritable``, ``busy``, ``defect``"""
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the store knew when it was opened."""

    modules: Mapping[str, KeptModule] = field(default_factory=dict)
    generations: Mapping[str, tuple[KeptGeneration, ...]] = field(default_factory=dict)
    """Oldest first, those that were about to become current when the daemon died among them."""
    over: Mapping[tuple[str, int], Environment] = field(default_factory=dict)
    """Module and number -> what that generation ran over."""
    rejections: Mapping[str, tuple[KeptRejection, ...]] = field(default_factory=dict)
    daemon: KeptDaemon = KeptDaemon()
    added: tuple[Added, ...] = ()
    last_revision: int = 0
    last_event: int = 0
    died: bool = False
    """Whether the daemon before this one did not come to its own end."""
    interrupted: Mapping[str, int] = field(default_factory=dict)
    """module -> the generation that was about to become current at that moment."""
    trying: Mapping[str, str] = field(default_factory=dict)
    """module -> digest of what was being executed for the first time at that moment."""
    aside: str | None = None
    """Where the files of a store lie that could not be read."""
    trouble: Trouble | None = None
