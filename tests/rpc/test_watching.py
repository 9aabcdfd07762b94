"""What keeps changes from being seen is a condition of its own with its cure, and no edit is lost for good."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemons import Running, config, environment, folder_for_sockets, ready, running
from tests.support.eventually import eventually
from tests.support.ops import hosted
from tests.support.overflowing import overflowing

NOTHING = "def work():\n    pass\n"


def source(version: int, more: str = "") -> str:
    return f"{more}\nVERSION = {version}\n\n\n{NOTHING}"


def reasons(daemon: Running) -> dict[str, str]:
    """What keeps changes from being seen, and what to do about it."""
    found = daemon.status()["daemon"]["conditions"]
    return {one["reason"]: one["message"] for one in found if one["type"] == "WatchDegraded"}


def within(seconds: float, holds: Callable[[], Any]) -> None:
    """It is noticed in time; a machine with other things to do has thrice as much."""
    begun = time.monotonic()
    eventually(holds)
    assert time.monotonic() - begun < 3 * seconds


def is_on(number: int) -> Callable[[Any], bool]:
    return lambda module: bool(module["generation"] == number)


def test_roots_that_go_and_events_that_are_dropped_are_told_apart() -> None:
    """Each is noticed within two seconds, is shown by itself, and goes by itself."""
    with running({"m.py": source(1)}, hosted("m", "m:work", 0)) as daemon:
        root, away = daemon.folder / "ops", daemon.folder / "away"
        root.rename(away)
        within(2, lambda: reasons(daemon).keys() == {"root-missing"})
        assert daemon.status()["daemon"]["health"] == "Degraded"
        assert f"source root {root} was removed" in daemon.hotctl("status").out
        (away / "m.py").write_text(source(2))
        away.rename(root)
        within(2, lambda: not reasons(daemon))
        daemon.until(is_on(2), "m")

        with overflowing(daemon.process.pid, root):
            daemon.write("m.py", source(3))
            root.rename(away)
        within(2, lambda: reasons(daemon).keys() == {"overflow", "root-missing"})
        assert "max_queued_events" in reasons(daemon)["overflow"]
        assert daemon.status()["daemon"]["watching"]["overflows"] == 1
        away.rename(root)
        daemon.until(is_on(3), "m")

        def nothing_else() -> bool:
            left = reasons(daemon)
            assert left.keys() <= {"overflow"}, left
            return True

        eventually(nothing_else)
        assert daemon.status()["daemon"]["health"] == "Healthy", "what was dropped was made up for"
        assert "1 overflow" in daemon.hotctl("status").out
        daemon.write("m.py", source(4))
        daemon.until(is_on(4), "m")


def test_a_thread_that_a_module_ends_is_started_anew() -> None:
    """Hosted code runs in this process, and can do anything to it."""
    kill = "import threading\n[one.stop() for one in threading.enumerate() if one.name == 'hotd-inotify']\n"
    with running({"m.py": source(1)}, hosted("m", "m:work", 0)) as daemon:
        daemon.write("m.py", source(2, kill))
        within(2, lambda: reasons(daemon).keys() == {"thread-ended"})
        daemon.write("m.py", source(3))
        daemon.until(is_on(3), "m")
        log = daemon.hotctl("events").out
        assert "the thread hotd-inotify had ended" in log


@contextmanager
def started_by(folder: Path, *command: str) -> Iterator[Running]:
    """A daemon that another program becomes."""
    serve = [sys.executable, "-m", "hotd", "serve", "--verbose", "-c", str(folder / "hotd.toml")]
    with (folder / "daemon.log").open("ab") as log:
        process = subprocess.Popen(
            [*command, *serve], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, env=environment()
        )
    daemon = Running(folder, process)
    try:
        ready(daemon)
        yield daemon
    finally:
        process.kill()
        process.wait()


@contextmanager
def confined(folder: Path, **limits: int) -> Iterator[Running]:
    """A daemon in a user namespace with limits of its own."""
    shell = "".join(f"echo {number} > /proc/sys/user/{name} || exit 99; " for name, number in limits.items())
    unshare = ["unshare", "--user", "--map-root-user", "sh", "-c"]
    if (tried := subprocess.run([*unshare, shell], capture_output=True, text=True, check=False)).returncode:
        pytest.skip(f"no user namespaces here: {tried.stderr.strip()}")
    with started_by(folder, *unshare, f'{shell} exec "$@"', "sh") as daemon:
        yield daemon


@contextmanager
def without_privileges(modules: str, sources: Mapping[str, str]) -> Iterator[Running]:
    """A daemon to which a folder may be closed: root's own right to open every one is taken from it."""
    setpriv = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] if os.getuid() == 0 else []
    if setpriv and (shutil.which("setpriv") is None or subprocess.run([*setpriv, "true"], check=False).returncode):
        pytest.skip("nobody here takes a right from root")
    with folder_for_sockets() as folder:
        (folder / "hotd.toml").write_text(config(modules))
        for name, text in sources.items():
            (folder / "ops" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "ops" / name).write_text(text)
        with started_by(folder, *setpriv) as daemon:
            yield daemon


