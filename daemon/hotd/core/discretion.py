"""What of an answer a caller may read: sources, logs, errors and stacks are for operators of the module, and admins.

Others see that something failed, where and of which kind, and no word of what users' code said. What is not listed
here as words of ours is withheld: a new event or condition is told to viewers once somebody has looked at it.
"""

from __future__ import annotations

from typing import Any, TypeVar

from hotd.contract import views
from hotd.contract.events import EventName
from hotd.core.copies import replace
from hotd.core.values import Actor

M = TypeVar("M", bound=views.ModuleView)

OURS = ("daemon", "deploy", "generation", "restart", "store", "watch")
"""Nouns of the events whose messages are put together from names, numbers and paths alone."""
PLAIN = frozenset(
    {
        EventName.RELOAD_STARTED,
        EventName.RELOAD_PROMOTED,
        EventName.RELOAD_UNCHANGED,
        EventName.RELOAD_REFUSED,
        EventName.RELOAD_ABORTED,
        EventName.INSTANCE_REQUESTED,
        EventName.INSTANCE_STARTED,
        EventName.INSTANCE_STOPPING,
        EventName.INSTANCE_ENDED,
        EventName.INSTANCE_ABANDONED,
        EventName.MODULE_UNDONE,
        EventName.MODULE_SCALED,
        EventName.MODULE_STOPPED,
        EventName.MODULE_STARTED,
        EventName.MODULE_RESTARTED,
        EventName.MODULE_CLEARED,
        EventName.MODULE_PERMANENT,
        EventName.MODULE_MOVED,
        EventName.MODULE_PINNED,
        EventName.MODULE_UNPINNED,
        EventName.MODULE_RESET,
        EventName.MODULE_ADDED,
        EventName.MODULE_LEAVING,
        EventName.MODULE_REMOVED,
        EventName.CONFIG_APPLIED,
    }
)
FACTS = frozenset({"digest", "code", "file", "line", "duration_ms", "lived_s", "previous", "hook"})
"""Fields that may be read of the other events."""
CONDITIONS = frozenset({"OutOfSync", "NotServing", "Stalled", "Leaked", "RestartRequired"})
ABANDONED = frozenset({"import-abandoned", "abandoned"})
"""Reasons of ``Tainted`` in words of ours."""
NOTED = frozenset({"promoted", "unchanged", "undone", "staged", "checked", "planned", "skipped", "done", "in-flight"})
"""Outcomes whose notes are; and of what was ``refused``, the error."""
ROLLBACK = "rollback"


def as_seen_by(actor: Actor, answer: Any) -> Any:
    """The answer of any verb, without what is not for this caller. Nothing is withheld from who operates all there is.

    Blockers of foreign modules are left out: to ask for all of them is to ask for one's own.
    """
    if actor.everywhere:
        return answer
    match answer:
        case views.Status():
            told = tuple(_of_daemon(one) for one in answer.daemon.conditions)
            modules = tuple(module_as_seen_by(actor, one) for one in answer.modules)
            return replace(answer, daemon=replace(answer.daemon, conditions=told), modules=modules)
        case views.Modules():
            return views.Modules(tuple(module_as_seen_by(actor, one) for one in answer.modules))
        case views.Generations() if not actor.operates(answer.module):
            return replace(answer, generations=tuple(_generation(answer.module, one) for one in answer.generations))
        case views.History():
            return replace(answer, revisions=tuple(_revision(actor, one) for one in answer.revisions))
        case views.Events():
            return replace(answer, events=tuple(_event(actor, one) for one in answer.events))
        case views.Change():
            return _change(actor, answer)
        case views.Waited(health=str() as health) if not answer.reached and not actor.operates(answer.module):
            return replace(answer, message=f"{answer.module}: it is {health}", next=f"hotctl status {answer.module}")
        case views.Blocking():
            return views.Blocking(tuple(one for one in answer.reasons if one.module and actor.operates(one.module)))
        case views.Why():
            return replace(answer, reasons=tuple(_reason(one) for one in answer.reasons))
    return answer


def withheld(module: str) -> str:
    return f"told to operators of {module} and to admins"


def module_as_seen_by(actor: Actor, view: M) -> M:
    """One module of an answer that lists them. The same for all who have the same role and operate the same."""
    if actor.operates(view.name):
        return view
    conditions = tuple(_condition(view.name, one) for one in view.conditions)
    rejected = view.rejected and replace(view.rejected, message=withheld(view.name))
    return replace(view, conditions=conditions, rejected=rejected)


def _condition(module: str, view: views.Condition) -> views.Condition:
    plain = view.type in CONDITIONS or (view.type == "Tainted" and view.reason in ABANDONED)
    return view if plain else replace(view, message=withheld(module))


def _of_daemon(view: views.Condition) -> views.Condition:
    """What is wrong with hotd.toml says what stands in it."""
    return replace(view, message=withheld("all modules")) if view.type == "Rejected" else view


def _generation(module: str, view: views.GenerationView) -> views.GenerationView:
    return replace(view, cause=_cause(view.cause), error=view.error and _error(module, view.error))


def _revision(actor: Actor, view: views.RevisionView) -> views.RevisionView:
    foreign = actor.foreign(one.module for one in view.modules)
    return replace(view, cause=_cause(view.cause)) if foreign else view


def _event(actor: Actor, view: views.Event) -> views.Event:
    if view.module is not None and actor.operates(view.module):
        return view
    noun, _, happened = view.event.partition(".")
    view = replace(view, cause=view.cause and _cause(view.cause))
    if noun in OURS or view.event in PLAIN:
        return view
    facts = {key: value for key, value in view.fields.items() if key in FACTS}
    message = f"{view.instance or view.module or noun} {happened}; why is {withheld(view.module or 'all modules')}"
    return replace(view, message=message, fields=facts)


def _change(actor: Actor, view: views.Change) -> views.Change:
    foreign = set(actor.foreign(one.module for one in view.modules))
    modules = tuple(_of_foreign(one) if one.module in foreign else one for one in view.modules)
    note = view.note if not foreign or view.outcome in NOTED else ""
    # Which keys of hotd.toml are others, and not what they are.
    settings = tuple(replace(one, before=None, after=None) for one in view.settings)
    return replace(view, modules=modules, note=_cause(note) if foreign else note, settings=settings)


def _of_foreign(view: views.ModuleChange) -> views.ModuleChange:
    note = view.note if view.outcome in NOTED else ""
    if view.error is None or view.outcome in ("refused", "skipped"):
        return replace(view, note=note, left=())
    return replace(view, note=note, left=(), error=_error(view.module, view.error))


def _error(module: str, view: views.ErrorView) -> views.ErrorView:
    return views.ErrorView(view.code, withheld(module), None, view.file, view.line)


def _reason(view: views.Reason) -> views.Reason:
    """Whoever holds a leaked generation may be any thread of the daemon: where that stands is not the module's."""
    return replace(view, holders=tuple(replace(one, stack=None) for one in view.holders))


def _cause(text: str) -> str:
    """A rollback names the error that it was for."""
    kind, colon, why = text.partition(": ")
    return f"{kind}{colon}{why.partition(': ')[0]}" if kind == ROLLBACK else text
