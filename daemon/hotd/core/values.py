"""The small values that every room speaks in."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import PurePath
from typing import Any, NamedTuple

ALL = "*"
"""The pattern of all modules: who is operator of it may also do what concerns them together."""


@dataclass(frozen=True, slots=True, order=True)
class Instant:
    """A moment on both clocks: ``mono`` seconds for every deadline and age, ``wall`` (Unix seconds) for views only.

    Two clocks because a stepped wall clock must not move a deadline.
    """

    mono: float
    wall: float = field(compare=False)


class InstanceId(NamedTuple):
    """``long_op-7``: the seventh instance ever started of module ``long_op``."""

    module: str
    number: int

    def __str__(self) -> str:
        return f"{self.module}-{self.number}"


class EntryKind(enum.StrEnum):
    """What the entry of a module is, and so how an instance of it runs."""

    THREAD = "thread"
    CALLABLE = "callable"
    ASYNC = "async"


@dataclass(frozen=True, slots=True)
class Failure:
    """What is left of an exception of foreign code: text only.

    The exception itself is dropped at the border: a kept one keeps its frames, and those their whole generation.
    """

    kind: str
    """Class name of the exception, as a traceback shows it."""
    message: str
    traceback: str
    """The traceback with the source lines of the generation that ran, our own frames cut, plain paths."""
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asked for a change: a caller of the control port, the watcher, or the daemon itself."""

    name: str
    """What histories show: ``root``, ``uid 1000``, ``cert:ci``, ``watch``, ``hotd``."""
    uid: int | None = None
    role: str = "admin"
    only: tuple[str, ...] | None = None
    """Patterns of the modules it is operator of, as the shell's: ``*``, ``?``, ``[ab]``. None: whatever there is."""

    @property
    def everywhere(self) -> bool:
        """Whether all modules are its own, also those that come later."""
        return self.only is None or ALL in self.only

    def operates(self, module: str) -> bool:
        """Whether it may change the module, and read its sources, logs, errors and stacks."""
        return self.everywhere or any(fnmatchcase(module, pattern) for pattern in self.only or ())

    def foreign(self, modules: Iterable[str]) -> list[str]:
        """Those of the modules that are not its own."""
        return [module for module in modules if not self.operates(module)]


WATCH = Actor("watch")
DAEMON = Actor("hotd")


@dataclass(frozen=True, slots=True)
class Spec:
    """What is hosted under one name, and how. Durations in seconds; every field is a key of ``[modules.NAME]``."""

    name: str
    entry: str
    roots: tuple[str, ...]
    """Absolute source roots, in order of precedence."""
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    replicas: int = 1
    surge: int = 0
    max_unavailable: int = 1
    restart: str = "always"
    on_change: str = "finish"
    stop_method: str = ""
    drain_deadline: float = 600.0
    after_deadline: str = "wait"
    watch: str = "auto"
    keep: tuple[str, ...] = ()
    max_generations: int = 8
    load_deadline: float = 30.0
    standby: int = 2
    auto_permanent: float = 60.0
    packages: tuple[str, ...] = ()
    """Absolute folders of installed packages that are managed, too; what lies beside them is not."""

    @property
    def folders(self) -> tuple[str, ...]:
        """Where its sources lie, in order of precedence: source roots, then the folders that packages are in."""
        return tuple(dict.fromkeys((*self.roots, *(str(PurePath(package).parent) for package in self.packages))))

    @property
    def watched(self) -> tuple[str, ...]:
        """All that its sources may lie in, and nothing else does."""
        return (*self.roots, *self.packages)


@dataclass(frozen=True, slots=True)
class Progress:
    """What an instance last said of itself through ``hotd.api.progress``."""

    done: float
    total: float | None
    note: str
