"""The envelope of a call: one JSON text each way, with the protocol number in both.

``{"protocol": 1, "version": "0.1.0", "args": {…}}`` -> ``{"protocol": 1, "version": "0.1.0", "answer": {…}}``
or ``{…, "error": ERROR}``. A request without a protocol number is one of a stock RPyC client typing by hand:
``root.status()`` and ``root.status('{"module": "long_op"}')`` both work.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from hotd.contract import codec
from hotd.contract.errors import BadRequest, HotdError, LoadRejected, ProtocolMismatch, from_wire
from hotd.contract.requests import Request
from hotd.contract.verbs import Verb
from hotd.contract.views import ErrorView

PROTOCOL = 1
"""Raised when a request or an answer changes so that the other side would misread it; added fields do not."""

ROOT = ("hotd.control", 1, 1)
"""The RPyC id of every daemon's root. A client that knows it calls a verb in its first message, in one round trip,
instead of asking for the root, for what that is, and for each verb (four round trips)."""

LONGEST_REQUEST = 256 * 1024
"""Bytes of a frame on the way in, before and after decompression. Requests are names and numbers: tens of bytes."""

LONGEST_ANSWER = 64 * 1024 * 1024
"""Bytes of a frame on the way out."""

SAME = "install the same hotd on both sides"

T = TypeVar("T")


def request_text(request: Request, *, version: str) -> str:
    return codec.to_text({"protocol": PROTOCOL, "version": version, "args": request})


def read_request(verb: Verb, text: object) -> Request:
    """What the caller wants. Raises BadRequest, ProtocolMismatch."""
    data = codec.parse_text(text)
    if "protocol" not in data:
        return codec.decode(verb.request, data, strict=True, where=verb.name)
    _check(data["protocol"], data.get("version"), "client")
    args = data.get("args", {})
    return codec.decode(verb.request, args, strict=True, where=verb.name)


def answer_text(answer: Any, *, version: str, written: Mapping[str, str] | None = None) -> str:
    """``written`` are texts of fields of the answer that need not be written again."""
    said = codec.to_text(answer) if written is None else codec.to_text_around(answer, written)
    return f'{_opening(version)},"answer":{said}}}'


@functools.lru_cache(8)
def _opening(version: str) -> str:
    return codec.to_text({"protocol": PROTOCOL, "version": version}).removesuffix("}")


def error_text(error: HotdError, *, version: str) -> str:
    return codec.to_text({"protocol": PROTOCOL, "version": version, "error": error_view(error)})


def read_answer(kind: type[T], text: object) -> T:
    """The answer, typed. Raises the HotdError that it carries, or ProtocolMismatch."""
    with _understood():
        data = codec.parse_text(text, what="answer")
    error = data.get("error")
    if isinstance(error, dict):
        raise from_wire(error)
    _check(data.get("protocol"), data.get("version"), "daemon")
    if "answer" not in data:
        raise ProtocolMismatch("what the daemon says is neither an answer nor an error", hint=SAME)
    with _understood():
        return codec.decode(kind, data["answer"], where="answer")


@contextmanager
def _understood() -> Iterator[None]:
    """What the daemon did wrong is no mistake of whoever asked."""
    try:
        yield
    except BadRequest as odd:
        raise ProtocolMismatch(f"what the daemon says is not understood: {odd}", hint=SAME) from None


def error_view(error: HotdError) -> ErrorView:
    left = error.left if isinstance(error, LoadRejected) else ()
    return ErrorView(error.code, error.message, error.hint, error.file, error.line, error.traceback, left)


def _check(protocol: object, version: object, who: str) -> None:
    if protocol != PROTOCOL:
        # Both are named: the sentence is raised on one side and read on the other, where "this side" would be wrong.
        reader = "client" if who == "daemon" else "daemon"
        other = f"the {who}" + (f" (hotd {version})" if isinstance(version, str) else "")
        raise ProtocolMismatch(
            f"{other} speaks protocol {protocol!r}, the {reader} speaks protocol {PROTOCOL}",
            hint=SAME,
        )
