"""What every race needs: points in user code, scenes that are closed, a collector that runs when the test says so."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from hotd.loading import Pool
from tests.integration.loading.races.scene import Scene
from tests.support.stepping import pass_by

Scenes = Callable[..., Scene]


@pytest.fixture(autouse=True)
def points(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module of nobody's, through which user code passes points and asks for names as a library would."""
    module = ModuleType("points")
    module.__dict__.update(pass_by=pass_by, asked=lambda name: sys.modules[name], seen=[])
    monkeypatch.setitem(sys.modules, "points", module)
    return module


@pytest.fixture
def scenes(tmp_path: Path) -> Iterator[Scenes]:
    """Makes scenes, each in a folder of its own."""
    made: list[Scene] = []

    def make(pool: Pool | None = None, passed: Callable[[str], None] = pass_by) -> Scene:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(Scene(folder, pool, passed))
        return made[-1]

    yield make
    while made:
        made.pop().loader.close()


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, ...]]:
    """Installed modules, nobody's: each stands at a point of its name while it is imported."""
    folder = tmp_path / "installed"
    folder.mkdir()
    names = ("slow_one", "slow_two", "quick_one")
    for name in names:
        (folder / f"{name}.py").write_text(f"import points\npoints.pass_by({name!r})\n")
    monkeypatch.syspath_prepend(str(folder))
    yield names
    for name in names:
        sys.modules.pop(name, None)


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Garbage is collected where the test says so, and nowhere else; what is older than the test is left alone."""
    gc.collect()
    gc.freeze()
    gc.disable()
    yield
    gc.enable()
    gc.unfreeze()
