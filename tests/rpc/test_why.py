"""``hotctl why`` against a real daemon: blockers, leaks and their holders, hooks."""

from __future__ import annotations

from hotctl import connect
from hotd.contract.errors import UnknownGeneration
from tests.support.daemons import running
from tests.support.eventually import eventually
from tests.support.ops import hosted

SOURCE = """\
import logging
from hotd import api

VERSION = {version}


class AuditFilter(logging.Filter):
    def filter(self, record):
        return True


def __hot_dispose__():
    print("goodbye", VERSION)
    if VERSION == 1:
        raise ValueError("not tidy")
    if VERSION == 3:
        for one in list(logging.getLogger().filters):
            logging.getLogger().removeFilter(one)


if VERSION == 1:
    logging.getLogger().addFilter(AuditFilter())


def work():
    while not api.wait(60):
        pass
"""


def source(version: int) -> str:
    return SOURCE.format(version=version)


def test_a_retired_generation_that_does_not_leave_memory_is_named_with_its_holder_until_it_does() -> None:
    """From the drain to the leak to the end of it, each with the command to type next."""
    with running({"long_op.py": source(1)}, hosted(more="standby = 0"), watch="enabled = false") as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 1)
        assert daemon.hotctl("why", "long_op").out == (
            "long_op is Healthy: g1 is current, 1 instance runs it\n  nothing is in its way\n"
        )
        daemon.write("long_op.py", source(2))
        assert daemon.hotctl("reload", "long_op").status == 0

        draining = daemon.hotctl("why", "long_op", "1").out
        assert "long_op g1 is draining: 1 instance runs it still\n" in draining
        assert "while not api.wait(60)" in draining and "hotctl restart long_op-1" in draining

        daemon.hotctl("restart", "long_op-1")
        leaking = daemon.until(lambda m: any(one["type"] == "Leaked" for one in m["conditions"]))
        assert leaking["health"] in ("Healthy", "Progressing")
        (leaked,) = daemon.hotctl("why", "long_op", "g1", "--json").json["reasons"]
        assert (leaked["type"], leaked["generation"]) == ("Leaked", 1)
        assert [one["what"] for one in leaked["holders"]] == ["logging filter 'AuditFilter' on logger 'root'"]
        assert "held by logging filter 'AuditFilter' on logger 'root'" in daemon.hotctl("why", "long_op").out
        assert "hotctl why long_op 1" in daemon.hotctl("status").out
        assert "still in memory: long_op  hotctl why long_op 1" in daemon.hotctl("generations", "long_op").out

        # Its own hook failed; the next generation's tidies up for both.
        (failed,) = daemon.hotctl("errors", "long_op", "--json").json
        assert (failed["generation"], failed["instance"]) == (1, None)
        assert failed["error"]["message"] == "__hot_dispose__: ValueError: not tidy"
        daemon.write("long_op.py", source(3))
        daemon.hotctl("reload", "long_op")
        daemon.hotctl("restart", "long_op")
        daemon.write("long_op.py", source(4))
        daemon.hotctl("reload", "long_op")
        daemon.hotctl("restart", "long_op")
        daemon.until(lambda m: all(one["type"] != "Leaked" for one in m["conditions"]))
        eventually(lambda: "goodbye 3" in daemon.output)
        assert daemon.hotctl("why", "long_op", "1").out == (
            "long_op g1 is retired: it is gone from memory\n  nothing is in its way\n"
        )
        told = daemon.hotctl("events", "--json").out
        assert "generation.leaked" in told and "generation.collected" in told and "hook.failed" in told


def test_a_generation_that_there_never_was_is_exit_66() -> None:
    """With the nearest that there is; in Python it is the error itself."""
    with running({"long_op.py": source(2)}, hosted()) as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 1)
        ran = daemon.hotctl("why", "long_op", "7")
        assert (ran.status, ran.out) == (66, "")
        assert "nothing is known of a g7 of long_op" in ran.err and "did you mean g1? there is g1" in ran.err
        with connect(str(daemon.socket)) as client:
            assert len(client.why("long_op")) == 0
            try:
                client.why("long_op", 7)
            except UnknownGeneration as error:
                assert error.code == "unknown-generation"
            else:
                raise AssertionError("g7 is known")
