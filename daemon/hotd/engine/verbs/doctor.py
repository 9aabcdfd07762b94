"""What is wrong with the installation, and its cure."""

from __future__ import annotations

from hotd.contract import requests, views
from hotd.core.values import Actor
from hotd.engine.desk import Desk


def answer(desk: Desk, request: requests.Doctor, actor: Actor) -> views.Doctor:
    return views.Doctor(desk.examining.examine())
