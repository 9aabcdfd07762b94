"""What an instance starts in other processes is its generation's, under a real daemon."""

from __future__ import annotations

from tests.support.daemons import running
from tests.support.eventually import eventually
from tests.support.ops import hosted

SOURCE = """\
import multiprocessing
import pathlib

import helper
from hotd import api

VERSION = "VER"


def tell(writer):
    from lazy import k
    writer.send((VERSION, helper.H, k))


def ask(method):
    context = multiprocessing.get_context(method)
    reader, writer = context.Pipe(duplex=False)
    child = context.Process(target=tell, args=(writer,))
    child.start()
    told = reader.recv()
    child.join()
    return told


def work():
    go = pathlib.Path(__file__).with_name("go")
    print("begin", VERSION)
    while not go.exists():
        api.wait(0.02)
    for method in ("fork", "spawn", "forkserver"):
        print(VERSION, method, *ask(method))
    api.wait(60)
"""


def test_children_of_an_old_instance_are_old_children() -> None:
    """The daemon has no source root on its path; children find the code of their generation all the same."""
    helper, lazy = 'H = "VER"\n', 'k = "VER"\n'
    sources = {"long_op.py": SOURCE, "helper.py": helper, "lazy.py": lazy}
    first = {name: text.replace('VER"', 'one"') for name, text in sources.items()}
    with running(first, hosted(more="surge = 1")) as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 1)
        for name in ("lazy.py", "helper.py", "long_op.py"):
            daemon.write(name, sources[name].replace('VER"', 'two"'))
        daemon.until(lambda m: m["serving"] == {"current": 1, "old": 1})
        (daemon.folder / "ops" / "go").touch()
        said = {f"{v} {m} {v} {v} {v}" for v in ("one", "two") for m in ("fork", "spawn", "forkserver")}
        eventually(lambda: said <= set(daemon.output.splitlines()), within=30, what="the children to tell")
