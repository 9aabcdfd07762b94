"""What happened, why, by whom, how long it took and what was executed: told alike before and after a kill."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from hotd.contract import requests
from tests.rpc.test_restarts import again, serves
from tests.support.daemons import Running, running
from tests.support.ops import hosted, waiter

MODULE = hosted(more='standby = 0\nauto_permanent = "0s"')
SOURCES = {"long_op.py": f"import helper\n\n{waiter('one')}", "helper.py": "STEP = 1\n", "words.bin": "\0one"}


def faces(daemon: Running) -> dict[str, Any]:
    """Every face of the history, as programs read it."""
    return {
        "history": daemon.ask(requests.History("long_op"))["revisions"],
        "generations": daemon.ask(requests.Generations("long_op"))["generations"],
        "errors": daemon.ask(requests.Errors("long_op"))["errors"],
        "diff": daemon.ask(requests.Diff("long_op", 1, 2)),
    }


@pytest.mark.slow
def test_every_face_of_the_history_tells_cause_actor_duration_and_what_was_executed() -> None:
    """History, generations, errors, events, diff; sources of retired generations, too."""
    with running(SOURCES, MODULE, watch='also = ["*.bin"]') as daemon:
        daemon.until(serves(1))
        daemon.ask(requests.Pause())
        daemon.write("helper.py", "STEP = 2\n")
        daemon.write("words.bin", "\0two and more")
        assert daemon.hotctl("reload", "long_op", "--reason", "fix timeout").status == 0
        daemon.ask(requests.Restart("long_op"))
        daemon.until(lambda m: serves(2)(m) and [g["generation"] for g in m["generations"]] == [2])
        daemon.write("helper.py", "STEP = (\n")
        daemon.ask(requests.Resume())
        daemon.until(lambda m: m["rejected"])
        before = faces(daemon)
        with again(daemon) as after:
            after.until(serves(2))
            now = faces(after)
            assert now["errors"][: len(before["errors"])] == before["errors"] and now["diff"] == before["diff"]
            told = [one for one in now["history"] if one["revision"] <= before["history"][0]["revision"]]
            assert told == before["history"]
            reloaded = next(one for one in told if one["cause"] == "hotctl reload: fix timeout")
            assert reloaded["modules"] == [{"module": "long_op", "from": 1, "to": 2, "reloaded": ["helper", "long_op"]}]
            assert reloaded["actor"] and reloaded["duration_ms"] > 0
            second = next(one for one in now["generations"] if one["generation"] == 2)
            assert (second["cause"], second["reloaded"]) == ("hotctl reload: fix timeout", ["helper", "long_op"])
            failed = before["errors"][-1]
            assert (failed["cause"], failed["actor"]) == ("watch: helper.py", "watch") and failed["duration_ms"] > 0
            events = after.ask(requests.Events())["events"]
            (told,) = [
                one["fields"] for one in events if one["cause"] == reloaded["cause"] and "previous" in one["fields"]
            ]
            assert told["reloaded"] == ["helper", "long_op"] and told["duration_ms"] > 0
            _check_diff(after)


def _check_diff(daemon: Running) -> None:
    """Both generations come from the store; plain in a pipe, and patch takes it."""
    ran = daemon.hotctl("diff", "long_op", "1", "g2")
    assert ran.status == 0, ran.err
    assert ran.out == (
        "long_op g1 → g2: 2 files changed\n"
        "--- g1/helper.py\n+++ g2/helper.py\n@@ -1 +1 @@\n-STEP = 1\n+STEP = 2\n"
        "words.bin differs, 4 -> 13 bytes\n"
    )
    daemon.write("helper.py", "STEP = 1\n")
    subprocess.run(["patch", "-p1", "-s"], cwd=daemon.folder / "ops", input=ran.out.encode(), check=True)
    assert (daemon.folder / "ops" / "helper.py").read_text() == "STEP = 2\n"
    assert daemon.hotctl("diff", "long_op", "2").out == "long_op g2 → g2: no file differs\n"
    wrong = daemon.hotctl("diff", "long_op", "9")
    assert wrong.status == 66 and "did you mean g2?" in wrong.err
    assert "    long_op executed helper, long_op\n" in daemon.hotctl("history", "--parts").out
    assert "    executed helper, long_op\n" in daemon.hotctl("generations", "long_op", "--parts").out
