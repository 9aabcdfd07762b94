"""While git changes a repository, half of what it does is not taken for a change."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler

from hotd.core.interest import Interest
from hotd.core.values import Instant
from hotd.watching.health import Health
from hotd.watching.minding import Minding
from hotd.watching.mounts import Mounts
from hotd.watching.repositories import PATIENCE, Repositories
from tests.integration.watching.rig import ClockThatStops, MachineClock, Rig
from tests.support.eventually import eventually


def git(folder: Path, *args: str) -> None:
    who = {f"GIT_{role}_{what}": "t@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    subprocess.run(["git", "-C", str(folder), *args], check=True, capture_output=True, env={**os.environ, **who})


def test_nothing_settles_while_the_index_is_locked(rig: Rig) -> None:
    """However long the checkout takes, all of it is one batch."""
    git(rig.folder, "init", "-q")
    watcher = rig.start(settle=0.01, settle_max=0.02)
    lock = rig.write(rig.folder / ".git/index.lock", "")
    rig.write(rig.root / "a.py")
    eventually(lambda: watcher.describe()["pending"] == 1, what="the change to arrive")
    rig.write(rig.root / "b.py")
    eventually(lambda: watcher.describe()["pending"] == 2, what="the other one to arrive")

    assert rig.batches == []
    lock.unlink()

    rig.first_told("b.py")
    assert rig.batches == [{"a.py", "b.py"}]


def test_what_git_wrote_last_is_told_with_the_rest(rig: Rig) -> None:
    """Its lock is gone before the events are here: until they are, what is quiet is half of a checkout."""
    git(rig.folder, "init", "-q")
    clock = ClockThatStops(after=2)
    rig.start(settle=0.05, clock=clock)
    lock = rig.write(rig.folder / ".git/index.lock", "")
    for name in ("a.py", "b.py"):
        rig.write(rig.folder / "outbox" / name).rename(rig.root / name)
    lock.rename(rig.folder / ".git/index")
    rig.nothing_is_told_while_it_stops(clock)

    rig.first_told("b.py")
    assert rig.batches == [{"a.py", "b.py"}]


def test_what_git_wrote_where_nothing_tells_of_it_is_looked_for_when_it_is_done(rig: Rig) -> None:
    """Else each round of polling would find another part of a checkout."""
    git(rig.folder, "init", "-q")
    watcher = rig.start(settle=0.05, backend="polling", interval=1.0)
    lock = rig.write(rig.folder / ".git/index.lock", "")
    rig.write(rig.root / "a.py")
    eventually(lambda: watcher.describe()["pending"] == 1, what="the change to be seen")

    rig.write(rig.root / "b.py")
    rig.write(rig.folder / ".git/HEAD", "ref: refs/heads/other\n")
    lock.rename(rig.folder / ".git/index")

    rig.first_told("b.py")
    assert rig.batches == [{"a.py", "b.py"}]


def test_who_saves_after_git_noted_something_does_not_wait_for_a_look_at_everything(rig: Rig) -> None:
    """``git add`` and ``git status`` write the index too: what was saved meanwhile is no part of a checkout."""
    git(rig.folder, "init", "-q")
    watcher = rig.start(settle=0.3, backend="polling", interval=2.0)
    rig.write(rig.root / "a.py")
    git(rig.folder, "add", ".")
    eventually(lambda: watcher.describe()["pending"] == 1, what="the change to be seen")

    rig.write(rig.root / "b.py")

    rig.first_told("b.py")
    assert rig.batches == [{"a.py"}, {"b.py"}]


def test_a_look_at_everything_is_left_out_where_it_takes_too_long(rig: Rig) -> None:
    """On a slow server it takes a minute, and meanwhile nothing would be told."""
    told: list[str] = []

    class Handler(FileSystemEventHandler):
        def dispatch(self, event: FileSystemEvent) -> None:
            told.append(os.fsdecode(event.src_path))

    handler, clock = Handler(), MachineClock()
    health, concerned = Health(rig.trouble, clock), rig.watcher()
    minding = Minding(
        [rig.root], Interest(), handler, concerned, health, clock, polls=True, interval=3600.0, mounts=Mounts()
    )
    minding.begin()
    try:
        saved = rig.write(rig.root / "a.py")
        minding.catch_up(1.0, polled=0.0)
        assert told == []
        minding.catch_up(1.0, polled=60.0)
        assert told == [str(saved)]
    finally:
        minding.close()


def test_what_changes_the_work_tree_is_told_from_what_git_only_notes(tmp_path: Path) -> None:
    """The one wrote many files, the other none; both write the index."""
    source = tmp_path / "ops/a.py"
    source.parent.mkdir()
    git(tmp_path, "init", "-q")
    source.write_text("V = 1\n")
    found = Repositories([str(source.parent)])

    def did(*args: str) -> tuple[bool, bool]:
        git(tmp_path, *args)
        assert not found.locked(0.0)
        return found.renewed, found.moved

    assert did("add", ".") == (True, False)
    did("commit", "-qm", "one")
    source.write_text("V = 'two'\n")
    assert did("commit", "-qam", "two") == (True, False)
    assert did("checkout", "-q", "HEAD~1") == (True, True)
    assert did("log") == (False, False)
    assert did("reset", "-q", "--hard", "HEAD@{1}") == (True, True)


def test_what_is_known_of_git_outlives_a_change_of_the_roots(tmp_path: Path) -> None:
    """A checkout may end just while a module is added."""
    (tmp_path / "ops").mkdir()
    git(tmp_path, "init", "-q")
    before = Repositories([str(tmp_path)])
    lock = tmp_path / ".git/index.lock"
    lock.touch()
    assert before.locked(0.0)

    during = Repositories([str(tmp_path / "ops"), str(tmp_path)], before)

    assert list(during.overdue(PATIENCE))
    lock.rename(tmp_path / ".git/index")
    assert not list(during.overdue(PATIENCE))
    after = Repositories([str(tmp_path / "ops")], during)
    assert not after.locked(1.0) and after.renewed and after.moved
    git(tmp_path, "checkout", "-q", "--orphan", "other")
    again = Repositories([str(tmp_path / "ops")], after)
    assert not again.locked(2.0) and again.renewed and again.moved


def test_a_real_checkout_is_told(rig: Rig) -> None:
    """Files that git wrote arrive after it is done."""
    git(rig.folder, "init", "-q")
    rig.write(rig.root / "a.py", "V = 1\n")
    git(rig.folder, "add", ".")
    git(rig.folder, "commit", "-qm", "one")
    rig.write(rig.root / "a.py", "V = 2\n")
    git(rig.folder, "commit", "-qam", "two")
    rig.start(settle=0.01, settle_max=0.02)

    git(rig.folder, "checkout", "-q", "HEAD~1")

    rig.first_told("a.py")
    assert not rig.degraded


class Moved(MachineClock):
    """A clock that can be put forward."""

    ahead = 0.0

    def now(self) -> Instant:
        now = super().now()
        return Instant(now.mono + self.ahead, now.wall)


def test_a_lock_that_stays_is_told_with_its_cure(rig: Rig) -> None:
    """A git that was killed leaves it; nobody should have to find out why nothing reloads."""
    git(rig.folder, "init", "-q")
    clock = Moved()
    rig.start(settle=0.01, settle_max=0.02, clock=clock)
    lock = rig.write(rig.folder / ".git/index.lock", "")
    rig.write(rig.root / "a.py")

    def later() -> list[str]:
        clock.ahead += PATIENCE + 1
        return rig.degraded

    eventually(later, what="the sentence")
    assert str(lock) in rig.degraded[0] and "remove it" in rig.degraded[0]
    assert rig.batches == []
    lock.unlink()
    rig.first_told("a.py")
    assert len(rig.degraded) == 1
    assert rig.restored == ["git is done; what changed meanwhile is taken up now"]


def test_a_work_tree_beside_its_repository_has_a_lock_elsewhere(tmp_path: Path) -> None:
    """``git worktree`` leaves a file that says where."""
    (tmp_path / "tree/ops").mkdir(parents=True)
    (tmp_path / "repo/.git/worktrees/tree").mkdir(parents=True)
    (tmp_path / "tree/.git").write_text(f"gitdir: {tmp_path}/repo/.git/worktrees/tree\n")
    found = Repositories([str(tmp_path / "tree/ops")])
    assert not found.locked(0.0) and not found.renewed and not found.moved
    lock = tmp_path / "repo/.git/worktrees/tree/index.lock"

    lock.touch()

    assert found.locked(1.0) and not found.renewed and not found.moved
    assert not list(found.overdue(2.0))
    lock.unlink()
    assert not found.locked(3.0) and found.renewed and found.moved
    assert not found.locked(4.0) and not found.renewed and not found.moved
    assert not Repositories([str(tmp_path)]).locked(0.0)
