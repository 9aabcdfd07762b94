"""What ``hotctl doctor`` has looked up on the daemon's side."""

from __future__ import annotations

import grp
import importlib.metadata
import os
import platform
import pwd
import ssl
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import hotd
from hotd.config import Config
from hotd.config.access import DEFAULT_GROUP
from hotd.contract.views import Finding
from hotd.core.conditions import conditions_of_daemon
from hotd.core.examining import Installation, Paper, Place, examined
from hotd.engine.engine import Engine
from hotd.ports import Watcher

NEEDED = ("rpyc", "watchdog")
ALL_USERS = ["0", "0", "4294967295"]
"""The map of a process that is in no user namespace of its own."""


class Examiner:
    """Implements ``hotd.ports.Examining``."""

    def __init__(
        self,
        config: Callable[[], Config],
        *,
        state: Path,
        socket: str,
        inherited: bool,
        engine: Engine,
        watcher: Watcher,
    ) -> None:
        """``config`` is what runs now; ``state`` and ``socket`` are where they really are."""
        self._config = config
        self._state = state
        self._socket = socket
        self._inherited = inherited
        self._engine = engine
        self._watcher = watcher

    def examine(self) -> tuple[Finding, ...]:
        config, book = self._config(), self._engine.book
        roots = dict.fromkeys(root for module in book.modules.values() for root in module.spec.watched)
        roots |= dict.fromkeys((*config.roots, *config.packages))
        code = [*(("source root", root) for root in roots), *((("configuration", config.path),) if config.path else ())]
        places = [place(role, os.path.realpath(path)) for role, path in code]
        places += [place("state", str(self._state)), place("socket", self._socket)]
        places += above([one.path for one in places[: len(code)]])
        control = config.control
        # Who tries one module from the command line is alone with it.
        missing = control.group is None and not control.group_written and config.path is not None
        return examined(
            Installation(
                user=user_name(os.geteuid()),
                root=os.geteuid() == 0,
                about=about(),
                watches=book.watches,
                paused=book.paused,
                watching=self._watcher.describe(),
                places=tuple(places),
                inherited=self._inherited,
                missing_group=DEFAULT_GROUP if missing else None,
                strangers=strangers(),
                conditions=conditions_of_daemon(book),
                papers=tuple(map(paper, (control.tls.ca, control.tls.certificate) if control.tls else ())),
            )
        )


def about() -> str:
    found = [f"hotd {hotd.__version__}", f"Python {platform.python_version()} ({sys.executable})"]
    return ", ".join([*found, *(f"{name} {importlib.metadata.version(name)}" for name in NEEDED)])


def place(role: str, path: str) -> Place:
    try:
        seen = Path(path).stat()
    except OSError:
        return Place(role, path, None)
    group, members = group_of(seen.st_gid)
    return Place(role, path, seen.st_mode & 0o7777, user_name(seen.st_uid), group, members)


def paper(path: Path) -> Paper:
    try:
        told = ssl._ssl._test_decode_cert(str(path))  # type: ignore[attr-defined]  # nothing public reads a file's
        return Paper(str(path), (ssl.cert_time_to_seconds(told["notAfter"]) - time.time()) / 86400)
    except (OSError, ValueError, KeyError):  # SSLError is an OSError
        return Paper(str(path), None)


def above(paths: Iterable[str]) -> list[Place]:
    """The folders on the way that others may write: who can rename a folder decides what lies in it."""
    folders = dict.fromkeys(str(folder) for path in paths for folder in Path(path).parents)
    found = [place("above", folder) for folder in folders]
    return [one for one in found if one.mode is not None and one.mode & 0o022]


def user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def group_of(gid: int) -> tuple[str, tuple[str, ...]]:
    """Name and members, those whose first group it is among them."""
    try:
        found = grp.getgrgid(gid)
    except KeyError:
        return f"gid {gid}", ()
    first = [user.pw_name for user in pwd.getpwall() if user.pw_gid == gid]
    return found.gr_name, tuple(dict.fromkeys([*first, *found.gr_mem]))


def strangers() -> bool:
    """Whether this process is in a user namespace that knows not all users (PrivateUsers=): SO_PEERCRED is blind."""
    try:
        return "INVOCATION_ID" in os.environ and Path("/proc/self/uid_map").read_text("ascii").split() != ALL_USERS
    except OSError:
        return False
