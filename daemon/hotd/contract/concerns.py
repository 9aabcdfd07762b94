"""Which modules a request is about, told in one way for every verb: that is what an operator is held to.

Read off the request's fields, so that no verb can be forgotten here: ``module``, ``modules`` and ``target`` name
modules, and where none of them says anything, it is about all there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hotd.contract.requests import Abort, Request


@dataclass(frozen=True, slots=True)
class Named:
    """These, and no others."""

    modules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Everything:
    """All modules, or the daemon itself."""


@dataclass(frozen=True, slots=True)
class Underway:
    """What a rollout, or a deploy that has begun, is about: known to whoever has the book, at the moment it decides."""


Concerned = Named | Everything | Underway


def concerned(request: Request) -> Concerned:
    """``reload long_op`` is about long_op, ``pause`` about everything, ``undo --revision 7`` about what 7 changed."""
    asked: Any = request
    if isinstance(request, Abort):
        return Underway()  # the rollout in flight may hold other modules, too
    if (target := getattr(asked, "target", None)) is not None:
        return Named((module_of(target),))
    if (module := getattr(asked, "module", None)) is not None:
        return Named((module,))
    if (modules := getattr(asked, "modules", ())) and not getattr(asked, "all", False):
        return Named(modules)
    if getattr(asked, "hold", None) is not None or getattr(asked, "revision", None) is not None:
        return Underway()
    return Everything()


def module_of(target: str) -> str:
    """``long_op-7`` -> ``long_op``: what reads like an instance is one, no module may be called that."""
    module, dash, number = target.rpartition("-")
    return module if dash and module and number.isascii() and number.isdecimal() else target
