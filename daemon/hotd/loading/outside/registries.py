"""Registries of the interpreter and of the standard library: what in them is of certain parts, or put there by them.

They are read as they are now, without any lock.
"""

from __future__ import annotations

import atexit
import copyreg
import gc
import logging
import sys
import warnings
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from hotd.core import border
from hotd.core.border import Returned
from hotd.loading.outside.doors import AtExit, at_exit, bringer, codec_functions, unregister_codec
from hotd.loading.outside.whose import Whose, kind_of, named, quoted

STEPS = 3
"""References between a registered object and something of theirs: a handler's dict, its list of filters, a filter."""


@dataclass(frozen=True, slots=True, eq=False)
class Holder:
    """Something outside that refers to code of the parts, or that their code registered."""

    what: str
    """A phrase: ``logging filter 'AuditFilter' on logger 'root'``."""
    undo: Callable[[], object] | None = None
    """Takes it away, and nothing else with it; it may run user code. None where nobody can tell what was there before,
    or who else uses it."""
    refers: bool = True
    """Whether it keeps code of theirs in memory. A library's handler that they added does not."""


def _at_exit(whose: Whose) -> Iterator[Holder]:
    asked = border.call(at_exit)
    for fn in asked.value if isinstance(asked, Returned) else ():
        if isinstance(fn, AtExit):
            if fn.part in whose.parts:
                refers = whose.within([fn.fn, fn.args, fn.kwargs], STEPS) is not None
                yield Holder(f"atexit {named(fn.fn)}", partial(atexit.unregister, fn), refers)
        elif whose.owns(fn):
            yield Holder(f"atexit {named(fn)}", partial(atexit.unregister, fn))
        elif whose.within(fn, STEPS) is not None:
            yield Holder(f"atexit {named(fn)}")


def _logging(whose: Whose) -> Iterator[Holder]:
    others = logging.root.manager.loggerDict.copy().values()
    loggers: list[logging.Logger] = [logging.root, *(one for one in others if isinstance(one, logging.Logger))]
    seen: set[int] = set()
    for logger in loggers:
        on = f"on logger {quoted(logger.name)}"
        for handler in tuple(logger.handlers):
            remove = partial(logging.Logger.removeHandler, logger, handler)
            yield from _added(whose, "handler", logger, handler, on, remove)
            if id(handler) not in seen:
                seen.add(id(handler))
                yield from _filters(whose, handler, f"on handler {kind_of(handler)} of logger {quoted(logger.name)}")
        yield from _filters(whose, logger, on)


def _filters(whose: Whose, where: logging.Filterer, on: str) -> Iterator[Holder]:
    for one in tuple(where.filters):
        yield from _added(whose, "filter", where, one, on, partial(logging.Filterer.removeFilter, where, one))


def _added(
    whose: Whose, kind: str, where: logging.Filterer, thing: object, on: str, remove: Callable[[], object]
) -> Iterator[Holder]:
    theirs = whose.owns(thing) or bringer(where, thing) in whose.parts
    refers = whose.owns(thing) or any(whose.within(one, STEPS) is not None for one in _attributes(thing))
    if theirs or refers:
        yield Holder(f"logging {kind} {kind_of(thing)} {on}", remove if theirs else None, refers)


def _attributes(thing: object) -> list[object]:
    """All but its filters, which are told for themselves."""
    if not isinstance(thing, logging.Filterer):
        return [thing]
    return [value for name, value in object.__getattribute__(thing, "__dict__").items() if name != "filters"]


def _lists(whose: Whose) -> Iterator[Holder]:
    """Lists that the interpreter walks."""
    places: tuple[tuple[str, list[Any]], ...] = (
        ("sys.meta_path", sys.meta_path),
        ("sys.path_hooks", sys.path_hooks),
        ("gc.callbacks", gc.callbacks),
    )
    for name, items in places:
        for one in tuple(items):
            if whose.owns(one):
                yield Holder(f"{named(one)} in {name}", partial(items.remove, one))
    for path, finder in sys.path_importer_cache.copy().items():
        if whose.owns(finder):
            forget = partial(sys.path_importer_cache.pop, path, None)
            yield Holder(f"{named(finder)} in sys.path_importer_cache", forget)


def _finalizers(whose: Whose) -> Iterator[Holder]:
    """``weakref.finalize``: what was to happen at the end of their own object happens now; of another's, not at all."""
    registry: dict[Any, Any] = getattr(weakref.finalize, "_registry", {})
    for one, info in registry.copy().items():
        if whose.owns(info.func) or whose.within([info.args, info.kwargs], 2) is not None:
            of = info.weakref()
            theirs = of is not None and whose.owns(of)
            undo = one if theirs else one.detach if whose.owns(info.func) else None
            yield Holder(f"weakref.finalize of {kind_of(info.func)}", undo)


def _pickling(whose: Whose) -> Iterator[Holder]:
    for cls, reduce in copyreg.dispatch_table.copy().items():
        if whose.owns(cls):
            yield Holder(f"copyreg for {named(cls)}", partial(copyreg.dispatch_table.pop, cls, None))
        elif whose.owns(reduce):
            yield Holder(f"copyreg {named(reduce)} for {named(cls)}")


def _codecs(whose: Whose) -> Iterator[Holder]:
    for function, part in codec_functions():
        if part in whose.parts:
            yield Holder(f"codecs {named(function)}", partial(unregister_codec, function), whose.owns(function))


def _warnings(whose: Whose) -> Iterator[Holder]:
    for one in tuple(warnings.filters):
        if isinstance(one, tuple) and any(whose.owns(category) for category in one[2:3]):
            yield Holder(f"warnings filter for {named(one[2])}", partial(_no_filter, one))


def _no_filter(one: Any) -> None:
    warnings.filters.remove(one)  # type: ignore[attr-defined] # a list, whatever typeshed says
    getattr(warnings, "_filters_mutated", lambda: None)()


def _modules(whose: Whose) -> Iterator[Holder]:
    """Objects put under names of ``sys.modules`` that are not their own."""
    for name, module in sys.modules.copy().items():
        if whose.owns(module):
            yield Holder(f"sys.modules[{quoted(name)}], {named(module)}", partial(_no_module, name, module))


def _no_module(name: str, module: object) -> None:
    if sys.modules.get(name) is module:
        del sys.modules[name]


REGISTRIES = (_at_exit, _logging, _lists, _finalizers, _pickling, _codecs, _warnings, _modules)
"""Each finds what stands in one of them."""
