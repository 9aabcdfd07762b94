"""What is left of the configuration once it is understood: plain frozen values, durations in seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hotd.core.values import Spec


@dataclass(frozen=True, slots=True)
class Tls:
    """``[control.tls]``: the door for callers from other machines."""

    host: str
    port: int
    ca: Path
    """Whose signatures let a caller in."""
    certificate: Path
    key: Path
    revoked: Path
    """Serial numbers of certificates that are let in no more."""
    revoked_written: bool
    """False: the default, and the list need not be there."""


@dataclass(frozen=True, slots=True)
class Control:
    """``[control]``: where the control socket is and who may do what through it."""

    socket: Path
    socket_written: bool
    """False: a default place. Its last folder is hotd's own, and the daemon makes it where it is missing."""
    mode: int
    group: str | None
    """The group the socket is given; None leaves it the daemon's own."""
    group_written: bool
    """False: the default, and failing to give the socket that group is no error."""
    admins: tuple[str, ...]
    """User names, uids as digits, ``%group``, ``cert:CN``, ``*``; like operators and viewers."""
    operators: Mapping[str, tuple[str, ...]]
    """Pattern of module names -> who."""
    viewers: tuple[str, ...]
    tls: Tls | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """``[watch]``: how changes of files are noticed."""

    enabled: bool
    settle: float
    settle_max: float
    backend: str
    interval: float
    """Between two looks of the polling backend."""
    ignore: tuple[str, ...]
    also: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Later:
    """A key that the user wrote, that is understood, and that has no effect yet."""

    key: str
    line: int | None
    sentence: str
    label: str
    """Where it was written: what warnings begin with, too."""

    def __str__(self) -> str:
        where = self.label if self.line is None else f"{self.label}:{self.line}"
        return f"{where}: {self.key}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class Config:
    """Everything the daemon is told at its start."""

    path: Path | None
    """The file it came from, absolute, symbolic links kept; None from the command line."""
    roots: tuple[str, ...]
    """Absolute source roots, in order of precedence, symbolic links kept: a link that moves on is a change."""
    packages: tuple[str, ...]
    """Absolute folders of installed packages that are hot."""
    state_dir: Path | None
    """None: a throw-away folder. May not exist yet."""
    max_instances: int
    drain_deadline: float
    executor: str
    plain_file_names: bool
    """Code carries the plain path of its file; False: also which content of it."""
    control: Control
    watch: Watch
    logs_keep: int
    """Bytes for each module."""
    modules: tuple[Spec, ...]
    later: tuple[Later, ...]
    warnings: tuple[str, ...]
    """Sentences that say where, as the errors do."""
