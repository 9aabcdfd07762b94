"""Processes of other users, for whoever is root."""

from __future__ import annotations

import importlib
import os
import pickle
from collections.abc import Callable, Collection
from typing import TypeVar

import pytest

T = TypeVar("T")

ANN, BOB, GUESTS = 64_001, 64_002, 64_100
"""Two uids and a group that no machine has."""

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")

_NEEDED = ("hotctl.client", "hotctl.transport.unix", "hotctl.transport.connection", "hotctl.view.screen")


def as_user(uid: int, groups: Collection[int], act: Callable[[], T]) -> T:
    """What ``act`` gives in a forked child of that user, in its own group and those. Raises what it raises.

    Forked and not started anew: another user may not read the interpreter, where that is root's.
    """
    for name in _NEEDED:
        importlib.import_module(name)
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.close(reader)
            os.setgroups([*groups])
            os.setgid(uid)
            os.setuid(uid)
            try:
                said: object = act()
            except Exception as error:  # noqa: BLE001 - raised again in the parent
                said = error
            with os.fdopen(writer, "wb") as pipe:
                pickle.dump(said, pipe)
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        data = pipe.read()
    os.waitpid(child, 0)
    result = pickle.loads(data)
    if isinstance(result, Exception):
        raise result
    return result  # type: ignore[no-any-return] # what crosses the pipe has lost its type
