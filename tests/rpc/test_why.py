"""``hotctl why`` against a real daemon: blockers, leaks and their holders, hooks."""

from __future__ import annotations

from hotctl import connect
from hotctl.client import Daemon
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
    with (
        running({"long_op.py": source(1)}, hosted(more="standby = 0"), watch="enabled = false") as daemon,
        connect(str(daemon.socket)) as client,
    ):
        eventually(lambda: client.status().modules[0].serving.current == 1, within=20)
        assert client.why("long_op").reasons == ()
        daemon.write("long_op.py", source(2))
        client.reload("long_op")

        draining = daemon.hotctl("why", "long_op", "1").out
        assert "long_op g1 is draining: 1 instance runs it still\n" in draining
        assert "while not api.wait(60)" in draining and "hotctl restart long_op-1" in draining

        client.restart("long_op-1")
        eventually(lambda: "Leaked" in conditions(client), within=20)
        (leaked,) = daemon.hotctl("why", "long_op", "g1", "--json").json["reasons"]
        assert (leaked["type"], leaked["generation"]) == ("Leaked", 1)
        assert [one["what"] for one in leaked["holders"]] == ["logging filter 'AuditFilter' on logger 'root'"]
        (reason,) = [one for one in client.why("long_op") if one.type == "Leaked"]
        assert (reason.next, len(reason.holders)) == ("hotctl why long_op 1", 1)
        assert [one.leaked for one in client.generations("long_op")] == [(), ("long_op",)]

        # Its own hook failed; the one of a later generation tidies up for both.
        (failed,) = client.errors("long_op")
        assert (failed.generation, failed.instance) == (1, None)
        assert failed.error.message == "__hot_dispose__: ValueError: not tidy"
        for version in (3, 4):
            daemon.write("long_op.py", source(version))
            client.reload("long_op")
            client.restart("long_op")
        eventually(lambda: "Leaked" not in conditions(client), within=30)
        assert "goodbye 3" in daemon.output
        assert client.why("long_op", 1).reasons == ()
        told = {event.event for event in client.events()}
        assert {"generation.leaked", "generation.collected", "hook.failed"} <= told


def conditions(client: Daemon) -> set[str]:
    (module,) = client.status().modules
    return {condition.type for condition in module.conditions}


def test_a_generation_that_there_never_was_is_exit_66() -> None:
    """With the nearest that there is; in Python it is the error itself."""
    with running({"long_op.py": source(2)}, hosted()) as daemon:
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
