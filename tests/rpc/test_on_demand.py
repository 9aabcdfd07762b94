"""Work that runs when somebody asks for it."""

from __future__ import annotations

import pytest

from hotctl import connect
from hotd.contract.errors import DeadlinePassed
from tests.support.daemons import running
from tests.support.ops import hosted

JOB = """
import sys
from hotd import api

def work(*args, **kwargs):
    print("got", args, sorted(kwargs.items()))
    if args == ("fail",):
        raise ValueError("no luck")
    if args == ("stay",):
        while not api.wait(60):
            pass
"""


def test_a_module_without_replicas_runs_on_demand_and_its_end_is_the_exit_code() -> None:
    """``hotctl run --wait`` is what a cron job would call."""
    with running({"job.py": JOB}, hosted("job", "job:work", replicas=0)) as daemon:
        daemon.until(lambda m: m["generation"] == 1 and m["health"] == "Healthy", "job")

        fine = daemon.hotctl("run", "job", "--wait", "--", "a", "--json")
        named = daemon.hotctl("run", "job", "--wait", "--json", "--json-args", '{"size": 3}')
        bad = daemon.hotctl("run", "job", "--wait", "--", "fail")
        late = daemon.hotctl("run", "job", "--wait", "--timeout", "50ms", "--", "stay")

        assert (fine.status, named.status, named.json["outcome"], bad.status, late.status) == (0, 0, "done", 1, 4)
        assert "ValueError: no luck" in bad.err
        out = daemon.hotctl("logs", "job").out
        assert "got ('a', '--json') []" in out and "got () [('size', 3)]" in out
        with connect(str(daemon.socket)) as api:
            (stays,) = api.instances("job")
            assert (stays.on_demand, stays.state) == (True, "running")
            api.stop(stays.id)
            (ended,) = api.instances(instance=stays.id, max_wait=10)
            assert ended.state == "ended"
            assert api.run("job", "fail", wait=True).outcome == "failed"
            with pytest.raises(DeadlinePassed):
                api.run("job", "stay", wait=True, timeout=0.05)
        assert daemon.module("job")["replicas"] == 0
