"""Folders of a daemon, made ready at its start."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

from hotd.config import Config
from hotd.contract.errors import BadConfig


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


def _make(folder: Path, mode: int) -> None:
    try:
        folder.mkdir(mode, parents=True, exist_ok=True)
    except OSError as trouble:
        raise BadConfig(
            f"cannot make the folder {folder}: {trouble.strerror}",
            hint="make it for the daemon's user, or configure another socket or state_dir",
        ) from trouble
