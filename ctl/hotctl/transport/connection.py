"""RPyC as far as a client of hotd needs it: one request out, one text back.

The daemon is not trusted. Whatever it sends but the one text that was asked for is refused: requests of its own,
references, exceptions with attributes, frames without end. Nothing of RPyC's dispatch is reached.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Callable
from typing import Any

from rpyc import __version__ as rpyc_version
from rpyc.core import brine, consts
from rpyc.core.channel import Channel
from rpyc.core.protocol import Connection
from rpyc.core.service import VoidService
from rpyc.core.stream import SocketStream

from hotctl.transport.patience import wait_until
from hotd.contract.frames import BadFrame, Frames, Values, framed
from hotd.contract.protocol import LONGEST_ANSWER, ROOT
from hotd.contract.quoting import shown

CHUNK = 64 * 1024
Wait = Callable[[socket.socket, int, float], None]
CONFIG = {
    "allow_safe_attrs": False,
    "allow_exposed_attrs": False,
    "allow_getattr": False,
    "allow_pickle": False,
    "include_local_traceback": False,
    "include_local_version": False,
    "import_custom_exceptions": False,
    "instantiate_custom_exceptions": False,
    "propagate_SystemExit_locally": False,
    "propagate_KeyboardInterrupt_locally": False,
    "close_catchall": True,
    "bind_threads": False,  # else $RPYC_BIND_THREADS on one side changes the framing
}


class Garbled(Exception):
    """The other side said what no daemon of this protocol says."""


class Untaken(EOFError):
    """The end came before the request had left: the daemon has not seen all of it, so it does nothing about it."""


class DaemonConnection(Connection):  # type: ignore[misc] # rpyc has no types
    """A connected socket to a daemon. After any exception it must be closed: an answer may still be on its way."""

    def __init__(self, sock: socket.socket, wait: Wait = wait_until) -> None:
        """``wait`` is how a deadline is put on the socket's next call."""
        self._link = _Link(sock, wait)
        super().__init__(VoidService(), self._link, CONFIG)

    @classmethod
    def _request_handlers(cls) -> dict[int, Any]:
        return {}

    @property
    def spoken_to(self) -> bool:
        """Whether something arrived that nobody asked for; mostly the end: the daemon cuts who is idle for long."""
        return bool(select.select([self._link], [], [], 0)[0])

    def ask(self, verb: str, text: str, deadline: float) -> str:
        """The answer to one verb, in one round trip. Raises EOFError (Untaken: it may be asked anew), TimeoutError,
        Garbled."""
        seq = self._get_seq_id()
        self._link.deadline = deadline
        arguments = (
            (consts.LABEL_LOCAL_REF, ROOT),
            (consts.LABEL_VALUE, verb),
            (consts.LABEL_VALUE, (text,)),
            (consts.LABEL_VALUE, ()),
        )
        self._send(consts.MSG_REQUEST, seq, (consts.HANDLE_CALLATTR, (consts.LABEL_TUPLE, arguments)))
        return _answer(seq, self._link.recv())

    def close(self) -> None:
        """RPyC would ask the daemon to close too, and wait for its answer."""
        if not self._closed:
            self._cleanup()


class _Link(Channel):  # type: ignore[misc] # rpyc has no types
    """Frames over a socket; ``deadline`` holds from the first byte sent to the last one read.

    The waits are the kernel's (SO_RCVTIMEO, SO_SNDTIMEO), but for TLS. RPyC's own count until the first byte of an
    answer only, and on a clock that can be set.
    """

    __slots__ = ("_frames", "_sock", "_wait", "deadline")

    def __init__(self, sock: socket.socket, wait: Wait) -> None:
        super().__init__(SocketStream(sock), compress=False)
        self._sock = sock
        self._wait = wait
        self._frames = Frames(LONGEST_ANSWER)
        self.deadline = 0.0

    def send(self, data: bytes) -> None:
        rest = memoryview(framed(data))
        try:
            while rest:
                self._wait(self._sock, socket.SO_SNDTIMEO, self.deadline)
                rest = rest[self._sock.send(rest[:CHUNK]) :]
        except (BlockingIOError, TimeoutError):
            raise TimeoutError from None
        except OSError as error:
            raise Untaken(str(error)) from error

    def recv(self) -> bytes:
        chunk = b""
        try:
            while (frame := self._frames.next()) is None:
                self._wait(self._sock, socket.SO_RCVTIMEO, self.deadline)
                chunk = self._sock.recv(CHUNK)
                if not chunk:
                    raise EOFError("closed")
                self._frames.feed(chunk)
        except BadFrame as error:
            raise Garbled(_greeting(chunk) or str(error)) from None
        except (BlockingIOError, TimeoutError):
            raise TimeoutError from None
        except OSError as error:
            raise EOFError(str(error)) from error
        return frame


def _greeting(data: bytes) -> str:
    """What was said instead of a frame, where it is text: a person finds it by its words."""
    line = data[:200].lstrip().partition(b"\n")[0].decode("utf-8", "replace").rstrip()
    return f"it begins with {shown(line)}" if len(line) > 3 and line[:4].isprintable() else ""


def _answer(seq: int, data: bytes) -> str:
    kind = data[:1]
    if kind == bytes((consts.MSG_REQUEST,)):
        raise Garbled("it sent a request of its own")
    if kind == brine.TAG_TUP3:
        raise Garbled(f"it speaks RPyC 4 or 5, hotctl speaks RPyC 6 (it has {rpyc_version})")
    try:
        match kind[0], brine._load(Values(data[1:])):
            case consts.MSG_REPLY, (int(number), (consts.LABEL_VALUE, str(text))) if number == seq:
                return text
            case consts.MSG_EXCEPTION, (int(number), (_, (str(sentence), *_), _, _)) if number == seq:
                raise Garbled(f"it refused the call: {sentence[:200]!r}")
    except Garbled:
        raise
    except Exception as error:  # noqa: BLE001 - RPyC's decoder fails on garbage in any way there is
        raise Garbled(f"it sent what cannot be decoded: {type(error).__name__}") from None
    raise Garbled("it sent something else than one text")
