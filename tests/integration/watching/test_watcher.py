"""The watcher's life: start, flush, close, and what must not end it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import threading
from pathlib import Path

import pytest
from watchdog.observers.inotify_move_event_grouper import InotifyMoveEventGrouper

from hotd.contract.errors import CannotWatch
from hotd.core.values import Instant
from hotd.ports import Batch
from tests.integration.watching.rig import MachineClock, Rig, watching_threads
from tests.support.eventually import eventually


def test_no_thread_before_the_start_and_none_after_the_end(rig: Rig) -> None:
    """A watcher that was only built costs nothing; a closed one leaves nothing."""
    watcher = rig.watcher()
    assert not watching_threads()

    watcher.start()
    assert set(watching_threads()) == {"hotd-inotify", "hotd-watchdog", "hotd-emitter-0", "hotd-watcher"}

    watcher.close()
    assert not watching_threads()
    assert watcher.describe() == {"backend": "inotify", "folders": 0, "pending": 0}


def test_closing_is_quick_and_may_be_repeated(rig: Rig) -> None:
    """A daemon that stops does not wait for its watcher, even in the middle of a move."""
    watcher = rig.start()
    rig.write(rig.root / "m.py").rename(rig.elsewhere / "m.py")
    begun = MachineClock().now().mono

    watcher.close()
    watcher.close()

    assert MachineClock().now().mono - begun < 1.0


def test_a_watcher_that_never_started_can_be_closed_and_flushed(rig: Rig) -> None:
    """Whoever cleans up need not know how far the start had come."""
    watcher = rig.watcher()

    watcher.flush()
    watcher.close()

    with pytest.raises(RuntimeError, match="starts once"):
        watcher.start()


def test_a_watcher_starts_once(rig: Rig) -> None:
    """A second start would watch everything twice."""
    watcher = rig.start()

    with pytest.raises(RuntimeError, match="starts once"):
        watcher.start()


def test_a_flush_hands_over_what_has_not_settled(rig: Rig) -> None:
    """``deploy`` does not wait for quiet: what was written before ``flush``, the receiver has when it returns."""
    watcher = rig.start(settle=3600.0, settle_max=3600.0)
    for number in range(50):
        rig.forget()
        new = rig.write(rig.folder / "outbox" / "new.py")
        rig.write(rig.root / f"m{number}.py")
        (rig.root / f"m{number}.py").rename(rig.folder / "outbox" / "old.py")  # waits for its other half
        new.rename(rig.root / "m.py")

        watcher.flush()

        assert {"m.py", f"m{number}.py"} == set().union(*rig.batches)


def test_a_flush_gives_up_on_a_root_that_is_going(rig: Rig) -> None:
    """Nothing comes from there any more, and nobody waits for it for ever."""
    watcher = rig.start(settle=3600.0, settle_max=3600.0)
    shutil.rmtree(rig.root)
    watcher.flush()
    watcher.close()
    watcher.flush()


def test_a_file_that_is_written_for_ever_does_not_hold_up_the_others(rig: Rig) -> None:
    """The cap: while one file never rests, others are told all the same."""
    rig.start(settle=0.4, settle_max=0.8)
    stop = threading.Event()

    def write() -> None:
        while not stop.wait(0.005):
            rig.write(rig.root / "busy.py")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        rig.write(rig.root / "m.py")
        eventually(lambda: str(rig.root / "m.py") in rig.told)
    finally:
        stop.set()
        writer.join()


class ClockThatBreaks(MachineClock):
    """Raises once, on the thread on which watchdog calls its handlers."""

    def __init__(self) -> None:
        self.broken = threading.Event()

    def now(self) -> Instant:
        if threading.current_thread().name == "hotd-watchdog" and not self.broken.is_set():
            self.broken.set()
            raise RuntimeError("the clock broke")
        return super().now()


def test_an_exception_in_the_handler_ends_nothing(rig: Rig) -> None:
    """watchdog's observer dies of it and says nothing; ours says it and lives."""
    clock = ClockThatBreaks()
    rig.start(clock=clock)

    rig.write(rig.root / "first.py")
    assert clock.broken.wait(10)
    rig.write(rig.root / "second.py")

    assert rig.told_of("second.py")
    assert rig.degraded == ["an event was lost: RuntimeError: the clock broke"]


def test_a_receiver_that_fails_is_told_the_next_batch(rig: Rig) -> None:
    """A defect above the watcher does not end the watching."""
    failed = threading.Event()

    def sink(batch: Batch) -> None:
        if not failed.is_set():
            failed.set()
            raise ValueError("no")
        rig.sink(batch)

    rig.start(sink=sink)
    rig.write(rig.root / "first.py")
    assert failed.wait(10)
    rig.write(rig.root / "second.py")

    assert rig.told_of("second.py")
    assert rig.degraded == ["a batch was lost: ValueError: no"]


def test_nobody_to_complain_to_ends_nothing_either(rig: Rig) -> None:
    """Even when the complaint fails, the next change is told."""

    def degraded(sentence: str) -> None:
        raise RuntimeError("nobody is there")

    clock = ClockThatBreaks()
    rig.start(clock=clock, degraded=degraded)
    rig.write(rig.root / "first.py")
    assert clock.broken.wait(10)
    rig.write(rig.root / "second.py")

    assert rig.told_of("second.py")


