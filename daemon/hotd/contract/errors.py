"""Every error a user can meet: a sentence, a code, a cure.

The code (kebab-case) crosses the wire and stands in ``--json``; the exit status is what the shell sees.

    HotdError                      1
    ├── Internal                   1   a defect of ours
    ├── UsageError                 2   arguments that make no sense together
    │   └── BadRequest             2   a request the daemon cannot read
    ├── LoadRejected               3   a candidate that could not be loaded; current untouched
    │   ├── SyntaxRejected             does not compile
    │   ├── ImportRejected             raised while it was executed
    │   ├── MissingDependency          imports a module nobody has
    │   ├── BadEntry                   entry missing, not callable, or of another signature
    │   ├── EmptySource                0 bytes where there were statements
    │   ├── SourceMissing              a file of the closure vanished
    │   ├── SourceUnreadable           permission, encoding, not a regular file
    │   ├── LoadTimeout                an import past its deadline
    │   ├── Vetoed                     __hot_check__ said no
    │   └── NameTaken                  the name belongs to somebody else in this process
    ├── DeadlinePassed             4   the wait ended first
    ├── Refused                    5   not now, and why
    │   ├── Quarantined, Busy, Locked, TooManyGenerations, TooManyInstances, NoCandidate, NothingInFlight,
    │   │   NoHistory, Expired, GenerationMismatch, PausedGlobally, Pinned, WouldRebuild, ShuttingDown, AlreadyRunning,
    │   │   StoreDegraded, TooManyCalls
    ├── UnknownModule              66
    ├── UnknownInstance            66
    ├── UnknownGeneration          66
    ├── UnknownRevision            66
    ├── Unreachable                69
    ├── ProtocolMismatch           76
    ├── NotPermitted               77
    └── BadConfig                  78
        └── CannotWatch            a root that the kernel will not watch: a limit, a permission
"""

from __future__ import annotations

from typing import Any, ClassVar


class HotdError(Exception):
    """Something a user is told: ``message`` says what and names the thing, ``hint`` names the cure."""

    code: ClassVar[str] = "error"
    exit_status: ClassVar[int] = 1

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        file: str | None = None,
        line: int | None = None,
        traceback: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.file = file
        self.line = line
        self.traceback = traceback

    def __str__(self) -> str:
        return self.message


class Internal(HotdError):
    """A defect of hotd itself."""

    code, exit_status = "internal", 1


class UsageError(HotdError):
    """The arguments make no sense together."""

    code, exit_status = "usage", 2


class BadRequest(UsageError):
    """A request the daemon cannot read: no JSON, an unknown verb or field, a value of another type."""

    code = "bad-request"


class LoadRejected(HotdError):
    """A candidate could not be loaded. Whatever was current still is."""

    code, exit_status = "rejected", 3

    digest: str = ""
    """Of the refused content, where there was any; set by the loader, never on the wire."""
    carried: tuple[tuple[str, str], ...] = ()
    """What the digest covers though only running the code told of it: part and the name it imports."""
    left: tuple[str, ...] = ()
    """What the refused candidate left behind outside itself, a sentence each: taken away, or still there."""


class SyntaxRejected(LoadRejected):
    """A source of the closure does not compile."""

    code = "syntax-error"


class ImportRejected(LoadRejected):
    """A module of the closure raised while it was executed."""

    code = "import-failed"


class MissingDependency(LoadRejected):
    """A module of the closure imports a name that neither the roots nor this interpreter have."""

    code = "missing-dependency"


class BadEntry(LoadRejected):
    """The entry is missing, is not callable, or cannot be called with the configured arguments."""

    code = "bad-entry"


class EmptySource(LoadRejected):
    """A file is empty where the current generation's had statements: most likely an editor is half-way."""

    code = "empty-source"


class SourceMissing(LoadRejected):
    """A file that the closure still imports has vanished."""

    code = "source-missing"


class SourceUnreadable(LoadRejected):
    """A file of the closure cannot be read or decoded."""

    code = "source-unreadable"


class LoadTimeout(LoadRejected):
    """An import took longer than ``load_deadline``; its thread was abandoned."""

    code = "load-timeout"


class Vetoed(LoadRejected):
    """The module's own ``__hot_check__`` refused the candidate."""

    code = "vetoed"


class NameTaken(LoadRejected):
    """A source would take the name of a standard module, or of one this process already imported from elsewhere."""

    code = "name-taken"


class DeadlinePassed(HotdError):
    """What was waited for had not happened when the wait ended. Nothing was undone by that."""

    code, exit_status = "deadline-passed", 4


class Refused(HotdError):
    """Not done, by a rule that the message names."""

    code, exit_status = "refused", 5


class Quarantined(Refused):
    """The content on disk is what was undone; only other content, or ``--force``, loads."""

    code = "quarantined"


