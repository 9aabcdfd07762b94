"""Whatever is wrong with a candidate, it changes nothing but the news; and what it left behind is told."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from hotctl import connect
from hotctl.client import Daemon
from hotd.contract.views import ModuleView
from tests.support.daemons import Running, config, hotd, running
from tests.support.eventually import eventually
from tests.support.ops import hosted, waiter

MODULES = hosted() + hosted("other", "other:work")
GOOD = "import helper\n" + waiter("good")
HELPER = "LIMIT = 1\n"


def source(text: str, name: str = "long_op") -> Callable[[Running], object]:
    return lambda daemon: daemon.write(f"{name}.py", text)


def gone(name: str) -> Callable[[Running], object]:
    return lambda daemon: (daemon.folder / "ops" / f"{name}.py").unlink()


BROKEN: dict[str, tuple[Callable[[Running], object], str]] = {
    "syntax": (source(GOOD + "def broken(:\n"), "syntax-error"),
    "syntax of a helper": (source("LIMIT = = 2\n", "helper"), "syntax-error"),
    "exception": (source(GOOD + "1/0\n"), "import-failed"),
    "exception of a helper": (source(HELPER + "1/0\n", "helper"), "import-failed"),
    "exit": (source(GOOD + "import sys\nsys.exit()\n"), "import-failed"),
    "interrupt": (source(GOOD + "raise KeyboardInterrupt\n"), "import-failed"),
    "any base exception": (source(GOOD + "class Odd(BaseException): pass\nraise Odd\n"), "import-failed"),
    "missing entry": (source("import helper\n"), "bad-entry"),
    "uncallable entry": (source("import helper\nwork = 3\n"), "bad-entry"),
    "missing dependency": (source(GOOD + "import not_there_yet\n"), "missing-dependency"),
    "emptied": (source(""), "empty-source"),
    "emptied helper": (source("", "helper"), "empty-source"),
    "vanished": (gone("long_op"), "source-missing"),
    "vanished helper": (gone("helper"), "source-missing"),
    "half copied": (lambda daemon: daemon.write("helper.py", HELPER + "\0" * 512), "syntax-error"),
}


def seen(client: Daemon, name: str = "long_op") -> ModuleView:
    (found,) = client.status(name).modules
    return found


def taints(client: Daemon) -> list[str]:
    """The messages of what taints the module."""
    return [f"{one.reason}: {one.message}" for one in seen(client).conditions if one.type == "Tainted"]


def serves(client: Daemon) -> bool:
    return seen(client).serving.current == 1


def test_every_refusal_is_total() -> None:
    """Current serves on, with the instance it had; others reload; the repair, and it alone, loads by itself."""
    sources = {"long_op.py": GOOD, "helper.py": HELPER, "other.py": waiter("0")}
    with running(sources, MODULES) as daemon, connect(str(daemon.socket)) as client:

        def module(name: str = "long_op") -> ModuleView:
            return seen(client, name)

        def reason() -> str | None:
            rejected = module().rejected
            return rejected.reason if rejected is not None else None

        eventually(lambda: module().serving.current == module("other").serving.current == 1)
        (instance,) = client.instances("long_op")
        for number, (case, (breaks, expected)) in enumerate(BROKEN.items(), 1):
            breaks(daemon)
            eventually(lambda why=expected: reason() == why, within=20, what=case)  # type: ignore[misc] # a default
            daemon.write("other.py", waiter(str(number)))
            eventually(lambda n=number: module("other").generation == n + 1, within=20, what=case)  # type: ignore[misc]

            now = module()
            assert (now.generation, now.health, now.serving.current) == (1, "Healthy", 1), case
            assert [one.id for one in client.instances("long_op")] == [instance.id], case
            daemon.write("helper.py", HELPER)
            daemon.write("long_op.py", GOOD)
            eventually(lambda: module().rejected is None and not module().out_of_sync, within=20, what=case)
            assert module().generation == 1, "what it was is what it is"

        daemon.write("long_op.py", GOOD + "import not_there_yet\n")
        eventually(lambda: reason() == "missing-dependency", within=20)
        daemon.write("not_there_yet.py", "")
        eventually(lambda: module().generation == 2, within=20)


LEAVES = """
import atexit, logging, pathlib, threading, time

HERE = pathlib.Path({folder!r})

def poll():
    while not (HERE / "gate").exists():
        time.sleep(0.01)

def on_exit():
    print("the exit function of what was refused")

def __hot_dispose__():
    (HERE / "disposed").write_text("once")