def test_a_root_or_a_folder_that_is_closed_is_told_until_it_is_open() -> None:
    """`chmod` makes no event: it is shown within two seconds, with its cure; what was saved meanwhile is found."""
    with without_privileges(hosted("m", "m:work", 0), {"m.py": source(1)}) as daemon:
        root, secret = daemon.folder / "ops", daemon.folder / "ops" / "secret"
        root.chmod(0)
        try:
            within(2, lambda: reasons(daemon).keys() == {"root-closed"})
            assert f"source root {root} cannot be read: permission denied" in reasons(daemon)["root-closed"]
            assert f"`namei -l {root}` shows whose it is" in daemon.hotctl("status").out.replace("\n", " ")
            assert daemon.status()["daemon"]["health"] == "Degraded"
        finally:
            root.chmod(0o755)
        daemon.write("m.py", source(2))
        within(2, lambda: not reasons(daemon))
        daemon.until(is_on(2), "m")

        (daemon.folder / "new").mkdir(mode=0)
        (daemon.folder / "new").rename(secret)
        within(2, lambda: reasons(daemon).keys() == {"permission"})
        message = reasons(daemon)["permission"]
        assert message == f"changes below {secret} go unseen: permission denied (`ls -ld` shows whose it is)"
        assert daemon.status()["daemon"]["watching"]["unwatched"] == 1
        daemon.write("m.py", source(3))
        daemon.until(is_on(3), "m")
        secret.chmod(0o755)
        within(2, lambda: not reasons(daemon))
        daemon.write("secret/part.py", "VERSION = 1\n")
        daemon.write("m.py", source(4, "from secret import part"))
        daemon.until(is_on(4), "m")
        daemon.write("secret/part.py", "VERSION = 2\n")
        daemon.until(is_on(5), "m")
        told = daemon.hotctl("events").out
        assert f"source root {root} is watched again" in told and f"{secret} can be watched again" in told


@pytest.mark.parametrize("to_its_end", [False, pytest.param(True, marks=pytest.mark.soak)])
def test_files_that_change_all_the_time_are_named_with_what_to_do_about_it(to_its_end: bool) -> None:
    """A tool that writes among the sources is no trouble of the daemon's, and nobody would find it without help."""
    with running({"m.py": source(1)}, hosted("m", "m:work", 0), watch='settle = "10ms"') as daemon:

        def told() -> dict[str, str]:
            daemon.write("written.py", "VERSION = 1\n")
            return reasons(daemon)

        eventually(lambda: told().keys() == {"churn"})
        message = reasons(daemon)["churn"]
        assert str(daemon.folder / "ops" / "written.py") in message and '[watch] ignore = ["…"]' in message
        assert daemon.module("m")["generation"] == 1
        assert daemon.status()["daemon"]["health"] == "Healthy", "every edit is seen all the same"
        if to_its_end:
            eventually(lambda: not reasons(daemon), within=100)
            assert "files do not change all the time any more" in daemon.hotctl("events").out


