"""Roots on file systems that tell nothing, beside roots that do. The table is made up; what is watched is real."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from hotd.watching.mounts import Mounts
from tests.integration.watching.rig import Rig
from tests.support.eventually import eventually


class Table(Mounts):
    """What would be mounted where."""

    def __init__(self, folder: Path) -> None:
        self._text = folder / "mountinfo"
        self.mounted = False
        self.mount({})
        super().__init__(self._text)

    def mount(self, kinds: dict[Path, str]) -> None:
        lines = [f"1 1 0:1 / {point} rw - {kind} source rw\n" for point, kind in {Path("/"): "ext4", **kinds}.items()]
        self._text.write_text("".join(lines))
        self.mounted = True

    def changed(self) -> bool:
        changed, self.mounted = self.mounted, False
        return changed


def test_one_root_is_watched_and_another_polled(rig: Rig) -> None:
    """Each by what its file system can do; status tells which, and how late a change may be seen."""
    far = rig.folder / "far"
    rig.write(far / "n.py")
    rig.write(rig.root / "m.py")
    table = Table(rig.folder)
    table.mount({far: "nfs4"})

    watcher = rig.start(rig.root, far, mounts=table)

    told = watcher.describe()
    assert (told["backend"], told["folders"], told["polled"]) == ("inotify", 2, {str(far): "nfs4"})
    assert told["round"] > 0
    rig.write(rig.root / "m.py", "VERSION = 'another'\n")
    rig.write(far / "n.py", "VERSION = 'another'\n")
    eventually(lambda: rig.told >= {str(rig.root / "m.py"), str(far / "n.py")})
    assert not rig.degraded


def test_a_daemon_whose_roots_are_all_far_says_that_it_polls(rig: Rig) -> None:
    """Nothing is asked of inotify, so that no limit of it matters."""
    table = Table(rig.folder)
    table.mount({rig.folder: "fuse.sshfs"})

    watcher = rig.start(mounts=table)

    told = watcher.describe()
    assert (told["backend"], told["polled"], told["limit"]) == ("polling", {str(rig.root): "fuse.sshfs"}, None)


def test_a_far_folder_in_a_root_is_looked_at(rig: Rig) -> None:
    """What inotify cannot tell of (here: an edit behind a link) is found there."""
    target = rig.write(rig.elsewhere / "real.py")
    (rig.root / "shared").mkdir()
    (rig.root / "shared" / "m.py").symlink_to(target)
    table = Table(rig.folder)
    table.mount({rig.root / "shared": "cifs"})
    watcher = rig.start(mounts=table)
    assert (watcher.describe()["backend"], watcher.describe()["polled"]) == (
        "inotify",
        {str(rig.root / "shared"): "cifs"},
    )

    rig.write(target, "VERSION = 'another'\n")

    assert rig.told_of("shared/m.py") == [{"shared/m.py"}]


def test_what_is_mounted_over_a_root_later_is_polled_from_then_on(rig: Rig) -> None:
    """Noticed within a second, with all that is in it; and when it is gone again, inotify is enough."""
    rig.write(rig.root / "m.py")
    table = Table(rig.folder)
    watcher = rig.start(mounts=table)
    assert watcher.describe()["polled"] == {}

    table.mount({rig.root: "nfs"})
    eventually(lambda: watcher.describe()["polled"] == {str(rig.root): "nfs"})
    rig.first_told("m.py")

    table.mount({})
    eventually(lambda: watcher.describe()["polled"] == {} and watcher.describe()["backend"] == "inotify")


def test_the_kernel_says_when_something_is_mounted(tmp_path: Path) -> None:
    """So that its table need not be read each second, which in a big container host is long."""
    mounts = Mounts()
    try:
        made = subprocess.run(["mount", "-t", "tmpfs", "none", tmp_path], capture_output=True, check=False)
        if made.returncode:
            pytest.skip("this user may mount nothing")
        assert mounts.changed()
        subprocess.run(["umount", tmp_path], check=True)
    finally:
        mounts.close()
