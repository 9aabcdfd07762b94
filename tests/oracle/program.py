"""A program as data: modules of items, and items that refer to each other. Values: an edit makes another program."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

ENTRIES = ("app", "job")
"""Keys and names of the modules that loaders are asked for."""

MODULE, PACKAGE, NAMESPACE = "module", "package", "namespace"

VALUE, BASE, TYPE, DECORATOR, RAISER, CONTEXT = "value", "base", "type", "decorator", "raiser", "context"
"""As what a reference uses the item that it refers to."""

TOP, CALL, LATE, THREAD, BODY = "top", "call", "late", "thread", "body"
"""Where its import stands: in the module, in the function, behind ``if n >= 2`` in it, in a thread's, in a class."""


@dataclass(frozen=True, slots=True)
class Ref:
    """One use of another module's item."""

    to: str
    """The module's key, which outlives its name."""
    item: str
    role: str = VALUE
    style: str = "as"
    """How the import is spelled (`tests.oracle.spelling`)."""
    when: str = TOP


def moment(ref: Ref) -> str:
    """When its import is executed; a base or a decorator has to be there with the module."""
    if ref.role == VALUE:
        return ref.when
    return CALL if ref.role in (RAISER, CONTEXT) and ref.when == CALL else TOP


@dataclass(frozen=True, slots=True)
class Item:
    """A few lines that stand or fall together."""

    id: str
    """``i7``: the same in all versions of a program. Refers to items of lower numbers only, so no call recurs."""
    kind: str
    """What it is (`tests.oracle.writing`)."""
    number: int
    refs: tuple[Ref, ...] = ()

    @property
    def rank(self) -> int:
        return int(self.id[1:])


@dataclass(frozen=True, slots=True)
class Module:
    """A source file, or a folder without one."""

    name: str
    form: str = MODULE
    items: tuple[Item, ...] = ()
    lead: int = 0
    """Lines of comment at its top."""
    exports: bool = False
    """Whether it has an ``__all__``."""
    broken: str = ""
    """A text that the file ends with, or ``gone``, or ``cut N``: a file that nobody meant to save."""

    @property
    def package(self) -> str:
        """What ``__package__`` says."""
        return self.name if self.form != MODULE else self.name.rpartition(".")[0]

    @property
    def path(self) -> str:
        """Below the root; empty for a namespace, which has no file."""
        steps = self.name.replace(".", "/")
        return {MODULE: f"{steps}.py", PACKAGE: f"{steps}/__init__.py", NAMESPACE: ""}[self.form]


Program = Mapping[str, Module]
"""Key -> module."""


def items_of(program: Program) -> Iterator[tuple[str, Item]]:
    """Every item with its module's key."""
    for key, module in program.items():
        for item in module.items:
            yield key, item


def with_items(program: Program, change: Callable[[str, Item], Item | None]) -> Program:
    """The program whose items are what ``change`` makes of them; None takes one out."""
    found: dict[str, Module] = {}
    for key, module in program.items():
        changed = (change(key, item) for item in module.items)
        found[key] = replace(module, items=tuple(item for item in changed if item is not None))
    return found


def without(program: Program, keys: frozenset[str] = frozenset(), ids: frozenset[str] = frozenset()) -> Program:
    """The program without these modules and items, and without the references to them."""

    def kept(_: str, item: Item) -> Item | None:
        if item.id in ids:
            return None
        refs = tuple(ref for ref in item.refs if ref.to not in keys and ref.item not in ids)
        return item if refs == item.refs else replace(item, refs=refs)

    return with_items({key: module for key, module in program.items() if key not in keys}, kept)
