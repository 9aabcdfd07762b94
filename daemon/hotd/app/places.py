"""Folders and group of a daemon, made ready at its start."""

from __future__ import annotations

import grp
import logging
import shutil
import tempfile
from collections.abc import Collection
from contextlib import ExitStack
from pathlib import Path

from hotd.config import Config, Control, Tls
from hotd.contract.errors import BadConfig
from hotd.control import Door

log = logging.getLogger("hotd.app")


def socket_folder(config: Config) -> None:
    """A default socket lies in a folder of hotd's own, which is made; a written one must exist, and was checked."""
    folder = config.control.socket.parent
    if not config.control.socket_written:
        _make(folder, 0o755)


def state_folder(config: Config, undo: ExitStack) -> Path:
    """Where state is kept; a throw-away folder where none was configured. Raises BadConfig."""
    if config.state_dir is None:
        folder = Path(tempfile.mkdtemp(prefix="hotd-state-"))
        undo.callback(shutil.rmtree, folder, ignore_errors=True)
        return folder
    _make(config.state_dir, 0o700)
    return config.state_dir


def socket_group(control: Control, *, uid: int, gids: Collection[int]) -> int | None:
    """The group to give the socket; None leaves it the daemon's own. Raises BadConfig.

    ``uid`` and ``gids`` are the daemon's: a group that nobody wrote down and that it may not give is passed over.
    """
    if control.group is None:
        return None
    gid = _group_id(control.group)
    if control.group_written or uid == 0 or gid in gids:
        return gid
    log.warning(
        "the socket keeps the daemon's own group: its user does not belong to the default one, %s",
        control.group,
        extra={"event": "config.warning"},
    )
    return None


def door_of(tls: Tls | None) -> Door | None:
    """The door for callers from other machines, if there is to be one."""
    if tls is None:
        return None
    return Door(tls.host, tls.port, tls.ca, tls.certificate, tls.key, tls.revoked, tls.revoked_written)


def _group_id(name: str) -> int:
    """The configuration has looked it up already; between then and now it may have gone."""
    try:
        return int(name) if name.isdecimal() else grp.getgrnam(name).gr_gid
    except KeyError:
        raise BadConfig(f"there is no group {name!r} on this machine any more") from None


def _make(folder: Path, mode: int) -> None:
    try:
        folder.mkdir(mode, parents=True, exist_ok=True)
    except OSError as trouble:
        raise BadConfig(
            f"cannot make the folder {folder}: {trouble.strerror}",
            hint="make it for the daemon's user, or configure another socket or state_dir",
        ) from trouble
