"""Sources that tests host."""

from __future__ import annotations

LONG_OP = """\
import os
import threading
import time


class LongOp(threading.Thread):
    def __init__(self, id):
        super().__init__()
        self.id = id

    def run(self):
        for step in range(10):
            print(f"op {self.id}: VERSION, step {step}")
            time.sleep(PAUSE)
            while not os.path.exists(GATE):
                time.sleep(0.01)
"""


def article(version: str, pause: float = 0.05, gate: str = "/") -> str:
    """The article's module, its ten steps shortened; the first of them lasts until there is a file ``gate``."""
    return LONG_OP.replace("VERSION", version).replace("PAUSE", str(pause)).replace("GATE", repr(gate))


WAITER = """\
from hotd import api

VERSION = {version!r}


def work():
    print("begin", VERSION)
    while not api.wait(60):
        pass
    print("end", VERSION)
"""


def waiter(version: str) -> str:
    """Runs until it is asked to end."""
    return WAITER.format(version=version)


MODULE = """
[modules.{name}]
entry = "{entry}"
replicas = {replicas}
{more}
"""


def hosted(name: str = "long_op", entry: str = "long_op:work", replicas: int = 1, more: str = "") -> str:
    """A ``[modules.NAME]`` table."""
    return MODULE.format(name=name, entry=entry, replicas=replicas, more=more)
