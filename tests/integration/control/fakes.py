"""A desk that says what a test tells it to, and a control port on a real socket before it."""

from __future__ import annotations

import ctypes
import importlib
import logging
import os
import platform
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from hotd.contract import views
from hotd.contract.requests import Request
from hotd.contract.verbs import Verb
from hotd.control import ControlServer, Roles
from hotd.control.limits import Patience
from hotd.core.values import Actor

VERSION = views.Version("0.1.0", 1, "3.11.7", "/usr/bin/python3", 42)
DONE = views.Change(None, (), "done")


@dataclass
class FakeDesk:
    """Answers ``hello`` and changes; ``answer`` replaces that. Remembers what it was asked, and by whom."""

    answer: Callable[[Verb, Request], Any] = lambda verb, _: DONE if verb.changes else VERSION
    asked: list[tuple[str, Request, Actor]] = field(default_factory=list)

    def ask(self, verb: Verb, request: Request, actor: Actor) -> Any:
        self.asked.append((verb.name, request, actor))
        return self.answer(verb, request)


class Gated:
    """An answer that is not given before ``open`` is set."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.open = threading.Event()

    def __call__(self, verb: Verb, request: Request) -> Any:
        self.reached.set()
        assert self.open.wait(20), "the test never opened the gate"
        return DONE if verb.changes else VERSION


class Records(logging.Handler):
    """What was logged, as dictionaries of its fields."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def of(self, event: str) -> list[dict[str, Any]]:
        return [
            vars(record) | {"text": record.getMessage()}
            for record in self.records
            if vars(record).get("event") == event
        ]


class Port:
    """A control port and all that a test wants to know of it."""

    def __init__(self, path: Path, desk: FakeDesk, roles: Roles, **options: Any) -> None:
        self.path = str(path)
        self.desk = desk
        self.log = Records()
        logger = logging.Logger("hotd.control.test")
        logger.addHandler(self.log)
        options = {"mode": 0o660, "gid": None, "version": "0.1.0"} | options
        self.server = ControlServer(self.path, desk=desk, roles=roles, log=logger, **options)


OWN = Roles(own_uid=os.getuid())


@contextmanager
def open_port(
    folder: Path, answer: Callable[[Verb, Request], Any] | None = None, roles: Roles = OWN, **options: Any
) -> Iterator[Port]:
    desk = FakeDesk(answer) if answer else FakeDesk()
    port = Port(folder / "s", desk, roles, **options)
    port.server.start()
    try:
        yield port
    finally:
        port.server.close(0.0)


HURRIED = Patience(idle=0.2, begun=0.2, answer=0.2)


# --- as somebody else -------------------------------------------------------------------------------------------------

NOBODY = 65534
NOBODYS_GROUP = 54321
_SYSTEM_CALLS = {"x86_64": (116, 119, 117), "aarch64": (159, 149, 147)}
"""setgroups, setresgid, setresuid."""
needs_root = pytest.mark.skipif(
    os.getuid() != 0 or platform.machine() not in _SYSTEM_CALLS, reason="only root can become somebody else"
)


def as_nobody(act: Callable[[], Any]) -> Any:
    """What ``act`` gives on a thread of uid 65534, who is in one group besides its own. Raises what it raises.

    To the kernel every thread has a user of its own; it is the C library that keeps them together, so it is bypassed.
    """
    modules = "hotctl.transport.connection", "hotctl.transport.unix", "hotctl.transport.dialling"
    for module in modules:  # nobody may not read the interpreter's own files, where those are root's
        importlib.import_module(module)
    result: list[Any] = []

    def run() -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        setgroups, setresgid, setresuid = _SYSTEM_CALLS[platform.machine()]
        groups = (ctypes.c_uint32 * 1)(NOBODYS_GROUP)
        assert libc.syscall(setgroups, 1, groups) == 0
        assert libc.syscall(setresgid, NOBODY, NOBODY, NOBODY) == 0
        assert libc.syscall(setresuid, NOBODY, NOBODY, NOBODY) == 0
        try:
            result.append(act())
        except Exception as error:  # noqa: BLE001 - raised again on the test's own thread
            result.append(error)

    thread = threading.Thread(target=run, name="nobody")
    thread.start()
    thread.join(20)
    if isinstance(result[0], Exception):
        raise result[0]
    return result[0]
