"""Two who want something of one daemon at once, while an import stands at a named point."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from hotctl import connect
from hotctl.client import Daemon
from hotd.contract.requests import Reload
from hotd.contract.views import Change, ModuleView, Serving
from tests.support.daemons import Running, running
from tests.support.eventually import eventually
from tests.support.gates import Gate
from tests.support.ops import hosted, waiter

Clients = Callable[[Running, Callable[[Daemon], Any]], Future[Any]]

PATIENCE = 60.0
ONE = {"long_op.py": waiter("one")}
MODULE = hosted(more='load_deadline = "60s"')


@pytest.fixture
def clients() -> Iterator[Clients]:
    """Clients that ask something on a thread and a connection of their own."""
    with ThreadPoolExecutor() as threads:

        def ask(daemon: Running, what: Callable[[Daemon], Any]) -> Future[Any]:
            def asked() -> Any:
                with connect(str(daemon.socket), timeout=PATIENCE) as client:
                    return what(client)

            return threads.submit(asked)

        yield ask


@contextmanager
def a_daemon(sources: dict[str, str] = ONE, modules: str = MODULE) -> Iterator[tuple[Running, Daemon]]:
    """It serves, and loads only what it is told to."""
    off = "enabled = false"
    with running(sources, modules, watch=off) as daemon, connect(str(daemon.socket), timeout=PATIENCE) as client:
        eventually(lambda: len(client.instances()) == len(sources), within=PATIENCE)
        yield daemon, client


def now(client: Daemon, name: str = "long_op") -> ModuleView:
    return client.status(name).modules[0]


def bring(daemon: Running, client: Daemon, text: str) -> int | None:
    """An edit, reloaded; the number of what came of it."""
    daemon.write("long_op.py", text)
    return client.reload("long_op").modules[0].generation


def held(daemon: Running, version: str, before: str = "", after: str = "") -> Gate:
    """An edit whose import stands at a gate."""
    gate = Gate(daemon.folder / f"gate-{version}")
    daemon.write("long_op.py", f"{before}{gate.code}\n{waiter(version)}\n{after}\n")
    return gate


def reload(client: Daemon) -> Change:
    return client.reload("long_op")


def test_an_undo_does_not_wait_for_a_load_in_flight(clients: Clients) -> None:
    """It is refused and names the load; once that is aborted it is done at once, though the import still stands there.
    What that import comes to then changes nothing.
    """
    with a_daemon() as (daemon, client):
        bring(daemon, client, waiter("two"))
        end = Gate(daemon.folder / "end")
        gate = held(daemon, "three", after=end.code)
        reloading = clients(daemon, reload)
        gate.reached()

        refused = daemon.hotctl("undo", "long_op")
        assert refused.status == 5 and "is in flight (hotctl reload, by" in refused.err
        assert now(client).generation == 2 and not reloading.done()

        client.abort("long_op")
        assert reloading.result(PATIENCE).outcome == "aborted"
        assert client.undo("long_op").modules[0].generation == 1

        gate.open()
        end.open()  # it has come to its last line
        assert now(client).generation == 1
        assert bring(daemon, client, waiter("four")) == 3
        assert "Traceback" not in daemon.log


def test_two_clients_who_reload_get_what_each_of_them_saved(clients: Clients) -> None:
    """The second waits for the first and brings what was saved since; a third one joins the second."""
    with a_daemon() as (daemon, client):
        gate = held(daemon, "two")
        first = clients(daemon, reload)
        gate.reached()

        daemon.write("long_op.py", waiter("three"))
        with connect(str(daemon.socket)) as third:
            asked = [one.ask(Reload(("long_op",), max_wait=0.0)) for one in (client, third)]
            assert [one.outcome for one in asked] == ["in-flight"] * 2 and not first.done()
            gate.open()
            brought = [first.result(PATIENCE), *(client.outcome(one.revision, 20.0) for one in asked)]

        assert [one.modules[0].generation for one in brought] == [2, 3, 3]
        assert brought[1].revision == brought[2].revision != brought[0].revision
        assert [one.outcome for one in client.history().revisions] == ["promoted"] * 3
        assert now(client).generation == 3


LOCKED = "import _imp\n_imp.acquire_lock()\n"
"""No thread of the process can import anything that is not imported yet."""


def test_status_answers_while_an_import_stands_still(clients: Clients) -> None:
    """With the interpreter's import lock. Whoever reads is answered; another module reloads, its instance changes."""
    modules = MODULE + hosted("other", "other:work")
    sources = {"long_op.py": waiter("one"), "other.py": waiter("one")}
    with a_daemon(sources, modules) as (daemon, client):
        gate = held(daemon, "two", LOCKED)
        reloading = clients(daemon, reload)
        gate.reached()

        # What is seen is published when all is under way that was decided: a moment after the import began, perhaps.
        eventually(lambda: now(client).health == "Progressing", within=PATIENCE)
        assert now(client, "other").health == "Healthy"
        for about in (client.why, client.generations, client.errors):
            about("long_op")  # each for the first time: if one of them imported something, it would wait, too
        for reads in (client.modules, client.instances, client.history, client.events):
            reads()
        daemon.write("other.py", waiter("two"))
        assert client.reload("other").modules[0].generation == 2
        client.restart("other")
        eventually(lambda: now(client, "other").serving == Serving(1, 0), within=PATIENCE)
        assert not reloading.done()

        gate.open()
        assert reloading.result(PATIENCE).modules[0].generation == 2


def test_what_changed_while_a_load_was_under_way_supersedes_it() -> None:
    """A checkout that begins during a load: no generation is made of the half of it that the load could read."""
    with (
        running(ONE, MODULE, watch='settle = "500ms"') as daemon,
        connect(str(daemon.socket), timeout=PATIENCE) as client,
    ):
        eventually(lambda: len(client.instances()) == 1, within=PATIENCE)
        gate = held(daemon, "two")
        gate.reached()
        daemon.write("long_op.py", waiter("three"))
        eventually(lambda: client.status().daemon.watching["pending"] > 0, within=PATIENCE)

        gate.open()

        eventually(lambda: client.status().daemon.watching["pending"] == 0, within=PATIENCE)
        assert client.reload("long_op").modules[0].generation == 2
        outcomes = [one.outcome for one in client.history("long_op").revisions if "watch" in one.cause]
        assert outcomes == ["promoted"]


def test_an_instance_in_a_slow_import_of_nobodys_delays_no_swap() -> None:
    """Its library takes its time; the module is reloaded, also with an import of another library, and goes back."""
    with a_daemon() as (daemon, client):
        gate = Gate(daemon.folder / "gate")
        installed = daemon.folder / "installed"
        installed.mkdir()
        (installed / "slow_lib.py").write_text(gate.code)
        (installed / "quick_lib.py").write_text("")
        path = f"import sys\nsys.path.insert(0, {str(installed)!r})\n"
        slow = waiter("two").replace("def work():\n", "def work():\n    import slow_lib\n")
        bring(daemon, client, path + slow)
        client.restart("long_op")
        gate.reached()

        assert bring(daemon, client, path + "import quick_lib\n" + waiter("three")) == 3
        assert client.undo("long_op", to=1).modules[0].generation == 1

        assert now(client).serving == Serving(0, 1)
        gate.open()
