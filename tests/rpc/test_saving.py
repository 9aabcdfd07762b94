"""Whatever a save is made of, the daemon makes one generation of it, or none where the bytes are the same."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hotctl import connect
from tests.support.daemons import Running, config, folder_for_sockets, running, serving
from tests.support.eventually import eventually
from tests.support.gates import Gate
from tests.support.ops import hosted
from tests.support.saves import SAVES, beside, missing, run, temp_and_rename

NOTHING = "def work():\n    pass\n"


def source(version: int) -> str:
    return f"VERSION = {version}\n\n\n{NOTHING}"


def rollouts(daemon: Running, module: str) -> Counter[str]:
    """How often what became of the module's reloads."""
    with connect(str(daemon.socket)) as caller:
        names = [event.event for event in caller.events(after=0) if event.module == module]
    return Counter(name for name in names if name.startswith("reload.") and name != "reload.started")


def batches(daemon: Running) -> list[list[str]]:
    """The files of each batch that was told of."""
    with connect(str(daemon.socket)) as caller:
        events = [event for event in caller.events(after=0) if event.event == "watch.changed"]
    return [[Path(path).name for path in event.fields["files"]] for event in events]


def more_than(before: int, daemon: Running) -> Callable[[], bool]:
    """Another batch was told of."""
    return lambda: len(batches(daemon)) > before


def is_on(number: int) -> Any:
    return lambda module: module["generation"] == number


def swept(daemon: Running, elsewhere: Path) -> Iterator[str]:
    """Saves that make no event: each is a generation of ``linked`` or ``hard``, and all was looked at, twice."""
    beside(elsewhere, source(2)).replace(elsewhere / "target.py")
    daemon.until(is_on(2), "linked")
    yield "target.py"
    (elsewhere / "hard.py").write_text(source(2))
    daemon.until(is_on(2), "hard")
    yield "hard.py"
    (elsewhere / "target.py").write_text(source(3))
    daemon.until(is_on(3), "linked")


def test_one_save_is_one_generation_however_it_is_written() -> None:
    """Editors, copiers and installers, each in its own way; and what makes no event at all is found by looking."""
    modules = "".join(hosted(name, f"{name}:work", 0) for name in ("saved", "linked", "hard"))
    with folder_for_sockets() as folder:
        elsewhere, ops = folder / "elsewhere", folder / "ops"
        elsewhere.mkdir()
        ops.mkdir()
        (ops / "saved.py").write_text(source(0))
        (elsewhere / "target.py").write_text(source(1))
        (elsewhere / "hard.py").write_text(source(1))
        (ops / "linked.py").symlink_to(elsewhere / "target.py")
        (ops / "hard.py").hardlink_to(elsewhere / "hard.py")
        # On a busy machine the steps of one save may be far apart.
        (folder / "hotd.toml").write_text(config(modules, watch='settle = "200ms"'))
        with serving(folder) as daemon:
            path, number = ops / "saved.py", 1
            for save in SAVES:
                if missing(save) is None:
                    number += 1
                    save(path, source(number), elsewhere)
                    daemon.until(is_on(number), "saved")
            times = path.stat()
            os.utime(path)
            path.chmod(0o600)
            path.resolve().write_text(source(number))
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
            for _ in swept(daemon, elsewhere):
                # The sweep knows the file by now, and finds that it is another; but somebody was told already.
                number += 1
                temp_and_rename(path, source(number), elsewhere)
                daemon.until(is_on(number), "saved")

            assert rollouts(daemon, "saved") == {"reload.promoted": number}
            assert (rollouts(daemon, "linked"), rollouts(daemon, "hard")) == (
                {"reload.promoted": 3}, {"reload.promoted": 2},
            )  # fmt: skip
            told = [files for files in batches(daemon) if "saved.py" in files]
            assert told == [["saved.py"]] * (number - 1), "not even a look that came to nothing"


