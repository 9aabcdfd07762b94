"""Nothing of the control port outlives a test."""

from __future__ import annotations

import gc
import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.control.fakes import NOBODY, Port, open_port
from tests.support.eventually import eventually


@pytest.fixture(autouse=True)
def nothing_outlives() -> Iterator[None]:
    """Every thread is joined and every descriptor closed, whatever was done to the port."""
    threads, descriptors = set(threading.enumerate()), _descriptors()
    yield
    gc.collect()  # sockets that a test itself dropped
    eventually(lambda: not set(threading.enumerate()) - threads, what="every thread ended")
    assert _descriptors() - descriptors == set()


@pytest.fixture
def port(tmp_path: Path) -> Iterator[Port]:
    with open_port(tmp_path) as port:
        yield port


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder of ``nobody``, which everybody may enter: pytest's own are the tester's alone."""
    with tempfile.TemporaryDirectory(prefix="hotd-") as name:
        os.chown(name, NOBODY, -1)
        Path(name).chmod(0o755)
        yield Path(name)


def _descriptors() -> set[tuple[int, str]]:
    found = set()
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - a path object would open one more
        try:
            found.add((int(name), os.readlink(f"/proc/self/fd/{name}")))  # noqa: PTH115 - as above
        except FileNotFoundError:
            continue  # the one that listed them
    return found
