"""Which commit and which release every revision came from, before and after a kill."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotd.contract import requests
from tests.integration.loading.test_origins import git
from tests.rpc.test_restarts import again, serves
from tests.support.daemons import config, folder_for_sockets, launch, ready
from tests.support.ops import hosted, waiter


def release(folder: Path, name: str, text: str) -> str:
    """A release of its own folder and repository; its commit."""
    ops = folder / "releases" / name / "ops"
    ops.mkdir(parents=True)
    (ops / "long_op.py").write_text(waiter(text))
    git(ops.parent, "init", "-q", "-b", "main")
    git(ops.parent, "add", "-A")
    git(ops.parent, "commit", "-q", "-m", text)
    return git(ops.parent, "rev-parse", "HEAD")


def point(folder: Path, name: str) -> None:
    (folder / "next").symlink_to(f"releases/{name}")
    (folder / "next").rename(folder / "current")


@pytest.mark.slow
def test_every_revision_tells_commit_and_release() -> None:
    """A deploy that points a link elsewhere, an edit, an undo; from the store as from memory."""
    with folder_for_sockets() as folder:
        commits = {name: release(folder, name, name) for name in ("1", "2")}
        point(folder, "1")
        text = config(hosted(more='auto_permanent = "0s"')).replace('["ops"]', '["current/ops"]')
        (folder / "hotd.toml").write_text(text)
        daemon = launch(folder)
        try:
            ready(daemon)
            daemon.until(serves(1))
            ran = daemon.hotctl("deploy", "--", "sh", "-c", f"cd {folder} && ln -s releases/2 n && mv -T n current")
            assert ran.status == 0, ran.err
            daemon.ask(requests.Restart("long_op"))
            daemon.until(serves(2))
            daemon.ask(requests.Undo("long_op"))
            before = daemon.ask(requests.History())["revisions"]
            told = [(one["outcome"], one["commit"], *(o["target"] for o in one["origins"])) for one in before]
            led = {name: str(folder / "releases" / name / "ops") for name in commits}
            first, second = ((commits[name], led[name]) for name in commits)
            assert told == [("undone", *first), ("promoted", *second), ("promoted", *first)]
            with again(daemon) as after:
                after.until(serves(1))
                now = after.ask(requests.History())["revisions"]
                assert now[-len(before) :] == before
                assert (now[0]["cause"], now[0]["commit"]) == ("start", commits["1"])
                generations = after.ask(requests.Generations("long_op"))["generations"]
                assert [one["origins"][0]["commit"] for one in generations] == [commits["2"], commits["1"]]
                shown = after.hotctl("history").out
                assert f"{commits['2'][:12]}, → releases/2\n" in shown
                outcome = after.hotctl("outcome", str(before[1]["revision"])).out
                assert f"from {folder}/current/ops → {led['2']}, commit {commits['2']}\n" in outcome
        finally:
            daemon.process.kill()
            daemon.process.wait()
