"""``hotctl health``: the whole daemon in one line."""

from __future__ import annotations

from dataclasses import dataclass

from hotctl.view.words import counted, listed
from hotd.contract.views import Status


@dataclass(frozen=True, slots=True)
class Health:
    """The JSON of ``hotctl health``."""

    health: str
    message: str
    modules: dict[str, str]
    """Of those that are not Healthy: module -> health."""


def health(view: Status) -> Health:
    """``Degraded: 3 modules, 6 instances; mailer is Degraded, StoreDegraded``: how much runs, and what is wrong."""
    others = {one.name: one.health for one in view.modules if one.health != "Healthy"}
    said = [f"{name} is {how}" for name, how in others.items()]
    said += sorted({one.type for one in view.daemon.conditions})
    count = sum(one.serving.current + one.serving.old for one in view.modules)
    runs = f"{counted(len(view.modules), 'module')}, {counted(count, 'instance')}"
    message = f"{view.daemon.health}: {runs}" + (f"; {listed(said)}" if said else "")
    return Health(view.daemon.health, message, dict(others))
