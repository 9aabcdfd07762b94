"""What typing remembers of code, and what becomes of it."""

from __future__ import annotations

import gc
import typing
import weakref

import pytest

from hotd.contract.errors import LoadRejected
from hotd.loading import Loader
from tests.integration.loading.conftest import Ops

SOURCE = """
import typing
class Big: pass
@typing.overload
def f(x: int) -> typing.Optional[Big]: ...
@typing.overload
def f(x: str) -> int: ...
def f(x): return x
"""


def test_what_a_refused_or_discarded_candidate_told_typing_is_forgotten(ops: Ops, loader: Loader) -> None:
    """Its classes leave memory, and of what serves the overloads are told as before."""
    ops.write(m=SOURCE)
    m = loader.load("m").module("m")
    told = typing.get_overloads(m.f)
    seen: list[weakref.ref[object]] = []

    ops.write(m=f"{SOURCE}1 / 0\n")
    with pytest.raises(LoadRejected):
        loader.reload()
    assert typing.get_overloads(m.f) == told
    ops.write(m=f"\n{SOURCE}")
    candidate = loader.stage()
    seen.append(weakref.ref(candidate.module("m").Big))
    assert typing.get_overloads(candidate.module("m").f) != told

    loader.discard(candidate)
    del candidate
    gc.collect()

    assert typing.get_overloads(m.f) == told
    assert [reference() for reference in seen] == [None]


def test_a_reload_lets_go_of_overloads_that_moved(ops: Ops, loader: Loader) -> None:
    """typing keeps them by line: those of the text before are not told beside the new ones, and not kept."""
    ops.write(m=SOURCE)
    old = weakref.ref(loader.load("m").module("m").Big)
    ops.write(m=f"\n\n\n{SOURCE}")

    new = loader.reload().module("m")
    gc.collect()

    assert len(typing.get_overloads(new.f)) == 2
    assert old() is None


def test_a_reload_leaves_the_overloads_of_kept_parts_alone(ops: Ops, loader: Loader) -> None:
    """What is not executed again cannot tell them again."""
    ops.write(m="import kept\nX = 1\n", kept=SOURCE)
    kept = loader.load("m").module("kept")
    ops.write(m="import kept\nX = 2\n")

    loader.reload()

    assert len(typing.get_overloads(kept.f)) == 2


LATE = """
import typing
class Big: pass
def late(): return typing.Optional[Big]
"""


def test_types_that_old_code_wrote_before_it_was_retired_do_not_keep_it(ops: Ops, loader: Loader) -> None:
    """It ran on after the swap, as old instances do; when nobody goes back to it, its classes leave memory."""
    ops.write(m=LATE)
    old = loader.load("m")
    big = weakref.ref(old.module("m").Big)
    ops.write(m=f"{LATE}X = 2\n")
    loader.reload()
    old.module("m").late()

    loader.retire(old)
    del old
    gc.collect()

    assert big() is None


def test_types_that_old_code_wrote_at_its_very_end_are_no_leak(ops: Ops, loader: Loader) -> None:
    """In its farewell, or on a thread that ended late: nobody of the user's holds it."""
    ops.write(m=LATE)
    old = loader.load("m")
    ops.write(m=f"{LATE}X = 2\n")
    loader.reload()
    loader.retire(old)
    old.module("m").late()
    del old
    gc.collect()

    assert loader.leaks() == ()
