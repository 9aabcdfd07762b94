"""``hotctl wait``: what may be waited for, whether it is so, and if not, what it still waits for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from hotd.contract.errors import UsageError
from hotd.contract.nearest import nearest
from hotd.contract.quoting import shown
from hotd.contract.views import Health, Waited
from hotd.core.book import Book, Instance, Module
from hotd.core.conditions import conditions_of, health_of
from hotd.core.reasons import Seen, check_number, why
from hotd.core.values import Instant
from hotd.core.wording import gen, listed

WORDS = ("drained", "healthy", "retired")
_GENERATION = re.compile(r"generation\s*>=\s*g?([1-9][0-9]{0,17})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Goal:
    """What somebody waits for."""

    kind: Literal["generation", "drained", "healthy", "retired"]
    number: int | None = None
    """Of ``generation`` the least that will do; of the others the one it is about, where it is about one."""


def goal(module: Module, until: str, number: int | None) -> Goal:
    """What is meant by ``until``, of the module or of its generation ``number``.

    Raises UsageError for what cannot be waited for, UnknownGeneration for one that there never was.
    """
    if number is not None and until not in ("drained", "retired"):
        raise UsageError(f"{shown(until)} is said of a module, not of one generation", hint="leave the number out")
    if number is not None:
        check_number(module, number)
    match until:
        case "drained" | "healthy":
            return Goal(until, number)
        case "retired":
            if number is None:
                raise UsageError(
                    "say which generation shall be retired", hint=f"`hotctl wait {module.name} N --for retired`"
                )
            return Goal(until, number)
        case _ if (found := _GENERATION.fullmatch(until)) is not None:
            return Goal("generation", int(found[1]))
        case _:
            near = nearest(until, WORDS)
            meant = f"did you mean {near}? " if near else ""
            raise UsageError(
                f"nobody can wait for {shown(until)}",
                hint=f"{meant}there are 'generation>=N' (in quotes), drained, healthy, retired",
            )


def waited(book: Book, module: Module, wanted: Goal, now: Instant) -> Waited:
    """Whether it is so; the sentence tells what is so, or what it waits for."""
    health: Health | None = None
    match wanted.kind:
        case "generation":
            reached, message = _at_least(module, wanted.number or 0)
            following = f"hotctl status {module.name}"
        case "drained":
            left = _left(module, wanted.number)
            who = "an older generation" if wanted.number is None else gen(wanted.number)
            reached = not left
            message = f"{_running(left)} still" if left else f"no instance runs {who}"
            following = f"hotctl why {module.name}{'' if wanted.number is None else f' {wanted.number}'}"
        case "retired":
            reached, message = _retired(module, wanted.number or 0)
            following = f"hotctl why {module.name} {wanted.number}"
        case _:
            health = health_of(book, module, conditions_of(book, module))
            reached, message, following = _health(book, module, health, now)
    return Waited(module.name, wanted.number, reached, f"{module.name}: {message}", following, health)


def _at_least(module: Module, number: int) -> tuple[bool, str]:
    if module.current is not None and module.current >= number:
        return True, f"{gen(module.current)} is current"
    return False, f"{gen(module.current)} is current, not {gen(number)} or a later one"


def _left(module: Module, number: int | None) -> list[Instance]:
    """Who counts, and runs that generation; or any but current."""
    counted = [instance for instance in module.instances.values() if instance.counts]
    if number is None:
        return [instance for instance in counted if instance.generation != module.current]
    return [instance for instance in counted if instance.generation == number]


def _running(left: list[Instance]) -> str:
    who = listed([str(instance.id) for instance in left])
    numbers = listed([gen(number) for number in sorted({instance.generation for instance in left})])
    return f"{who} {'runs' if len(left) == 1 else 'run'} {numbers}"


def _retired(module: Module, number: int) -> tuple[bool, str]:
    generation = module.generations.get(number)
    if generation is None or not generation.in_memory:
        return True, f"{gen(number)} is retired{_remains(module, number)}"
    if number == module.current:
        return False, f"{gen(number)} is current"
    left = _left(module, number)
    return False, f"{_running(left)} still" if left else f"{gen(number)} is kept in memory for an undo"


def _remains(module: Module, number: int) -> str:
    """Nobody is told that code has left memory which has not."""
    left = [str(instance.id) for instance in module.instances.values() if instance.generation == number]
    if left:
        was, run = ("was", "runs") if len(left) == 1 else ("were", "run")
        return f"; {listed(left)} {was} abandoned and {run} it still"
    return ", and its code is in memory all the same" if number in module.leaks else ""


def _health(book: Book, module: Module, health: Health, now: Instant) -> tuple[bool, str, str]:
    if health == "Healthy":
        return True, "it is Healthy", f"hotctl status {module.name}"
    for reason in why(book, module, None, now, Seen()).reasons:
        return False, f"it is {health}: {reason.message}", reason.next
    new = listed([str(instance.id) for instance in module.instances.values() if instance.state == "starting"])
    return False, f"it is {health}: {new} shall start", f"hotctl instances {module.name}"
