"""``hotctl wait`` against a real daemon."""

from __future__ import annotations

import subprocess
import sys
import time

from hotctl import connect
from hotd.contract import requests
from tests.support.daemons import Running, environment, running
from tests.support.ops import hosted, waiter


def waiting(daemon: Running, *args: str) -> subprocess.Popen[str]:
    """A wait in the background."""
    return subprocess.Popen(
        [sys.executable, "-m", "hotctl", "--socket", str(daemon.socket), "wait", "long_op", *args],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(),
    )  # fmt: skip


def test_waits_end_with_what_they_wait_for() -> None:
    """A generation that comes, its drain, and the end of it in memory."""
    with running({"long_op.py": waiter("one")}, hosted(more="standby = 0"), watch="enabled = false") as daemon:
        assert daemon.hotctl("wait", "long_op", "--for", "healthy").out == "long_op: it is Healthy\n"
        came = waiting(daemon, "--for", "generation>=2")
        daemon.write("long_op.py", waiter("two"))
        assert daemon.hotctl("reload", "long_op").status == 0
        assert came.communicate(timeout=20) == ("long_op: g2 is current\n", "") and came.returncode == 0

        late = daemon.hotctl("wait", "long_op", "--for", "drained", "--timeout", "0s")
        assert (late.status, late.out) == (4, "")
        assert late.err == "hotctl: the time is over; long_op: long_op-1 runs g1 still  hotctl why long_op\n"
        drained, retired = waiting(daemon, "--for", "drained"), waiting(daemon, "1", "--for", "retired")
        assert daemon.hotctl("restart", "long_op").status == 0
        assert drained.communicate(timeout=20)[0] == "long_op: no instance runs an older generation\n"
        assert retired.communicate(timeout=20)[0] == "long_op: g1 is retired\n"


def test_what_cannot_be_waited_for_is_refused_at_once(one_daemon: Running) -> None:
    """A module, a generation, a word that there is not: not after two minutes."""
    for argv, status, words in (
        (("long_opp", "--for", "drained"), 66, "did you mean 'long_op'?"),
        (("long_op", "7", "--for", "drained"), 66, "did you mean g1?"),
        (("long_op", "--for", "drain"), 2, "did you mean drained?"),
        (("long_op", "seven", "--for", "drained"), 2, "write 7 or g7"),
    ):
        ran = one_daemon.hotctl("wait", *argv)
        assert (ran.status, ran.out) == (status, "") and words in ran.err, ran


def test_the_daemon_parks_who_waits(one_daemon: Running) -> None:
    """A wait costs nothing: it is not asked again and again."""
    with connect(str(one_daemon.socket)) as client:
        began = time.monotonic()
        seen = client.ask(requests.Wait("long_op", "generation>=9", None, 0.2))
        assert not seen.reached and time.monotonic() - began >= 0.2
