"""Where the kernel tells nothing: looking again and again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.integration.watching.rig import Rig, watching_threads


def edited(rig: Rig, path: Path) -> None:
    path.write_text("VERSION = 'another length'\n", "utf-8")


def renamed_over(rig: Rig, path: Path) -> None:
    temp = rig.write(path.with_name("m.py.tmp"), "VERSION = 2\n")
    temp.replace(path)


def deleted(rig: Rig, path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("save", (edited, renamed_over, deleted), ids=lambda save: save.__name__)
def test_a_change_is_seen_at_the_next_look(rig: Rig, save: object) -> None:
    """Modified counts, because polling knows no "closed"."""
    assert callable(save)
    path = rig.write(rig.root / "pkg" / "m.py")
    rig.start(backend="polling")

    save(rig, path)

    assert rig.told_of("pkg/m.py") == [{"pkg/m.py"}]


def test_folders_that_come_and_go_are_told(rig: Rig) -> None:
    """The same words as those of inotify."""
    rig.write(rig.elsewhere / "pkg" / "deep" / "m.py")
    rig.start(backend="polling")

    (rig.elsewhere / "pkg").rename(rig.root / "pkg")
    assert rig.told_of("pkg/deep/m.py") == [{"pkg/deep/m.py"}]

    shutil.rmtree(rig.root / "pkg")
    assert rig.told_of("pkg")[-1] >= {"pkg", "pkg/deep", "pkg/deep/m.py"}


def test_an_edit_behind_a_link_is_seen(rig: Rig) -> None:
    """A source that is a link is looked at where it leads; a folder that is one is not walked: there are circles."""
    target = rig.write(rig.elsewhere / "real.py")
    (rig.root / "m.py").symlink_to(target)
    (rig.root / "circle").symlink_to(rig.root)
    watcher = rig.start(backend="polling")
    assert (watcher.describe()["backend"], watcher.describe()["folders"]) == ("polling", 1)

    edited(rig, target)

    assert rig.told_of("m.py") == [{"m.py"}]


def test_folders_without_sources_are_not_even_looked_at(rig: Rig) -> None:
    """Reading a virtual environment each second would cost more than all else."""
    for name in ("pkg/m.py", ".venv/lib/m.py", ".git/m.py", "notes.txt"):
        rig.write(rig.root / name)

    watcher = rig.start(backend="polling")

    assert (watcher.describe()["backend"], watcher.describe()["folders"]) == ("polling", 2)
    rig.write(rig.root / ".venv" / "lib" / "new.py")
    rig.catch_up()
    assert rig.batches == []


def test_a_flush_looks_at_everything_and_tells_what_it_finds(rig: Rig) -> None:
    """``deploy`` waits for no look: what was written before ``flush``, the receiver has when it returns."""
    rig.write(rig.root / "old.py")
    watcher = rig.start(backend="polling", interval=3600.0, settle=3600.0, settle_max=3600.0)
    rig.write(rig.root / "pkg" / "new.py")
    (rig.root / "old.py").unlink()

    watcher.flush()

    assert rig.batches == [{"old.py", "pkg/new.py"}]


def test_closing_does_not_wait_for_the_next_look(rig: Rig) -> None:
    """However long the interval, the threads end at once."""
    watcher = rig.start(backend="polling", interval=3600.0)
    assert set(watching_threads()) == {"hotd-poller", "hotd-watcher"}

    watcher.close()

    assert not watching_threads()
