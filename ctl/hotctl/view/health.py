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
    """``Degraded: mailer is Degraded; watch degraded``: what is wrong, or how much runs."""
    others = {one.name: one.health for one in view.modules if one.health != "Healthy"}
    said = [f"{name} is {how}" for name, how in others.items()]
    said += sorted({one.type for one in view.daemon.conditions})
    count = sum(one.serving.current + one.serving.old for one in view.modules)
    runs = f"{counted(len(view.modules), 'module')}, {counted(count, 'instance')}"
    return Health(view.daemon.health, f"{view.daemon.health}: {listed(said) or runs}", dict(others))
