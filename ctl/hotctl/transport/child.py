"""A command that speaks for a daemon: its two ends of a conversation, what it says on the side, and its end."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import subprocess
import threading
from collections.abc import Mapping, Sequence

KEPT = 4096
"""Bytes of what it said on standard error: the last ones, for there it says why it ends."""
PATIENCE = 1.0
"""Seconds for it to end by itself once nobody speaks to it any more, then after SIGTERM, then after SIGKILL."""


class Child:
    """A started command. ``sock`` is its standard input and output in one; close it before ``end``.

    A socket, not two pipes: the kernel keeps deadlines on it (see ``patience``). Standard error stays a pipe, which a
    script can open by name.
    """

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], patience: float = PATIENCE) -> None:
        """Raises OSError where it cannot be started. It stays in our process group: it may ask at the terminal."""
        self.sock, theirs = socket.socketpair()
        try:
            with theirs:
                self._process = subprocess.Popen(
                    list(argv),
                    stdin=theirs.fileno(),
                    stdout=theirs.fileno(),
                    stderr=subprocess.PIPE,
                    env=dict(env),
                    bufsize=0,
                )
        except BaseException:
            self.sock.close()
            raise
        self._patience = patience
        self._said = b""
        self._over = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._listener = threading.Thread(target=self._listen, name="hotctl-stderr", daemon=True)
        self._listener.start()

    @property
    def said(self) -> str:
        """What it said on standard error, the last of it; all there is once it has ended."""
        return self._said.decode("utf-8", "replace")

    def end(self) -> int | None:
        """Its exit status, negative for a signal; None for one that cannot even be killed, as another user's."""
        try:
            return self._reaped()
        finally:
            os.eventfd_write(self._over, 1)
            self._listener.join()
            os.close(self._over)
            assert self._process.stderr is not None
            self._process.stderr.close()

    def _reaped(self) -> int | None:
        process = self._process
        try:
            for act in (None, process.terminate, process.kill):
                with contextlib.suppress(PermissionError, subprocess.TimeoutExpired):
                    if act is not None:
                        act()
                    return process.wait(self._patience)
        except BaseException:  # Ctrl-C once more: it is not waited for any longer, and not left behind either
            with contextlib.suppress(PermissionError, subprocess.TimeoutExpired):
                process.kill()
                process.wait(self._patience)
            raise
        return None

    def _listen(self) -> None:
        """Read, so that it is never kept waiting; to the end of file, or to what is there when the command is gone.

        A background process that it leaves behind may hold the pipe for hours: ssh's ControlPersist does.
        """
        assert self._process.stderr is not None
        pipe = self._process.stderr.fileno()
        os.set_blocking(pipe, False)
        poll = select.poll()
        poll.register(pipe, select.POLLIN)
        poll.register(self._over, select.POLLIN)
        while True:
            over = (self._over, select.POLLIN) in poll.poll()
            with contextlib.suppress(BlockingIOError):
                while chunk := os.read(pipe, KEPT):
                    self._said = (self._said + chunk)[-KEPT:]
                return
            if over:
                return
