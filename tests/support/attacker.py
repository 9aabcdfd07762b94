"""A peer on a raw socket that speaks brine, and is bound by nothing that RPyC's own client is."""

from __future__ import annotations

import socket
from types import TracebackType
from typing import Any, Self

from rpyc.core import brine, consts

from hotd.contract.frames import Frames, framed
from hotd.contract.protocol import ROOT

ROOT_REF = (consts.LABEL_LOCAL_REF, ROOT)


def value(plain: Any) -> tuple[int, Any]:
    return consts.LABEL_VALUE, plain


def boxed(*items: Any) -> tuple[int, Any]:
    return consts.LABEL_TUPLE, items


class Attacker:
    """Says what it is told to. Every wait ends after five seconds."""

    def __init__(self, path: str) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.path = path
        try:
            self.sock.connect(path)  # before there is a timeout: with one, a full queue is an error at once
        except BaseException:
            self.sock.close()
            raise
        self.sock.settimeout(5)
        self._frames = Frames(1 << 26)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.sock.close()

    def send_bytes(self, data: bytes) -> None:
        self.sock.sendall(data)

    def send(self, kind: int, seq: Any, body: Any) -> None:
        self.send_bytes(framed(bytes((kind,)) + brine.dump((seq, body))))

    def read(self) -> tuple[int, Any, Any] | None:
        """The next message as (kind, seq, body); None where the connection was cut."""
        while (frame := self._frames.next()) is None:
            try:
                data = self.sock.recv(65536)
            except ConnectionError:
                return None
            if not data:
                return None
            self._frames.feed(data)
        return frame[0], *brine.load(frame[1:])

    def ask(self, handler: Any, arguments: Any, seq: int = 7) -> tuple[int, Any]:
        """(kind, body) of the reply; fails where the connection is cut."""
        self.send(consts.MSG_REQUEST, seq, (handler, arguments))
        reply = self.read()
        assert reply is not None, "cut"
        assert reply[1] == seq
        return reply[0], reply[2]

    def call(self, verb: str, *arguments: Any) -> tuple[int, Any]:
        return self.ask(consts.HANDLE_CALLATTR, boxed(ROOT_REF, value(verb), value(arguments), value(())))

    def is_cut(self) -> bool:
        return self.read() is None


def refused(reply: tuple[int, Any]) -> str:
    """The kind of the exception that a forbidden thing is answered with: a sentence, and nothing that hangs on it."""
    assert reply[0] == consts.MSG_EXCEPTION, reply
    (module, name), arguments, attributes, traceback = reply[1]
    assert attributes == ()
    assert traceback == ""
    assert all(type(argument) is str for argument in arguments)
    return f"{module}.{name}"