def work(): pass

threading.Thread(target=poll, name="poller").start()
atexit.register(on_exit)
atexit.register(print, "a library's function at exit")
logging.getLogger("audit").addHandler(logging.StreamHandler())
threading.excepthook = lambda args: None
"""


def test_what_a_refused_load_left_behind_is_told_everywhere() -> None:
    """By reload, check and errors, in the log, as a condition for as long as it is there; the rest is taken away."""
    sources = {"long_op.py": waiter("one")}
    with running(sources, hosted(), watch="enabled = false") as daemon, connect(str(daemon.socket)) as client:
        eventually(lambda: serves(client), within=20)
        daemon.write("long_op.py", LEAVES.format(folder=str(daemon.folder)) + "1/0\n")
        taken = [
            "atexit function 'on_exit': taken away",
            "atexit function 'print': taken away",
            "logging handler 'StreamHandler' on logger 'audit': taken away",
            "threading.excepthook, function '<lambda>': taken away",
        ]

        ran = daemon.hotctl("reload", "long_op")

        assert ran.status == 3
        phrase = f"thread 'poller', in {daemon.folder / 'ops' / 'long_op.py'}:"
        assert [one in ran.err for one in taken] == [True] * 4, ran.err
        assert f"left behind: {phrase}" in ran.err
        assert (daemon.folder / "disposed").read_text() == "once"
        assert f"left behind: {phrase}" in daemon.hotctl("errors", "long_op").out
        (failure,) = client.errors("long_op").errors
        assert [one for one in failure.error.left if "taken" in one] == taken
        assert seen(client).health == "Healthy"
        (tainted,) = taints(client)
        assert tainted.startswith("left-behind") and phrase in tainted
        assert "tainted: " in daemon.hotctl("status").out
        assert "long_op is tainted" in daemon.log and taken[0] in daemon.log

        (daemon.folder / "gate").touch()
        eventually(lambda: taints(client) == [], within=20)
        assert "long_op is clean again" in daemon.log

        daemon.write("long_op.py", LEAVES.format(folder=str(daemon.folder)))
        checked = daemon.hotctl("check", "long_op")
        assert checked.status == 0 and [one in checked.out for one in taken] == [True] * 4, checked.out
        assert "nothing was changed" not in checked.out
        assert daemon.stop() == 0
        assert "at exit" not in daemon.output and "exit function" not in daemon.output


def test_hotd_check_tells_what_a_module_would_leave(tmp_path: Path) -> None:
    """Without a daemon: what its import starts and registers, before anybody serves it."""
    (tmp_path / "ops").mkdir()
    (tmp_path / "ops" / "long_op.py").write_text("import atexit\n@atexit.register\ndef bye(): pass\ndef work(): pass\n")
    (tmp_path / "hotd.toml").write_text(config(hosted()))

    ran = hotd("check", "-c", str(tmp_path / "hotd.toml"))

    assert ran.status == 0
    assert ran.out.endswith("long_op: ok\n    left behind: atexit function 'bye': taken away\n")


HANGS = """
import pathlib, threading, time

threading.Timer(1000, print, ("late",)).start()

def hang():
    while not pathlib.Path({gate!r}).exists():
        time.sleep(0.01)
"""


@pytest.mark.parametrize("where", ["body", "check"])
def test_whatever_hangs_is_abandoned_and_named(where: str) -> None:
    """In the import or in the module's own check: ``status`` answers, instances go on, what it left is told."""
    modules = hosted(more='load_deadline = "1s"')
    sources = {"long_op.py": waiter("one")}
    with running(sources, modules, watch="enabled = false") as daemon, connect(str(daemon.socket)) as client:
        eventually(lambda: serves(client), within=20)
        hang = HANGS.format(gate=str(daemon.folder / "gate"))
        hang += "hang()\n" if where == "body" else "def __hot_check__(): hang()\n"
        daemon.write("long_op.py", waiter("two") + hang)

        ran = daemon.hotctl("reload", "long_op")

        assert ran.status == 3 and "long_op:work took longer than load_deadline (1 s)" in ran.err
        assert (seen(client).generation, seen(client).serving.current) == (1, 1)
        assert [one.partition(":")[0] for one in taints(client)][:1] == ["import-abandoned"]
        assert "in hang" in daemon.log
        (daemon.folder / "gate").touch()
        eventually(lambda: re.search("left behind: timer .*: taken away", daemon.log), within=20)
        eventually(lambda: taints(client) == [], within=20)
        assert daemon.stop() == 0
