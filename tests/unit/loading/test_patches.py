"""What is replaced in the standard library, and put back."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from hotd.loading.patches import Patch, awaited
from hotd.loading.process.finder import Finder

NAME = "patched_xyz"


def louder(original: Callable[..., str]) -> Callable[..., str]:
    return lambda *args: original(*args) + "!"


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Path]:
    """A module on ``sys.path`` that nobody has imported."""
    (tmp_path / f"{NAME}.py").write_text("def say(): return 'hello'\nclass Some:\n    def say(self): return 'hi'\n")
    sys.path.insert(0, str(tmp_path))
    yield tmp_path
    sys.path.remove(str(tmp_path))
    sys.modules.pop(NAME, None)


def test_what_is_replaced_is_put_back(door: Path) -> None:
    """In a module and in a class of it."""
    module: Any = importlib.import_module(NAME)
    patches = [Patch(NAME, "say", louder), Patch(NAME, "Some.say", louder)]
    for patch in patches:
        patch.put()
        patch.put()
    assert (module.say(), module.Some().say()) == ("hello!", "hi!")
    for patch in patches:
        patch.take()
        patch.take()
    assert (module.say(), module.Some().say()) == ("hello", "hi")


def test_a_module_that_comes_later_is_patched_when_it_comes(door: Path) -> None:
    """And does not look as if anybody had been in between."""
    patch, finder = Patch(NAME, "say", louder), Finder()
    patch.put()
    sys.meta_path.insert(0, finder)
    try:
        seen = importlib.util.find_spec(NAME)
        assert seen is not None and seen.loader is not None
        assert seen.loader.get_source(NAME).startswith("def say")  # type: ignore[attr-defined]
        module: Any = importlib.import_module(NAME)
    finally:
        sys.meta_path.remove(finder)
    assert module.say() == "hello!"
    assert not awaited(NAME)
    assert type(module.__loader__) is type(module.__spec__.loader) is type(pytest.__loader__)
    patch.take()
    assert module.say() == "hello"


def test_a_module_that_never_came_is_not_awaited_any_more(door: Path) -> None:
    """After the last loader nothing waits."""
    patch = Patch(NAME, "say", louder)
    patch.put()
    assert awaited(NAME)
    patch.take()
    assert not awaited(NAME)
    assert importlib.import_module(NAME).say() == "hello"


def test_what_this_python_lacks_is_passed_over(door: Path) -> None:
    """A private door may be gone in the next version."""
    importlib.import_module(NAME)
    for path in ("nothing", "Nobody.say"):
        patch = Patch(NAME, path, louder)
        patch.put()
        patch.take()


def test_a_wrapper_that_somebody_patched_over_never_calls_itself(door: Path) -> None:
    """A tracer wraps what we put there, and stays: opening the next loader must not make a circle of the two."""
    module: ModuleType = importlib.import_module(NAME)
    patch = Patch(NAME, "say", louder)
    patch.put()
    ours = module.say
    module.say = lambda: f"traced {ours()}"  # type: ignore[attr-defined]
    patch.take()
    assert module.say() == "traced hello!"
    patch.put()
    assert module.say() == "traced hello!!"
    patch.take()
    assert module.say() == "traced hello!"
