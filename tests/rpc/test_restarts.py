"""A daemon that was killed, and the one that comes after it, seen from outside."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hotctl import connect
from hotd.contract import requests
from hotd.contract.errors import StoreDegraded
from tests.support.daemons import Running, launch, running, serving
from tests.support.eventually import eventually
from tests.support.ops import hosted, waiter

ONE = hosted(more='auto_permanent = "0s"')
TWO = ONE + hosted("other", "other:work", 2, 'auto_permanent = "1h"')
SOURCES = {"long_op.py": waiter("one"), "other.py": waiter("one")}


def serves(number: int) -> Callable[[Any], bool]:
    return lambda module: module["generation"] == number and module["serving"]["current"] > 0


@contextlib.contextmanager
def again(daemon: Running, how: int | None = signal.SIGKILL) -> Iterator[Running]:
    """The next daemon over the same folder, after this one was ended."""
    if how is not None:
        daemon.stop(how)
    # What the one before said would be taken for the word of this one.
    (daemon.folder / "daemon.log").rename(daemon.folder / "daemon.log.1")
    with serving(daemon.folder) as following:
        yield following


def lasting(change: Any) -> Any:
    """An outcome without what is of the moment when it is asked for: who serves, and what that comes to."""
    of_now = {"serving", "note"}
    modules = [{key: said for key, said in one.items() if key not in of_now} for one in change["modules"]]
    return {**change, "modules": modules}


@pytest.mark.slow
def test_what_anybody_was_told_is_so_after_a_kill() -> None:
    """Generations under their numbers, history, failures, events, outcomes; replicas, pauses, pins, quarantine."""
    with running(SOURCES, TWO) as daemon:
        daemon.until(lambda m: serves(1)(m) and m["permanent"] == 1)
        daemon.write("long_op.py", waiter("two"))
        daemon.until(lambda m: m["generation"] == 2)
        daemon.hotctl("restart", "long_op")
        daemon.until(lambda m: serves(2)(m) and m["permanent"] == 2)
        daemon.write("long_op.py", "def (")
        daemon.until(lambda m: m["rejected"])
        assert daemon.hotctl("undo", "long_op", "--reason", "slow").status == 0
        assert daemon.hotctl("scale", "other", "1").status == 0
        assert daemon.hotctl("pin", "other").status == 0
        assert daemon.hotctl("pause").status == 0
        history = daemon.hotctl("history", "--json").json
        errors = daemon.hotctl("errors", "long_op", "--json").json
        events = daemon.hotctl("events", "--json").out.splitlines()
        generations = daemon.hotctl("generations", "long_op", "--json").json
        outcome = daemon.hotctl("outcome", str(history[0]["revision"]), "--json").json
        before = daemon.status()
        with again(daemon) as after:
            module = after.until(serves(1))
            assert module["permanent"] == 1 and module["out_of_sync"] and module["watch"] == "paused"
            other = after.module("other")
            assert (other["replicas"], other["pinned"], other["overrides"]) == (1, True, {"replicas": 2})
            now = after.hotctl("history", "--json").json
            assert [one for one in now if one["revision"] <= history[0]["revision"]] == history
            assert [one["cause"] for one in now[: -len(history)]] == ["start"]
            assert after.hotctl("errors", "long_op", "--json").json == errors
            assert lasting(after.hotctl("outcome", str(history[0]["revision"]), "--json").json) == lasting(outcome)
            later = after.hotctl("generations", "long_op", "--json").json
            told = [(g["generation"], g["digest"], g["cause"], g["created_at"]) for g in generations]
            assert [(g["generation"], g["digest"], g["cause"], g["created_at"]) for g in later] == told
            assert after.status()["daemon"]["seq"] > before["daemon"]["seq"]
            with connect(str(after.socket)) as caller:
                seen = [event.seq for event in caller.events(after=0)]
                assert seen == list(range(1, len(seen) + 1)) and len(seen) > len(events)
            after.write("long_op.py", waiter("three"))
            assert after.hotctl("resume").status == 0
            after.until(lambda m: m["generation"] == 3)


@pytest.mark.slow
def test_a_start_runs_what_is_permanent_and_then_tries_the_disk() -> None:
    """Broken source on disk keeps nobody from serving; good source is loaded as any change is."""
    with running({"long_op.py": waiter("one")}, ONE) as daemon:
        daemon.until(lambda m: serves(1)(m) and m["permanent"] == 1)
        daemon.stop(signal.SIGTERM)
        daemon.write("long_op.py", "def (")
        with again(daemon, None) as after:
            module = after.until(serves(1))
            assert module["health"] == "Healthy" and module["rejected"]["reason"] == "syntax-error"
            after.stop(signal.SIGKILL)
            after.write("long_op.py", waiter("two"))
            with again(after, None) as last:
                assert last.module()["generation"] == 2, "it is ready when the disk was tried, too"


@pytest.mark.slow
def test_code_that_ends_the_process_as_it_is_imported_costs_three_deaths() -> None:
    """Whoever restarts the daemon gets one that serves in the end, and says what it will not import again."""
    with running({"long_op.py": waiter("one")}, ONE) as daemon, contextlib.ExitStack() as lives:
        daemon.until(lambda m: serves(1)(m) and m["permanent"] == 1)
        daemon.write("long_op.py", "import os\nos._exit(3)\n")
        daemon.process.wait(20)
        for _ in range(2):
            following = launch(daemon.folder)
            lives.callback(following.process.wait)
            lives.callback(following.process.kill)
            assert following.process.wait(20) == 3
        last = lives.enter_context(again(daemon, None))
        module = last.until(serves(1))
        assert [one["reason"] for one in module["conditions"]] == ["fatal"] and module["health"] == "Healthy"
        last.write("long_op.py", waiter("two"))
        last.until(lambda m: m["generation"] == 2)


def test_the_log_of_a_daemon_that_crashes_ends_with_where() -> None:
    """Whoever reads it sees which code did that, in which thread, and at which line."""
    with running({"long_op.py": waiter("one")}, ONE) as daemon:
        daemon.write("long_op.py", "import ctypes\n\nctypes.string_at(0)\n")
        assert daemon.process.wait(20) == -signal.SIGSEGV
        said = daemon.log[daemon.log.index("Fatal Python error: Segmentation fault") :]
        assert re.search(
            r'Current thread .*\n(?:  File ".*ctypes.*\n)*  File "[^"]*ops/long_op\.py[^"]*", line 3 ', said
        )


@pytest.mark.slow
def test_what_left_memory_can_be_undone_to() -> None:
    """Its sources come from the store, whatever became of the files."""
    with running({"long_op.py": waiter("one")}, hosted(more="standby = 0")) as daemon:
        daemon.until(serves(1))
        for number, text in ((2, "two"), (3, "three")):
            daemon.write("long_op.py", waiter(text))
            daemon.until(lambda m, number=number: m["generation"] == number)
            daemon.hotctl("restart", "long_op")
            daemon.until(serves(number))
        (daemon.folder / "ops" / "long_op.py").unlink()
        daemon.until(lambda m: [g["generation"] for g in m["generations"]] == [3])
        ran = daemon.hotctl("undo", "long_op", "--to", "1", "--json")
        assert ran.status == 0 and ran.json["outcome"] == "undone"
        assert (ran.json["modules"][0]["generation"], ran.json["modules"][0]["previous"]) == (1, 3)
        daemon.hotctl("restart", "long_op")
        daemon.until(serves(1))
        eventually(lambda: daemon.output.rstrip().endswith("begin one"))


@pytest.mark.slow
def test_what_one_rollout_changed_before_a_kill_is_taken_back_as_one() -> None:
    """Two modules that share a helper: both go back, in one revision, and what was undone is not done again."""
    sources = {name: f"import helper\n\n{waiter('x')}" for name in ("long_op.py", "other.py")}
    modules = "".join(
        hosted(name, f"{name}:work", more='auto_permanent = "0s"\nstandby = 0') for name in ("long_op", "other")
    )
    names = ("long_op", "other")
    with running({**sources, "helper.py": "STEP = 1\n"}, modules) as daemon:
        daemon.write("helper.py", "STEP = 2\n")
        daemon.ask(requests.Reload(all=True, atomic=True))
        revision = next(
            one["revision"]
            for one in daemon.ask(requests.History())["revisions"]
            if [(m["from"], m["to"]) for m in one["modules"]] == [(1, 2), (1, 2)]
        )
        for name in names:
            daemon.ask(requests.Restart(name))
            daemon.until(lambda m: serves(2)(m) and m["permanent"] == 2, name)
        with again(daemon) as after:
            ran = after.hotctl("undo", "--revision", str(revision), "--json")
            assert ran.status == 0 and ran.json["outcome"] == "undone", ran
            assert [(m["module"], m["previous"], m["generation"]) for m in ran.json["modules"]] == [
                (name, 2, 1) for name in names
            ]
            assert after.ask(requests.History())["revisions"][0]["revision"] == ran.json["revision"]
            again_ = after.hotctl("undo", "--revision", str(revision))
            assert again_.status == 5 and "is at g1 by now" in again_.err
            for name in names:
                after.ask(requests.Restart(name))
                module = after.until(serves(1), name)
                assert module["permanent"] == 1
                assert [one["reason"] for one in module["conditions"] if one["type"] == "OutOfSync"] == ["undone"]


LATE = """\
import importlib
import os
from hotd import api
import util


