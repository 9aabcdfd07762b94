"""While an installer changes a package, half of what it does is not taken for a change."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hotd.watching.installations import PATIENCE, Installations, installation
from tests.integration.watching.rig import Rig
from tests.integration.watching.test_git import Moved
from tests.support.eventually import eventually
from tests.support.wheels import unpack, wheel

ONE = {"myops/__init__.py": "", "myops/job.py": "VERSION = 1\n"}
TWO = {"myops/__init__.py": "", "myops/job.py": "VERSION = 1000\n", "myops/more.py": ""}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """With version 1.0 of a package, beside another."""
    folder = tmp_path / "site"
    folder.mkdir()
    unpack(folder, wheel(tmp_path, "myops", "1.0", ONE))
    unpack(folder, wheel(tmp_path, "other", "1.0", {"other/__init__.py": ""}))
    return folder


def test_nothing_settles_while_a_package_is_installed(rig: Rig, site: Path) -> None:
    """As pip does it: the metadata goes first and comes last. However long that takes, all of it is one batch."""
    package = site / "myops"
    watcher = rig.start(package, settle=0.01, settle_max=0.02)

    def pending(least: int) -> None:
        eventually(lambda: watcher.describe()["pending"] >= least, what=f"{least} changes to arrive")

    (site / "myops-1.0.dist-info").rename(site / "~yops-1.0.dist-info")
    (package / "job.py").unlink()
    pending(1)
    rig.write(package / "more.py", "")
    pending(2)
    assert not rig.told
    unpack(site, wheel(rig.folder, "myops", "1.1", TWO))
    eventually(lambda: rig.told, what="the package to be told")
    watcher.flush()
    (batch,) = rig.batches
    assert {"../site/myops/job.py", "../site/myops/more.py"} <= batch
    assert not rig.degraded


def test_an_edit_in_place_is_an_edit(rig: Rig, site: Path) -> None:
    """Other than what was installed, and under the same record."""
    rig.start(site / "myops", settle=0.01, settle_max=0.02)
    rig.write(site / "myops" / "job.py", "VERSION = 'edited by hand'\n")
    eventually(lambda: str(site / "myops" / "job.py") in rig.told, what="the edit")


def test_a_package_that_stays_incomplete_is_told_as_it_is(rig: Rig, site: Path) -> None:
    """Uninstalled, or taken apart by hand; and it is said when that is over."""
    clock = Moved()
    rig.start(site / "myops", settle=0.01, settle_max=0.02, clock=clock)
    (site / "myops" / "job.py").unlink()

    def told() -> bool:
        clock.ahead += PATIENCE + 1
        return str(site / "myops" / "job.py") in rig.told

    eventually(told, what="the file that is gone")
    assert rig.degraded == [f"{site}/myops is not what its distribution's RECORD lists, since 30 s"]
    rig.write(site / "myops" / "job.py", ONE["myops/job.py"])
    rig.write(site / "myops" / "job.py", ONE["myops/job.py"])
    eventually(lambda: rig.restored == [f"{site}/myops is complete again"], what="the end of it")


def test_only_what_an_installer_keeps_a_record_of_waits_for_one(site: Path) -> None:
    """Not a folder of one's own, nor one that is edited where it was cloned."""
    (site / "mine").mkdir()
    assert installation(site / "mine") is None
    (site / "mine" / "__init__.py").write_text("")
    assert installation(site / "mine") is None
    found = installation(site / "myops")
    assert found is not None and found.distribution == "myops-"


def test_what_is_whole_is_held_against_its_record(site: Path, tmp_path: Path) -> None:
    """Sizes only of what is new: what was whole may have been edited since."""
    roots = [site / "myops", site / "mine"]
    found = Installations(roots)
    assert not found.locked(0.0) and not list(found.overdue(99.0))
    (site / "myops" / "job.py").write_text("edited")
    assert not found.locked(0.0)
    shutil.rmtree(site / "myops-1.0.dist-info")
    assert found.locked(1.0) and not list(found.overdue(2.0))
    later = Installations(roots, found)
    assert later.locked(1.0), "who begins again in the middle of it knows what it was"
    unpack(site, wheel(tmp_path, "myops", "1.1", TWO))
    (site / "myops" / "job.py").write_text("")
    assert later.locked(2.0), "half-written: it is listed with another size"
    (site / "myops" / "job.py").write_text(TWO["myops/job.py"])
    assert not later.locked(3.0)
    shutil.rmtree(site)
    assert later.locked(4.0) and not later.locked(4.0 + PATIENCE)
    assert [one.reason for one in later.overdue(4.0 + PATIENCE)] == ["installer"]
