"""What code put into modules that it imports: a plugin in a registry that is kept, a function of a library replaced."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

from hotd.loading.imports.part import space_of
from hotd.loading.outside.registries import Holder
from hotd.loading.outside.slots import PLACES
from hotd.loading.outside.whose import Whose, module_of, named

STEPS = 5
"""References: an object of the module, its dict, a dict in it, a list in that, the entry."""


def registrations(whose: Whose) -> Iterator[Holder]:
    """One for each name of each module. Nobody can tell what was there before, so none can be undone.

    The parts that theirs import are looked through, and those libraries that their globals name; of the standard
    library only what replaces something of a module or class.
    """
    found: dict[str, dict[int, str]] = {}
    for label, thing in whose.search(_names(whose)):
        found.setdefault(label, {})[id(thing)] = named(thing)
    for label, things in found.items():
        first, more = next(iter(things.values())), f" and {len(things) - 1} more" if len(things) > 1 else ""
        yield Holder(f"{label}, which is or holds {first}{more}")


def _names(whose: Whose) -> Iterator[tuple[str, object, int]]:
    """Every name that something may have been put under, with how far to look."""
    for name, space in _modules(whose):
        library = name.partition(".")[0] in sys.stdlib_module_names
        for attribute, value in space.copy().items():
            label, kind = f"{name}.{attribute}", type(value)
            if attribute.startswith("__") or issubclass(kind, ModuleType) or label in PLACES:
                continue
            defines = kind is FunctionType or issubclass(kind, type)
            if issubclass(kind, type) and module_of(value) != name and not whose.owns(value):
                continue  # imported from elsewhere, and looked into there
            yield label, value, STEPS if not library else 1 if defines else 0


def _modules(whose: Whose) -> Iterator[tuple[str, dict[str, Any]]]:
    for part in whose.imported:
        if (space := space_of(part.module)) is not None:
            yield part.name, space
    for name in whose.libraries():
        module = sys.modules.get(name)
        if type(module) is ModuleType:
            yield name, vars(module)