def work():
    while not os.path.exists({gate!r}):
        if api.wait(0.02):
            return
    with open({gate!r}) as file:
        print("learned", importlib.import_module(file.read()).V)
    while not api.wait(60):
        pass
"""
"""Which name it imports only running it tells, and it runs no further than it is let."""


@contextlib.contextmanager
def learned() -> Iterator[tuple[Running, Path]]:
    """A daemon whose code has imported by a computed name; the next one's does not while there is no such file."""
    with tempfile.TemporaryDirectory() as name:
        gate = Path(name) / "gate"
        gate.write_text("helper", "utf-8")
        sources = {"long_op.py": LATE.format(gate=str(gate)), "util.py": "V = 1\n", "helper.py": "V = 1\n"}
        with running(sources, ONE) as daemon:
            daemon.until(lambda m: serves(1)(m) and m["permanent"] == 1)
            eventually(lambda: "learned 1" in daemon.output)
            yield daemon, gate


@pytest.mark.slow
def test_what_was_refused_is_not_executed_again_by_the_next_daemon() -> None:
    """Though that does not know yet which names the code imports only as it runs; a change of one of them counts."""
    with learned() as (daemon, gate):
        tried = gate.with_name("tried")
        daemon.write("util.py", f"with open({str(tried)!r}, 'a') as file:\n    file.write('x')\n1/0\n")
        digest = daemon.until(lambda m: m["rejected"])["rejected"]["digest"]
        gate.unlink()
        with again(daemon) as after:
            module = after.until(serves(1))
            assert tried.read_text() == "x"
            assert module["rejected"]["digest"] == digest
            after.write("helper.py", "V = 2\n")
            eventually(lambda: tried.read_text() == "xx")


