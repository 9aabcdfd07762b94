"""Deadlines that the kernel keeps: on every wait, whatever has arrived already, on a clock that nobody can set."""

from __future__ import annotations

import socket
import struct
import time


def wait_until(sock: socket.socket, direction: int, deadline: float) -> None:
    """Have the next call on the socket give up at ``deadline`` (monotonic) with BlockingIOError.

    ``direction`` is SO_RCVTIMEO, or SO_SNDTIMEO, which is also for ``connect``. Raises BlockingIOError where the
    deadline has passed.
    """
    micros = int((deadline - time.monotonic()) * 1e6)
    if micros <= 0:
        raise BlockingIOError("the deadline has passed")
    sock.setsockopt(socket.SOL_SOCKET, direction, struct.pack("@ll", *divmod(micros, 1_000_000)))
