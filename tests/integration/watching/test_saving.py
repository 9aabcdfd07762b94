"""Every way in which editors and tools save a file, against real inotify."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.watching.rig import MachineClock, Rig
from tests.support.eventually import eventually
from tests.support.saves import SAVES, Save, missing, run

NEW = "VERSION = 2\n"


def deleted(path: Path, text: str, elsewhere: Path) -> None:
    path.unlink()


def moved_away(path: Path, text: str, elsewhere: Path) -> None:
    run("mv", path, elsewhere / "gone.py")


@pytest.mark.parametrize("save", (*SAVES, deleted, moved_away), ids=lambda save: save.__name__)
def test_a_save_is_one_batch_with_the_file_and_nothing_else(rig: Rig, save: Save) -> None:
    """However your editor writes, one save is one change of one file; its droppings are nobody's."""
    if reason := missing(save):
        pytest.skip(reason)
    path = rig.write(rig.root / "pkg" / "m.py")
    rig.start()

    save(path, NEW, rig.elsewhere)

    assert rig.told_of("pkg/m.py") == [{"pkg/m.py"}]
    assert rig.batches == [{"pkg/m.py"}]


def chmod(rig: Rig, path: Path) -> None:
    path.chmod(0o600)


def touch(rig: Rig, path: Path) -> None:
    os.utime(path)


def read(rig: Rig, path: Path) -> None:
    assert path.read_text("utf-8")
    assert list(path.parent.iterdir())


def imported(rig: Rig, path: Path) -> None:
    run("env", "-u", "PYTHONDONTWRITEBYTECODE", sys.executable, "-c", "import m", cwd=path.parent)
    assert (path.parent / "__pycache__").is_dir()


def droppings(rig: Rig, path: Path) -> None:
    for name in ("m.py~", ".m.py.swp", ".#m.py", "#m.py#", "4913", "m.py.tmp", "notes.txt", "m.pyc"):
        rig.write(path.with_name(name))
        path.with_name(name).unlink()


def version_control(rig: Rig, path: Path) -> None:
    run("git", "init", "-q", cwd=rig.root)
    rig.write(rig.root / ".git" / "hooks" / "m.py")
    rig.write(rig.root / ".venv" / "lib" / "m.py")
    rig.write(rig.root / "node_modules" / "m.py")


@pytest.mark.parametrize(
    "act", (chmod, touch, read, imported, droppings, version_control), ids=lambda act: act.__name__
)
def test_what_changes_no_source_is_not_told(rig: Rig, act: Callable[[Rig, Path], None]) -> None:
    """Looking at code, importing it and committing it reload nothing."""
    path = rig.write(rig.root / "pkg" / "m.py")
    rig.start()

    act(rig, path)
    rig.catch_up()

    assert rig.batches == []


def test_a_file_that_is_being_written_is_told_when_it_is_closed(rig: Rig) -> None:
    """Half a file is never offered: a slow upload over an old file is one change, at its end."""
    path = rig.write(rig.root / "m.py")
    rig.start()

    with path.open("w", encoding="utf-8") as file:
        for _ in range(3):
            file.write("x = 1\n")
            file.flush()
            rig.catch_up()
        assert rig.batches == []

    assert rig.told_of("m.py") == [{"m.py"}]


def test_a_new_file_is_told_when_it_is_closed(rig: Rig) -> None:
    """A slow upload of a new module is one change, at its end, with what was saved meanwhile; a link is none."""
    rig.start(settle=0.01)

    with (rig.root / "m.py").open("w", encoding="utf-8") as file:
        for number in range(3):
            file.write("x = 1\n")
            file.flush()
            rig.write(rig.root / f"m{number}.py")
        clock = MachineClock()
        until = clock.now().mono + 0.3
        eventually(lambda: clock.now().mono > until)
        assert rig.batches == []

    assert rig.told_of("m.py") == [{"m.py", "m0.py", "m1.py", "m2.py"}]
    rig.forget()
    (rig.root / "link.py").symlink_to(rig.root / "m.py")
    (rig.root / "hard.py").hardlink_to(rig.root / "m.py")
    rig.first_told("link.py")
    rig.first_told("hard.py")


@pytest.mark.slow
def test_a_checkout_of_hundreds_of_files_is_one_batch(rig: Rig) -> None:
    """Switching branches is one rollout, and .git itself is silent."""
    names = {f"pkg_{number % 20}/m_{number}.py" for number in range(400)}
    git = ("git", "-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "init.defaultBranch=one")
    run(*git, "init", "-q", cwd=rig.root)
    for version in ("one", "two"):
        run(*git, "checkout", "-q", "-B", version, cwd=rig.root)
        for name in names:
            rig.write(rig.root / name, f"VERSION = {version!r}\n")
        run(*git, "add", ".", cwd=rig.root)
        run(*git, "commit", "-q", "-m", version, cwd=rig.root)
    rig.start()

    run(*git, "checkout", "-q", "one", cwd=rig.root)

    assert rig.told_of("pkg_0/m_0.py") == [names]


def test_a_move_out_of_the_tree_does_not_hold_up_the_next_save(rig: Rig) -> None:
    """watchdog waits half a second for the other half of a move, and everything behind it waits too; not here."""
    rig.start(settle=0.0)
    clock = MachineClock()
    waits = []
    for attempt in range(5):  # the best of them: this machine may be busy
        moved, saved = rig.write(rig.root / f"a{attempt}.py"), rig.write(rig.root / f"b{attempt}.py")
        rig.catch_up()
        rig.forget()

        moved.rename(rig.elsewhere / "a.py")
        saved.write_text(NEW, "utf-8")
        begun = clock.now().mono
        rig.first_told(saved.name)
        waits.append(clock.now().mono - begun)

    assert min(waits) < 0.4
