"""``packages``: an installed package is hot, and ``pip install -U`` is a deploy."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hotd.contract.requests import Events, Modules
from tests.support.daemons import folder_for_sockets, hotd, serving
from tests.support.eventually import eventually
from tests.support.wheels import environment, install, project, unpack, wheel

TOML = """\
packages = ["myops"]
[daemon]
state_dir = "state"
drain_deadline = "1s"
[control]
socket = "s"
[modules.job]
entry = "myops.job:work"
on_change = "stop"
"""


def sources(version: str) -> dict[str, str]:
    job = "import neighbour\nfrom hotd import api\nfrom myops.deep import part\n\n\ndef work():\n    "
    job += "print('runs', part.VERSION, neighbour.HERE)\n    while not api.wait(60):\n        pass\n"
    parts = {f"myops/deep/part{number}.py": f"VERSION = {version!r}\n" for number in range(60)}
    part = "".join(f"from myops.deep import part{number}\n" for number in range(0, 60, 20))
    return {
        "myops/__init__.py": "",
        "myops/job.py": job,
        "myops/deep/__init__.py": "",
        "myops/deep/part.py": f"{part}VERSION = {version!r}\n",
        **parts,
    }


def promoted(events: Any) -> list[int]:
    return [one["generation"] for one in events["events"] if one["event"] == "reload.promoted"]


def test_an_upgrade_with_pip_is_one_rollout_of_the_package_alone() -> None:
    """What is installed beside it is shared, as ever; an edit in place is an edit."""
    with folder_for_sockets() as folder:
        site = environment(folder / "venv")
        unpack(site, wheel(folder, "myops", "1.0", sources("one")))
        (site / "neighbour.py").write_text("HERE = 'shared'\n")
        (folder / "hotd.toml").write_text(TOML)
        with serving(folder, env={"PYTHONPATH": str(site)}) as daemon:
            daemon.until(lambda m: m["serving"]["current"] == 1, "job")
            (module,) = daemon.ask(Modules())["modules"]
            assert module["roots"] == [str(site / "myops")]
            assert {one["part"].partition(".")[0] for one in module["closure"]} == {"myops"}

            install(folder / "venv", wheel(folder, "myops", "1.1", sources("two")))
            daemon.until(lambda m: m["generation"] == 2 and m["serving"] == {"current": 1, "old": 0}, "job")
            assert "runs two shared" in daemon.output
            (site / "myops" / "job.py").write_text(sources("two")["myops/job.py"].replace("runs", "edited"))
            daemon.until(lambda m: m["generation"] == 3, "job")
            events = daemon.ask(Events(limit=1000))
            assert promoted(events) == [1, 2, 3]
            assert not [one for one in events["events"] if one["event"] == "reload.rejected"]


def test_a_package_that_is_installed_to_be_edited_is_hot_where_it_is_edited() -> None:
    """``pip install -e``: what is installed is one line that says where the sources are."""
    with folder_for_sockets() as folder:
        site = environment(folder / "venv")
        where = project(folder / "checkout", "myops", "1.0", sources("one")) / "src"
        install(folder / "venv", where.parent, editable=True)
        assert not (site / "myops").exists()
        (folder / "neighbour.py").write_text("HERE = 'shared'\n")
        # An interpreter reads the `.pth` files of its own site-packages, and of those it is told of.
        (folder / "sitecustomize.py").write_text(f"import site\n\nsite.addsitedir({str(site)!r})\n")
        (folder / "hotd.toml").write_text(TOML)
        with serving(folder, env={"PYTHONPATH": str(folder)}) as daemon:
            daemon.until(lambda m: m["serving"]["current"] == 1, "job")
            (module,) = daemon.ask(Modules())["modules"]
            assert module["roots"] == [str(where / "myops")]
            (where / "myops/deep/part.py").write_text(sources("two")["myops/deep/part.py"])
            daemon.until(lambda m: m["generation"] == 2 and m["serving"] == {"current": 1, "old": 0}, "job")
            eventually(lambda: "runs two shared" in daemon.output)
            assert promoted(daemon.ask(Events(limit=1000))) == [1, 2]


def test_it_is_the_interpreters_package(tmp_path: Path) -> None:
    """Of the one that runs the daemon; ``hotd check`` says what is wrong with it."""
    for name, text in {"alone.py": "", "space/part.py": "", "pkg/__init__.py": ""}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    config = tmp_path / "hotd.toml"
    wrong = {
        "nowhere": f"is not installed for {sys.executable}",
        "alone": "is one file",
        "space": "is a namespace package",
        "json": "belongs to Python itself",
        "rpyc": "hotd itself needs",
        "pkg.part": 'name the whole package: "pkg"',
    }
    config.write_text(f"packages = {list(wrong)}\n".replace("'", '"') + '[daemon]\nstate_dir = "state"\n')
    ran = hotd("check", "-c", str(config), env={"PYTHONPATH": str(tmp_path)})
    assert ran.status == 78
    for words in wrong.values():
        assert words in ran.err
