"""Loaders with one thing wrong each, to see that the oracle sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from types import FrameType
from typing import Any

from hotd.core import graph
from hotd.loading import attempt, ledger
from hotd.loading.imports import asking, claims, execution, routing, standin, threads
from hotd.loading.imports.part import Part, Scope
from hotd.loading.linking import link, pool
from hotd.loading.process import hooks
from hotd.loading.sources.source import Source


def put(owner: object, name: str, value: object) -> None:
    """Replace something of the loader's, in this process, for good."""
    setattr(owner, name, value)


def lost_edge() -> None:
    """Every part that has two imports or more forgets its last one."""
    whole = link.link

    def lossy(*args: Any, **options: Any) -> Any:
        table, fresh = whole(*args, **options)
        for part in fresh.values():
            if len(part.edges) > 1:
                del part.edges[list(part.edges)[-1]]
        return table, fresh

    put(pool, "link", lossy)


def shared_by_place() -> None:
    """A part in service is taken for the new one, because it lies in the same place."""

    def shared(same: Iterable[Part], members: tuple[str, ...], sketcher: Any, _: Any) -> dict[str, Part] | None:
        found = (one for one in same if one.location == sketcher.sketches[members[0]].location)
        first = next(found, None)
        return {members[0]: first} if len(members) == 1 and first is not None else None

    whole: Any = vars(pool)["link"]

    def careless(*args: Any, heads: Callable[[str, str | None], list[Part]], **options: Any) -> Any:
        return whole(*args, heads=lambda name, _: heads(name, None), **options)

    put(pool, "link", careless)
    put(link, "_shared", shared)


def importers_are_not_touched() -> None:
    """Only those that import a changed module themselves are executed again, not those who import them."""

    def touched(changed: Iterable[str], users: Callable[[str], Iterable[str] | None]) -> dict[str, str]:
        return {user: name for name in changed for user in users(name) or ()}

    put(graph, "touched", touched)


def everybody_asks_the_head() -> None:
    """Names that nobody linked mean what is current, whoever asks."""

    def nobody(_: FrameType | None) -> Iterator[Scope]:
        return iter(())

    for module in (asking, routing, threads):
        put(module, "scopes", nobody)


def sources_by_path() -> None:
    """A file once read is not read again."""
    known: dict[str, Source] = {}

    def source(_: pool.Pool, path: str, data: bytes) -> Source:
        return known.setdefault(path, Source(path, data))

    put(pool.Pool, "source", source)


def refused_changes_are_forgotten() -> None:
    """What a refused reload was told of is not looked at by the next one."""
    look = ledger.Ledger.look

    def forgetful(self: ledger.Ledger, *args: Any) -> Any:
        self._pending.clear()
        return look(self, *args)

    put(ledger.Ledger, "look", forgetful)


def executed_in_order_of_names() -> None:
    """Modules are executed one after the other, not as the imports of the entry ask for them."""
    execute = attempt.execute

    def sorted_first(candidate: Any, wanted: list[str]) -> None:
        execute(candidate, [*sorted(candidate.fresh), *wanted])

    put(attempt, "execute", sorted_first)


def executed_twice() -> None:
    """A part that was executed is executed into the same module when its second importer comes."""
    run = execution._run

    def twice(part: Part, module: Any) -> None:
        run(part, module)
        run(part, module)

    put(execution, "_run", twice)


def threads_belong_to_nobody() -> None:
    """A thread does not inherit the generation of who started it."""
    put(hooks, "PATCHES", ())


def names_are_the_latest_parts() -> None:
    """``sys.modules`` answers with whatever part of the name was made last."""

    put(standin, "_meant", lambda name, _: claims.latest(name))


SABOTAGES: dict[str, Callable[[], None]] = {
    one.__name__: one
    for one in (
        lost_edge,
        shared_by_place,
        importers_are_not_touched,
        everybody_asks_the_head,
        sources_by_path,
        refused_changes_are_forgotten,
        executed_in_order_of_names,
        executed_twice,
        threads_belong_to_nobody,
        names_are_the_latest_parts,
    )
}
