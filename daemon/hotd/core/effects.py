"""What a decision asks the engine to do. Data: deciding and acting are two things."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hotd.contract.events import EventName
from hotd.contract.views import Change
from hotd.core.book import Book
from hotd.core.messages import InstanceSpec, LoadJob
from hotd.core.records import Record
from hotd.core.values import InstanceId, Spec


@dataclass(frozen=True, slots=True)
class StartLoad:
    job: LoadJob


@dataclass(frozen=True, slots=True)
class Prepare:
    """What is at these paths will most likely be loaded in a moment."""

    module: str
    paths: frozenset[str]


@dataclass(frozen=True, slots=True)
class AbandonLoad:
    job: int


@dataclass(frozen=True, slots=True)
class Promote:
    """One reference is swapped; new instances get this generation."""

    module: str
    number: int


@dataclass(frozen=True, slots=True)
class Discard:
    module: str
    number: int


@dataclass(frozen=True, slots=True)
class Retire:
    module: str
    number: int


@dataclass(frozen=True, slots=True)
class Host:
    """Make room for a module's generations; ``newest`` is number and digest of the last one there was."""

    spec: Spec
    newest: tuple[int, str] | None = None


@dataclass(frozen=True, slots=True)
class Unhost:
    """No generation of the module is current any more; each of them is then retired."""

    module: str


@dataclass(frozen=True, slots=True)
class Respecify:
    """A module is to be loaded, or run, in another way; or as before, because that came to nothing."""

    spec: Spec
    """Of which roots, packages and ``keep`` matter."""
    entered: bool | None = None
    """Whether code that is as it was is entered from now on as the last load found; None before that load."""


@dataclass(frozen=True, slots=True)
class StartInstance:
    spec: InstanceSpec


@dataclass(frozen=True, slots=True)
class AskToEnd:
    instance: InstanceId


@dataclass(frozen=True, slots=True)
class Write:
    """Keep this; the answer names the ticket."""

    ticket: int
    records: tuple[Record, ...]
    whole: bool = False
    """Whether it is everything, because the store may have missed any of it: sources too, as far as they are loaded."""


@dataclass(frozen=True, slots=True)
class Emit:
    """One entry of the event stream, and one line of the daemon's log."""

    event: EventName
    message: str
    module: str | None = None
    generation: int | None = None
    instance: str | None = None
    actor: str | None = None
    cause: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)


Effect = (
    StartLoad
    | Prepare
    | AbandonLoad
    | Promote
    | Discard
    | Retire
    | StartInstance
    | AskToEnd
    | Host
    | Unhost
    | Respecify
    | Write
    | Emit
)


@dataclass(frozen=True, slots=True)
class Decision:
    """The next book and what to do about it; ``answer`` for whoever asked."""

    book: Book
    effects: tuple[Effect, ...] = ()
    answer: Change | int | None = None
    """A Change, or the revision whose outcome is to be awaited."""
