"""What a verb is asked with. Every field has a default where the command line has one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

LONGEST_WAIT = 20.0
"""Seconds a call may park in the daemon; whoever wants to wait longer asks again."""


@dataclass(frozen=True, slots=True)
class Hello:
    pass


@dataclass(frozen=True, slots=True)
class Status:
    module: str | None = None


@dataclass(frozen=True, slots=True)
class Modules:
    pass


@dataclass(frozen=True, slots=True)
class Instances:
    """``instance`` asks for one by its id, and parks until it has ended; one on demand is told of after that."""

    module: str | None = None
    instance: str | None = None
    max_wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Generations:
    module: str


@dataclass(frozen=True, slots=True)
class History:
    module: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Diff:
    """What tells one generation's sources from another's; ``to=None`` is the current one."""

    module: str
    previous: int
    """``from`` on the wire."""
    to: int | None = None


@dataclass(frozen=True, slots=True)
class Why:
    """Of the module, or of one of its generations."""

    module: str
    generation: int | None = None


@dataclass(frozen=True, slots=True)
class Blocking:
    module: str | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Parks until it is so: ``generation>=8``, ``drained``, ``healthy``; ``retired``, which is said of one generation.

    With ``generation`` it is about that one alone.
    """

    module: str
    until: str
    generation: int | None = None
    max_wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Errors:
    module: str
    limit: int = 20


@dataclass(frozen=True, slots=True)
class Events:
    """``after=None`` asks for the newest ``limit`` events; ``after=N`` for those with a greater seq.

    ``mark`` goes with ``after``, both as an earlier page gave them: a daemon that numbers anew knows by it.
    """

    after: int | None = None
    limit: int = 200
    max_wait: float = 0.0
    module: str | None = None
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Logs:
    """``after=None`` asks for the newest ``limit`` lines. ``mark`` as for events."""

    module: str
    after: int | None = None
    limit: int = 200
    max_wait: float = 0.0
    instance: str | None = None
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """``drained`` parks until no instance runs an older generation, ``serving`` until one runs the current one."""

    revision: int
    max_wait: float = 0.0
    drained: bool = False
    serving: bool = False


@dataclass(frozen=True, slots=True)
class Reload:
    modules: tuple[str, ...] = ()
    all: bool = False
    atomic: bool = False
    force: bool = False
    dry_run: bool = False
    reason: str = ""
    if_generation: int | None = None
    max_wait: float = LONGEST_WAIT
    rebuild: tuple[str, ...] = ()
    """Parts named in ``keep`` that may be executed again this time."""


@dataclass(frozen=True, slots=True)
class Check:
    modules: tuple[str, ...] = ()
    all: bool = False
    max_wait: float = LONGEST_WAIT


@dataclass(frozen=True, slots=True)
class Undo:
    """A module, to its last stable generation or to ``to``; or all that one rollout changed."""

    module: str | None = None
    to: int | None = None
    reason: str = ""
    if_generation: int | None = None
    max_wait: float = LONGEST_WAIT
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """``duration`` in seconds: then it ends by itself. What is said last holds."""

    module: str | None = None
    reason: str = ""
    duration: float | None = None


@dataclass(frozen=True, slots=True)
class Resume:
    module: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Scale:
    module: str
    replicas: int
    reason: str = ""
    if_generation: int | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """``args=None`` runs it with the module's own arguments; JSON values otherwise."""

    module: str
    args: tuple[Any, ...] | None = None
    kwargs: dict[str, Any] | None = None
    reason: str = ""
    if_generation: int | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """``target`` is a module or an instance id."""

    target: str
    reason: str = ""
    if_generation: int | None = None


@dataclass(frozen=True, slots=True)
class Start:
    module: str
    reason: str = ""
    if_generation: int | None = None


@dataclass(frozen=True, slots=True)
class Restart:
    """``target`` is a module or an instance id."""

    target: str
    reason: str = ""
    if_generation: int | None = None