def test_what_goes_and_comes_back_is_the_same_generation() -> None:
    """``mv`` away, a deletion, a branch without the file: SourceMissing until it is back, and then nothing new."""
    with running({"m.py": source(1)}, hosted("m", "m:work", 0)) as daemon:
        path = daemon.folder / "ops" / "m.py"
        path.rename(daemon.folder / "away.py")
        daemon.until(lambda m: [one["type"] for one in m["conditions"]][:1] == ["SourceMissing"], "m")
        (daemon.folder / "away.py").rename(path)
        daemon.until(lambda m: not m["conditions"] and not m["out_of_sync"], "m")
        path.unlink()
        daemon.until(lambda m: [one["type"] for one in m["conditions"]][:1] == ["SourceMissing"], "m")
        path.write_text(source(2))
        daemon.until(lambda m: is_on(2)(m) and not m["conditions"], "m")


def test_what_is_half_written_beyond_the_cap_is_refused_and_heals() -> None:
    """A new file that nobody closes waits for the cap, one that is written in place until it has rested that long."""
    with running({"m.py": source(1)}, hosted("m", "m:work", 0), watch='settle_max = "600ms"') as daemon:
        path, number = daemon.folder / "ops" / "m.py", 1
        for is_new in (True, False):
            if is_new:
                path.unlink()
            number += 1
            with path.open("w") as file:
                file.write(source(number)[:-12])
                file.flush()
                begun = datetime.now(UTC)
                refused = daemon.until(lambda m: m["rejected"] is not None, "m")["rejected"]
                assert refused["reason"] == "syntax-error"
                assert datetime.fromisoformat(refused["at"]) - begun > timedelta(seconds=0.55)
                file.write(source(number)[-12:])
            daemon.until(lambda m, n=number: is_on(n)(m) and m["rejected"] is None, "m")
        assert rollouts(daemon, "m") == {"reload.promoted": 3, "reload.rejected": 2}


def test_what_is_saved_while_an_import_takes_its_time_is_loaded() -> None:
    """A file that the load has imported, edited; one that it will miss, made at last: nobody saves anything again."""
    with running({"m.py": source(1)}, hosted("m", "m:work", 0)) as daemon:
        first, second = Gate(daemon.folder / "gate1"), Gate(daemon.folder / "gate2")
        gate = f"open({str(daemon.folder / 'gate')!r} + str(early.V)).read()"
        daemon.write("early.py", "V = 1\n")
        daemon.write("m.py", source(2).replace("VERSION", f"import early\n{gate}\nimport late\nVERSION"))
        first.reached()
        daemon.write("early.py", "V = 2\n")
        eventually(lambda: ["early.py"] in batches(daemon))
        first.open()
        second.reached()
        daemon.write("late.py", "")
        eventually(lambda: ["late.py"] in batches(daemon))
        (daemon.folder / "gate2").unlink()
        (daemon.folder / "gate2").write_text("whoever comes again finds it open")
        second.open()
        daemon.until(lambda m: is_on(2)(m) and m["rejected"] is None, "m")
        assert rollouts(daemon, "m") == {"reload.promoted": 2}


def test_folders_that_come_and_go_are_followed() -> None:
    """A package moved in, replaced, moved out; a new one made file by file; a deploy by a link that is swapped."""
    first = {"m.py": f"import pkg.part\nVERSION = pkg.part.VERSION\n\n\n{NOTHING}", "pkg/part.py": "VERSION = 1\n"}
    with folder_for_sockets() as folder:
        for release in ("1", "2"):
            for name, text in first.items():
                path = folder / "releases" / release / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
        (folder / "ops").symlink_to("releases/1")
        (folder / "releases/2/pkg/part.py").write_text("VERSION = 3\n")
        (folder / "hotd.toml").write_text(config(hosted("m", "m:work", 0)))
        with serving(folder) as daemon:
            package = folder / "ops" / "pkg"
            package.rename(folder / "old")
            daemon.until(lambda m: m["rejected"] is not None, "m")
            new = folder / "new"
            shutil.copytree(folder / "old", new)
            (new / "part.py").write_text("VERSION = 2\n")
            new.rename(package)
            daemon.until(lambda m: is_on(2)(m) and m["rejected"] is None, "m")

            (folder / "next").symlink_to("releases/2")
            (folder / "next").rename(folder / "ops")
            daemon.until(is_on(3), "m")
            (folder / "releases/1/pkg/part.py").write_text("VERSION = 'of an old release'\n")
            (folder / "releases/2/pkg/part.py").write_text("VERSION = 4\n")
            daemon.until(is_on(4), "m")

            shutil.rmtree(package)
            daemon.until(lambda m: m["rejected"] is not None, "m")
            package.mkdir()
            (package / "part.py").write_text("VERSION = 5\n")
            daemon.until(lambda m: is_on(5)(m) and m["rejected"] is None, "m")
            assert rollouts(daemon, "m")["reload.promoted"] == 5


