"""The bytes of a call, as hotctl sends them."""

from __future__ import annotations

from rpyc.core import brine, consts

from hotd.contract.frames import framed
from hotd.contract.protocol import ROOT


def question(verb: str, text: str = "{}", seq: int = 1) -> bytes:
    """One frame: a verb is called on the root that every client knows."""
    arguments = (
        (consts.LABEL_LOCAL_REF, ROOT),
        (consts.LABEL_VALUE, verb),
        (consts.LABEL_VALUE, (text,)),
        (consts.LABEL_VALUE, ()),
    )
    body = (consts.HANDLE_CALLATTR, (consts.LABEL_TUPLE, arguments))
    return framed(bytes((consts.MSG_REQUEST,)) + brine.dump((seq, body)))
