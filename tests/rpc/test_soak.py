"""A daemon that reloads all day: nothing of it grows."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from hotctl import connect
from hotd.contract.errors import StoreDegraded
from tests.support.daemons import Running, running
from tests.support.eventually import eventually
from tests.support.ops import hosted

SLOPE = 1024
"""Bytes a generation may cost for good."""
FULL = 1_500
"""Reloads until the bounded lists of the past are full: ten thousand events, the revisions, the records."""

SOURCE = """\
import gc, json, linecache, sys
from hotd import api
import helper

VERSION = {version}


def __hot_dispose__():
    helper.state()


def work():
    gc.collect()
    print(json.dumps([VERSION, len(sys.modules), len(linecache.cache)]))
    while not api.wait(60):
        pass
"""
HELPER = "STATE = {{'version': {version}}}\n\n\ndef state():\n    return STATE\n"


def reload(daemon: Running, client: Any, version: int) -> None:
    """An edit of both files; the instance of the last generation ends, and that leaves memory."""
    daemon.write("helper.py", HELPER.format(version=version))
    daemon.write("long_op.py", SOURCE.format(version=version))
    eventually(lambda: reloaded(client), within=90)


def reloaded(client: Any) -> bool:
    """Not while the disk is too busy to keep anything: that refuses whatever is new, as it should."""
    try:
        client.reload("long_op")
    except StoreDegraded:
        return False
    return True


def settled(client: Any) -> bool:
    (module,) = client.status().modules
    return module.health == "Healthy" and len(module.generations) == 1


def look(daemon: Running, client: Any, version: int) -> dict[str, int]:
    """What the process has, and what its newest instance saw from inside."""
    eventually(lambda: settled(client))
    modules, lines = eventually(lambda: printed(client, version))
    return {"sys.modules": modules, "linecache": lines}


def printed(client: Any, version: int) -> tuple[int, int]:
    """What the instance of that version saw; AssertionError before it has come so far."""
    (line,) = client.logs("long_op", limit=1)
    said, modules, lines = json.loads(line.text)
    assert said == version
    return modules, lines


def has(daemon: Running, what: str) -> int:
    """``fd`` or ``task``: how many the process has."""
    return len(os.listdir(f"/proc/{daemon.process.pid}/{what}"))  # noqa: PTH208 - names are all that is wanted


def resident(daemon: Running) -> int:
    pages = Path(f"/proc/{daemon.process.pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


SOURCES = {"long_op.py": SOURCE.format(version=1), "helper.py": HELPER.format(version=1)}
MODULE = hosted(more='standby = 0\non_change = "stop"\nmax_generations = 50')


@pytest.mark.slow
def test_a_daemon_that_reloads_keeps_nothing() -> None:
    """Every generation leaves memory; threads, descriptors, modules and cached lines stay as they were."""
    with running(SOURCES, MODULE, watch="enabled = false") as daemon, connect(str(daemon.socket)) as client:
        for version in range(2, 7):
            reload(daemon, client, version)
        before, threads = look(daemon, client, 6), has(daemon, "task")
        descriptors = has(daemon, "fd")
        for version in range(7, 27):
            reload(daemon, client, version)
        after = look(daemon, client, 26)
        # The sources of the last 256 contents stay compiled, as ever, and each has its lines.
        assert after["linecache"] - before.pop("linecache") == 2 * 20 and after.pop("linecache")
        assert after == before
        # Threads of the daemon look at files all the time, and have one open for a moment.
        eventually(lambda: has(daemon, "fd") <= descriptors)
        eventually(lambda: has(daemon, "task") <= threads, within=20)
        assert client.why("long_op").reasons == ()
        assert client.why("long_op", 10).reasons == ()
        events = [event.event for event in client.events(limit=1000)]
        assert events.count("generation.retired") == 25
        assert not {"generation.leaked", "hook.failed"} & set(events)


@pytest.mark.soak
def test_a_daemon_that_reloads_all_day_takes_no_more_memory() -> None:
    """Three thousand reloads after the lists of the past are full."""
    with running(SOURCES, MODULE, watch="enabled = false") as daemon, connect(str(daemon.socket)) as client:
        for version in range(2, FULL):
            reload(daemon, client, version)
        before, threads = look(daemon, client, FULL - 1), has(daemon, "task")
        memory = resident(daemon)
        for version in range(FULL, FULL + 3_000):
            reload(daemon, client, version)
        assert look(daemon, client, FULL + 2_999) == before
        eventually(lambda: has(daemon, "task") <= threads, within=20)
        assert (resident(daemon) - memory) / 3_000 < SLOPE
