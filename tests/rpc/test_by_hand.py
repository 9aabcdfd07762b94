"""Rollouts by hand, and the ones that are taken back."""

from __future__ import annotations

from tests.support.daemons import running
from tests.support.ops import hosted, waiter


def test_a_staged_candidate_waits_for_its_word() -> None:
    """stage, look, promote; stage, abort; and another try."""
    with running({"long_op.py": waiter("one")}, hosted(more='watch = "manual"')) as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 1)
        daemon.write("long_op.py", waiter("two"))

        staged = daemon.hotctl("stage", "long_op")
        assert (staged.status, daemon.module()["generation"]) == (0, 1)
        assert "g2 is loaded and waits" in staged.out and "hotctl promote long_op" in staged.out
        assert daemon.hotctl("reload", "long_op").status == 5
        assert daemon.hotctl("promote", "long_op", "--json").json["outcome"] == "promoted"
        assert daemon.module()["generation"] == 2
        assert daemon.hotctl("promote", "long_op").status == 5

        daemon.write("long_op.py", waiter("three"))
        assert daemon.hotctl("stage", "long_op").status == 0
        assert daemon.hotctl("abort", "long_op", "--reason", "not today").status == 0
        assert daemon.hotctl("abort", "long_op").status == 5
        assert daemon.module()["generation"] == 2
        assert daemon.hotctl("reload", "long_op").status == 5
        assert daemon.hotctl("retry", "long_op", "--json").json["modules"][0]["generation"] == 3


def test_a_generation_whose_instances_all_fail_is_taken_back() -> None:
    """Exit 6 for whoever waits until it serves; the old code serves on."""
    broken = "def work():\n    raise ValueError('no luck')\n"
    fine = "import threading\ndef work():\n    threading.Event().wait(0.05)\n"
    with running({"long_op.py": fine}, hosted(more='watch = "manual"')) as daemon:
        daemon.until(lambda m: m["generation"] == 1)
        daemon.write("long_op.py", broken)

        ran = daemon.hotctl("reload", "long_op", "--wait-drained", "--wait-serving")
        if ran.status == 0:  # it served for the moment between two failures
            daemon.until(lambda m: m["generation"] == 1)
        else:
            assert ran.status == 6
            assert "rolled back, g1 is current again" in ran.err

        newest, *_ = daemon.hotctl("history", "--json").json
        assert (newest["outcome"], newest["actor"]) == ("rolled-back", "hotd")
        assert "no luck" in newest["cause"]
        assert daemon.module()["generation"] == 1
