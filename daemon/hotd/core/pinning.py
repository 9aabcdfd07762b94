"""The verbs that say what shall last: pin, unpin, make-permanent."""

from __future__ import annotations

from hotd.contract import requests
from hotd.contract.errors import NoHistory
from hotd.contract.events import EventName
from hotd.core.book import Book, Module
from hotd.core.copies import replace
from hotd.core.effects import Decision
from hotd.core.permanence import made_permanent
from hotd.core.rollouts import check_generation
from hotd.core.switches import done, told
from hotd.core.undoing import refuse_in_flight
from hotd.core.values import Actor, Instant
from hotd.core.wording import gen


def pin(book: Book, request: requests.Pin, actor: Actor, now: Instant) -> Decision:
    """Nothing changes current any more, and a start loads it. Raises UnknownModule, NoHistory, Busy,
    GenerationMismatch."""
    module = _serving(book, request.module, request.if_generation)
    already = module.pinned and module.permanent == module.current
    if not already:
        refuse_in_flight(book, module, "pin")
    module = replace(made_permanent(module), pinned=True)
    note = f"{'is' if already else 'stays'} at {gen(module.current)} until `hotctl unpin {module.name}`"
    event = told(EventName.MODULE_PINNED, module.name, f"{module.name} {note}", actor, "pin", request.reason)
    return done(book.having(module), [module.name], note, () if already else (event,))


def unpin(book: Book, request: requests.Unpin, actor: Actor, now: Instant) -> Decision:
    """Changes count again; what changed meanwhile is loaded now. Raises UnknownModule, GenerationMismatch."""
    module = book.module(request.module)
    check_generation(book, [module.name], request.if_generation)
    already = not module.pinned
    module = replace(module, pinned=False)
    book = book.having(module)
    note = "was not pinned" if already else "may change again"
    if module.pending and not book.held(module):
        note += "; now loading what changed"
    event = told(EventName.MODULE_UNPINNED, module.name, f"{module.name} {note}", actor, "unpin", request.reason)
    return done(book, [module.name], note, () if already else (event,))


def make_permanent(book: Book, request: requests.MakePermanent, actor: Actor, now: Instant) -> Decision:
    """The next start loads what is current now. Raises UnknownModule, NoHistory, GenerationMismatch."""
    module = _serving(book, request.module, request.if_generation)
    already, before = module.permanent == module.current, module.permanent
    module = made_permanent(module)
    note = f"the next start loads {gen(module.current)}"
    note += " already" if already else f", and not {gen(before)}" if before is not None else ""
    message = f"{module.name}: {note}"
    event = told(EventName.MODULE_PERMANENT, module.name, message, actor, "make-permanent", request.reason)
    return done(book.having(module), [module.name], note, () if already else (event,))


def _serving(book: Book, name: str, if_generation: int | None) -> Module:
    module = book.module(name)
    check_generation(book, [module.name], if_generation)
    if module.current is None:
        raise NoHistory(f"{module.name} has no generation yet", hint=f"`hotctl errors {module.name}` tells why")
    return module
