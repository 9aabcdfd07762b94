"""Frames over a socket, with a bound on every byte and every second that a caller may cost.

The waits are the kernel's (SO_RCVTIMEO, SO_SNDTIMEO): Python's own timeouts poll before each read, and every system
call that lets go of the interpreter lock costs a wait for it, up to 5 ms for each busy worker thread.
"""

from __future__ import annotations

import socket
import struct
import time
from dataclasses import dataclass

from rpyc.core.channel import Channel
from rpyc.core.stream import SocketStream

from hotd.contract.frames import Frames, framed
from hotd.contract.protocol import LONGEST_REQUEST

CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds."""

    idle: float = 300.0
    """Between two requests. hotctl calls and goes; a program that holds a connection reopens it without noticing."""
    begun: float = 10.0
    """From the first byte of a request to its last."""
    answer: float = 10.0
    """For the caller to take its answer."""


class FrameChannel(Channel):  # type: ignore[misc] # rpyc has no types
    """Raises EOFError where the caller went or was too slow, BadFrame for what is no frame."""

    __slots__ = ("_frames", "_patience", "_sock")

    def __init__(self, sock: socket.socket, patience: Patience) -> None:
        super().__init__(SocketStream(sock), compress=False)
        self._sock = sock
        self._patience = patience
        self._frames = Frames(LONGEST_REQUEST)
        sock.setblocking(True)
        set_patience(sock, socket.SO_RCVTIMEO, patience.idle)
        set_patience(sock, socket.SO_SNDTIMEO, patience.answer)

    def recv(self) -> bytes:
        deadline: float | None = None
        try:
            while (frame := self._frames.next()) is None:
                if self._frames.begun:
                    now = time.monotonic()
                    deadline = deadline or now + self._patience.begun
                    if now >= deadline:  # bytes may keep coming, few at a time
                        raise BlockingIOError
                    set_patience(self._sock, socket.SO_RCVTIMEO, deadline - now)
                chunk = self._sock.recv(CHUNK)
                if not chunk:
                    raise EOFError("the caller went")
                self._frames.feed(chunk)
        except BlockingIOError:
            raise EOFError("the caller began a request and did not end it" if deadline else "idle") from None
        except OSError as error:
            raise EOFError(str(error)) from None
        if deadline is not None:
            set_patience(self._sock, socket.SO_RCVTIMEO, self._patience.idle)
        return frame

    def send(self, data: bytes) -> None:
        deadline = time.monotonic() + self._patience.answer
        rest = memoryview(framed(data))
        try:
            while rest:
                rest = rest[self._sock.send(rest[:CHUNK]) :]
                if rest and time.monotonic() >= deadline:  # a caller that takes a little now and then
                    raise BlockingIOError
        except BlockingIOError:
            raise EOFError("the caller does not take its answer") from None
        except OSError as error:
            raise EOFError(str(error)) from None


def set_patience(sock: socket.socket, direction: int, seconds: float) -> None:
    """How long the kernel lets a call in that direction wait; then it fails with BlockingIOError."""
    micros = max(1, int(seconds * 1e6))  # 0 would be for ever
    sock.setsockopt(socket.SOL_SOCKET, direction, struct.pack("@ll", *divmod(micros, 1_000_000)))
