"""A daemon that answers from a list, and ``hotctl`` run against it."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, TextIO

from hotctl import cli
from hotctl.commands import Daemon
from hotd.contract.requests import Request
from tests.unit.hotctl_view import samples as given

Answer = Any
"""A view; an exception to raise; a function of the request; a list of those, one for each call."""


@dataclass
class FakeDesk:
    answers: Mapping[type, Answer]
    asked: list[Request] = field(default_factory=list)

    def ask(self, request: Request) -> Any:
        self.asked.append(request)
        answer = self.answers[type(request)]
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, BaseException):
            raise answer
        return answer


@dataclass
class Ran:
    status: int
    out: str
    err: str
    asked: list[Request]
    addresses: list[str | None]


class Ticking:
    """A clock that moves one second whenever it is read."""

    def __init__(self) -> None:
        self._now = 0.0

    def __call__(self) -> float:
        self._now += 1.0
        return self._now


def hotctl(
    *argv: str,
    answers: Mapping[type, Answer] | None = None,
    env: Mapping[str, str] | None = None,
    out: TextIO | None = None,
    err: TextIO | None = None,
    clock: Callable[[], float] | None = None,
) -> Ran:
    """Run one command in this process against a fake daemon."""
    desk = FakeDesk(answers or {})
    addresses: list[str | None] = []
    out, err = out or io.StringIO(), err or io.StringIO()

    def connect(address: str | None) -> AbstractContextManager[Daemon]:
        addresses.append(address)
        return nullcontext(desk)

    status = cli.run(
        argv, out=out, err=err, env=env or {}, open_session=connect, now=lambda: given.NOW, clock=clock or Ticking()
    )
    texts = [stream.getvalue() if isinstance(stream, io.StringIO) else "" for stream in (out, err)]
    return Ran(status, texts[0], texts[1], desk.asked, addresses)
