"""What hotd.toml says of instances, seen through hotctl."""

from __future__ import annotations

from tests.support.daemons import running
from tests.support.eventually import eventually
from tests.support.ops import hosted, waiter


def test_surge_lets_new_instances_start_beside_the_draining_ones() -> None:
    """Old and new together are ``replicas + surge`` and not one more."""
    with running({"long_op.py": waiter("one")}, hosted(replicas=2, more="surge = 1")) as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 2)
        daemon.write("long_op.py", waiter("two"))
        daemon.until(lambda m: m["generation"] == 2 and m["serving"] == {"current": 1, "old": 2})
        daemon.hotctl("restart", "long_op")
        daemon.until(lambda m: m["serving"] == {"current": 2, "old": 0})


def test_on_change_stop_calls_the_stop_of_a_thread_subclass() -> None:
    """``stop_method``: classes with a stop of their own need not know hotd."""
    source = (
        "import threading\n\n\nclass Op(threading.Thread):\n    def __init__(self):\n        super().__init__()\n"
        "        self.end = threading.Event()\n\n    def run(self):\n        self.end.wait()\n"
        "        print('halted')\n\n    def halt(self):\n        self.end.set()\n"
    )
    more = 'on_change = "stop"\nstop_method = "halt"'
    with running({"long_op.py": source}, hosted(entry="long_op:Op", replicas=2, more=more)) as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 2)
        daemon.write("long_op.py", source + "# changed\n")
        daemon.until(lambda m: m["generation"] == 2 and m["serving"] == {"current": 2, "old": 0})
        assert daemon.hotctl("logs", "long_op").out.count("halted") == 2


def test_an_instance_that_never_ends_is_abandoned_where_the_config_says_so() -> None:
    """Its place goes to a successor; it is still listed, and the module says Tainted."""
    source = "import threading\n\n\ndef work():\n    threading.Event().wait()\n"
    more = 'on_change = "stop"\ndrain_deadline = "100ms"\nafter_deadline = "abandon"'
    with running({"long_op.py": source}, hosted(more=more)) as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 1)
        daemon.write("long_op.py", source + "# changed\n")
        seen = daemon.until(lambda m: m["generation"] == 2 and m["serving"]["current"] == 1)
        assert "Tainted" in {c["type"] for c in seen["conditions"]}
        states = {i["id"]: i["state"] for i in daemon.hotctl("instances", "--json").json}
        assert states["long_op-1"] == "abandoned"


def test_restart_never_and_on_failure_leave_an_ended_instance_ended() -> None:
    """A normal end is final for both; a failure is tried again only by ``on-failure``, and backs off."""
    modules = (
        hosted("never", "ops_of:breaks", more='restart = "never"')
        + hosted("fine", "ops_of:ends", more='restart = "on-failure"')
        + hosted("again", "ops_of:breaks", more='restart = "on-failure"')
    )
    source = "def ends():\n    pass\n\n\ndef breaks():\n    raise ValueError('no luck')\n"
    with running({"ops_of.py": source}, modules) as daemon:
        seen = daemon.until(lambda m: any(c["type"] == "CrashLooping" for c in m["conditions"]), "again")
        assert seen["errors"] >= 2
        started = daemon.hotctl("events", "--json").out
        assert "never-1" in started and "never-2" not in started
        assert "fine-1" in started and "fine-2" not in started
        assert "backing off" in daemon.hotctl("status").out or "waits" in daemon.hotctl("status").out


def test_max_instances_holds_over_all_modules() -> None:
    """The one that does not fit waits for a place, and says so; it takes the first that is free."""
    modules = hosted(replicas=2) + hosted("other", "other:work", replicas=2)
    sources = {"long_op.py": waiter("one"), "other.py": waiter("one")}
    limits = 'drain_deadline = "1s"\nmax_instances = 4'
    with running(sources, modules, daemon=limits) as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 2, "other")
        assert daemon.hotctl("scale", "other", "5").status == 5
        assert daemon.hotctl("scale", "other", "4").status == 0
        eventually(lambda: len(daemon.hotctl("instances", "--json").json) == 4)
        assert daemon.hotctl("stop", "long_op").status == 0
        daemon.until(lambda m: m["serving"]["current"] == 4, "other")


def test_an_async_def_runs_to_its_end_and_is_cancelled_when_it_is_asked_to_end() -> None:
    """On an event loop of its own; what it does in ``finally`` is still done."""
    source = (
        "import asyncio\n\n\nasync def work():\n    try:\n        await asyncio.Event().wait()\n"
        "    finally:\n        print('cleaned up')\n"
    )
    with running({"long_op.py": source}, hosted()) as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 1)
        assert daemon.hotctl("restart", "long_op").status == 0
        eventually(lambda: "cleaned up" in daemon.hotctl("logs", "long_op", "--instance", "long_op-1").out)
        assert daemon.until(lambda m: m["serving"]["current"] == 1)["errors"] == 0
