"""``__hot_dispose__``: called once, bounded in time, and whatever it does is a value."""

from __future__ import annotations

import gc
import sys
import threading
import weakref
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from hotd.loading import Loader
from hotd.loading.dispose import _disposed, dispose
from tests.integration.loading.conftest import Ops


def call(fn: Callable[[], Any]) -> Any:
    return fn()


def with_hook(hook: object) -> ModuleType:
    module = ModuleType("m")
    setattr(module, "__hot_dispose__", hook)  # noqa: B010 - no module type has it
    return module


def test_the_hook_runs_once_for_its_generation_and_not_on_the_thread_that_asks(ops: Ops, loader: Loader) -> None:
    """It finds its own generation's modules, also those that it imports only now."""
    ops.write(
        helper="V = 1\n",
        m="import threading\n\n\ndef __hot_dispose__():\n    import helper\n"
        "    seen.append((helper.V, threading.current_thread().name))\n\n\nseen = []\n",
    )
    g1 = loader.load("m")
    ops.write(helper="V = 2\n")
    loader.reload()

    first = dispose(g1.module("m"), g1.run, "m g1")
    assert first is not None and first.failure(5.0) is None and first.ended
    assert dispose(g1.module("m"), g1.run, "m g1") is None
    assert g1.module("m").seen == [(1, "hotd-dispose-m g1")]


@pytest.mark.parametrize(
    ("ends", "kind"),
    [("raise ValueError('no')", "ValueError"), ("raise SystemExit(3)", "SystemExit"), ("return 1 / 0", "ZeroDivision")],
)
def test_what_it_raises_is_a_failure_with_a_place(ops: Ops, loader: Loader, ends: str, kind: str) -> None:
    """Whoever wrote the hook reads which line of it failed."""
    ops.write(m=f"def __hot_dispose__():\n    {ends}\n")
    generation = loader.load("m")

    disposal = dispose(generation.module("m"), generation.run, "m g1")

    assert disposal is not None
    failure = disposal.failure(5.0)
    assert failure is not None and failure.kind.startswith(kind)
    assert (failure.file, failure.line) == (str(ops.root / "m.py"), 2)


def test_an_orderly_end_is_none() -> None:
    """``sys.exit()`` says: done."""
    disposal = dispose(with_hook(sys.exit), call, "m g1")
    assert disposal is not None and disposal.failure(5.0) is None


def test_a_hook_that_does_not_end_is_a_failure_with_its_stack(ops: Ops, loader: Loader) -> None:
    """Nobody waits for it longer than was said; where it stands is told."""
    ops.write(m="import threading\ngo = threading.Event()\n\n\ndef __hot_dispose__():\n    go.wait()\n")
    generation = loader.load("m")
    over = threading.Event()

    disposal = dispose(generation.module("m"), generation.run, "m g1", over.set)

    assert disposal is not None
    failure = disposal.failure(0.05)
    assert failure is not None and "did not end in time" in failure.message
    assert "go.wait()" in failure.traceback and "m.py" in failure.traceback
    assert not disposal.ended and not over.is_set()
    generation.module("m").go.set()
    assert over.wait(5.0)
    for thread in threading.enumerate():
        if thread.name.startswith("hotd-dispose"):
            thread.join(5.0)


@pytest.mark.parametrize("hook", [None, 3])
def test_no_hook_and_no_callable_do_no_harm(hook: object) -> None:
    """A name that happens to be taken is a failure that says so; none is none."""
    disposal = dispose(with_hook(hook), call, "m g1")
    assert disposal is None if hook is None else (disposal is not None and disposal.failure(5.0) is not None)


def test_looking_for_the_hook_is_user_code_too() -> None:
    """A module may answer for itself, and raise while it does."""

    class Rude(ModuleType):
        def __getattr__(self, name: str) -> Any:
            raise KeyError(name)

    assert dispose(Rude("m"), call, "m g1") is None


def test_what_was_disposed_of_is_not_kept() -> None:
    """Remembering that it was called keeps nothing in memory."""
    module = with_hook(int)
    disposal = dispose(module, call, "m g1")
    assert disposal is not None and disposal.failure(5.0) is None
    watched, key = weakref.ref(module), id(module)
    assert key in _disposed

    del module
    gc.collect()

    assert watched() is None and key not in _disposed


def test_an_object_in_the_place_of_a_module_may_have_the_hook() -> None:
    """``sys.modules[__name__] = obj`` makes obj the module, whatever it is made of."""

    class Slim:
        __slots__ = ()

        def __hot_dispose__(self) -> None:
            called.append(1)

    called: list[int] = []
    disposal = dispose(Slim(), call, "m g1")  # type: ignore[arg-type] # as it comes out of sys.modules
    assert disposal is not None and disposal.failure(5.0) is None and called == [1]