def test_a_daemon_without_inotify_polls_until_it_has_it() -> None:
    """At the limits of the kernel it serves, says what to raise, sees every edit, and comes back by itself."""
    raised = "from pathlib import Path\nPath('/proc/sys/user/{}').write_text('{}')\n"
    with folder_for_sockets() as folder:
        (folder / "ops").mkdir()
        for number in range(9):
            (folder / "ops" / f"pkg{number}").mkdir()
        (folder / "ops" / "m.py").write_text(source(1))
        (folder / "hotd.toml").write_text(config(hosted("m", "m:work", 0), watch='interval = "100ms"'))
        with confined(folder, max_inotify_instances=0, max_inotify_watches=4) as daemon:
            assert reasons(daemon).keys() == {"instance-limit"}
            assert "sysctl -w fs.inotify.max_user_instances=" in reasons(daemon)["instance-limit"]
            assert daemon.status()["daemon"]["watching"]["backend"] == "polling"
            assert "watch polling" in daemon.hotctl("status").out
            # Whoever raises a limit in there has to be in there.
            daemon.write("m.py", source(2, raised.format("max_inotify_instances", 9)))
            daemon.until(is_on(2), "m")

            eventually(lambda: reasons(daemon).keys() == {"watch-limit"})
            assert "6 of 10 folders are polled" in reasons(daemon)["watch-limit"]
            facts = daemon.status()["daemon"]["watching"]
            assert (facts["backend"], facts["folders"], facts["limit"], facts["unwatched"]) == ("inotify", 4, 4, 6)
            assert "4 of at most 4 folders watched" in daemon.hotctl("status").out
            for number in range(9):
                daemon.write(f"pkg{number}/part.py", "VERSION = 3\n")
            imports = "".join(f"from pkg{number} import part as part{number}\n" for number in range(9))
            daemon.write("m.py", source(3, imports))
            daemon.until(is_on(3), "m")
            for number in range(9):
                daemon.write(f"pkg{number}/part.py", f"VERSION = {4 + number}\n")
                daemon.until(is_on(4 + number), "m")
            daemon.write("m.py", source(13, imports + raised.format("max_inotify_watches", 99)))
            daemon.until(is_on(13), "m")
            eventually(lambda: not reasons(daemon))
            assert daemon.status()["daemon"]["watching"]["folders"] == 10
            daemon.write("pkg8/part.py", "VERSION = 14\n")
            daemon.until(is_on(14), "m")
            events = [json.loads(line) for line in daemon.hotctl("events", "--json").out.splitlines()]
            twice = [e for e in events if e["event"] == "reload.unchanged" and e["cause"] == "watch: part.py"]
            assert not twice, "polling tells of what inotify does not, and of nothing else"
            told = daemon.hotctl("events").out
            assert "there is an instance of inotify again" in told and "all folders are watched again" in told


BUSY = """
from hotd import api
{imports}
print("sum", {sum})


def work():
    while not api.stopping():
        sum(range(2000))
"""


@pytest.mark.parametrize("files", [1000, pytest.param(12_000, marks=pytest.mark.soak)])
def test_a_burst_beside_four_instances_that_compute_loses_nothing(files: int) -> None:
    """A whole program is written anew while nobody leaves the daemon the interpreter: what serves then is all new."""
    names = [f"pkg{number // 20}/m{number}" for number in range(files)]
    used = [name.replace("/", ".") for name in names[:: files // 50]]
    entry = BUSY.format(
        imports="".join(f"import {name}\n" for name in used), sum=" + ".join(f"{name}.VERSION" for name in used)
    )
    sources = {"m.py": entry, **{f"{name}.py": "VERSION = 1\n" for name in names}}
    with running(sources, hosted("m", "m:work", 4, 'on_change = "stop"')) as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 4, "m")
        for name in names:
            daemon.write(f"{name}.py", "VERSION = 2\n")
        eventually(lambda: f"sum {2 * len(used)}\n" in daemon.output, within=90)
        daemon.until(lambda m: not m["out_of_sync"] and m["rejected"] is None, "m")
        facts = daemon.status()["daemon"]["watching"]
        assert (facts["folders"], facts["unwatched"]) == (1 + files // 20, 0)
        assert not reasons(daemon).keys() - {"overflow"}
