"""Which folders have to be looked at, by the kernel's table of mounts."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotd.watching.mounts import Mounts, is_deaf

LINE = "{number} 1 0:{number} / {point} rw,relatime shared:1 - {kind} source rw\n"


def table(folder: Path, **mounted: str) -> Mounts:
    """Mount points by keyword, two underscores for a slash, in this order."""
    points = [(name.replace("__", "/"), kind) for name, kind in mounted.items()]
    lines = [LINE.format(number=number, point=point, kind=kind) for number, (point, kind) in enumerate(points)]
    (folder / "mountinfo").write_text("".join(lines))
    return Mounts(folder / "mountinfo")


@pytest.mark.parametrize(
    ("kind", "deaf"),
    [
        *((kind, True) for kind in ("nfs", "nfs4", "cifs", "smb3", "9p", "virtiofs", "ceph", "fuse", "fuse.sshfs")),
        *((kind, False) for kind in ("ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "vfat", "fuseblk")),
        ("fuse.fuse-overlayfs", False),
    ],
)
def test_file_systems_that_others_change_are_polled(kind: str, deaf: bool) -> None:
    """A container's own layers are not among them."""
    assert is_deaf(kind) is deaf


def test_the_nearest_mount_tells_and_the_last_of_two_in_one_place(tmp_path: Path) -> None:
    """As the kernel finds a path."""
    mounts = table(tmp_path, __="ext4", __srv="nfs4", __srv__local="ext4", __home="ext4")
    try:
        assert mounts.deaf("/srv/ops") == {"/srv/ops": "nfs4"}
        assert mounts.deaf("/srv") == {"/srv": "nfs4"}
        assert mounts.deaf("/srv/local/ops") == mounts.deaf("/srvother") == mounts.deaf("/home") == {}
    finally:
        mounts.close()
    (tmp_path / "mountinfo").write_text(
        LINE.format(number=1, point="/srv", kind="nfs") + LINE.format(number=2, point="/srv", kind="xfs")
    )
    again = Mounts(tmp_path / "mountinfo")
    assert again.deaf("/srv/ops") == {}
    again.close()


def test_a_mount_in_a_root_is_told_by_itself(tmp_path: Path) -> None:
    """Only what lies on it is polled."""
    mounts = table(tmp_path, __="ext4", __ops__shared="cifs")
    assert mounts.deaf("/ops") == {"/ops/shared": "cifs"}
    mounts.close()


def test_names_with_spaces_are_read_as_the_kernel_writes_them(tmp_path: Path) -> None:
    """``\\040`` is one."""
    (tmp_path / "mountinfo").write_text(LINE.format(number=1, point="/my\\040ops", kind="nfs"))
    mounts = Mounts(tmp_path / "mountinfo")
    assert mounts.deaf("/my ops/m") == {"/my ops/m": "nfs"}
    mounts.close()


def test_without_a_table_nothing_is_known(tmp_path: Path) -> None:
    """In a box without /proc inotify is all there is."""
    mounts = Mounts(tmp_path / "none")
    assert (mounts.deaf("/ops"), mounts.changed()) == ({}, False)
    mounts.close()


def test_the_kernels_own_table_can_be_read(tmp_path: Path) -> None:
    """And nothing has changed in it since it was opened."""
    mounts = Mounts()
    mounts.deaf(str(tmp_path))
    assert isinstance(mounts.changed(), bool)
    mounts.close()
    mounts.close()
