"""``hotctl blocking`` and ``why`` against a real daemon: where who holds up a drain stands now."""

from __future__ import annotations

from tests.support.daemons import running
from tests.support.eventually import eventually
from tests.support.ops import hosted

DEAF = "import threading\n\nnever = threading.Event()\n\n\ndef deaf():\n    never.wait()  # VERSION\n"
ASYNC = (
    "import asyncio\n\n\nasync def fetch():\n    await asyncio.Event().wait()  # VERSION\n\n\n"
    "async def work():\n    await fetch()\n"
)


def test_blocking_names_instance_generation_age_and_stack_of_threads_and_tasks() -> None:
    """The line it stands in, of the code it runs: for an ``async def`` the chain of its awaits."""
    modules = hosted("deaf", "deaf:deaf", more='on_change = "stop"\ndrain_deadline = "100ms"') + hosted(
        "tasks", "tasks:work"
    )
    with running({"deaf.py": DEAF, "tasks.py": ASYNC}, modules, watch="enabled = false") as daemon:
        for name in ("deaf", "tasks"):
            daemon.until(lambda m: m["serving"]["current"] == 1, name)
        assert daemon.hotctl("blocking").out == "nothing holds up a drain\n"
        daemon.write("deaf.py", DEAF.replace("VERSION", "NEW"))
        daemon.write("tasks.py", ASYNC.replace("VERSION", "NEW"))
        assert daemon.hotctl("reload", "--all").status == 0
        eventually(lambda: daemon.hotctl("blocking", "--json").json[0]["type"] == "Stalled", within=20)

        late, waits = daemon.hotctl("blocking", "--json").json
        assert (late["instance"], late["module"], late["generation"]) == ("deaf-1", "deaf", 1)
        assert late["age_s"] > 0 and late["next"] == "hotctl logs deaf --instance deaf-1"
        assert "never.wait()  # VERSION" in late["stack"] and "hotctl purge deaf 1" in late["hint"]
        assert (waits["instance"], waits["type"], waits["next"]) == ("tasks-1", "Draining", "hotctl restart tasks-1")
        assert "await fetch()" in waits["stack"] and "await asyncio.Event().wait()  # VERSION" in waits["stack"]

        shown = daemon.hotctl("blocking", "tasks").out
        assert shown.startswith("1 instance holds up a drain\n  draining: tasks-1 runs g1 for ")
        assert "await fetch()" in daemon.hotctl("why", "tasks", "1").out
        unknown = daemon.hotctl("blocking", "task")
        assert (unknown.status, unknown.out) == (66, "") and "did you mean 'tasks'?" in unknown.err
