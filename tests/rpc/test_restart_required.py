"""What is never executed again: native code, installed packages, hotd itself. A change is told, and nothing else."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import hotd
from tests.support.daemons import Running, folder_for_sockets, running
from tests.support.eventually import eventually
from tests.support.extensions import build
from tests.support.ops import hosted

SOURCE = """\
import fast
import lib_xyz
from hotd import api

def work():
    print("edit", EDIT, "fast", fast.VERSION, "lib", lib_xyz.VERSION)
    api.wait(600)
"""
STAYS = "changed on disk; what was imported stays until the daemon is restarted (systemctl restart hotd)"


@pytest.fixture
def hosting() -> Iterator[tuple[Running, Path]]:
    """It runs from a copy of hotd, and hosts code that imports native code and an installed package."""
    with folder_for_sockets() as folder:
        copy = folder / "copy"
        shutil.copytree(Path(hotd.__file__).parent, copy / "hotd", ignore=shutil.ignore_patterns("__pycache__"))
        site = folder / "site"
        for number in range(5):
            file = site / "lib_xyz" / (f"m{number}.py" if number else "__init__.py")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("VERSION = 1\n" + "".join(f"from lib_xyz import m{n}\n" for n in range(1, 5) if not number))
        fast = [build(folder / f"built{version}", "fast", version) for version in (1, 2)]
        env = {"PYTHONPATH": f"{copy}:{site}"}
        sources = {"long_op.py": SOURCE.replace("EDIT", "1"), "other.py": "def work(): pass\n"}
        modules = hosted(more="surge = 1") + hosted("other", "other:work", replicas=0)
        with running(sources, modules, env=env, files={"fast.so": fast[0]}) as daemon:
            daemon.until(lambda m: m["serving"]["current"] == 1)
            yield daemon, folder


def install(file: Path, place: Path) -> None:
    """As an installer does: in one step, the old file stays for who has it open."""
    shutil.copy(file, place.with_name(".new"))
    place.with_name(".new").rename(place)


def told(daemon: Running) -> dict[str | None, str]:
    """Module, or None for the daemon itself -> what its RestartRequired says."""
    status = daemon.status()
    all = [(None, status["daemon"]), *((one["name"], one) for one in status["modules"])]
    return {name: c["message"] for name, one in all for c in one["conditions"] if c["type"] == "RestartRequired"}


@pytest.mark.slow
def test_a_change_of_what_is_imported_for_good_is_told_and_makes_no_generation(
    hosting: tuple[Running, Path],
) -> None:
    """By the module that imports it, or by the daemon; new code gets what the old has; it goes when it is undone."""
    daemon, folder = hosting
    ops, lib, own = daemon.folder / "ops", folder / "site" / "lib_xyz", folder / "copy" / "hotd" / "cli.py"
    install(folder / "built2" / "fast.so", ops / "fast.so")
    for file in lib.glob("m*.py"):
        file.write_text("VERSION = 2\n")
    text = own.read_text()
    own.write_text(text + "# edited\n")
    both = f"{ops}/fast.so, {lib}/m1.py and 3 more files of lib_xyz {STAYS}"
    eventually(lambda: told(daemon) == {"long_op": both, None: f"{own} {STAYS}"}, within=30)
    assert daemon.status()["daemon"]["health"] == daemon.module()["health"] == "Healthy"
    assert daemon.module()["generation"] == 1
    shown = daemon.hotctl("status").out
    assert shown.count("restart required: ") == 2 and "3 more files of lib_xyz" in shown
    (reason,) = daemon.hotctl("why", "long_op", "--json").json["reasons"]
    assert (reason["message"], reason["next"]) == (both, "systemctl restart hotd")

    daemon.write("long_op.py", SOURCE.replace("EDIT", "2"))
    daemon.until(lambda m: m["generation"] == 2 and m["serving"]["current"] == 1)
    eventually(lambda: "edit 2 fast 1 lib 1" in daemon.output)

    install(folder / "built1" / "fast.so", ops / "fast.so")
    own.write_text(text)
    for file in lib.glob("m*.py"):
        file.write_text("VERSION = 1\n")
    eventually(lambda: told(daemon) == {}, within=30)
    history = [one["outcome"] for one in daemon.hotctl("history", "--json").json]
    assert history == ["promoted", "promoted"]
    events = [json.loads(one) for one in daemon.hotctl("events", "--json").out.splitlines()]
    for kind in ("restart.required", "restart.unneeded"):
        assert {one["module"] for one in events if one["event"] == kind} == {"long_op", None}
    assert {file for one in events for file in one["fields"].get("files", ())} >= {f"{ops}/fast.so", str(own)}
