"""What follows from the book and the time alone.

Run after every message and at every deadline, it looks at what is, never at what happened: a missed or doubled
message cannot leave a place empty or a generation forgotten. Run twice, it does nothing the second time.
"""

from __future__ import annotations

import math

from hotd.core.adding import depart
from hotd.core.ageing import age, ages_at, forget_oldest, rests_until
from hotd.core.book import Book, InLoad
from hotd.core.concluding import conclude_all
from hotd.core.deploying import expire
from hotd.core.durable import check_silence, durable_deadlines
from hotd.core.effects import Decision
from hotd.core.instances import ask_leaving, start_missing
from hotd.core.outcomes import overdue
from hotd.core.pausing import pause_ends, run_out
from hotd.core.permanence import grow_permanent
from hotd.core.rollback import roll_back
from hotd.core.rollouts import advance
from hotd.core.values import Instant
from hotd.core.watch import follow_disk


def reconcile(book: Book, now: Instant) -> Decision:
    """The next book and every effect that is due now."""
    book, effects = check_silence(book, now)
    book, more = expire(book, now)
    effects += more
    book, more = run_out(book, now)
    effects += more
    book, more = overdue(book, now)
    effects += more
    done = conclude_all(book, now)
    book, effects = done.book, [*effects, *done.effects]
    for module in [one for one in book.modules.values() if one.trial is not None]:
        book, more = roll_back(book, module, now)
        effects += more
    # What makes room, for all modules, comes before what takes it.
    for module in [one for one in book.modules.values() if rests_until(one) <= now.mono]:
        older, more = age(module, now)
        effects += more
        if book.stopping is None:
            older, more = grow_permanent(older, now)
            effects += more
        book = book.having(forget_oldest(older))
    book, more = advance(follow_disk(book, now), now)
    effects += more
    for module in [one for one in book.modules.values() if one.shortfall]:
        book, more = start_missing(book, module, now)
        effects += more
    # Who may go depends on who could still be started, in any module.
    for module in [one for one in book.modules.values() if one.unasked]:
        book, more = ask_leaving(book, module, now)
        effects += more
    book, more = depart(book, now)
    effects += more
    return Decision(book, tuple(effects))


def next_deadline(book: Book) -> float | None:
    """The monotonic second at which ``reconcile`` has something to do although nothing was heard."""
    found = [*durable_deadlines(book.store), *pause_ends(book)]
    for rollout in book.rollouts.values():
        found += [member.deadline for member in rollout.members.values() if isinstance(member, InLoad)]
    if book.hold is not None:
        found.append(book.hold.until)
    if book.stopping is not None:
        found.append(book.stopping.deadline)
    for module in book.modules.values():
        due = rests_until(module) if book.stopping is None else ages_at(module)
        if due is not None and due < math.inf:
            found.append(due)
        if module.shortfall and book.startable(module):
            found.append(module.pace.not_before)
    return min(found, default=None)
