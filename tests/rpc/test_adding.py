"""Modules that come and go while a real daemon runs, and live as long as it is not said otherwise."""

from __future__ import annotations

import pytest

from hotd.contract import requests
from hotd.contract.errors import Busy, Refused
from tests.rpc.test_restarts import again, serves
from tests.support.daemons import Running, running
from tests.support.ops import hosted, waiter

NEVER = """\
import time


def work():
    while True:
        time.sleep(0.05)
"""


def names(daemon: Running) -> list[str]:
    return [one["name"] for one in daemon.status()["modules"]]


@pytest.mark.slow
def test_an_added_module_lives_through_kills_and_goes_when_it_is_removed() -> None:
    """Loaded, watched, scaled, pinned; under its numbers; from a folder of its own, which is watched, too."""
    sources = {"long_op.py": waiter("one"), "late.py": waiter("one")}
    with running(sources, hosted(more='auto_permanent = "0s"')) as daemon:
        beyond = daemon.folder / "beyond"
        beyond.mkdir()
        (beyond / "other.py").write_text(waiter("one"))
        soon = ("--set", "auto_permanent=0s")
        ran = daemon.hotctl(
            "add", "late", "--entry", "late:work", "--replicas", "2", *soon, "--reason", "need", "--json"
        )
        assert ran.status == 0 and ran.json["outcome"] == "promoted", ran
        assert daemon.hotctl("add", "other", "--entry", "other:work", "--root", str(beyond), *soon).status == 0
        (beyond / "other.py").write_text(waiter("two"))
        daemon.until(lambda m: m["generation"] == 2, "other")
        daemon.ask(requests.Restart("other"))
        daemon.until(lambda m: serves(2)(m) and m["permanent"] == 2, "other")
        daemon.ask(requests.Scale("late", 3))
        daemon.ask(requests.Pin("late"))
        refused = (
            requests.Add("late", "late:work"), requests.Add("long_op", "late:work"), requests.Remove("long_op"),
            requests.Remove("late"),
        )  # fmt: skip
        for request in refused:
            with pytest.raises(Refused):
                daemon.ask(request)
        with again(daemon) as after:
            late = after.until(lambda m: m["serving"]["current"] == 3, "late")
            assert (late["added"], late["pinned"], late["overrides"]) == (True, True, {"replicas": 2})
            assert after.until(serves(2), "other")["added"] and not after.module()["added"]
            (beyond / "other.py").write_text(waiter("three"))
            after.until(lambda m: m["generation"] == 3, "other")
            assert "added: hotd.toml knows nothing of it  hotctl remove late" in after.hotctl("status").out
            after.ask(requests.Unpin("late"))
            ran = after.hotctl("remove", "late", "--reason", "enough", "--json")
            assert ran.status == 0 and ran.json["outcome"] == "done", ran
            assert names(after) == ["long_op", "other"]
            assert after.ask(requests.Remove("late"))["outcome"] == "done", "it is gone, as was asked for"
            causes = [one["cause"] for one in after.ask(requests.History("late"))["revisions"]]
            assert causes.count("hotctl add: need") == 1
            with again(after) as last:
                assert names(last) == ["long_op", "other"]
                after.write("late.py", waiter("later"))
                change = last.ask(requests.Add("late", "late:work"))
                assert change["modules"][0]["generation"] == 2, "its numbers went on"


@pytest.mark.slow
def test_a_removal_that_takes_long_is_told_and_holds_after_a_kill() -> None:
    """Who holds it up is named; nothing new starts; the next daemon does not host it."""
    with running({"long_op.py": waiter("one"), "late.py": NEVER}, hosted()) as daemon:
        daemon.ask(requests.Add("late", "late:work"))
        daemon.until(serves(1), "late")
        ran = daemon.hotctl("remove", "late", "--timeout", "300ms")
        assert ran.status == 4 and "late-1 to end; then it goes" in ran.err, ran
        assert daemon.module("late")["leaving"]
        with pytest.raises(Busy):
            daemon.ask(requests.Reload(("late",)))
        why = daemon.hotctl("why", "late").out
        assert "late is being removed: hotctl remove" in why and "time.sleep(0.05)" in why
        with again(daemon) as after:
            assert names(after) == ["long_op"]


@pytest.mark.slow
def test_a_root_that_is_gone_keeps_nobody_from_serving() -> None:
    """The module is degraded and says why; when the folder is back it loads."""
    with running({"long_op.py": waiter("one")}, hosted(more='auto_permanent = "0s"')) as daemon:
        beyond = daemon.folder / "beyond"
        beyond.mkdir()
        (beyond / "other.py").write_text(waiter("one"))
        daemon.ask(requests.Add("other", "other:work", (str(beyond),)))
        beyond.rename(daemon.folder / "away")
        with again(daemon) as after:
            after.until(serves(1))
            assert after.module("other")["health"] == "Degraded"
            (daemon.folder / "away").rename(beyond)
            after.until(serves(1), "other")
