"""A folder of sources, loaders that are closed, and a look at what they left behind."""

from __future__ import annotations

import atexit
import gc
import importlib
import inspect
import linecache
import logging
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from hotd.loading import Loader, Pool


class Ops:
    """Source files below one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, **files: str) -> list[Path]:
        """Write ``name.py`` for every keyword; two underscores in it are a slash, ``pkg__`` is ``pkg/__init__.py``."""
        paths = {name: name.replace("__", "/") for name in files}
        found = {name: f"{path}__init__" if path.endswith("/") else path for name, path in paths.items()}
        return [self.write_file(f"{found[name]}.py", text) for name, text in files.items()]

    def write_file(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
        return path


Open = Callable[..., Loader]


@pytest.fixture
def ops(tmp_path: Path) -> Ops:
    return Ops(tmp_path)


@pytest.fixture
def open_loader(ops: Ops) -> Iterator[Open]:
    """Makes loaders over the folder, and closes them."""
    made: list[Loader] = []

    def make(roots: Sequence[Path] = (), pool: Pool | None = None, **how: Any) -> Loader:
        made.append(Loader(roots or [ops.root], pool=pool, **how))
        return made[-1]

    yield make
    for loader in made:
        loader.close()


@pytest.fixture
def loader(open_loader: Open) -> Loader:
    return open_loader()


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """No thread, name, finder, patch or cached line outlives a test."""
    before, cached = process(), lines()
    yield
    gc.collect()
    assert process() == before
    assert lines() <= cached


def process() -> tuple[object, ...]:
    ours = {name for name, module in sys.modules.items() if type(module).__name__ == "StandIn"}
    return (
        ours,
        list(sys.meta_path),
        importlib.import_module,
        (threading.Thread.start, atexit.register, logging.Logger.addHandler, logging.Filterer.addFilter),
        (logging.getLogRecordFactory(), sys.excepthook, sys.unraisablehook, threading.excepthook),
        {thread.name for thread in threading.enumerate()},
    )


def lines() -> set[str]:
    return {name for name in (*linecache.cache, *inspect.modulesbyfile) if ".py@" in name}