@dataclass(frozen=True, slots=True)
class Drain:
    """``deadline`` in seconds takes the place of ``drain_deadline``."""

    module: str
    generation: int
    deadline: float | None = None
    reason: str = ""
    if_generation: int | None = None


@dataclass(frozen=True, slots=True)
class Purge:
    """``deadline`` in seconds takes the place of ``drain_deadline``; ``soft`` drops it only where nobody runs it."""

    module: str
    generation: int
    soft: bool = False
    deadline: float | None = None
    reason: str = ""
    if_generation: int | None = None


@dataclass(frozen=True, slots=True)
class Deploy:
    """Without ``hold`` a deploy begins: file changes are held back, and the answer has the number of the hold.

    With it: ``keep`` says that the client lives (every 10 s; after 30 s without it is over), ``roll-out`` that the
    command has ended well, ``let-go`` that it has not. No modules are all modules.
    """

    modules: tuple[str, ...] = ()
    step: Literal["keep", "roll-out", "let-go"] = "keep"
    hold: int | None = None
    reason: str = ""
    if_generation: int | None = None
    max_wait: float = LONGEST_WAIT


@dataclass(frozen=True, slots=True)
class Stage:
    module: str
    reason: str = ""
    if_generation: int | None = None
    max_wait: float = LONGEST_WAIT


@dataclass(frozen=True, slots=True)
class Promote:
    module: str
    reason: str = ""
    if_generation: int | None = None
    max_wait: float = LONGEST_WAIT


@dataclass(frozen=True, slots=True)
class Retry:
    module: str
    reason: str = ""
    if_generation: int | None = None
    max_wait: float = LONGEST_WAIT


@dataclass(frozen=True, slots=True)
class Abort:
    module: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Pin:
    module: str
    reason: str = ""
    if_generation: int | None = None


@dataclass(frozen=True, slots=True)
class Unpin:
    module: str
    reason: str = ""
    if_generation: int | None = None


@dataclass(frozen=True, slots=True)
class MakePermanent:
    module: str
    reason: str = ""
    if_generation: int | None = None


@dataclass(frozen=True, slots=True)
class Add:
    """Host another module: ``options`` are the other keys that its table in hotd.toml would have.

    ``roots`` are absolute; none are those of hotd.toml.
    """

    module: str
    entry: str
    roots: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    reason: str = ""
    max_wait: float = LONGEST_WAIT


@dataclass(frozen=True, slots=True)
class Remove:
    """Drain a module that was added and forget it. Asked again while it drains, it waits on."""

    module: str
    reason: str = ""
    if_generation: int | None = None
    max_wait: float = LONGEST_WAIT


@dataclass(frozen=True, slots=True)
class Reset:
    module: str
    reason: str = ""
    if_generation: int | None = None


@dataclass(frozen=True, slots=True)
class Doctor:
    pass


@dataclass(frozen=True, slots=True)
class Apply:
    """Read hotd.toml again, the one that the daemon was started with."""

    dry_run: bool = False
    reason: str = ""
    max_wait: float = LONGEST_WAIT


@dataclass(frozen=True, slots=True)
class Shutdown:
    """End the daemon: every instance is asked to end, and has ``drain_deadline`` to do so; with ``drain`` as long as it
    takes. ``timeout`` in seconds takes the place of both. Asked again, the earlier end holds.
    """

    drain: bool = False
    timeout: float | None = None
    reason: str = ""


Request = (
    Hello
    | Status
    | Modules
    | Instances
    | Generations
    | History
    | Diff
    | Why
    | Blocking
    | Wait
    | Errors
    | Events
    | Logs
    | Outcome
    | Reload
    | Check
    | Undo
    | Pause
    | Resume
    | Scale
    | Run
    | Stop
    | Start
    | Restart
    | Drain
    | Purge
    | Deploy
    | Stage
    | Promote
    | Abort
    | Retry
    | Pin
    | Unpin
    | MakePermanent
    | Add
    | Remove
    | Reset
    | Shutdown
    | Apply
    | Doctor
)
