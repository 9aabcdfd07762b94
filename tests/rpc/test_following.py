"""``events -f``, the client's stream and ``wait`` over a restart and a kill: nothing twice, nothing lost."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hotctl import connect
from tests.support.daemons import Running, environment, running, serving
from tests.support.eventually import eventually
from tests.support.ops import hosted, waiter


class Follower:
    """A hotctl process that follows, and what it has printed."""

    def __init__(self, daemon: Running, *words: str) -> None:
        self.out, self.err = daemon.folder / f"{words[0]}.out", daemon.folder / f"{words[0]}.err"
        command = [sys.executable, "-m", "hotctl", "--socket", str(daemon.socket), *words]
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen(command, stdout=out, stderr=err, env=environment())

    @property
    def documents(self) -> list[Any]:
        whole, _, _ = self.out.read_text().rpartition("\n")
        return [json.loads(line) for line in whole.splitlines()]

    @property
    def told(self) -> list[str]:
        return self.err.read_text().splitlines()


@contextlib.contextmanager
def following(daemon: Running, *words: str) -> Iterator[Follower]:
    follower = Follower(daemon, *words)
    try:
        yield follower
    finally:
        follower.process.kill()
        follower.process.wait()


@contextlib.contextmanager
def next_daemon(folder: Path) -> Iterator[Running]:
    (folder / "daemon.log").unlink()
    with serving(folder) as daemon:
        yield daemon


def test_events_are_followed_over_a_restart_and_a_kill() -> None:
    """By hotctl and by a program: every event of three daemons, each once; and who reads it is told of the gaps."""
    seen: list[int] = []
    stop = threading.Event()

    def program(path: str) -> None:
        with connect(path) as client:
            for event in client.events(follow=True, after=0):
                seen.append(event.seq)
                if stop.is_set():
                    return

    with running({"long_op.py": waiter("one")}, hosted()) as first:
        reader = threading.Thread(target=program, args=(str(first.socket),))
        reader.start()
        with following(first, "events", "-f", "--json", "--since", "0") as follower:
            first.until(lambda m: m["serving"]["current"] == 1)
            eventually(lambda: any(one["event"] == "instance.started" for one in follower.documents))
            assert first.stop() == 0
            with next_daemon(first.folder) as second:
                second.hotctl("scale", "long_op", "2")
                eventually(lambda: any(one["event"] == "module.scaled" for one in follower.documents))
                second.stop(signal.SIGKILL)
                with next_daemon(first.folder) as third:
                    third.hotctl("scale", "long_op", "3")
                    newest = third.status()["daemon"]["seq"]
                    eventually(lambda: follower.documents[-1]["seq"] >= newest)
                    eventually(lambda: seen[-1] >= newest)
                    stop.set()
                    third.hotctl("scale", "long_op", "1")
                    reader.join(30)
                    read = [one["seq"] for one in follower.documents]
                    events = [one["event"] for one in follower.documents]
                    told = [line for line in follower.told if "daemon" in line]
    assert read == list(range(1, len(read) + 1)) and read[-1] >= newest
    assert seen == list(range(1, len(seen) + 1))
    assert events.count("daemon.started") == 3 and events.count("daemon.stopping") == 1
    assert told == [
        "hotctl: the daemon ends; waiting for the next one",
        "hotctl: the daemon is back",
        "hotctl: the daemon is gone; waiting for the next one",
        "hotctl: the daemon is back",
    ]


def test_logs_are_followed_into_the_next_daemon() -> None:
    """The last words of the one, then all of the other: lines go with the daemon that kept them."""
    with (
        running({"long_op.py": waiter("one")}, hosted()) as first,
        following(first, "logs", "long_op", "-f", "--json") as follower,
    ):
        eventually(lambda: [one["text"] for one in follower.documents] == ["begin one"])
        assert first.stop() == 0
        first.write("long_op.py", waiter("two"))
        with next_daemon(first.folder) as second:
            eventually(lambda: "begin two" in [one["text"] for one in follower.documents])
            assert [one["text"] for one in follower.documents][:2] == ["begin one", "end one"]
            assert second.status()["daemon"]["pid"] != first.process.pid


def test_a_daemon_whose_past_was_not_kept_is_told_apart() -> None:
    """The state is gone: its numbers begin again, all of its events are told, and that others may be missing."""
    with running({"long_op.py": waiter("one")}, hosted()) as first:
        first.until(lambda m: m["serving"]["current"] == 1)
        with following(first, "events", "-f", "--json", "--since", "0") as follower:
            eventually(lambda: follower.documents)
            first.stop()
            for kept in (first.folder / "state").iterdir():
                kept.unlink()
            with next_daemon(first.folder) as second:
                second.hotctl("scale", "long_op", "2")
                eventually(lambda: [one["event"] for one in follower.documents].count("daemon.started") == 2)
                assert any("knows nothing of the events before" in line for line in follower.told)
                read = [one["seq"] for one in follower.documents]
    anew = read.index(1, 1)
    assert read[:anew] == list(range(1, anew + 1)) and read[anew:] == list(range(1, len(read) - anew + 1))


def test_a_shutdown_returns_when_the_daemon_has_ended() -> None:
    """It waits for what runs, is told by whom, and nothing is left: no socket, no process. Exit 0."""
    with running({"long_op.py": waiter("one")}, hosted()) as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 1)

        ran = daemon.hotctl("shutdown", "--drain", "--reason", "new machine")

        assert (ran.status, ran.out) == (0, "the daemon ends: 1 instance asked to end and waited for\n")
        assert ran.err == "the daemon has ended\n"
        assert daemon.process.wait(30) == 0
        assert not daemon.socket.exists()
        assert "end one" in daemon.output and "stopped; every instance ended" in daemon.log


def callers(daemon: Running) -> int:
    """Connections to its socket, as the kernel lists them; the listener is one line more."""
    return Path("/proc/net/unix").read_text().count(f" {daemon.socket}\n") - 1


def test_a_wait_goes_on_with_the_next_daemon() -> None:
    """By hotctl and by a program: what was waited for comes after a restart."""
    reached: list[str] = []

    def program(path: str) -> None:
        with connect(path) as client:
            reached.append(client.wait("long_op", "generation>=2", timeout=120).message)

    with running({"long_op.py": waiter("one")}, hosted()) as first:
        reader = threading.Thread(target=program, args=(str(first.socket),))
        reader.start()
        with following(first, "wait", "long_op", "--for", "generation>=2", "--timeout", "2m") as waiting:
            eventually(lambda: callers(first) == 2)
            assert first.stop() == 0
            with next_daemon(first.folder) as second:
                second.write("long_op.py", waiter("two"))
                assert waiting.process.wait(60) == 0
                reader.join(60)
    assert len(reached) == 1 and "long_op" in reached[0]
