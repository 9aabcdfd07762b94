"""Frames over a socket, with a bound on every byte and every second that a caller may cost.

The waits are the kernel's (SO_RCVTIMEO, SO_SNDTIMEO): Python's own timeouts poll before each read, and every system
call that lets go of the interpreter lock costs a wait for it, up to 5 ms for each busy worker thread.
"""

from __future__ import annotations

import socket
import struct
import time

from rpyc.core.channel import Channel
from rpyc.core.stream import SocketStream

from hotd.contract.frames import Frames, framed
from hotd.contract.protocol import LONGEST_REQUEST
from hotd.control.limits import Patience

CHUNK = 64 * 1024


class FrameChannel(Channel):  # type: ignore[misc] # rpyc has no types
    """Raises EOFError where the caller went or was too slow, BadFrame for what is no frame."""

    __slots__ = ("_ended", "_frames", "_patience", "_sock")

    def __init__(self, sock: socket.socket, patience: Patience) -> None:
        super().__init__(SocketStream(sock), compress=False)
        self._sock = sock
        self._patience = patience
        self._frames = Frames(LONGEST_REQUEST)
        self._ended = False
        """Whether the caller has said all that it will ever say."""
        self._prepare()
        self._wait_at_most(socket.SO_RCVTIMEO, patience.idle)
        self._wait_at_most(socket.SO_SNDTIMEO, patience.answer)

    def recv(self) -> bytes:
        deadline: float | None = None
        try:
            while (frame := self._frames.next()) is None:
                if self._frames.begun:
                    now = time.monotonic()
                    deadline = deadline or now + self._patience.begun
                    if now >= deadline:  # bytes may keep coming, few at a time
                        raise BlockingIOError
                    self._wait_at_most(socket.SO_RCVTIMEO, deadline - now)
                chunk = self._received()
                if not chunk:
                    self._ended = True
                    raise EOFError("the caller went")
                self._frames.feed(chunk)
        except (BlockingIOError, TimeoutError):
            raise EOFError("the caller began a request and did not end it" if deadline else "idle") from None
        except OSError as error:
            raise EOFError(str(error)) from None
        if deadline is not None:
            self._wait_at_most(socket.SO_RCVTIMEO, self._patience.idle)
        return frame

    def send(self, data: bytes) -> None:
        deadline = time.monotonic() + self._patience.answer
        rest = memoryview(framed(data))
        try:
            while rest:
                rest = rest[self._sent(rest[:CHUNK]) :]
                if rest and time.monotonic() >= deadline:  # a caller that takes a little now and then
                    raise BlockingIOError
        except (BlockingIOError, TimeoutError):
            raise EOFError("the caller does not take its answer") from None
        except OSError as error:
            raise EOFError(str(error)) from None

    def close(self) -> None:
        """Whoever has gone need not be told of the end by a system call of its own."""
        if self._ended:
            self._sock.close()
        else:
            super().close()

    def _prepare(self) -> None:
        if self._sock.gettimeout() is not None:
            self._sock.setblocking(True)

    def _wait_at_most(self, direction: int, seconds: float) -> None:
        """From here on, for each call in that direction."""
        set_patience(self._sock, direction, seconds)

    def _received(self) -> bytes:
        return self._sock.recv(CHUNK)

    def _sent(self, data: memoryview) -> int:
        return self._sock.send(data)


class TlsChannel(FrameChannel):
    """The same over TLS. OpenSSL tries again where the kernel's own wait has ended, so the waits are Python's, which
    count over all that a call tries."""

    __slots__ = ("_seconds",)

    def _prepare(self) -> None:
        self._seconds: dict[int, float] = {}

    def _wait_at_most(self, direction: int, seconds: float) -> None:
        self._seconds[direction] = max(1e-6, seconds)

    def _received(self) -> bytes:
        self._sock.settimeout(self._seconds[socket.SO_RCVTIMEO])
        return self._sock.recv(CHUNK)

    def _sent(self, data: memoryview) -> int:
        self._sock.settimeout(self._seconds[socket.SO_SNDTIMEO])
        return self._sock.send(data)


def set_patience(sock: socket.socket, direction: int, seconds: float) -> None:
    """How long the kernel lets a call in that direction wait; then it fails with BlockingIOError."""
    micros = max(1, int(seconds * 1e6))  # 0 would be for ever
    sock.setsockopt(socket.SOL_SOCKET, direction, struct.pack("@ll", *divmod(micros, 1_000_000)))