class Busy(Refused):
    """A rollout of this module is in flight."""

    code = "busy"


class Locked(Refused):
    """Somebody's deploy is under way."""

    code = "locked"


class TooManyGenerations(Refused):
    """``max_generations`` are in memory; the message names who holds the old ones."""

    code = "too-many-generations"


class TooManyInstances(Refused):
    """``max_instances`` of the whole daemon are alive; the message names who still runs older code."""

    code = "too-many-instances"


class NoCandidate(Refused):
    """Nothing is staged."""

    code = "no-candidate"


class NothingInFlight(Refused):
    """There is no rollout to abort."""

    code = "nothing-in-flight"


class NoHistory(Refused):
    """There is no earlier stable generation to go back to."""

    code = "no-history"


class Expired(Refused):
    """Nothing is left of that generation: neither memory nor the store has its code."""

    code = "expired"


class GenerationMismatch(Refused):
    """``--if-generation N`` was given and current is another."""

    code = "generation-mismatch"


class PausedGlobally(Refused):
    """One module cannot be resumed while the whole daemon is paused."""

    code = "paused"


class Pinned(Refused):
    """The module is pinned: nothing may change its current generation without ``--force``."""

    code = "pinned"


class WouldRebuild(Refused):
    """A part named in ``keep`` would be executed again, and nobody asked for that.

    Refused (5), not rejected (3): nothing is wrong with the content and nothing of it was tried. A rule that the
    operator wrote stands in the way, as with `Pinned`, and the operator lifts it for one reload. So the content is
    not quarantined, and no failure is counted.
    """

    code = "would-rebuild"

    digest: str = ""
    """Of the content that was not loaded; set by the loader, never on the wire."""
    parts: tuple[str, ...] = ()
    """The kept parts that it would execute again, what is imported before who imports it; never on the wire."""


class ShuttingDown(Refused):
    """The daemon is ending; it starts nothing any more."""

    code = "shutting-down"


class StoreDegraded(Refused):
    """The disk does not keep, or does not give back, what it must: what serves goes on, nothing new is promoted."""

    code = "store-degraded"


class TooManyCalls(Refused):
    """As many calls wait for something in the daemon as may, or as this caller may have."""

    code = "too-many-calls"


class AlreadyRunning(Refused):
    """Another daemon holds this socket or state folder."""

    code = "already-running"


class UnknownModule(HotdError):
    """No module of that name is hosted here."""

    code, exit_status = "unknown-module", 66


class UnknownInstance(HotdError):
    """No instance of that id is alive here."""

    code, exit_status = "unknown-instance", 66


class UnknownGeneration(HotdError):
    """The module never had a generation of that number."""

    code, exit_status = "unknown-generation", 66


class UnknownRevision(HotdError):
    """No rollout of that number is known."""

    code, exit_status = "unknown-revision", 66


class Unreachable(HotdError):
    """No daemon answers at the address."""

    code, exit_status = "unreachable", 69


class ProtocolMismatch(HotdError):
    """Client and daemon speak different protocol versions."""

    code, exit_status = "protocol-mismatch", 76


class NotPermitted(HotdError):
    """The caller lacks the role that the verb needs."""

    code, exit_status = "not-permitted", 77


class BadConfig(HotdError):
    """The configuration cannot be used; the message lists every reason."""

    code, exit_status = "bad-config", 78


class CannotWatch(BadConfig):
    """A source root cannot be watched; the hint names the limit to raise, where a limit is the reason."""

    code = "cannot-watch"


def _tree(root: type[HotdError]) -> dict[str, type[HotdError]]:
    found = {root.code: root}
    for child in root.__subclasses__():
        found.update(_tree(child))
    return found


BY_CODE: dict[str, type[HotdError]] = _tree(HotdError)
"""code -> class, for whoever turns an answer back into an exception."""


def from_wire(fields: dict[str, Any]) -> HotdError:
    """The exception that an ERROR of the interface describes; an unknown code gives a plain HotdError.

    Every field is treated as foreign data: whatever is not of its type is dropped.
    """
    message, code, hint = fields.get("message"), fields.get("code"), fields.get("hint")
    file, line, traceback = fields.get("file"), fields.get("line"), fields.get("traceback")
    kind = BY_CODE.get(code, HotdError) if isinstance(code, str) else HotdError
    error = kind(
        message if isinstance(message, str) else "the daemon reported an error without a message",
        hint=hint if isinstance(hint, str) else None,
        file=file if isinstance(file, str) else None,
        line=line if isinstance(line, int) else None,
        traceback=traceback if isinstance(traceback, str) else None,
    )
    left = fields.get("left")
    if isinstance(error, LoadRejected) and isinstance(left, list) and left:
        error.left = tuple(one for one in left if isinstance(one, str))
    return error
