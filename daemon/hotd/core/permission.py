"""What an operator may ask: whatever is about modules of its own, and about no others."""

from __future__ import annotations

from collections.abc import Iterable

from hotd.contract.concerns import Everything, Named, concerned
from hotd.contract.errors import NotPermitted
from hotd.contract.requests import Request
from hotd.contract.verbs import Role, Verb
from hotd.core.values import Actor
from hotd.core.wording import listed

HINT = "ask an admin for it, or to be listed under [control] in hotd.toml"


def check_request(actor: Actor, verb: Verb, request: Request, hint: str = HINT) -> None:
    """As far as the request tells it; what is under way is held against the actor by whoever decides about it.

    To look at everything is to look at what is one's own: the answer has nothing else (``core.discretion``).
    Raises NotPermitted.
    """
    if verb.role < Role.OPERATOR:
        return
    match concerned(request):
        case Named(modules):
            check_modules(actor, verb.name, modules, hint)
        case Everything() if verb.changes:
            check_everything(actor, verb.name, hint)


def check_modules(actor: Actor, verb: str, modules: Iterable[str], hint: str = HINT) -> None:
    """Raises NotPermitted, which names those that are not the actor's."""
    if foreign := actor.foreign(modules):
        names = listed(foreign)
        raise refused(actor, f"{verb} {names}", f"operator of {names}", hint)


def check_everything(actor: Actor, verb: str, hint: str = HINT) -> None:
    """Raises NotPermitted for who is not operator of all modules, whichever there are now."""
    if not actor.everywhere:
        raise refused(actor, f"{verb} all modules at once", "admin", f"name modules of your own, or {hint}")


def refused(actor: Actor, what: str, needed: str, hint: str = HINT) -> NotPermitted:
    """Who asked, for what, which role that needs, and which the caller has."""
    return NotPermitted(f"{caller(actor)} may not {what}: that needs the role {needed}, and {_has(actor)}", hint=hint)


def caller(actor: Actor) -> str:
    """``uid 1000 (alice)``, ``uid 1000``, ``cert:ci``."""
    uid = f"uid {actor.uid}"
    return actor.name if actor.uid is None or actor.name == uid else f"{uid} ({actor.name})"


def _has(actor: Actor) -> str:
    if actor.role == "none":
        return "this caller has no role at all"
    return f"this caller has the role {actor.role}{f' of {listed(actor.only)}' if actor.only else ''}"