@pytest.mark.slow
def test_what_was_undone_is_not_brought_back_by_the_next_daemon() -> None:
    """Though that does not know yet which names the code imports only as it runs."""
    with learned() as (daemon, gate):
        daemon.write("util.py", "V = 2\n")
        daemon.until(lambda m: m["generation"] == 2)
        assert daemon.hotctl("undo", "long_op").status == 0
        gate.unlink()
        with again(daemon) as after:
            module = after.module()
            assert module["generation"] == 1
            assert [one["reason"] for one in module["conditions"] if one["type"] == "OutOfSync"] == ["undone"]


@pytest.mark.slow
def test_a_store_that_cannot_be_read_is_begun_anew_and_told_of() -> None:
    """The daemon serves; what there was lies beside it."""
    with running({"long_op.py": waiter("one")}, ONE) as daemon:
        daemon.until(serves(1))
        daemon.stop(signal.SIGKILL)
        for path in (daemon.folder / "state").glob("hotd.db*"):
            path.write_bytes(b"\0nothing that anybody could read" * 1000)
        with again(daemon, None) as after:
            after.until(serves(1))
            (condition,) = after.status()["daemon"]["conditions"]
            assert (condition["type"], condition["reason"]) == ("StoreDegraded", "aside")
            place = Path(condition["message"].rpartition(" lies in ")[2])
            assert place.read_bytes().startswith(b"\0nothing")
            assert "cannot be read" in after.log


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0 and not os.environ.get("CI"), reason="only root may mount")
def test_a_full_disk_keeps_nothing_from_serving() -> None:
    """No promote until there is room; an undo, and whatever needs no disk, all the same."""
    with running({"long_op.py": waiter("one")}, ONE, wait=False, watch="enabled = false") as daemon:
        daemon.stop(signal.SIGKILL)
        state = daemon.folder / "state"
        state.mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "none", str(state)], check=True)
        try:
            with again(daemon, None) as after:
                after.until(serves(1))
                after.write("long_op.py", waiter("two"))
                assert after.hotctl("reload", "long_op").status == 0
                (state / "hotd.db-filler").write_bytes(b"x" * _room(state))
                after.write("long_op.py", waiter("three") + f"# {os.urandom(300_000).hex()}\n")
                ran = after.hotctl("reload", "long_op", "--json")
                assert ran.status == 5 and ran.json["modules"][0]["error"]["code"] == StoreDegraded.code, ran
                assert "make room" in ran.json["modules"][0]["error"]["hint"]
                assert "the disk is full" in after.log and "what serves goes on, nothing new is promoted" in after.log
                ran = after.hotctl("undo", "long_op", "--json")
                assert ran.json["outcome"] == "undone" and after.module()["serving"]["current"] == 1
                (state / "hotd.db-filler").unlink()
                eventually(lambda: not after.status()["daemon"]["conditions"], within=20)
                assert after.module()["generation"] == 1
                assert after.hotctl("reload", "long_op").status == 0
                assert after.module()["generation"] == 3
        finally:
            subprocess.run(["umount", "-l", str(state)], check=True)


