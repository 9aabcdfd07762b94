"""``long_op:LongOp`` -> something that can be run, or a sentence why not."""

from __future__ import annotations

import inspect
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FunctionType, ModuleType
from typing import Any, Protocol

from hotd.contract.errors import BadEntry
from hotd.contract.nearest import nearest
from hotd.core.values import EntryKind
from hotd.loading.generation import Generation


class Has(Protocol):
    """A generation or a candidate."""

    def module(self, name: str) -> ModuleType: ...


@dataclass(frozen=True, slots=True)
class Entry:
    """What an instance runs."""

    kind: EntryKind
    target: Callable[..., Any]


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class EntryCode:
    """The entry of one generation, ready to run; holding it keeps the generation in memory."""

    generation: Generation
    entry: Entry
    part: str
    """The name of the part that has it."""
    lent: weakref.WeakSet[EntryCode] = field(default_factory=weakref.WeakSet)
    """One for everybody who runs it."""

    def lend(self) -> EntryCode:
        """The same, for somebody who drops it when he runs it no more."""
        borrowed = EntryCode(self.generation, self.entry, self.part)
        self.lent.add(borrowed)
        return borrowed

    @property
    def kind(self) -> EntryKind:
        return self.entry.kind

    @property
    def target(self) -> Callable[..., Any]:
        return self.entry.target

    def run(self, fn: Callable[..., Any], *args: Any) -> Any:
        return self.generation.run(fn, *args)


def split(entry: str) -> tuple[str, str]:
    """``pkg.mod:Class.method`` -> module and attribute. BadEntry where it is not of that form."""
    module, colon, attribute = entry.partition(":")
    if not colon or not module or not all(step.isidentifier() for step in attribute.split(".")):
        raise BadEntry(f"{entry!r} is no entry", hint="write module:name, as in long_op:LongOp")
    return module, attribute


def resolve_entry(where: Has, entry: str, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None) -> Entry:
    """The entry of a generation, checked: it exists, is callable, and takes these arguments. Raises BadEntry."""
    name, attribute = split(entry)
    try:
        target: Any = where.module(name)
    except KeyError as error:
        raise BadEntry(f"{entry}: {error}") from None
    file = getattr(target, "__file__", None)
    so_far = name
    for step in attribute.split("."):
        found = getattr(target, step, _NOTHING)
        if found is _NOTHING:
            guess = nearest(step, (one for one in dir(target) if not one.startswith("__")))
            hint = f"did you mean {guess}?" if guess else None
            raise BadEntry(f"{so_far} has no {step}", hint=hint, file=file)
        target, so_far = found, f"{so_far}:{step}" if so_far == name else f"{so_far}.{step}"
    if not callable(target):
        hint = "an entry is a function, a coroutine function, a class or another callable"
        raise BadEntry(f"{so_far} is not callable: it is of type {type(target).__name__}", hint=hint, file=file)
    if _yields(target):
        hint = "calling a generator function runs nothing: let the entry iterate over it"
        raise BadEntry(f"{so_far} is a generator function", hint=hint, file=file)
    _check_arguments(so_far, target, args, kwargs or {}, file)
    return Entry(_kind(target), target)


def _kind(target: Any) -> EntryKind:
    if isinstance(target, type):
        return EntryKind.THREAD if issubclass(target, threading.Thread) else EntryKind.CALLABLE
    if type(target) is FunctionType:
        return EntryKind.ASYNC if inspect.iscoroutinefunction(target) else EntryKind.CALLABLE
    if inspect.iscoroutinefunction(target) or inspect.iscoroutinefunction(getattr(target, "__call__", None)):  # noqa: B004 - an object whose call is async
        return EntryKind.ASYNC
    if (inner := getattr(target, "func", None)) is not None and inspect.iscoroutinefunction(inner):
        return EntryKind.ASYNC  # functools.partial of one
    return EntryKind.CALLABLE


def _yields(target: Any) -> bool:
    inner = getattr(target, "func", target)  # functools.partial of one
    return inspect.isgeneratorfunction(inner) or inspect.isasyncgenfunction(inner)


def _asks_for_nothing(target: Any) -> bool:
    """Of a plain function, which most entries are: as its signature says, for a tenth of the time."""
    if type(target) is not FunctionType or hasattr(target, "__signature__") or hasattr(target, "__wrapped__"):
        return False
    code, defaults, named = target.__code__, target.__defaults__ or (), target.__kwdefaults__ or {}
    first, last = code.co_argcount, code.co_argcount + code.co_kwonlyargcount
    return first == len(defaults) and named.keys() >= {*code.co_varnames[first:last]}


def _check_arguments(shown: str, target: Any, args: Sequence[Any], kwargs: Mapping[str, Any], file: str | None) -> None:
    if not args and not kwargs and _asks_for_nothing(target):
        return
    try:
        signature = inspect.signature(target)
    except (TypeError, ValueError):
        return  # native code often has none: calling it will tell
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        given = ", ".join([*(repr(one) for one in args), *(f"{key}={value!r}" for key, value in kwargs.items())])
        bare = [one.replace(annotation=inspect.Parameter.empty) for one in signature.parameters.values()]
        signature = signature.replace(parameters=bare, return_annotation=inspect.Signature.empty)
        raise BadEntry(
            f"{shown}{signature} cannot be called with ({given}): {error}",
            hint="correct args and kwargs of the module, or the signature",
            file=file,
        ) from None


_NOTHING: Any = object()
