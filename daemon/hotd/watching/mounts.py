"""Which folders lie on file systems that tell only of changes made through this machine, or of none."""

from __future__ import annotations

import os
import re
import select
from collections.abc import Mapping
from pathlib import Path

TABLE = Path("/proc/self/mountinfo")

DEAF = frozenset(
    {
        *{"nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "coda", "ceph", "9p", "virtiofs"},
        *{"lustre", "gpfs", "beegfs", "gfs2", "ocfs2", "glusterfs", "orangefs", "pvfs2"},
        *{"vboxsf", "vmhgfs", "prl_fs", "osxfs", "fakeowner", "drvfs"},  # a folder of the host, in a machine on it
    }
)
"""Changed from elsewhere, which the kernel here does not hear of."""

LOCAL_FUSE = frozenset({"fuseblk", "fuse.fuse-overlayfs", "fuse.ntfs-3g", "fuse.lxcfs", "fusectl"})
"""All other file systems of programs (sshfs, rclone, bindfs) may change behind the kernel's back."""

_ESCAPED = re.compile(r"\\([0-7]{3})")


class Mounts:
    """The kernel's table of what is mounted where. Used by one thread at a time."""

    def __init__(self, table: Path = TABLE) -> None:
        """Without a table (no /proc) nothing is known to be deaf."""
        self._table = table
        self._news = select.poll()
        try:
            self._file: int | None = os.open(table, os.O_RDONLY | os.O_CLOEXEC)
            self._news.register(self._file, select.POLLPRI)
        except OSError:
            self._file = None

    def deaf(self, tree: str) -> Mapping[str, str]:
        """The tree itself, or folders in it, that have to be looked at to learn of all changes; and their types."""
        kinds = {_ESCAPED.sub(lambda found: chr(int(found[1], 8)), point): kind for point, kind in self._mounted()}
        around = [point for point in kinds if tree == point or tree.startswith(point.rstrip("/") + "/")]
        found = {tree: kinds[max(around, key=len)]} if around else {}
        found |= {point: kind for point, kind in kinds.items() if point.startswith(tree.rstrip("/") + "/")}
        return {folder: kind for folder, kind in found.items() if is_deaf(kind)}

    def changed(self) -> bool:
        """Whether anything was mounted or taken away since this was asked last."""
        return self._file is not None and bool(self._news.poll(0))

    def close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            os.close(file)

    def _mounted(self) -> list[tuple[str, str]]:
        """Mount point and type, a later one over an earlier one."""
        try:
            lines = self._table.read_text("utf-8", "surrogateescape").splitlines()
        except OSError:
            return []
        halves = (line.partition(" - ") for line in lines)
        return [(before.split()[4], after.split()[0]) for before, _, after in halves if after]


def is_deaf(kind: str) -> bool:
    """By the type's name, as ``mount`` shows it."""
    return kind in DEAF or (kind.startswith("fuse") and kind not in LOCAL_FUSE)
