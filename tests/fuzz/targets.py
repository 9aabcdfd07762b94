"""The two decoders, each as a function of the bytes that came: what it may do with them, and what it must never do."""

from __future__ import annotations

import logging
from contextlib import nullcontext
from typing import Any

from rpyc.core import brine
from rpyc.core.channel import Channel
from rpyc.core.stream import Stream

from hotctl.transport.connection import Garbled, _answer
from hotd.contract import views
from hotd.contract.errors import HotdError
from hotd.contract.frames import BadFrame, Frames, framed
from hotd.contract.protocol import LONGEST_REQUEST, read_answer
from hotd.contract.requests import LONGEST_WAIT, Request
from hotd.contract.verbs import VERBS, Verb
from hotd.control.connection import ControlConnection, Cut
from hotd.control.gate import Gate
from hotd.control.peers import Peer
from hotd.control.roles import Roles
from hotd.core.values import Actor

DONE = views.Change(None, (), "done")
SEQ = 7
"""Of the question that the client's side has asked."""


class Defect(logging.Handler):
    """What the gate logs as a defect is one."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info is not None:
            raise AssertionError("a defect") from record.exc_info[1]


class Desk:
    """Takes what only the table of verbs allows."""

    def ask(self, verb: Verb, request: Request, actor: Actor) -> Any:
        assert VERBS[verb.name] is verb
        assert type(request) is verb.request
        assert 0 <= getattr(request, "max_wait", 0.0) <= LONGEST_WAIT
        return DONE if verb.changes else views.Version("0.1.0", 1, "3.11", "/usr/bin/python3", 1)


class Wire(Channel):  # type: ignore[misc] # rpyc has no types
    """Takes what is answered, and reads it as a client would."""

    def __init__(self) -> None:
        super().__init__(Stream(), compress=False)

    def send(self, data: bytes) -> None:
        assert data[0] in {2, 3}, "the daemon asks nothing"
        brine.load(data[1:])

    def close(self) -> None:
        pass


_LOG = logging.Logger("fuzzed")
_LOG.addHandler(Defect(logging.ERROR))
_LOG.disabled = False
GATE = Gate(Desk(), Roles(admins=["*"]), "0.1.0", _LOG)
PEER = Peer(1000, frozenset({1000}), 1)


def received(data: bytes, longest: int) -> Frames:
    """The first byte says what the others are: a message, or frames of their own making."""
    frames = Frames(longest)
    frames.feed(data[1:] if data[:1] > b"\x7f" else framed(data[1:]))
    return frames


def daemon_side(data: bytes) -> None:
    """Bytes of a caller. They are answered, or end their connection by one of three exceptions."""
    connection = ControlConnection(
        Wire(),
        call=lambda name, text: GATE.answer(name, text, PEER),
        stays=lambda: True,
        place=nullcontext,
        turn=nullcontext,
    )
    frames = received(data, LONGEST_REQUEST)
    try:
        while (frame := frames.next()) is not None:
            connection._dispatch(frame)
    except (EOFError, Cut, BadFrame):
        return


def client_side(data: bytes) -> None:
    """Bytes of a daemon that was asked for its status: a text that is read or refused, or no daemon's."""
    frames = received(data, 1 << 20)
    try:
        frame = frames.next()
        text = None if frame is None else _answer(SEQ, frame)
    except (BadFrame, Garbled):
        return
    if text is None:
        return
    assert type(text) is str
    try:
        read_answer(views.Status, text)
    except HotdError as error:
        assert str(error)


TARGETS = {"daemon": daemon_side, "client": client_side}
