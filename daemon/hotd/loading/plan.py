"""A plan: what a load would do, and why."""

from __future__ import annotations

from dataclasses import dataclass

from hotd.loading.generation import Generation
from hotd.loading.part import State
from hotd.loading.survey import Survey


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


def plan_of(survey: Survey, current: Generation | None) -> Plan:
    """What follows from a look at the disk that found nothing wrong."""
    if not survey.changed:
        return Plan(survey.digest, False, (), tuple(sorted(survey.index.parts)))
    order = [name for members in survey.cycles for name in members]
    executed = tuple((name, survey.reason(name)) for name in order if _will_run(survey, name))
    again = {name for name, _ in executed}
    everything = set(survey.index.parts) | set(order)
    return Plan(
        survey.digest,
        current is None or survey.digest != current.digest,
        executed,
        tuple(sorted(name for name in everything if name not in again)),
    )


def _will_run(survey: Survey, name: str) -> bool:
    before = survey.index.parts.get(name)
    return before is None or before.state is State.DONE