def _room(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


@pytest.mark.slow
def test_nobody_was_promised_what_a_kill_undid() -> None:
    """Killed while verbs rain: whatever was answered is so, and numbers keep their meaning."""
    with running({"long_op.py": waiter("0")}, ONE) as first:
        first.until(serves(1))
        daemon: Running = first
        with contextlib.ExitStack() as lives:
            for life in range(3):
                answered: dict[int, str] = {}
                replicas = 1
                with connect(str(daemon.socket), timeout=10) as caller, contextlib.suppress(Exception):
                    for step in range(50):
                        if step == 10 + life * 7:
                            daemon.process.send_signal(signal.SIGKILL)
                        daemon.write("long_op.py", waiter(f"{life}.{step}"))
                        change = caller.reload("long_op")
                        if change.revision is not None:
                            answered[change.revision] = json.dumps([m.generation for m in change.modules])
                        caller.scale("long_op", step % 3)
                        replicas = step % 3

                daemon.process.wait(20)
                daemon = lives.enter_context(again(daemon, None))
                with connect(str(daemon.socket)) as caller:
                    for revision, numbers in answered.items():
                        outcome = caller.outcome(revision)
                        assert json.dumps([m.generation for m in outcome.modules]) == numbers
                    assert caller.status("long_op").modules[0].replicas in (replicas, (replicas + 1) % 3)
                    revisions = [one.revision for one in caller.history(limit=500)]
                    assert revisions == sorted(set(revisions), reverse=True)
