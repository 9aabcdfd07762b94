"""Where code came from: the commit that was checked out, the release that a link led to."""

from __future__ import annotations

from collections.abc import Iterable

from hotd.contract.views import Origin
from hotd.core.changes import Rollout
from hotd.core.copies import replace
from hotd.core.modules import Module


def having(rollout: Rollout, origins: Iterable[Origin]) -> Rollout:
    """The rollout, which knows where the code came from that one of its loads read."""
    known = {one.root: one for one in origins if one.target is not None or one.commit is not None}
    return replace(rollout, origins={**rollout.origins, **known}) if known else rollout


def read_for(rollout: Rollout, module: Module) -> tuple[Origin, ...]:
    """Where the module's code came from, in the order of its roots."""
    return tuple(rollout.origins[root] for root in module.spec.roots if root in rollout.origins)


def of_rollout(rollout: Rollout, modules: Iterable[Module]) -> tuple[Origin, ...]:
    """Of everything that it loaded: what came from the store came to the store from somewhere."""
    found: dict[str, Origin] = {}
    for module in modules:
        goal = rollout.goals.get(module.name)
        origins = read_for(rollout, module) if goal is None else module.generations[goal].origins
        found |= {one.root: one for one in origins}
    return tuple(found.values())


def of_generations(*generations: tuple[Module, int]) -> tuple[Origin, ...]:
    """Of generations that are brought back."""
    found = {one.root: one for module, number in generations for one in module.generations[number].origins}
    return tuple(found.values())


def commit_of(origins: Iterable[Origin]) -> str | None:
    """The first there is."""
    return next((one.commit for one in origins if one.commit is not None), None)
