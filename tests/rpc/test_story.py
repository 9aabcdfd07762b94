"""The article's story against a real daemon, driven through the command line alone."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from statistics import median

from tests.support.daemons import environment, running
from tests.support.eventually import eventually
from tests.support.ops import article, hosted, waiter
from tests.support.terminal import on_a_terminal

ARTICLE = hosted(entry="long_op:LongOp", replicas=2, more='args = ["{instance}"]')


def test_overwriting_the_file_lets_old_instances_finish_and_new_ones_run_the_new_code() -> None:
    """``cp long_op.new.py long_op.py``: old instances go on, new ones run new code, both print for a while."""
    with running({"long_op.py": article("old", gate="go")}, ARTICLE) as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 2)

        daemon.write("long_op.py", article("new", gate="on"))

        seen = daemon.until(lambda m: m["generation"] == 2)
        assert seen["serving"] == {"current": 0, "old": 2}, "never more than replicas, so nothing runs g2 yet"
        (not_serving,) = (c for c in seen["conditions"] if c["type"] == "NotServing")
        assert not_serving["message"] == (
            "g2 is current but nothing runs it: long_op-1 and -2 stay on g1 until they end; "
            "`hotctl restart long_op` asks them to"
        )
        (daemon.folder / "go").touch()
        daemon.until(lambda m: m["serving"]["old"] == 0 and m["serving"]["current"] == 2)
        eventually(lambda: daemon.output.count("new, step 0") == 2)
        lines = daemon.hotctl("logs", "long_op", "--json", "-n", "500").out.splitlines()
        texts = daemon.hotctl("logs", "long_op", "-n", "500").out
        assert len(lines) >= 20
        for old in ("op 1: old, step 9", "op 2: old, step 9", "op 3: new, step 0"):
            assert old in texts
        assert "op 1: new" not in texts, "an instance finishes on exactly the code it started with"


def test_a_broken_edit_changes_nothing_but_the_news() -> None:
    """A syntax error is rejected with file and line, current serves on, the repair becomes g2."""
    with running({"long_op.py": waiter("one")}, hosted()) as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 1)

        path = daemon.write("long_op.py", "def work(:\n    pass\n")
        seen = daemon.until(lambda m: m["rejected"])

        assert seen["generation"] == 1 and seen["health"] == "Healthy" and seen["out_of_sync"]
        assert (seen["rejected"]["file"], seen["rejected"]["line"]) == (str(path), 1)
        told = daemon.hotctl("status").out
        assert f"{path}:1" in told and "g1 stays current" in told
        reload = daemon.hotctl("reload", "long_op")
        assert reload.status == 3 and f"{path}:1" in reload.out + reload.err

        daemon.write("long_op.py", waiter("two"))
        seen = daemon.until(lambda m: m["generation"] == 2)
        assert seen["rejected"] is None


def test_undo_goes_back_at_once_and_the_watcher_does_not_redo_it() -> None:
    """What was undone is quarantined until its content changes."""
    with running({"long_op.py": waiter("one")}, hosted()) as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 1)
        daemon.write("long_op.py", waiter("two"))
        daemon.until(lambda m: m["generation"] == 2)

        undone = daemon.hotctl("undo", "long_op", "--json", "--reason", "it smells")
        assert undone.status == 0 and undone.json["modules"][0]["outcome"] == "undone"

        daemon.write("long_op.py", waiter("two"))
        refused = daemon.hotctl("reload", "long_op", "--json")
        assert refused.status == 5
        assert refused.json["modules"][0]["error"]["code"] == "quarantined"
        seen = daemon.module()
        assert seen["generation"] == 1 and seen["out_of_sync"]

        forced = daemon.hotctl("reload", "long_op", "--force", "--json")
        assert forced.status == 0
        assert forced.json["modules"][0]["generation"] == 2, "the same digest keeps its number"
        (newest, *_) = daemon.hotctl("history", "--json").json
        assert newest["outcome"] == "promoted"
        assert any("it smells" in r["cause"] for r in daemon.hotctl("history", "--json").json)


def test_changes_while_paused_are_shown_and_applied_at_resume() -> None:
    """Paused is not blind."""
    with running({"long_op.py": waiter("one")}, hosted()) as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 1)
        assert daemon.hotctl("pause", "long_op").status == 0

        daemon.write("long_op.py", waiter("two"))
        seen = daemon.until(lambda m: m["out_of_sync"])
        assert seen["generation"] == 1 and seen["watch"] == "paused"

        assert daemon.hotctl("resume", "long_op").status == 0
        daemon.until(lambda m: m["generation"] == 2)


def test_resume_of_one_module_under_a_global_pause_names_the_cure() -> None:
    """Either flag holds; the lock that holds is named."""
    with running({"long_op.py": waiter("one")}, hosted()) as daemon:
        assert daemon.hotctl("pause").status == 0
        refused = daemon.hotctl("resume", "long_op")
        assert refused.status == 5 and "hotctl resume" in refused.err
        assert daemon.hotctl("resume").status == 0


def test_reload_says_what_was_executed_again_and_who_still_runs_the_old_code() -> None:
    """A helper's change re-executes its importer, and only what is affected."""
    sources = {
        "long_op.py": "import kept\nfrom helper import VERSION\nfrom hotd import api\n\n\n"
        "def work():\n    while not api.wait(60):\n        pass\n",
        "helper.py": "VERSION = 1\n",
        "kept.py": "BIG = object()\n",
    }
    with running(sources, hosted(), watch="enabled = false") as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 1)
        daemon.write("helper.py", "VERSION = 2\n")

        plan = daemon.hotctl("reload", "long_op", "--dry-run", "--json").json["modules"][0]
        assert {part["part"] for part in plan["plan"]} == {"long_op", "helper"} and plan["kept"] == ["kept"]
        assert daemon.module()["generation"] == 1

        reload = daemon.hotctl("reload", "long_op", "--json")
        assert reload.status == 0
        change = reload.json["modules"][0]
        assert set(change["reloaded"]) == {"helper", "long_op"}
        assert (change["previous"], change["generation"]) == (1, 2)
        assert change["serving"] == {"current": 0, "old": 1}

        again = daemon.hotctl("reload", "long_op", "--json").json
        assert again["outcome"] == "unchanged"

        drained = daemon.hotctl("restart", "long_op")
        assert drained.status == 0
        daemon.until(lambda m: m["serving"] == {"current": 1, "old": 0})


