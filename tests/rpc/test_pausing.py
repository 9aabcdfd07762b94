"""A pause that ends by itself, against a real daemon."""

from __future__ import annotations

import signal

from tests.rpc.test_restarts import again
from tests.support.daemons import running
from tests.support.ops import hosted, waiter

SOURCES = {"long_op.py": waiter("one"), "other.py": waiter("one")}


def test_a_pause_for_a_while_ends_by_itself_over_a_restart() -> None:
    """Until then nothing is loaded; afterwards what was saved meanwhile."""
    with running(SOURCES, hosted() + hosted("other", "other:work")) as daemon:
        said = daemon.hotctl("pause", "--for", "4s")
        assert said.status == 0 and "it ends by itself in 4s" in said.out
        assert daemon.hotctl("pause", "other", "--for", "1h").status == 0
        daemon.write("long_op.py", waiter("two"))
        daemon.until(lambda m: m["out_of_sync"])
        assert "left" in daemon.hotctl("status").out
        with again(daemon, signal.SIGKILL) as after:
            seen = after.until(lambda m: m["watch"] == "auto" and m["generation"] == 2)
            assert seen["paused_until"] is None
            other = after.module("other")
            assert other["watch"] == "paused" and other["paused_until"]


def test_a_pause_takes_a_time_that_is_one() -> None:
    """The mistake is named before anybody is asked."""
    with running({"long_op.py": waiter("one")}, hosted()) as daemon:
        refused = daemon.hotctl("pause", "--for", "soon")
        assert refused.status == 2 and "is not a duration" in refused.err
        assert daemon.hotctl("pause", "--for", "0s").status == 2
        assert daemon.module()["watch"] == "auto"
