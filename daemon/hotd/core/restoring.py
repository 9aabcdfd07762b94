"""From what the store remembers to what the book says at a start: nothing runs yet, and everything is known."""

from __future__ import annotations

from hotd.core.modules import Generation, Module, Rejection, Retired
from hotd.core.records import KeptGeneration, KeptModule, KeptRejection, Remembered
from hotd.core.storing import Storing
from hotd.core.values import Instant, Spec


def restored(spec: Spec, known: Remembered, now: Instant) -> Module:
    """The module before its first load: retired generations, and whatever was decided about it."""
    kept = known.modules.get(spec.name, KeptModule(spec.name))
    generations = {one.number: _generation(one, known, now) for one in known.generations.get(spec.name, ())}
    permanent = kept.permanent if kept.permanent in generations else None
    return Module(
        spec,
        spec.replicas if kept.replicas is None else kept.replicas,
        kept.stopped,
        kept.paused,
        pause_end(kept.paused_until, now),
        kept.pinned,
        generations,
        permanent=permanent,
        # What became current after the permanent one was not lasting.
        line=_before(permanent, tuple(number for number in kept.line if number in generations)),
        quarantine=kept.quarantine,
        deaths=kept.deaths,
        carried=kept.carried,
        rejections=tuple(_rejection(one, now) for one in known.rejections.get(spec.name, ())),
    )


def pause_end(wall: float | None, now: Instant) -> Instant | None:
    """When a pause of an earlier daemon ends by itself. What ended while there was none ends now."""
    return None if wall is None else Instant(now.mono + max(0.0, wall - now.wall), wall)


def storing_at_start(known: Remembered, now: Instant) -> Storing:
    """What is wrong with the store from the beginning."""
    aside = (known.aside, now) if known.aside is not None else None
    if known.trouble is None:
        return Storing(aside=aside)
    return Storing(trouble=known.trouble, since=now, retry_at=now.mono, aside=aside)


def _before(permanent: int | None, line: tuple[int, ...]) -> tuple[int, ...]:
    """The stable generations that were current before the permanent one was."""
    return line[: line.index(permanent)] if permanent in line else ()


def _generation(kept: KeptGeneration, known: Remembered, now: Instant) -> Generation:
    created = _earlier(kept.created, now)
    return Generation(
        kept.number,
        kept.digest,
        Retired(created),
        kept.cause,
        kept.actor,
        created,
        kept.duration_ms,
        kept.verdict,
        kept.executed or (),
        known.over.get((kept.module, kept.number)),
        kept.origins,
    )


def _rejection(kept: KeptRejection, now: Instant) -> Rejection:
    at = _earlier(kept.at, now)
    return Rejection(kept.digest, kept.error, at, kept.cause, kept.actor, kept.duration_ms)


def _earlier(wall: float, now: Instant) -> Instant:
    """A moment of an earlier daemon: before everything in this one's life, whatever the wall clock did since."""
    return Instant(now.mono - max(0.0, now.wall - wall), wall)