def test_wait_drained_waits_until_nobody_runs_the_old_code() -> None:
    """``reload --wait-drained`` returns when the last old instance ended."""
    with running({"long_op.py": article("old", gate="go")}, ARTICLE, watch="enabled = false") as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 2)
        daemon.write("long_op.py", article("new"))
        command = [sys.executable, "-m", "hotctl", "--socket", str(daemon.socket), "reload", "long_op"]
        waits = subprocess.Popen(
            [*command, "--wait-drained", "--json"], env=environment(), stdout=subprocess.PIPE, text=True
        )
        daemon.until(lambda m: m["generation"] == 2 and m["serving"]["old"] == 2)
        assert waits.poll() is None, "it waits"

        (daemon.folder / "go").touch()
        said, _ = waits.communicate(timeout=60)

        assert waits.returncode == 0
        assert json.loads(said)["modules"][0]["serving"]["old"] == 0


def test_a_reload_on_a_terminal_shows_who_is_waited_for() -> None:
    """Progress while it lasts, a sentence at the end."""
    with running({"long_op.py": article("old", gate="go")}, ARTICLE, watch="enabled = false") as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 2)
        daemon.write("long_op.py", article("new"))
        command = [
            sys.executable,
            "-m",
            "hotctl",
            "reload",
            "long_op",
            "--wait-drained",
            "--socket",
            str(daemon.socket),
        ]

        let_them_end = (daemon.folder / "go").touch
        status, text = on_a_terminal(
            command, {**environment(), "COLUMNS": "100"}, until="long_op-1 (g1", then=let_them_end
        )

        assert status == 0
        assert "waiting for" in text and "long_op-1 (g1" in text
        assert "promoted in" in text


def test_an_ended_instance_is_replaced_by_notification() -> None:
    """Under 10 ms on a quiet machine; a poll of three seconds in the article."""
    source = (
        "import time\n\n\ndef work():\n    print('at', time.monotonic())\n    time.sleep(1.05)\n"
        "    print('end', time.monotonic())\n"
    )
    with running({"long_op.py": source}, hosted()) as daemon:

        def gaps() -> list[float]:
            stamps = [line.split()[-2:] for line in daemon.hotctl("logs", "long_op").out.splitlines()]
            ends = [float(stamp) for word, stamp in stamps if word == "end"]
            begins = [float(stamp) for word, stamp in stamps if word == "at"][1:]
            return [begin - end for end, begin in zip(ends, begins, strict=False)][-3:]

        # The machine may be busy for a while: what counts is what it does as soon as it is not.
        eventually(lambda: len(gaps()) == 3 and median(gaps()) < 0.010, within=100)


def test_sigterm_drains_and_exits_0() -> None:
    """Instances that ask are let go at their checkpoint; the daemon reports and ends with 0."""
    with running({"long_op.py": waiter("one")}, hosted(replicas=3)) as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 3)
        assert daemon.stop() == 0
        assert "every instance ended" in daemon.log
        assert not daemon.socket.exists()


def test_an_instance_that_never_ends_is_reported_and_left_at_the_drain_deadline() -> None:
    """The daemon names who is left, and exits 0 all the same."""
    source = "import threading\n\n\ndef work():\n    threading.Event().wait()\n"
    with running({"long_op.py": source}, hosted()) as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 1)
        assert daemon.stop() == 0
        assert "long_op-1 on g1" in daemon.log


def test_a_second_sigint_is_immediate() -> None:
    """Somebody cannot wait."""
    source = "import threading\n\n\ndef work():\n    threading.Event().wait()\n"
    with running({"long_op.py": source}, hosted(), daemon='drain_deadline = "1h"') as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 1)
        daemon.process.send_signal(signal.SIGINT)
        eventually(lambda: "stopping" in daemon.log)
        assert daemon.stop(signal.SIGINT, timeout=60) == 130
