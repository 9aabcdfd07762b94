"""While git changes a repository, half of what it does is not taken for a change."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from hotd.core.values import Instant
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
    assert clock.held.wait(10)
    began = clock.now().mono
    eventually(lambda: clock.now().mono > began + 0.3)
    assert rig.batches == []

    clock.go_on.set()

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
    lock.rename(rig.folder / ".git/index")

    rig.first_told("b.py")
    assert rig.batches == [{"a.py", "b.py"}]


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
    assert not found.locked(0.0) and not found.renewed
    lock = tmp_path / "repo/.git/worktrees/tree/index.lock"

    lock.touch()

    assert found.locked(1.0) and not found.renewed
    assert not list(found.overdue(2.0))
    lock.unlink()
    assert not found.locked(3.0) and found.renewed
    assert not found.locked(4.0) and not found.renewed
    assert not Repositories([str(tmp_path)]).locked(0.0)
