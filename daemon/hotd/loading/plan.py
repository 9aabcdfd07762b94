"""A plan: what a load would do, and why."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from hotd.contract.errors import WouldRebuild
from hotd.loading import keeping
from hotd.loading.generation import Generation
from hotd.loading.imports.part import DONE
from hotd.loading.linking.survey import Survey


@dataclass(frozen=True, slots=True)
class Plan:
    """What a reload would do now. Nothing was executed to find out."""

    digest: str
    changed: bool
    """Whether the disk differs from the current generation."""
    executed: tuple[tuple[str, str], ...]
    """(part, why), what is imported before who imports it. Parts that are only imported lazily may stay unexecuted."""
    kept: tuple[str, ...]
    """Parts that stay the same object."""
    refusal: WouldRebuild | None = None
    """What the load would be refused with; ``refusal.parts`` are named in ``keep``."""


def plan_of(survey: Survey, current: Generation | None, keep: Collection[str], allowed: Collection[str]) -> Plan:
    """What follows from a look at the disk that found nothing wrong."""
    if not survey.changed:
        return Plan(survey.digest, False, (), tuple(sorted(survey.index.parts)))
    changed = current is None or survey.digest != current.digest
    refusal = keeping.refusal(survey, keep, allowed) if changed else None
    guarded = refusal.parts if refusal is not None else ()
    order = [name for members in survey.sketcher.cycles for name in members]
    executed = tuple(
        (name, keeping.why(survey, name) if name in guarded else survey.reason(name))
        for name in order
        if _will_run(survey, name)
    )
    again = {name for name, _ in executed}
    everything = set(survey.index.parts) | set(order)
    kept = tuple(sorted(name for name in everything if name not in again))
    return Plan(survey.digest, changed, executed, kept, refusal)


def _will_run(survey: Survey, name: str) -> bool:
    before = survey.index.parts.get(name)
    return before is None or before.state is DONE
