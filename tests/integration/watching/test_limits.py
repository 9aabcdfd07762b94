"""Where the kernel allows less than is needed, or the user may read less: said, worked around, and healed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.watching.limited import limited
from tests.support.eventually import eventually


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that another user may enter: pytest's own are closed to others."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        (Path(name) / "ops").mkdir(mode=0o755)
        yield Path(name)


OTHER_USER = ["nobody"] if os.geteuid() == 0 else []
"""root may read everything."""


def raise_to(limit: str, number: int) -> str:
    """A statement for the process in the namespace."""
    return f"Path('/proc/sys/user/{limit}').write_text('{number}')"


def test_folders_beyond_the_limit_are_polled_until_it_is_raised(place: Path) -> None:
    """watchdog swallows it: 41 of 60 folders going unseen in silence is what must not be."""
    root = place / "ops"
    for number in range(60):
        (root / f"d{number}").mkdir()
    with limited(root, place / "out", max_inotify_watches=20) as watcher:
        (started,) = watcher.of("started")
        assert (started["backend"], started["folders"], started["unwatched"]) == ("inotify", 20, 41)
        assert started["limit"] == 20
        ((reason, message),) = watcher.of("troubles")[-1]
        assert reason == "watch-limit"
        assert "41 of 61 folders are polled" in message
        assert "sysctl -w fs.inotify.max_user_watches=" in message
        for number in range(60):
            (root / f"d{number}" / f"m{number}.py").touch()
        eventually(lambda: watcher.told >= {f"m{number}.py" for number in range(60)})
        (root / "new" / "deep").mkdir(parents=True)
        (root / "new" / "deep" / "late.py").touch()
        eventually(lambda: "late.py" in watcher.told)

        watcher.run(raise_to("max_inotify_watches", 1000))

        eventually(lambda: not watcher.reasons)
        assert watcher.run("pass")["folders"] == 63
        told = len(watcher.of("batch"))
        (root / "d59" / "m59.py").write_text("VERSION = 1\n")
        eventually(lambda: len(watcher.of("batch")) > told)
        assert "polling" not in watcher.run("say(threads_now=[t.name for t in threading.enumerate()])")
        assert not [name for name in watcher.of("threads_now")[-1] if "poll" in name]


def test_a_root_beyond_the_limit_is_polled_until_it_is_raised(place: Path) -> None:
    """Not even the root itself can be watched: "no space left on device" would send everybody to the wrong place."""
    root = place / "ops"
    with limited(root, place / "out", max_inotify_watches=0) as watcher:
        assert watcher.reasons == ["watch-limit"]
        (root / "a.py").touch()
        eventually(lambda: "a.py" in watcher.told)
        watcher.run(raise_to("max_inotify_watches", 100))
        eventually(lambda: not watcher.reasons)
        (root / "b.py").touch()
        eventually(lambda: "b.py" in watcher.told)
        assert watcher.run("pass")["folders"] == 1


def test_without_an_instance_all_is_polled_until_there_is_one(place: Path) -> None:
    """The daemon starts all the same; when somebody else has closed his, everything is looked at anew."""
    root = place / "ops"
    (root / "old.py").touch()
    with limited(root, place / "out", max_inotify_instances=0) as watcher:
        assert watcher.of("started")[0]["backend"] == "polling"
        ((reason, message),) = watcher.of("troubles")[-1]
        assert reason == "instance-limit"
        assert "all roots are polled" in message
        assert "sysctl -w fs.inotify.max_user_instances=" in message
        (root / "a.py").touch()
        eventually(lambda: "a.py" in watcher.told)
        watcher.run(raise_to("max_inotify_instances", 10))
        eventually(lambda: not watcher.reasons)
        assert watcher.run("pass")["backend"] == "inotify"
        eventually(lambda: "old.py" in watcher.told)
        (root / "b.py").touch()
        eventually(lambda: "b.py" in watcher.told)


def test_an_instance_that_is_lost_later_is_polled_for(place: Path) -> None:
    """A root that is replaced needs another instance, and there may be none by then."""
    root = place / "ops"
    with limited(root, place / "out", max_inotify_instances=1) as watcher:
        assert not watcher.reasons
        watcher.run(raise_to("max_inotify_instances", 0))
        shutil.rmtree(root)
        eventually(lambda: "root-missing" in watcher.reasons)
        root.mkdir()
        (root / "a.py").touch()
        eventually(lambda: "a.py" in watcher.told)
        eventually(lambda: watcher.reasons == ["instance-limit"])
        (root / "b.py").touch()
        eventually(lambda: "b.py" in watcher.told)


@pytest.mark.parametrize("backend", ("inotify", "polling"))
def test_a_folder_that_may_not_be_read_is_told_and_tried_again(place: Path, backend: str) -> None:
    """watchdog takes "permission denied" for a success; a part of the tree would go unseen in silence."""
    root, secret = place / "ops", place / "ops" / "secret"
    secret.mkdir(mode=0)
    with limited(root, place / "out", *OTHER_USER, backend) as watcher:
        ((reason, message),) = watcher.of("troubles")[-1]
        assert reason == "permission"
        assert message.startswith(f"changes below {secret} go unseen: permission denied")
        (secret / "a.py").touch()
        secret.chmod(0o755)
        eventually(lambda: "a.py" in watcher.told)
        eventually(lambda: not watcher.reasons)
        (secret / "b.py").touch()
        eventually(lambda: "b.py" in watcher.told)


@pytest.mark.parametrize("backend", ("inotify", "polling"))
def test_a_closed_folder_of_what_is_no_root_any_more_is_nobodys_trouble(place: Path, backend: str) -> None:
    """A module is removed, and its root with it: nobody could do anything about what is told of that."""
    root, other = place / "ops", place / "other"
    (other / "secret").mkdir(parents=True)
    (other / "secret").chmod(0)
    with limited(root, place / "out", *OTHER_USER, backend) as watcher:
        watcher.run(f"watcher.watch([Path(sys.argv[1]), Path({str(other)!r})])")
        eventually(lambda: watcher.reasons == ["permission"])
        watcher.run("watcher.watch([Path(sys.argv[1])])")
        eventually(lambda: not watcher.reasons)


def test_a_root_that_may_not_be_read_any_more_is_told_until_it_may(place: Path) -> None:
    """``chmod`` makes no event that anybody hears; the code in there cannot be loaded."""
    root = place / "ops"
    (root / "a.py").touch()
    with limited(root, place / "out", *OTHER_USER) as watcher:
        root.chmod(0)
        eventually(lambda: watcher.reasons == ["root-closed"], within=5)
        message = watcher.of("troubles")[-1][0][1]
        assert f"source root {root} cannot be read: permission denied" in message
        eventually(lambda: "ops" in watcher.told)
        (root / "b.py").touch()
        root.chmod(0o755)
        eventually(lambda: not watcher.reasons)
        eventually(lambda: watcher.told >= {"a.py", "b.py"})


def test_a_root_that_may_not_be_read_at_the_start_is_refused(place: Path) -> None:
    """A start that watches nothing is no start."""
    root = place / "ops"
    root.chmod(0)
    with limited(root, place / "out", *OTHER_USER) as watcher:
        assert watcher.of("refused") == [[f"source root {root} cannot be watched: permission denied", None]]
