"""Everybody who is connected: how many at most, who goes first, and who is waited for at the end."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterator

from hotd.control.peers import Peer
from hotd.core.fairness import spared_least, whose_place

DEAF = 1.0
"""Seconds after which who has not taken an answer has to go for a newcomer, where nobody else can."""


class Caller:
    """One connection, as long as it is served."""

    def __init__(self, number: int, sock: socket.socket, owner: str) -> None:
        self.number = number
        self.sock = sock
        self.owner = owner
        """Whom it belongs to, as far as the kernel says so before a word was said."""
        self.peer: Peer | None = None
        """Who it is, as soon as that is known: it may have to show a certificate first."""
        self.busy = False
        """Whether a request of it is being answered."""
        self.served = False
        """Whether one ever was."""
        self.writing: float | None = None
        """Since when its answer is written to it, on the monotonic clock. Whoever reads has it at once."""
        self.first = False
        """Whether it is an admin's, who are answered before others."""
        self.gone = False
        """Whether it was cut; a request of it that is on its way is not begun any more."""
        self.called = threading.Event()
        """Ends its wait for a turn."""

    @property
    def deaf(self) -> bool:
        """Whether it is busy only because it does not take its answer."""
        since = self.writing
        return since is not None and since < time.monotonic() - DEAF

    def hush(self) -> None:
        """Nothing more is taken of it: what it sent already is read, what it sends from now on fails on its side."""
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self.sock, socket.SHUT_RD)  # as below

    def cut(self) -> None:
        """Its thread reads an end of file and goes. The descriptor stays: closing it here could close another's."""
        self.gone = True
        self.called.set()
        with contextlib.suppress(OSError):
            # Of the socket, never of TLS: that would go on in plain text on a thread that is in the middle of a call.
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


class Callers:
    """At most ``most`` connections. Used from every thread of the control port."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._numbers = itertools.count(1)
        self._changed = threading.Condition()
        self._callers: dict[int, Caller] = {}
        """In the order of their coming."""
        self._closing = False
        """Nobody is admitted any more."""
        self._over = False
        """Nothing is begun any more."""

    def __len__(self) -> int:
        return len(self._callers)

    def admit(self, sock: socket.socket, owner: str) -> tuple[Caller | None, Caller | None]:
        """The connection as one of them, until it goes: (it, who had to go for it).

        (None, None): everybody is being answered right now, or the port closes. The socket is then not ours.
        """
        with self._changed:
            gone = self._evict(whose_place) if len(self._callers) >= self._most else None
            if self._closing or len(self._callers) >= self._most:
                return None, None
            caller = Caller(next(self._numbers), sock, owner)
            self._callers[caller.number] = caller
        return caller, gone

    def see_off(self, caller: Caller) -> None:
        """It is served no more."""
        with contextlib.suppress(OSError):
            caller.sock.close()
        with self._changed:
            self._callers.pop(caller.number, None)
            self._changed.notify_all()

    def cut(self, whom: Callable[[Peer], bool]) -> None:
        """Cut all of those, also in the middle of a call: what it began goes on, and nobody hears of it."""
        with self._changed:
            for caller in self._callers.values():
                if caller.peer is not None and whom(caller.peer):
                    caller.cut()

    def make_room(self) -> Caller | None:
        """Cut whoever can best be spared; None where there is nobody but admins and who is being answered."""
        with self._changed:
            return self._evict(spared_least)

    @contextlib.contextmanager
    def turn(self, caller: Caller) -> Iterator[None]:
        """While a request is answered: neither evicted, nor cut at the end before its answer is written.

        Raises EOFError where either has happened already: a change is not begun whose outcome nobody would hear.
        """
        with self._changed:
            if self._over or caller.gone:
                raise EOFError("too late")
            caller.busy = True
        try:
            yield
        finally:
            with self._changed:
                caller.busy, caller.served, caller.writing = False, True, None

    def close(self, seconds: float) -> None:
        """Answer what was asked so far and take nothing more; cut whoever is left after ``seconds``.

        Asked is what lies in a socket, also unread: its sender could not tell. Who is idle goes at once.
        """
        with self._changed:
            self._closing = True
            for caller in self._callers.values():
                caller.hush()
            self._changed.wait_for(lambda: not self._callers, seconds)
            self._over = True
            for caller in self._callers.values():
                caller.cut()

    def forget(self) -> None:
        """In a forked child: close our copies of the connections, say nothing on them."""
        for caller in self._callers.values():
            caller.sock.close()

    def _evict(self, whose: Callable[[Collection[Caller]], Caller | None]) -> Caller | None:
        gone = whose(self._callers.values())
        if gone is not None:
            del self._callers[gone.number]
            gone.cut()
        return gone
