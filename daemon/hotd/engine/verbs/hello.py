"""Version and protocol, for stock clients and for ``hotctl version``."""

from __future__ import annotations

from hotd.contract import requests, views
from hotd.contract.protocol import PROTOCOL
from hotd.core.values import Actor
from hotd.engine.desk import Desk


def answer(desk: Desk, request: requests.Hello, actor: Actor) -> views.Version:
    about = desk.about
    return views.Version(about.version, PROTOCOL, about.python, about.interpreter, about.pid)
