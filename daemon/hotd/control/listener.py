"""RPyC's ThreadedServer, with another way to bind, to accept and to end."""

from __future__ import annotations

import contextlib
import logging
import os
import select
import socket
import threading
from collections.abc import Callable

from rpyc.core.service import VoidService
from rpyc.utils.server import ThreadedServer

_OWNER_ONLY = 0o177
"""The umask for ``bind``: nobody else's until the socket has its group and its mode."""

_BREATH = 0.1
"""Seconds between two tries to accept, where one failed: the caller still waits, so polling would spin."""


class Listener(ThreadedServer):  # type: ignore[misc] # rpyc has no types
    """Accepts on as many threads as wait in ``accept``; ``starved`` is told when a connection waits for which there is
    no descriptor.

    ``queue`` is how many the kernel keeps until they are accepted. A long one would be a flood's: who comes after it
    waits for all of it.

    RPyC's own loop takes "no descriptor left" for "closed by another thread" and ends without a word. Its close shuts
    the listening socket down, which would end it for systemd too, should it be systemd's.
    """

    def __init__(
        self,
        path: str,
        *,
        starved: Callable[[OSError], None],
        log: logging.Logger,
        queue: int = 64,
        inherited: socket.socket | None = None,
    ) -> None:
        """``inherited`` listens at the path already: nothing is bound."""
        quiet = log.getChild("rpyc")
        quiet.setLevel(logging.WARNING)
        self._theirs = inherited is not None
        if inherited is None:
            self._bind(path, queue, quiet)
        else:
            self._adopt(inherited, path, quiet)
        self.listener.setblocking(False)
        self._closed: bool
        self._starved = starved
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._ears: list[select.epoll] = []
        self._unused = [self._ear()]
        """Those of them that nobody listens with."""
        self._scarce = threading.Lock()
        """Held by who uses the spare."""
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
        """From here on callers can connect; ``accept`` gives them, until ``stop``."""
        self._listen()

    def _listen(self) -> None:
        if self._theirs:
            self.active = True  # callers wait already; how many may, is its owner's to say
        else:
            super()._listen()

    def stop(self) -> None:
        """Wake who waits in ``accept``: there is nobody any more. Not by closing the socket: that wakes nobody."""
        self.active = False
        os.eventfd_write(self._wake, 1)

    def accept(self) -> socket.socket | None:
        """Wait for a connection; None where another thread has it, it went again, or after a ``stop``."""
        try:
            if not self._hears():
                return None
            if self._spare is None:
                self._replace_spare()
            return self._accepted()
        except (BlockingIOError, ConnectionAbortedError):  # the caller went again
            return None
        except OSError as error:  # EMFILE, ENFILE, ENOBUFS, ENOMEM
            self._starved(error)
            lent = self._by_the_spare()
            if lent is None:
                select.select([self._wake], [], [], _BREATH)
            return lent

    def _hears(self) -> bool:
        """Whether there is a connection. The kernel wakes one thread for it, as each listens with an ear of its own."""
        try:
            ear = self._unused.pop() if self._unused else self._ear()
        except (IndexError, OSError):  # another took the last one; or no descriptor is left, and a first one there is
            select.select([self._wake], [], [], _BREATH)
            return False
        try:
            ear.poll()
        finally:
            self._unused.append(ear)
        return self.active

    def _ear(self) -> select.epoll:
        ear = select.epoll()
        try:
            ear.register(self.listener, select.EPOLLIN | select.EPOLLEXCLUSIVE)
            ear.register(self._wake, select.EPOLLIN)
        except OSError:  # ENOSPC: it is tried again soon, and each would stay open
            ear.close()
            raise
        self._ears.append(ear)
        return ear

    def _accepted(self) -> socket.socket:
        sock, _ = self.listener.accept()
        return sock

    def _replace_spare(self) -> None:
        with self._scarce:
            self._spare = self._spare or _spare()

    def _by_the_spare(self) -> socket.socket | None:
        """One more caller than there are descriptors for, in the place of the one that was kept for that: an admin
        who wants to know what uses them all is let in, one after the other."""
        with self._scarce:
            if self._spare is None:
                return None
            os.close(self._spare)
            self._spare = None
        try:
            return self._accepted()
        except OSError:
            return None  # the caller went, or another thread was faster

    def close(self) -> None:
        """Close the listening socket, by its descriptor only, once nobody accepts on it. Twice is fine."""
        if not self._closed:
            self._closed = True
            for ear in self._ears:
                ear.close()
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
