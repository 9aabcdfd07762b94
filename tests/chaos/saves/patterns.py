"""Every way to save a file, as the tools do it: the same system calls in the same order."""

from __future__ import annotations

import itertools
import mmap
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

_numbers = itertools.count()

Save = Callable[[Path, str, float], None]
"""The file, what it holds afterwards, and seconds for those that take some."""


def _beside(path: Path, name: str) -> Path:
    return path.with_name(name.format(name=path.name, number=next(_numbers)))


def _elsewhere(path: Path) -> Path:
    return Path(tempfile.gettempdir()) / f"{path.name}.{os.getpid()}-{next(_numbers)}"


def in_place(path: Path, text: str, pause: float) -> None:
    path.write_text(text)


def slowly(path: Path, text: str, pause: float) -> None:
    """Half of it, and the rest later: what stands there meanwhile cannot be parsed."""
    with path.open("w") as file:
        file.write(text[: len(text) - 8])
        file.flush()
        time.sleep(pause)  # noqa: TID251 - a writer that takes its time
        file.write(text[len(text) - 8 :])


def closed_in_between(path: Path, text: str, pause: float) -> None:
    """Half of it, closed; then all of it."""
    path.write_text(text[: len(text) - 8])
    time.sleep(pause)  # noqa: TID251 - as above
    path.write_text(text)


def renamed(path: Path, text: str, pause: float) -> None:
    new = _beside(path, "{name}.new{number}")
    new.write_text(text)
    new.replace(path)


def rsync(path: Path, text: str, pause: float) -> None:
    new = _beside(path, ".{name}.x{number}")
    new.write_text(text)
    os.utime(new, (1_700_000_000, 1_700_000_000))
    new.chmod(0o644)
    new.replace(path)


def rsync_inplace(path: Path, text: str, pause: float) -> None:
    with path.open("r+") as file:
        file.write(text)
        file.truncate()
    os.utime(path, (1_700_000_000, 1_700_000_000))


def sed(path: Path, text: str, pause: float) -> None:
    new = _beside(path, "sed{number}")
    shutil.copyfile(path, new)
    new.write_text(text)
    new.replace(path)


def vim(path: Path, text: str, pause: float) -> None:
    """``backupcopy=auto``: the file becomes the backup, a new one takes its place."""
    probe, backup = path.with_name("4913"), path.with_name(f"{path.name}~")
    probe.touch()
    probe.unlink()
    path.rename(backup)
    path.write_text(text)
    backup.unlink()


def vim_copying(path: Path, text: str, pause: float) -> None:
    """``backupcopy=yes``: the backup is a copy."""
    backup, swap = path.with_name(f"{path.name}~"), path.with_name(f".{path.name}.swp")
    swap.touch()
    shutil.copyfile(path, backup)
    path.write_text(text)
    backup.unlink()
    swap.unlink()


def jetbrains(path: Path, text: str, pause: float) -> None:
    new, old = path.with_name(f"{path.name}___jb_tmp___"), path.with_name(f"{path.name}___jb_old___")
    new.write_text(text)
    path.rename(old)
    new.rename(path)
    old.unlink()


def install(path: Path, text: str, pause: float) -> None:
    new = _elsewhere(path)
    new.write_text(text)
    subprocess.run(["install", "-m", "644", new, path], check=True)
    new.unlink()


def deleted_and_created(path: Path, text: str, pause: float) -> None:
    path.unlink()
    time.sleep(pause / 50)  # noqa: TID251 - as above
    path.write_text(text)


def moved_in(path: Path, text: str, pause: float) -> None:
    """From a folder that nobody watches."""
    new = _elsewhere(path)
    new.write_text(text)
    new.replace(path)


def mapped(path: Path, text: str, pause: float) -> None:
    """Through memory, where the size stays."""
    if path.stat().st_size != len(text):
        in_place(path, text, pause)
        return
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
        memory[:] = text.encode()


def unseen_by_make(path: Path, text: str, pause: float) -> None:
    """The time that it had: `cp -p`, `touch -r`."""
    before = path.stat()
    path.write_text(text)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


SAVES: dict[str, Save] = {
    save.__name__: save
    for save in (
        *(in_place, slowly, closed_in_between, renamed, rsync, rsync_inplace, sed, vim, vim_copying, jetbrains),
        *(install, deleted_and_created, moved_in, mapped, unseen_by_make),
    )
}

AT_ONCE = frozenset({"in_place", "renamed", "rsync", "rsync_inplace", "sed", "vim_copying", "moved_in", "mapped"})
"""At no moment does a reader find nothing, or a half that is closed: one such save is one reload."""
