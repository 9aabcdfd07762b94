"""``long_op:LongOp`` resolved and checked."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from hotd.contract.errors import BadEntry
from hotd.loading.entry import resolve_entry
from hotd.loading.generation import UnknownPart


class Op(threading.Thread):
    def __init__(self, id: int) -> None:
        super().__init__()


class Kit:
    @staticmethod
    async def serve(port: int = 1) -> None: ...


class Shout:
    async def __call__(self) -> None: ...


def work(n: int, *, k: int = 0) -> None: ...


def rows() -> Iterator[int]:
    yield 1


class Held:
    """What a generation looks like to the resolver."""

    def __init__(self, **names: Any) -> None:
        self._module = ModuleType("ops")
        self._module.__file__ = "/ops/ops.py"
        vars(self._module).update(names)

    def module(self, name: str) -> ModuleType:
        if name != "ops":
            raise UnknownPart(f"{name} is no part of g1; did you mean ops?")
        return self._module


HELD = Held(
    Op=Op, Kit=Kit, work=work, shout=Shout(), bound=functools.partial(Kit.serve, 2), number=5, native=int, rows=rows
)


@pytest.mark.parametrize(
    ("entry", "args", "kind"),
    [
        ("ops:Op", (1,), "thread"),
        ("ops:work", (1,), "callable"),
        ("ops:Kit", (), "callable"),
        ("ops:Kit.serve", (), "async"),
        ("ops:shout", (), "async"),
        ("ops:bound", (), "async"),
        ("ops:native", ("5",), "callable"),
    ],
)
def test_the_kind_follows_from_what_the_entry_is(entry: str, args: tuple[object, ...], kind: str) -> None:
    """Threads are started, coroutine functions run on a loop, anything else is called."""
    assert resolve_entry(HELD, entry, args).kind == kind


@pytest.mark.parametrize(
    ("entry", "args", "says", "hint"),
    [
        ("ops:Opp", (1,), "ops has no Opp", "did you mean Op?"),
        ("ops:Kit.server", (), "ops:Kit has no server", "did you mean serve?"),
        ("ops:number", (), "ops:number is not callable: it is of type int", "an entry is"),
        ("ops:Op", (), "ops:Op(id) cannot be called with (): missing a required argument: 'id'", "args"),
        ("ops:work", (1, 2), "cannot be called with (1, 2): too many positional arguments", "args"),
        ("ops:rows", (), "ops:rows is a generator function", "runs nothing"),
        ("opz:Op", (), "opz is no part of g1; did you mean ops?", None),
        ("ops", (), "'ops' is no entry", "module:name"),
        ("ops:", (), "'ops:' is no entry", "module:name"),
        ("ops:a b", (), "'ops:a b' is no entry", "module:name"),
    ],
)
def test_a_bad_entry_is_told_with_its_cure(entry: str, args: tuple[object, ...], says: str, hint: str | None) -> None:
    """The sentence names what is wrong, the hint what was most likely meant."""
    with pytest.raises(BadEntry) as caught:
        resolve_entry(HELD, entry, args)

    assert says in caught.value.message
    assert (hint or "") in (caught.value.hint or "")


def test_keyword_arguments_are_checked_too() -> None:
    """A misspelt keyword is found at load, not when the first instance starts."""
    resolve_entry(HELD, "ops:work", (1,), {"k": 2})
    with pytest.raises(BadEntry, match="unexpected keyword argument 'q'"):
        resolve_entry(HELD, "ops:work", (1,), {"q": 2})