def test_a_receiver_may_flush_and_close(rig: Rig) -> None:
    """The sink is called on the watcher's own thread; asking it to end from there must not hang."""
    closed = threading.Event()

    def sink(batch: Batch) -> None:
        watcher.flush()
        watcher.close()
        closed.set()

    watcher = rig.watcher(sink=sink)
    watcher.start()
    rig.write(rig.root / "m.py")

    assert closed.wait(10)


def test_a_users_own_watchdog_keeps_its_delay(rig: Rig) -> None:
    """Users' modules run in this process: what the watcher sets for itself it sets for nobody else."""
    usual = InotifyMoveEventGrouper.delay

    rig.start()

    assert InotifyMoveEventGrouper.delay == usual == 0.5


@pytest.mark.parametrize("backend", ["auto", "polling"])
def test_a_root_that_is_missing_or_a_file_is_refused(rig: Rig, backend: str) -> None:
    """A start that watches nothing is no start; the message names the root, and no thread remains."""
    file = rig.write(rig.elsewhere / "m.py")
    for root, reason in ((rig.folder / "missing", "no such file or directory"), (file, "not a directory")):
        watcher = rig.watcher(rig.root, root, backend=backend)

        with pytest.raises(CannotWatch) as caught:
            watcher.start()

        assert caught.value.message == f"source root {root} cannot be watched: {reason}"
        assert not watching_threads()


def test_an_unknown_backend_is_refused(rig: Rig) -> None:
    """A typing error does not become inotify by accident."""
    with pytest.raises(ValueError, match="backend"):
        rig.watcher(backend="fsevents")


# --- the limits of the machine ---------------------------------------------------------------------------------------

LIMITED = """
    import json, os, sys, threading, time
    from pathlib import Path
    from hotd.core.values import Instant
    from hotd.contract.errors import CannotWatch
    from hotd.watching import FileWatcher

    class MachineClock:
        def now(self):
            return Instant(time.monotonic(), time.time())

    if "nobody" in sys.argv:
        os.setuid(65534)
    said = []
    watcher = FileWatcher([Path(sys.argv[1])], sink=print, settle=0.05, settle_max=1.0, backend="auto", interval=1.0,
                          ignore=[], also=[], clock=MachineClock(), degraded=said.append, restored=said.append)
    try:
        watcher.start()
    except CannotWatch as error:
        said += [error.message, error.hint]
    folders = watcher.describe()["folders"]
    watcher.close()
    print(json.dumps([folders, said, threading.active_count()]))
"""


def limited(limit: str, value: int, root: Path) -> list[object]:
    """Start a watcher where the kernel allows so little: a user namespace has limits of its own."""
    shell = f'echo {value} > /proc/sys/user/{limit} || exit 99; exec "$@"'
    python = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(LIMITED), str(root)]
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "sh", "-c", shell, "sh", *python],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode == 99 or "unshare" in done.stderr:
        pytest.skip(f"no user namespaces here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    found: list[object] = json.loads(done.stdout)
    return found


def test_folders_that_may_not_be_read_are_told(rig: Rig) -> None:
    """watchdog takes "permission denied" for a success; a part of the tree would go unseen in silence."""
    script = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(LIMITED)]
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to other users
        root = Path(name)
        root.chmod(0o755)
        (root / "secret").mkdir(mode=0)
        # root may read everything
        words = [*script, name, *(["nobody"] if os.geteuid() == 0 else [])]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
        root.chmod(0)
        refused = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
        root.chmod(0o755)

    assert json.loads(done.stdout) == [1, [f"changes below {name}/secret go unseen: permission denied"], 1]
    assert json.loads(refused.stdout) == [0, [f"source root {name} cannot be watched: permission denied", None], 1]


@pytest.mark.parametrize(
    ("limit", "name"),
    [
        ("max_inotify_watches", "fs.inotify.max_user_watches"),
        ("max_inotify_instances", "fs.inotify.max_user_instances"),
    ],
)
def test_a_root_beyond_the_limit_is_refused_with_the_cure(rig: Rig, limit: str, name: str) -> None:
    """ "No space left on device" would send everybody to the wrong place: the sysctl is named."""
    _, said, threads = limited(limit, 0, rig.root)

    assert isinstance(said, list)
    assert said[0] == f"source root {rig.root} cannot be watched: the user's limit {name} is reached"
    assert f"sysctl -w {name}" in said[1]
    assert threads == 1


def test_a_folder_beyond_the_limit_is_told_once(rig: Rig) -> None:
    """watchdog swallows it; 41 of 60 folders going unseen in silence is what must not be."""
    for number in range(60):
        (rig.root / f"d{number}").mkdir()

    folders, said, _ = limited("max_inotify_watches", 20, rig.root)

    assert folders == 20
    assert isinstance(said, list)
    assert len(said) == 1
    assert f"changes below {rig.root}/d" in said[0]
    assert "fs.inotify.max_user_watches" in said[0]
