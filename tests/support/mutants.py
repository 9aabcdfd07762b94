"""Messages that are nearly right: what honest callers say, taken apart and put together wrongly, by a seed."""

from __future__ import annotations

import json
import struct
import zlib
from random import Random
from typing import Any

from rpyc.core import brine, consts

from hotd.contract.frames import framed
from hotd.contract.protocol import ROOT
from hotd.contract.verbs import VERBS
from tests.support.attacker import ROOT_REF, boxed, value

HEADER = struct.Struct("!LB")
READS = [name for name, verb in VERBS.items() if not verb.changes]
ODD: list[Any] = [
    None, True, False, 0, -1, 1, 2, 3, 4, 7, 8, 255, 2**31, 2**63, -(2**64), 10**40, 0.0, -0.5, float("nan"),
    float("inf"), 1j, "", "{}", "status", "exposed_status", "__class__", "\x00", "\ud7ff", "x" * 70_000, b"",
    b"{}", b"\xff" * 300,
    (), ((),), (1, 2), frozenset(), frozenset((1, "x")), slice(None), slice(1, "x", ()), Ellipsis, NotImplemented,
    ROOT, ("builtins.dict", 1, 1), ROOT_REF, (consts.LABEL_REMOTE_REF, ("x", 1, 2)), value(()), boxed(),
    boxed(ROOT_REF),
]  # fmt: skip


def requests() -> list[Any]:
    """What honest callers send, and what they could have meant to: (sequence number, (handler, arguments))."""
    verb = (consts.LABEL_LOCAL_REF, ("builtins.method", 2, 1))
    texts = [
        "{}",
        '{"module": "long_op"}',
        '{"protocol": 1, "version": "0.1.0", "args": {}}',
        '{"limit": 3}',
        "[]",
        "{",
    ]
    calls: list[Any] = [
        (consts.HANDLE_CALLATTR, boxed(ROOT_REF, value(name), value((text,)), value(())))
        for name in (*READS, "exposed_hello", "nobody")
        for text in texts
    ]
    stock: list[Any] = [
        (consts.HANDLE_GETROOT, value(())),
        (consts.HANDLE_INSPECT, value((ROOT,))),
        (consts.HANDLE_GETATTR, boxed(ROOT_REF, value("status"))),
        (consts.HANDLE_CALL, boxed(verb, value(("{}",)), value(()))),
        (consts.HANDLE_DEL, boxed(verb, value(1))),
        (consts.HANDLE_PING, boxed(value("hello"))),
    ]
    return [(number, call) for number, call in enumerate([*calls, *stock])]


HONEST = requests()


def mutant(draw: Random) -> bytes:
    """One frame, or what passes for one."""
    kind = draw.choice((1,) * 12 + (0, 2, 3, 9, 255))
    said = draw.choice(HONEST)
    for _ in range(draw.choice((0, 1, 1, 2, 3))):
        said = _bent(said, draw)
    data = bytes((kind,)) + brine.dump(said)
    if draw.random() < 0.4:
        data = _scratched(data, draw)
    frame = framed(data) if draw.random() < 0.8 else _compressed(data, draw)
    return _scratched(frame, draw) if draw.random() < 0.1 else frame


def _bent(said: Any, draw: Random) -> Any:
    """One value of it, however deep, is another, missing, twice there, or wrapped."""
    if isinstance(said, tuple) and said and draw.random() < 0.8:
        place = draw.randrange(len(said))
        return (*said[:place], _bent(said[place], draw), *said[place + 1 :])
    match draw.randrange(6):
        case 0:
            return (said,)
        case 1:
            return (said, said)
        case 2 if isinstance(said, str):
            return said[: draw.randrange(len(said) + 1)] + draw.choice("{}[]\"'\\\x00é\U0001f600")
        case 3 if isinstance(said, str) and said.startswith("{"):
            return json.dumps({"module": draw.choice(("long_op", "x" * 5_000, None, 7, [1]))})
        case 4 if isinstance(said, tuple) and said:
            return said[:-1]
    return draw.choice(ODD)


def _scratched(data: bytes, draw: Random) -> bytes:
    """Some bytes are others, missing or twice there."""
    scratched = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 5))):
        at = draw.randrange(len(scratched) + 1)
        match draw.randrange(4):
            case 0:
                del scratched[at : at + draw.choice((1, 2, 40))]
            case 1:
                scratched[at:at] = draw.randbytes(draw.choice((1, 2, 9)))
            case 2:
                scratched[at : at + 1] = bytes((draw.choice((0x10, 0x15, 0x17, 0x1A, 0x08, 0xFF, 0x00)),))
            case _:
                scratched[at:at] = scratched[at : at + 30]
    return bytes(scratched)


def _compressed(data: bytes, draw: Random) -> bytes:
    packed = zlib.compress(data * draw.choice((1, 1, 1, 500)))
    return HEADER.pack(len(packed), draw.choice((1, 1, 1, 0, 255))) + packed + b"\n"