def test_a_checkout_of_a_thousand_files_is_one_rollout() -> None:
    """Switching branches: half of one and half of the other is never loaded."""
    names = [f"pkg/m{number}.py" for number in range(1000)]
    imports = "".join(f"from pkg import m{number}\n" for number in range(0, 1000, 50))
    entry = f"{imports}VERSION = m0.VERSION\n\n\n{NOTHING}"
    git = ("git", "-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "init.defaultBranch=one")
    with folder_for_sockets() as folder:
        ops = folder / "ops"
        (ops / "pkg").mkdir(parents=True)
        run(*git, "init", "-q", cwd=ops)
        for branch in ("two", "one"):
            run(*git, "checkout", "-q", "-B", branch, cwd=ops)
            (ops / "m.py").write_text(entry)
            for name in names:
                (ops / name).write_text(f"VERSION = {branch!r}\n")
            run(*git, "add", ".", cwd=ops)
            run(*git, "commit", "-q", "-m", branch, cwd=ops)
        (folder / "hotd.toml").write_text(config(hosted("m", "m:work", 0)))
        with serving(folder) as daemon:
            run(*git, "checkout", "-q", "two", cwd=ops)
            daemon.until(is_on(2), "m")
            run(*git, "checkout", "-q", "one", cwd=ops)
            daemon.until(is_on(3), "m")
            assert rollouts(daemon, "m") == {"reload.promoted": 3}


def test_what_was_missed_or_refused_behind_a_link_heals_when_it_is_there() -> None:
    """No event tells of it: a new module, the repair of one that never ran, one that code could do without."""
    sources = {
        "new.py": "import shared.later\n\n\n" + NOTHING,
        "broken.py": "import shared.bad\n\n\n" + NOTHING,
        "optional.py": "try:\n    import shared.fast\nexcept ImportError:\n    pass\n\n\n" + NOTHING,
        "dangling.py": "import somewhere\n\n\n" + NOTHING,
    }
    with folder_for_sockets() as folder:
        (folder / "ops").mkdir()
        (folder / "elsewhere").mkdir()
        (folder / "ops" / "shared").symlink_to(folder / "elsewhere")
        (folder / "ops" / "somewhere.py").symlink_to(folder / "late.py")
        (folder / "elsewhere" / "bad.py").write_text("def (\n")
        for name, text in sources.items():
            (folder / "ops" / name).write_text(text)
        modules = "".join(hosted(Path(name).stem, f"{Path(name).stem}:work") for name in sources)
        (folder / "hotd.toml").write_text(config(modules))
        with serving(folder, wait=False) as daemon:
            eventually(lambda: daemon.socket.exists() and daemon.module("optional")["generation"] == 1, within=30)
            for name in ("new", "broken", "dangling"):
                daemon.until(lambda module: module["generation"] is None and module["rejected"] is not None, name)
            (folder / "elsewhere" / "later.py").write_text("")
            (folder / "elsewhere" / "bad.py").write_text("fine = True\n")
            (folder / "elsewhere" / "fast.py").write_text("")
            (folder / "late.py").write_text("")
            for name, number in (("new", 1), ("broken", 1), ("dangling", 1), ("optional", 2)):
                daemon.until(is_on(number), name)
