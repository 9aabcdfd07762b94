"""Parts that must not be executed again by the way (``keep``): which a load would, through which import, and why.

A kept part stays the object that it is. A load that would give its module another one is refused before anything is
executed, unless it is named (``rebuild``).

* The part's own file is "by the way" too: whoever saves ``model.py``, or pulls a branch in which it differs, has not
  said that now is the time to build it anew.
* A package stands for itself and for whatever lives in it.
* What current does not have, or never executed, cannot be executed *again*: a first load, an import that is new, a
  lazy import that nobody made. Going back to a generation in memory executes nothing; one that comes from its bundle
  was named by whoever goes back to it, and is not refused.
* What is known by a computed name only stays in the closure, also of new code that has not imported it yet.
* Another module over the same pool may have the new part already, so that it would be taken and not executed. That is
  refused as well: else the order of two loads would decide, and state would be gone all the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from hotd.contract.errors import WouldRebuild
from hotd.core import graph, names
from hotd.loading.imports.part import Part, State
from hotd.loading.linking.survey import Survey

_MOST_NAMED = 3


def rebuilt(survey: Survey, keep: Collection[str], allowed: Collection[str]) -> tuple[str, ...]:
    """The kept parts that a load would execute again; what is imported before who imports it."""
    if not keep:
        return ()
    affected = (name for members in survey.sketcher.cycles for name in members)
    return tuple(
        name
        for name in affected
        if names.covered(name, keep) and not names.covered(name, allowed) and _was_executed(survey, name)
    )


def why(survey: Survey, name: str) -> str:
    """The imports between an affected part and the change, and the change."""
    chain = graph.chain(name, survey.causes)
    reason = survey.reason(chain[-1])
    if len(chain) == 1:
        return reason
    through = f" ({' -> '.join(chain)})" if len(chain) > 2 else ""
    return f"it imports {chain[1]}{through}, and {reason}"


def refusal(survey: Survey, keep: Collection[str], allowed: Collection[str]) -> WouldRebuild | None:
    """What a load that would execute kept parts again ends with."""
    parts = rebuilt(survey, keep, allowed)
    if not parts:
        return None
    first, *others = parts
    told = f"{first} would be executed again: {why(survey, first)}"
    if others:
        more = f" and {len(others) - _MOST_NAMED} more" if len(others) > _MOST_NAMED else ""
        told += f"; so would {', '.join(others[:_MOST_NAMED])}{more}"
    error = WouldRebuild(
        told,
        hint=f"take the change back, or allow it: rebuild={[*allowed, *names.covering(keep, parts)]}",
        file=survey.index.parts[first].location.path or None,
        line=_line(survey, first),
    )
    error.parts, error.digest = parts, survey.digest
    return error


def unmatched(survey: Survey, keep: Iterable[str]) -> tuple[str, ...]:
    """Those of the names that are no part of the closure: most likely misspelt, and nothing is kept by them."""
    known = survey.index.parts, survey.sketcher.sketches
    return tuple(name for name in keep if not any(name in parts for parts in known))


def _was_executed(survey: Survey, name: str) -> bool:
    before = survey.index.parts.get(name)
    return before is not None and before.state is not State.NEW


def _line(survey: Survey, name: str) -> int | None:
    """The line of the import through which the change comes; None where it is the file itself, or a computed name."""
    target = survey.causes.get(name)
    if target is None:
        return None
    lines = [line for found, line in _imports(survey.index.parts[name]) if names.covered(found, (target,))]
    return min(lines, default=None)


def _imports(part: Part) -> Iterable[tuple[str, int]]:
    """Every name that the part's statements import, with its line."""
    for mention in part.source.scan.mentions if part.source is not None else ():
        base = names.absolute(mention.name, part.package, mention.level)
        if base is not None:
            yield base, mention.line
            yield from ((f"{base}.{item}", mention.line) for item in mention.names)
