"""``hotctl drain`` and ``hotctl purge`` against a real daemon."""

from __future__ import annotations

from tests.support.daemons import running
from tests.support.eventually import eventually
from tests.support.ops import hosted, waiter

DEAF = """\
import threading

VERSION = {version}
never = threading.Event()


def __hot_dispose__():
    print("disposed of", VERSION)


def work():
    never.wait()
"""


def test_a_drain_ends_old_instances_and_a_purge_drops_what_nobody_runs() -> None:
    """Each says what it did; the code can still be had from the store."""
    hook = "\n\ndef __hot_dispose__():\n    print('disposed of', VERSION)\n"
    with running({"long_op.py": waiter("one") + hook}, hosted(replicas=2), watch="enabled = false") as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 2)
        daemon.write("long_op.py", waiter("two"))
        assert daemon.hotctl("reload", "long_op").status == 0
        soft = daemon.hotctl("purge", "long_op", "1", "--soft")
        assert (soft.status, soft.out) == (5, "")
        assert "long_op-1 and long_op-2 still run g1" in soft.err and "hotctl why long_op 1" in soft.err

        drained = daemon.hotctl("drain", "long_op", "g1", "--reason", "too old")
        assert drained.status == 0, drained
        assert "long_op-1 and long_op-2 are asked to end at the next checkpoint, 1 at a time" in drained.out
        assert drained.out.endswith("long_op: no instance runs g1\n")
        assert daemon.hotctl("drain", "long_op", "1").out == "long_op: unchanged, nobody runs g1\n"
        assert daemon.module()["serving"] == {"current": 2, "old": 0}

        assert daemon.module()["generations"][0]["state"] == "standby"
        assert "disposed of" not in daemon.output, "an undo could still bring it back"
        purged = daemon.hotctl("purge", "long_op", "1", "--soft")
        eventually(lambda: "disposed of one" in daemon.output, within=20)
        assert purged.out == (
            "long_op: g1 is dropped from memory; an undo to it loads it from the store\nlong_op: g1 is retired\n"
        )
        assert [one["generation"] for one in daemon.module()["generations"]] == [2]
        assert daemon.hotctl("undo", "long_op", "--to", "1").status == 0
        assert daemon.module()["generation"] == 1
        assert "hotctl drain: too old" in daemon.hotctl("events", "--json").out


def test_a_purge_gives_up_who_does_not_end_and_never_claims_that_it_did() -> None:
    """Abandoned, listed, ``Tainted``; its dispose hook waits until the thread is over, which is never."""
    with running({"long_op.py": DEAF.format(version=1)}, hosted(), watch="enabled = false") as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 1)
        daemon.write("long_op.py", DEAF.format(version=2))
        assert daemon.hotctl("reload", "long_op").status == 0
        late = daemon.hotctl("purge", "long_op", "1", "--timeout", "0s")
        assert late.status == 4
        assert late.err == "hotctl: the time is over; long_op: long_op-1 runs g1 still  hotctl why long_op 1\n"

        purged = daemon.hotctl("purge", "long_op", "1", "--deadline", "100ms")
        assert purged.status == 0, purged
        assert purged.out.endswith("long_op: g1 is retired; long_op-1 was abandoned and runs it still\n")
        listed = {one["id"]: one["state"] for one in daemon.hotctl("instances", "--json").json}
        assert listed["long_op-1"] == "abandoned"
        seen = daemon.until(lambda m: m["serving"]["current"] == 1)
        assert "Tainted" in {one["type"] for one in seen["conditions"]}
        told = daemon.hotctl("why", "long_op").out
        assert "never.wait()" in told and "it cannot be ended and is not counted" in told
        assert "disposed of" not in daemon.output, "it may still use what the hook would take from it"
