"""Every way in which editors and tools save a file: from the first system call to the last, as they make them."""

from __future__ import annotations

import mmap
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

Save = Callable[[Path, str, Path], None]
"""Save this text there; the last is a folder out of the roots, on the same file system."""


def run(*command: str | Path, cwd: Path | None = None) -> None:
    subprocess.run([str(word) for word in command], cwd=cwd, check=True, capture_output=True, timeout=60)


def beside(elsewhere: Path, text: str) -> Path:
    path = elsewhere / "new.py"
    path.write_text(text, "utf-8")
    return path


def in_place(path: Path, text: str, elsewhere: Path) -> None:
    path.write_text(text, "utf-8")


def appended(path: Path, text: str, elsewhere: Path) -> None:
    """What was there goes on: two lines that begin alike, and the second counts."""
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def slowly(path: Path, text: str, elsewhere: Path) -> None:
    """Truncated, then written in pieces, each of which gets to the disk."""
    middle = len(text) // 2
    with path.open("w", encoding="utf-8") as file:
        for piece in (text[:middle], text[middle:]):
            file.write(piece)
            file.flush()
            os.fsync(file.fileno())
            os.sched_yield()


def cp_over_it(path: Path, text: str, elsewhere: Path) -> None:
    run("cp", beside(elsewhere, text), path)


def temp_and_rename(path: Path, text: str, elsewhere: Path) -> None:
    temp = path.with_name(f"{path.name}.tmp123")
    temp.write_text(text, "utf-8")
    temp.replace(path)


def temp_elsewhere_and_mv(path: Path, text: str, elsewhere: Path) -> None:
    run("mv", beside(elsewhere, text), path)


def sed_i(path: Path, text: str, elsewhere: Path) -> None:
    """A file beside, and a rename."""
    script = elsewhere / "script.sed"
    script.write_text(f"1r {beside(elsewhere, text)}\n1,$d\n", "utf-8")
    run("sed", "-i", "-f", script, path)


def install(path: Path, text: str, elsewhere: Path) -> None:
    run("install", beside(elsewhere, text), path)


def rsync(path: Path, text: str, elsewhere: Path) -> None:
    """As it does without options: a hidden file beside, whose times and mode are set, and a rename."""
    temp = path.with_name(f".{path.name}.aB3dE9")
    temp.write_text(text, "utf-8")
    temp.chmod(0o644)
    os.utime(temp)
    temp.rename(path)


def rsync_inplace(path: Path, text: str, elsewhere: Path) -> None:
    """No truncation before, but after."""
    data = text.encode()
    handle = os.open(path, os.O_WRONLY)
    for start in range(0, len(data), 16):
        os.write(handle, data[start : start + 16])
    os.ftruncate(handle, len(data))
    os.close(handle)
    os.utime(path)


def vim_with_backup_by_renaming(path: Path, text: str, elsewhere: Path) -> None:
    probe = path.with_name("4913")
    probe.touch()
    probe.unlink()
    backup = path.with_name(f"{path.name}~")
    path.rename(backup)
    path.write_text(text, "utf-8")
    backup.unlink()


def vim_with_backup_by_copying(path: Path, text: str, elsewhere: Path) -> None:
    swap = path.with_name(f".{path.name}.swp")
    swap.write_bytes(b"b0VIM")
    backup = path.with_name(f"{path.name}~")
    shutil.copy2(path, backup)
    path.write_text(text, "utf-8")
    backup.unlink()
    swap.unlink()


def real_vim(path: Path, text: str, elsewhere: Path, copies: str = "auto") -> None:
    new = beside(elsewhere, text)
    options = f"set swapfile updatecount=1 writebackup backupcopy={copies}"
    run("vim", "-u", "NONE", "-N", "-es", "-c", options, "-c", "%d", "-c", f"0r {new}", "-c", "wq", path)


def real_vim_that_copies(path: Path, text: str, elsewhere: Path) -> None:
    real_vim(path, text, elsewhere, "yes")


def backup_moved_elsewhere(path: Path, text: str, elsewhere: Path) -> None:
    """Emacs' ``backup-directory-alist``, vim's ``backupdir``."""
    path.rename(elsewhere / f"{path.name}~")
    path.write_text(text, "utf-8")


def jetbrains(path: Path, text: str, elsewhere: Path) -> None:
    temp, old = path.with_name(f"{path.name}___jb_tmp___"), path.with_name(f"{path.name}___jb_old___")
    temp.write_text(text, "utf-8")
    path.rename(old)
    temp.rename(path)
    old.unlink()


def deleted_and_created_again(path: Path, text: str, elsewhere: Path) -> None:
    path.unlink()
    path.write_text(text, "utf-8")


def link_swapped(path: Path, text: str, elsewhere: Path) -> None:
    """``ln -sfn``, as GNU does it: a new link over the old one."""
    target, link = elsewhere / f"target-{time.monotonic_ns()}.py", path.with_name(".link")
    target.write_text(text, "utf-8")
    link.symlink_to(target)
    link.rename(path)


def hard_link_made(path: Path, text: str, elsewhere: Path) -> None:
    other = beside(elsewhere, text).rename(elsewhere / f"linked-{time.monotonic_ns()}.py")
    path.unlink()
    path.hardlink_to(other)


def mapped(path: Path, text: str, elsewhere: Path) -> None:
    """Through memory: the kernel tells nothing but that somebody closed it."""
    data = text.encode()
    with path.open("r+b") as file:
        file.truncate(len(data))
        with mmap.mmap(file.fileno(), len(data)) as memory:
            memory[:] = data


def rewritten_many_times(path: Path, text: str, elsewhere: Path) -> None:
    for _ in range(50):
        path.write_text(f"{text}# not yet\n", "utf-8")
    path.write_text(text, "utf-8")


SAVES: tuple[Save, ...] = (
    *(in_place, appended, slowly, cp_over_it, temp_and_rename, temp_elsewhere_and_mv, sed_i, install),
    *(rsync, rsync_inplace, vim_with_backup_by_renaming, vim_with_backup_by_copying, real_vim, real_vim_that_copies),
    *(backup_moved_elsewhere, jetbrains, deleted_and_created_again, mapped, hard_link_made, rewritten_many_times),
    link_swapped,
)
"""The last makes a link of the file: what comes after it in one place writes through that."""


def missing(save: Save) -> str | None:
    """Why it cannot be done here."""
    if save in (real_vim, real_vim_that_copies) and shutil.which("vim") is None:
        return "no vim here; the two ways of it are played by hand"
    return None
