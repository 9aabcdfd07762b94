"""``hotctl deploy`` against a real daemon."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from hotctl import connect
from tests.support.daemons import environment, running
from tests.support.eventually import eventually
from tests.support.ops import hosted, waiter

TWO = hosted("a", "a:work") + hosted("b", "b:work")


def test_all_that_a_command_changed_is_one_rollout_or_none() -> None:
    """While it runs nothing moves; its failure leaves everything as it was, and what it wrote OutOfSync."""
    with running({"a.py": waiter("one"), "b.py": waiter("one")}, TWO) as daemon:
        for name in ("a", "b"):
            daemon.until(lambda m: m["serving"]["current"] == 1, name)
        ops = daemon.folder / "ops"
        both = f"sed -i s/one/two/ {ops}/a.py; sleep 0.3; sed -i s/one/two/ {ops}/b.py"

        done = daemon.hotctl("deploy", "--json", "--", "sh", "-c", f"echo pulling; {both}")

        assert (done.status, done.json["outcome"]) == (0, "promoted"), done
        assert "pulling" in done.err
        assert [(one["module"], one["generation"]) for one in done.json["modules"]] == [("a", 2), ("b", 2)]
        (newest, *_) = daemon.hotctl("history", "--json").json
        assert (newest["outcome"], newest["cause"][:21]) == ("promoted", "hotctl deploy: sh -c ")

        failed = daemon.hotctl("deploy", "--", "sh", "-c", f"sed -i s/two/three/ {ops}/a.py; exit 7")

        assert failed.status == 7
        assert daemon.module("a")["generation"] == 2
        eventually(lambda: daemon.module("a")["out_of_sync"])
        assert daemon.hotctl("reload", "a").status == 0


def test_what_was_deployed_with_something_broken_is_not_loaded_by_itself_afterwards() -> None:
    """The good half neither: the watcher has it from the deploy, and leaves it until somebody says so or changes it."""
    with running({"a.py": waiter("one"), "b.py": waiter("one")}, TWO) as daemon:
        for name in ("a", "b"):
            daemon.until(lambda m: m["serving"]["current"] == 1, name)
        ops = daemon.folder / "ops"

        done = daemon.hotctl("deploy", "--", "sh", "-c", f"sed -i s/one/two/ {ops}/a.py; echo 'def (' > {ops}/b.py")
        daemon.write("b.py", waiter("two"))
        daemon.until(lambda m: m["generation"] == 2, "b")

        assert done.status == 3
        assert (daemon.module("a")["generation"], daemon.module("a")["out_of_sync"]) == (1, True)
        assert daemon.hotctl("reload", "a").status == 0


@pytest.mark.slow
@pytest.mark.parametrize("watch", ("", 'backend = "polling"\ninterval = "300ms"'), ids=("inotify", "polling"))
def test_what_a_failed_deploy_wrote_is_not_found_and_loaded_by_a_later_look(watch: str) -> None:
    """Neither by the next round of polling nor by the sweep of what is loaded, which finds the other file here."""
    with running({"a.py": waiter("one"), "b.py": waiter("one")}, TWO, watch=watch) as daemon:
        for name in ("a", "b"):
            daemon.until(lambda m: m["serving"]["current"] == 1, name)
        ops = daemon.folder / "ops"
        (daemon.folder / "elsewhere.py").hardlink_to(ops / "b.py")

        (daemon.folder / "behind.py").hardlink_to(ops / "a.py")

        write = f"sed s/one/two/ {ops}/a.py > new; cat new > behind.py; exit 7"
        done = daemon.hotctl("deploy", "--", "sh", "-c", f"cd {daemon.folder}; {write}")
        assert done.status == 7
        assert daemon.until(lambda m: m["out_of_sync"], "a")["generation"] == 1
        (daemon.folder / "elsewhere.py").write_text(waiter("two"))  # no event below a root
        daemon.until(lambda m: m["generation"] == 2, "b")

        assert (daemon.module("a")["generation"], daemon.module("a")["out_of_sync"]) == (1, True)
        assert daemon.hotctl("deploy", "--", "sh", "-c", f"sed -i s/two/three/ {ops}/a.py").status == 0
        assert daemon.module("a")["generation"] == 2


def test_a_client_that_is_killed_lets_go_by_itself() -> None:
    """Nobody else has to know that there was a deploy: with the Python API the hold is given back on the way out."""
    with running({"a.py": waiter("one"), "b.py": waiter("one")}, TWO) as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 1, "a")
        with connect(str(daemon.socket)) as api:
            with api.deploying("a", reason="by hand") as deployment:
                assert daemon.hotctl("deploy", "--", "true").status == 5
                daemon.write("a.py", waiter("two"))
            assert deployment.change is not None and deployment.change.outcome == "promoted"
        runs = daemon.folder / "runs"
        command = ["sh", "-c", f"echo $$ > {runs}.new; mv {runs}.new {runs}; exec sleep 60"]
        stays = subprocess.Popen(
            [sys.executable, "-m", "hotctl", "--socket", str(daemon.socket), "deploy", "--", *command],
            env=environment(), start_new_session=True,
        )  # fmt: skip
        eventually(runs.exists)
        assert daemon.module("a")["watch"] == "paused"

        stays.send_signal(signal.SIGINT)  # the shell would tell the command as well
        os.kill(int(runs.read_text()), signal.SIGTERM)

        assert stays.wait(10) == 130
        assert daemon.module("a")["watch"] == "auto"
