"""RPyC's ThreadedServer, with another way to bind, to accept and to end."""

from __future__ import annotations

import contextlib
import logging
import os
import select
import socket
from collections.abc import Callable

from rpyc.core.service import VoidService
from rpyc.utils.server import ThreadedServer

_OWNER_ONLY = 0o177
"""The umask for ``bind``: nobody else's until the socket has its group and its mode."""

_BREATH = 0.1
"""Seconds between two tries to accept, where one failed: the caller still waits, so polling would spin."""


class Listener(ThreadedServer):  # type: ignore[misc] # rpyc has no types
    """Hands each connection to ``welcome``; ``starved`` is told when one waits for which there is no descriptor.

    ``queue`` is how many the kernel keeps until they are accepted. A long one would be a flood's: who comes after it
    waits for all of it.

    RPyC's own loop takes "no descriptor left" for "closed by another thread" and ends without a word. Its close shuts
    the listening socket down, which would end it for systemd too, should it be systemd's.
    """

    def __init__(
        self,
        path: str,
        *,
        welcome: Callable[[socket.socket], None],
        starved: Callable[[OSError], None],
        log: logging.Logger,
        queue: int = 64,
        inherited: socket.socket | None = None,
    ) -> None:
        """``inherited`` listens at the path already: nothing is bound."""
        quiet = log.getChild("rpyc")
        quiet.setLevel(logging.WARNING)
        self._theirs = inherited is not None
        self._stopped = False
        if inherited is None:
            self._bind(path, queue, quiet)
        else:
            self._adopt(inherited, path, quiet)
        self.listener.setblocking(False)
        self._closed: bool
        self._welcome = welcome
        self._starved = starved
        self._log = log
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._spare = _spare()

    def _bind(self, path: str, queue: int, quiet: logging.Logger) -> None:
        before = os.umask(_OWNER_ONLY)
        try:
            super().__init__(VoidService, socket_path=path, auto_register=False, backlog=queue, logger=quiet)
        except BaseException:
            self.listener.close()
            raise
        finally:
            os.umask(before)

    def _adopt(self, inherited: socket.socket, path: str, quiet: logging.Logger) -> None:
        """All that RPyC's ``__init__`` does, but for making a socket."""
        self.active = False
        self._closed = False
        self.service = VoidService
        self.auto_register = False
        self.clients: set[object] = set()
        self.listener = inherited
        self.host, self.port = "", path
        self.logger = quiet

    def listen(self) -> None:
        """From here on callers can connect; ``start``, on a thread, serves them until ``stop``."""
        self._listen()

    def _listen(self) -> None:
        """Called by ``start``, too: on its thread that may be after a ``stop``, which has to hold."""
        if self._stopped:
            return
        if self._theirs:
            self.active = True  # callers wait already; how many may, is its owner's to say
        else:
            super()._listen()

    def stop(self) -> None:
        """Have ``start`` return, from any thread. Not by closing the socket: that does not wake who waits on it."""
        self._stopped = True
        self.active = False
        os.eventfd_write(self._wake, 1)

    def accept(self) -> None:
        """One round of the inherited loop. Nothing but ``stop`` ends that."""
        ready = select.poll()
        ready.register(self.listener, select.POLLIN)
        ready.register(self._wake, select.POLLIN)
        ready.poll()
        if not self.active:
            return
        if self._spare is None:
            self._spare = _spare()
        try:
            sock, _ = self.listener.accept()
        except (BlockingIOError, ConnectionAbortedError):  # the caller went again
            return
        except OSError as error:  # EMFILE, ENFILE, ENOBUFS, ENOMEM
            self._starved(error)
            lent = self._by_the_spare()
            if lent is None:
                select.select([self._wake], [], [], _BREATH)
                return
            sock = lent
        try:
            self._welcome(sock)
        except Exception:  # noqa: BLE001 - see the next line
            # One caller that cannot be served must not end the port for all.
            self._log.exception("cannot serve a caller", extra={"event": "control.defect"})
            sock.close()

    def _by_the_spare(self) -> socket.socket | None:
        """One more caller than there are descriptors for, in the place of the one that was kept for that: an admin
        who wants to know what uses them all is let in, one after the other."""
        if self._spare is None:
            return None
        os.close(self._spare)
        self._spare = None
        try:
            sock, _ = self.listener.accept()
        except OSError:
            return None  # the caller went, or another thread was faster
        return sock

    def close(self) -> None:
        """Close the listening socket, by its descriptor only. Called by ``start`` at its end; twice is fine."""
        if not self._closed:
            self._closed = True
            self.listener.close()
            os.close(self._wake)
            if self._spare is not None:
                os.close(self._spare)

    def forget(self) -> None:
        """In a forked child: close our copies. The parent's socket stays as it is."""
        with contextlib.suppress(OSError):
            self.close()


def _spare() -> int | None:
    """A descriptor to have when there is no other."""
    try:
        return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
