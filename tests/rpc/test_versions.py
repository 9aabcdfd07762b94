"""Distributions that are others than when a generation was new: told at a start, at an undo, and while it lasts."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from hotd.contract import requests
from tests.rpc.test_restarts import serves
from tests.support.daemons import Running, config, folder_for_sockets, launch, ready
from tests.support.ops import hosted, waiter


def install(folder: Path, version: str) -> None:
    """A distribution, as pip leaves it."""
    for old in folder.glob("lib/fakery-*"):
        (old / "METADATA").unlink()
        old.rmdir()
    found = folder / "lib" / f"fakery-{version}.dist-info"
    found.mkdir(parents=True)
    (found / "METADATA").write_text(f"Metadata-Version: 2.1\nName: fakery\nVersion: {version}\n")


@contextlib.contextmanager
def life(folder: Path) -> Iterator[Running]:
    """A daemon that sees what is installed; killed at its end."""
    daemon = launch(folder, env={"PYTHONPATH": str(folder / "lib")})
    try:
        ready(daemon)
        yield daemon
    finally:
        daemon.process.kill()
        daemon.process.wait()
        (folder / "daemon.log").unlink()


@pytest.mark.slow
def test_who_is_brought_back_over_other_versions_is_told_so() -> None:
    """At a start and at an undo: in the answer, the stream, the status, and why."""
    with folder_for_sockets() as folder:
        (folder / "hotd.toml").write_text(config(hosted(more='auto_permanent = "0s"\nstandby = 0')))
        (folder / "ops").mkdir()
        (folder / "ops" / "long_op.py").write_text(waiter("one"))
        install(folder, "2.7")
        with life(folder) as daemon:
            daemon.until(lambda m: serves(1)(m) and m["permanent"] == 1)
            assert daemon.module()["moved"] == ""
        install(folder, "2.9")
        moved = "fakery 2.7 -> 2.9 since g1"
        with life(folder) as daemon:
            assert daemon.until(serves(1))["moved"] == moved
            assert f"over other versions: {moved}" in daemon.hotctl("status").out
            assert f"it runs over {moved}" in daemon.hotctl("why", "long_op").out
            start = next(one for one in daemon.ask(requests.History())["revisions"] if one["cause"] == "start")
            (change,) = daemon.ask(requests.Outcome(start["revision"]))["modules"]
            assert change["note"] == moved
            daemon.write("long_op.py", waiter("two"))
            daemon.until(lambda m: m["generation"] == 2)
            daemon.ask(requests.Restart("long_op"))
            assert daemon.until(lambda m: serves(2)(m) and len(m["generations"]) == 1)["moved"] == ""
            assert daemon.ask(requests.Diff("long_op", 1, 2))["moved"] == moved
            ran = daemon.hotctl("undo", "long_op")
            assert ran.status == 0 and moved in ran.out
            told = [one["message"] for one in daemon.ask(requests.Events())["events"] if one["event"] == "module.moved"]
            assert told == [f"long_op runs over {moved}"] * 2
            assert daemon.module()["moved"] == moved
