"""A store whose process is killed at a given statement, or at no given moment at all.

A program of its own, because it forks, and pytest has threads. Each death that lost or tore something is a line of
output; the last line counts the deaths.

    python -m tests.integration.store.dying FOLDER statements EVERY FIRST
    python -m tests.integration.store.dying FOLDER random SEED TIMES
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import select
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hotd.core.environment import Environment
from hotd.core.messages import Stored, Written
from hotd.core.records import KeptModule
from hotd.store import Store
from tests.integration.store.samples import bundle, event, generation, intent, kept, opened, revision

PIECES = 4
"""Numbers that a life writes."""
MOST = 1000
LONGEST = 0.1
"""As many and so many seconds until somebody kills it."""

Connect = Callable[..., sqlite3.Connection]


def dying(at: int, before: bool) -> Connect:
    """As ``sqlite3.connect``, for connections that take the process with them at the statement of that number."""
    done = 0

    class Dying(sqlite3.Connection):
        def execute(self, *args: Any) -> sqlite3.Cursor:
            return self._die(super().execute, *args)

        def executescript(self, *args: Any) -> sqlite3.Cursor:
            return self._die(super().executescript, *args)

        def _die(self, statement: Callable[..., sqlite3.Cursor], *args: Any) -> sqlite3.Cursor:
            nonlocal done
            done += 1
            if before and done == at:
                os.kill(os.getpid(), signal.SIGKILL)
            cursor = statement(*args)
            if done == at:
                os.kill(os.getpid(), signal.SIGKILL)
            return cursor

    return lambda *args, **keys: sqlite3.connect(*args, factory=Dying, **keys)


def live(folder: Path, connect: Connect, say: Callable[[int], None], first: int, last: int) -> None:
    """One life: open, write two pieces for each number, say each that is durable, close."""
    store = Store(folder, wall=lambda: 1.0, environment=lambda: Environment("3.11"), connect=connect)
    done = threading.Semaphore(0)

    def sink(stored: Stored) -> None:
        assert isinstance(stored, Written), stored
        say(stored.ticket)
        done.release()

    store.open(float(first))
    for number in range(first, last + 1):
        one = generation(number, f"d{number}", executed=("op",))
        store.write(number, (opened(number), intent(number, one, bundle(f"d{number}", "shared", str(number)))), sink)
        store.write(number, (revision(number), KeptModule("op", number), event(number)), sink)
        if number % 2:
            # Else all would be one transaction, and there would be little to be killed at.
            done.acquire()
    store.close(20.0)


def killed(folder: Path, connect: Connect, first: int, last: int, after: float | None = None) -> tuple[list[int], bool]:
    """What a life said before it was killed, and whether it was; by us after so many seconds, where they are given."""
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        with contextlib.suppress(BaseException):
            live(folder, connect, lambda ticket: [os.write(writing, b"%d\n" % ticket)].clear(), first, last)
            os._exit(0)
        os._exit(1)
    os.close(writing)
    if after is not None:
        select.select([], [], [], after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    with os.fdopen(reading, encoding="ascii") as said:
        tickets = [int(line) for line in said.read().split()]
    if not os.WIFSIGNALED(status):
        assert os.WEXITSTATUS(status) == 0, "it failed by itself"
    return tickets, os.WIFSIGNALED(status)


def wrong(folder: Path, said: list[int]) -> str | None:
    """What is lost or torn, in a sentence."""
    whole = {number for number in said if said.count(number) == 2}
    begun = set(said)
    with kept(folder, now=1e9) as it:
        known = it.remembered
        generations = [one.number for one in known.generations.get("op", ())]
        current = known.modules["op"].current if known.modules else None
        top = max(generations, default=0)
        if generations != list(range(1, top + 1)) or top < max(begun, default=0):
            return f"generations {generations}, said {said}"
        if (current or 0) < max(whole, default=0) or (current or 0) not in (top, top - 1):
            return f"current g{current} of g{top}, said {said}"
        if (known.last_revision, known.last_event) not in ((top, current or 0), (current or 0, current or 0)):
            return f"revisions to {known.last_revision}, events to {known.last_event}, current g{current}"
        for number in generations:
            if it.store.bundle(f"d{number}") != bundle(f"d{number}", "shared", str(number)):
                return f"the sources of g{number}"
        ended = {one.revision: one.outcome for one in it.store.history(None, 10**9, 10**6)}
        if ended != {n: "promoted" if n <= (current or 0) else "interrupted" for n in generations}:
            return f"the history says {ended}, current is g{current}"
        if known.trouble or known.aside:
            return f"trouble: {known}"
    return None


def at_statements(root: Path, every: int, first: int) -> int:
    """How often it died: before and after every so manieth statement of a life, from its first start on."""
    deaths = 0
    for number in itertools.count(first, every):
        for before in (True, False):
            folder = root / f"{number}-{before}"
            folder.mkdir()
            said, died = killed(folder, dying(number, before), 1, PIECES)
            if sentence := wrong(folder, said):
                print(f"killed {'before' if before else 'after'} statement {number}: {sentence}")  # noqa: T201
            deaths += died
        if not died:
            return deaths
    raise AssertionError


def at_random(root: Path, seed: int, times: int) -> int:
    """One store, life after life, each killed at some moment."""
    choice, said, deaths = random.Random(seed), list[int](), 0
    for _ in range(times):
        with kept(root, now=1e8) as it:
            first = max((one.number for one in it.remembered.generations.get("op", ())), default=0) + 1
        more, died = killed(root, sqlite3.connect, first, first + MOST, choice.uniform(0.0, LONGEST))
        deaths += died
        said += more
        if sentence := wrong(root, said):
            print(f"killed from outside: {sentence}")  # noqa: T201
            break
    return deaths


if __name__ == "__main__":
    place, how, *numbers = sys.argv[1:]
    print((at_statements if how == "statements" else at_random)(Path(place), *map(int, numbers)))  # noqa: T201
