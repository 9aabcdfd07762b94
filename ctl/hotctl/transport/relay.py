"""Bytes from one pair of descriptors to a socket and back, until either side ends."""

from __future__ import annotations

import os
import select
import socket

CHUNK = 64 * 1024
PIECE = select.PIPE_BUF
"""What a pipe that says it can be written takes without a wait."""


def relay(sock: socket.socket, source: int, sink: int, linger: float = 5.0) -> None:
    """What arrives at ``source`` is sent, what is received is written to ``sink``; never more is held than a chunk.

    An end of ``source`` is passed on, and the answer that may be on its way still awaited, until nothing has come for
    ``linger`` seconds; an end of the socket, and a reader of ``sink`` that goes away, end it. The descriptors stay as
    blocking as they are: whoever started this process may share them. Raises OSError where reading or sending fails.
    """
    up, down = b"", b""
    open_above = True
    poll = select.poll()
    while True:
        _watch(poll, source, select.POLLIN if open_above and not up else None)
        # Not at all where nothing is wanted of it: its hang-up would be told again and again.
        _watch(poll, sock.fileno(), (select.POLLOUT if up else 0) | (select.POLLIN if not down else 0) or None)
        # Also with nothing to write: a reader that is gone is told by an event that cannot be left out.
        _watch(poll, sink, select.POLLOUT if down else 0)
        ready = dict(poll.poll(None if open_above or down else linger * 1000))
        if not ready:
            return
        try:
            if sink in ready:
                if not down:
                    return
                down = down[os.write(sink, down[:PIECE]) :]
            if source in ready:
                up = os.read(source, CHUNK)
                if not up:
                    open_above = False
                    sock.shutdown(socket.SHUT_WR)
                continue
            events = ready.get(sock.fileno(), 0)
            if up and events & select.POLLOUT:
                up = up[sock.send(up, socket.MSG_DONTWAIT) :]
            if not down and events & ~select.POLLOUT:
                down = sock.recv(CHUNK, socket.MSG_DONTWAIT)
                if not down:
                    return
        except BlockingIOError:
            continue
        except (BrokenPipeError, ConnectionResetError):
            return  # the reader is gone, or the daemon cut the connection


def _watch(poll: select.poll, descriptor: int, events: int | None) -> None:
    """``None``: not at all; else these events, besides errors and hang-ups."""
    if events is not None:
        poll.register(descriptor, events)
        return
    try:
        poll.unregister(descriptor)
    except KeyError:
        return
