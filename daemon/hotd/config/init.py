"""``hotd init``: a commented hotd.toml and the article's long_op to begin with."""

from __future__ import annotations

import contextlib
import os
from importlib import resources
from pathlib import Path

from hotd.contract.errors import Refused, UsageError

_FILES = {"hotd.toml": "hotd.toml", "ops/long_op.py": "long_op.py.example"}
"""Where in the folder -> what in the package. The op is no module of ours, so it is not called like one."""


def write_example(folder: Path) -> list[Path]:
    """Write the example and return its files; a missing ``folder`` is made.

    Overwrites nothing and leaves no half of it: raises Refused naming what is in the way, UsageError where the
    folder cannot be written.
    """
    texts = {
        folder / place: resources.files("hotd.config").joinpath("example", name).read_bytes()
        for place, name in _FILES.items()
    }
    if taken := [str(path) for path in texts if os.path.lexists(path)]:
        raise _in_the_way(taken)
    written: list[Path] = []
    try:
        for path, text in texts.items():
            path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            # Created, never truncated, whoever else writes here now; writable by one user only, whatever the umask.
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644), "wb") as file:
                written.append(path)
                file.write(text)
    except OSError as error:
        for path in written:
            with contextlib.suppress(OSError):
                path.unlink()
        if isinstance(error, FileExistsError) and error.filename:
            raise _in_the_way([str(error.filename)]) from None
        raise UsageError(
            f"cannot write the example to {folder}: {error.strerror}", hint="name another folder"
        ) from None
    return written


def _in_the_way(paths: list[str]) -> Refused:
    verb = "exists" if len(paths) == 1 else "exist"
    return Refused(f"{' and '.join(paths)} {verb} already; hotd init overwrites nothing", hint="name another folder")
