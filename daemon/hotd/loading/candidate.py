"""A candidate: loaded aside, not serving."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import ModuleType
from typing import ParamSpec, TypeVar

from hotd.loading.generation import Generation
from hotd.loading.imports.part import DONE, Part
from hotd.loading.outside.slots import Before
from hotd.loading.process.typecaches import Overloads

P = ParamSpec("P")
T = TypeVar("T")


class Candidate:
    """A generation that waits for `Loader.promote`, or for nothing (`Loader.discard`, `Loader.check`)."""

    __slots__ = (
        "__weakref__",
        "base",
        "before",
        "fresh",
        "generation",
        "left",
        "linked",
        "look",
        "novel",
        "overloads",
        "reloaded",
        "restored",
        "unchanged",
    )

    def __init__(
        self,
        generation: Generation,
        *,
        unchanged: bool = False,
        fresh: dict[str, Part] | None = None,
        linked: dict[str, Part] | None = None,
        base: object = None,
        reloaded: tuple[str, ...] = (),
        look: int = 0,
        restored: bool = False,
        novel: tuple[Part, ...] = (),
    ) -> None:
        self.generation = generation
        self.unchanged = unchanged
        """The disk holds what is current: ``generation`` is the current one, and promoting it changes nothing."""
        self.fresh = fresh or {}
        """Parts made for it."""
        self.linked = linked or {}
        """Those, and the ones it shares with other loaders: all in which it differs from ``base``."""
        self.novel = novel
        """Of these, the ones that mention other names than their predecessors."""
        self.base = base
        """`Generation.identity` of the generation that was current: a name for it that does not keep it alive."""
        self.look = look
        """The loader's how-manieth look at the disk it came from."""
        self.restored = restored
        """It comes from a bundle: what the disk holds was not looked at."""
        self.overloads: Overloads = {}
        """What ``typing`` knew of the code that this one replaces, until that is settled."""
        self.reloaded = reloaded
        """Names of the parts that were executed for it, in that order."""
        self.before: Before = {}
        """What stood in the process's hooks when its execution began, until it is promoted."""
        self.left: tuple[str, ...] = ()
        """What it left behind, once it was thrown away."""

    def __repr__(self) -> str:
        return f"<candidate {self.generation!r}{' unchanged' if self.unchanged else ''}>"

    @property
    def number(self) -> int:
        """The number of the generation it will be."""
        return self.generation.number

    @property
    def digest(self) -> str:
        return self.generation.digest

    @property
    def kept(self) -> tuple[str, ...]:
        """Names of the parts that were not executed for it."""
        again = set(self.reloaded)
        return tuple(name for name in self.generation.parts if name not in again)

    def module(self, name: str) -> ModuleType:
        """As `Generation.module`."""
        return self.generation.module(name)

    def run(self, fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """As `Generation.run`."""
        return self.generation.run(fn, *args, **kwargs)


def executed_since(parts: Iterable[Part], mark: int) -> tuple[str, ...]:
    """Names of the parts executed after the mark, in order."""
    done = [part for part in parts if part.state is DONE and part.finished > mark]
    return tuple(part.name for part in sorted(done, key=lambda part: part.finished))
