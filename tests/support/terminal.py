"""A program on a terminal of its own, as a person sees it."""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Callable, Mapping, Sequence


def on_a_terminal(
    command: Sequence[str], env: Mapping[str, str], *, until: str = "", then: Callable[[], object] = lambda: None
) -> tuple[int, str]:
    """Run it to its end; its exit status and everything it wrote, escape sequences included.

    ``then`` is called once, as soon as it has written ``until``.
    """
    leader, follower = pty.openpty()
    process = subprocess.Popen(command, stdin=follower, stdout=follower, stderr=follower, env=dict(env))
    os.close(follower)
    seen = bytearray()
    try:
        while chunk := _read(leader):
            seen += chunk
            if until and until.encode() in seen:
                until = ""
                then()
    finally:
        os.close(leader)
    return process.wait(60), seen.decode("utf-8", "replace")


def _read(leader: int) -> bytes:
    try:
        return os.read(leader, 65536)
    except OSError:  # the last one that had the terminal is gone
        return b""
