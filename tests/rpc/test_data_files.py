"""Data files beside the code, seen through hotctl."""

from __future__ import annotations

from tests.support.daemons import running
from tests.support.eventually import eventually
from tests.support.ops import hosted

READS = """
import pkgutil
from hotd import api
import queries

def work():
    while not api.wait(0.02):
        print(pkgutil.get_data("queries", "q.sql").decode(), flush=True)
"""


def test_an_edited_query_is_a_new_generation_and_old_instances_read_the_old_one() -> None:
    """A declared data file is watched, digested and kept with the code."""
    files = {"long_op.py": READS, "queries/__init__.py": "", "queries/q.sql": "select 1"}
    with running(files, hosted(), watch='also = ["*.sql"]') as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 1)
        daemon.write("queries/q.sql", "select 2")
        daemon.until(lambda m: m["generation"] == 2)

        def printed() -> list[str]:
            return daemon.hotctl("logs", "long_op", "-n", "1000000").out.splitlines()

        before = len(printed())
        eventually(lambda: len(printed()) > before + 5)
        assert not any("select 2" in line for line in printed())
        daemon.hotctl("restart", "long_op")
        eventually(lambda: "select 2" in daemon.hotctl("logs", "long_op").out)
