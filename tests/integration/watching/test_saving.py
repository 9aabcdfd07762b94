"""Every way in which editors and tools save a file, against real inotify."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.watching.rig import MachineClock, Rig, Save


def run(*command: str | Path, cwd: Path | None = None) -> None:
    subprocess.run([str(word) for word in command], cwd=cwd, check=True, capture_output=True, timeout=60)


NEW = "VERSION = 2\n"


def in_place(rig: Rig, path: Path) -> None:
    path.write_text(NEW, "utf-8")


def appended(rig: Rig, path: Path) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(NEW)


def cp_over_it(rig: Rig, path: Path) -> None:
    run("cp", rig.write(rig.elsewhere / "new.py", NEW), path)


def temp_and_rename(rig: Rig, path: Path) -> None:
    temp = path.with_name("m.py.tmp123")
    temp.write_text(NEW, "utf-8")
    temp.replace(path)


def temp_elsewhere_and_mv(rig: Rig, path: Path) -> None:
    run("mv", rig.write(rig.elsewhere / "new.py", NEW), path)


def vim_with_backup_by_renaming(rig: Rig, path: Path) -> None:
    probe = path.with_name("4913")
    probe.touch()
    probe.unlink()
    backup = path.with_name("m.py~")
    path.rename(backup)
    path.write_text(NEW, "utf-8")
    backup.unlink()


def vim_with_backup_by_copying(rig: Rig, path: Path) -> None:
    swap = path.with_name(".m.py.swp")
    swap.write_bytes(b"b0VIM")
    backup = path.with_name("m.py~")
    shutil.copy2(path, backup)
    path.write_text(NEW, "utf-8")
    backup.unlink()
    swap.unlink()


def real_vim(rig: Rig, path: Path) -> None:
    run("vim", "-u", "NONE", "-N", "-es", "-c", "set backupcopy=auto", "-c", "normal onew", "-c", "wq", path)


def jetbrains(rig: Rig, path: Path) -> None:
    temp, old = path.with_name("m.py___jb_tmp___"), path.with_name("m.py___jb_old___")
    temp.write_text(NEW, "utf-8")
    path.rename(old)
    temp.rename(path)
    old.unlink()


def sed_i(rig: Rig, path: Path) -> None:
    run("sed", "-i", "s/1/2/", path)


def install(rig: Rig, path: Path) -> None:
    run("install", rig.write(rig.elsewhere / "new.py", NEW), path)


def deleted_and_created_again(rig: Rig, path: Path) -> None:
    path.unlink()
    path.write_text(NEW, "utf-8")


def link_swapped(rig: Rig, path: Path) -> None:
    link = path.with_name(".link")
    link.symlink_to(rig.write(rig.elsewhere / "new.py", NEW))
    link.rename(path)


def hard_link_made(rig: Rig, path: Path) -> None:
    path.unlink()
    path.hardlink_to(rig.write(rig.elsewhere / "new.py", NEW))


def rewritten_many_times(rig: Rig, path: Path) -> None:
    for version in range(50):
        path.write_text(f"VERSION = {version}\n", "utf-8")


def deleted(rig: Rig, path: Path) -> None:
    path.unlink()


def moved_away(rig: Rig, path: Path) -> None:
    run("mv", path, rig.elsewhere / "gone.py")


SAVES: tuple[Save, ...] = (
    *(in_place, appended, cp_over_it, temp_and_rename, temp_elsewhere_and_mv),
    *(vim_with_backup_by_renaming, vim_with_backup_by_copying, real_vim, jetbrains, sed_i, install),
    *(deleted_and_created_again, link_swapped, hard_link_made, rewritten_many_times, deleted, moved_away),
)


@pytest.mark.parametrize("save", SAVES, ids=lambda save: save.__name__)
def test_a_save_is_one_batch_with_the_file_and_nothing_else(rig: Rig, save: Save) -> None:
    """However your editor writes, one save is one change of one file; its droppings are nobody's."""
    if save is real_vim and shutil.which("vim") is None:
        pytest.skip("no vim here; the two ways of it are played by hand")
    path = rig.write(rig.root / "pkg" / "m.py")
    rig.start()

    save(rig, path)

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
def test_what_changes_no_source_is_not_told(rig: Rig, act: Save) -> None:
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
