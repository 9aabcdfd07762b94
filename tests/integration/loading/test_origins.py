"""Where code on disk came from."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from hotd.loading.sources.origins import Whence


def git(folder: Path, *args: str) -> str:
    who = {f"GIT_{role}_{what}": "t@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    done = subprocess.run(
        ["git", "-C", str(folder), *args], check=True, capture_output=True, text=True, env={**os.environ, **who}
    )
    return done.stdout.strip()


def commit_of(folder: Path) -> str | None:
    return Whence([str(folder)]).origins[0].commit


def test_the_commit_is_the_one_that_is_checked_out(tmp_path: Path) -> None:
    """On a branch, packed or not, detached, in a work tree of its own, and before the first commit."""
    repository, beside = tmp_path / "repo", tmp_path / "beside"
    (repository / "ops").mkdir(parents=True)
    git(repository, "init", "-q", "-b", "main")
    assert commit_of(repository / "ops") is None
    git(repository, "commit", "-q", "--allow-empty", "-m", "one")
    first = git(repository, "rev-parse", "HEAD")
    assert commit_of(repository / "ops") == first
    (repository / "ops" / "m.py").write_text("edited since\n")
    git(repository, "add", "-A")
    assert commit_of(repository / "ops") == first, "whatever was edited since"
    git(repository, "pack-refs", "--all")
    assert commit_of(repository / "ops") == first
    git(repository, "worktree", "add", "-q", "-b", "other", str(beside))
    git(beside, "commit", "-q", "--allow-empty", "-m", "two")
    assert commit_of(beside) == git(beside, "rev-parse", "HEAD")
    assert commit_of(repository) == first
    git(repository, "checkout", "-q", "--detach", "other")
    assert commit_of(repository) == git(beside, "rev-parse", "HEAD")


def test_a_submodule_has_a_commit_of_its_own(tmp_path: Path) -> None:
    """As git says inside it."""
    inner, outer = tmp_path / "inner", tmp_path / "outer"
    for folder in (inner, outer):
        folder.mkdir()
        git(folder, "init", "-q", "-b", "main")
        git(folder, "commit", "-q", "--allow-empty", "-m", folder.name)
    git(outer, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner), "ops")
    assert commit_of(outer / "ops") == git(inner, "rev-parse", "HEAD") != commit_of(outer)


def test_what_is_no_commit_is_not_told_as_one(tmp_path: Path) -> None:
    """Whoever may write a repository's files shows nobody another file."""
    (tmp_path / "secret").write_text("password\n")
    (tmp_path / "repo/.git").mkdir(parents=True)
    for head in ("ref: ../../secret", "password", "", "ref: a\0b", "ref: refs/heads/.invalid"):
        (tmp_path / "repo/.git/HEAD").write_text(head)
        assert commit_of(tmp_path / "repo") is None


def test_a_linked_root_tells_where_it_leads(tmp_path: Path) -> None:
    """`current -> releases/7`: which release it was is what one wants to know later."""
    (tmp_path / "releases/7").mkdir(parents=True)
    (tmp_path / "current").symlink_to("releases/7")

    (found,) = Whence([str(tmp_path / "current")]).origins

    assert (found.target, found.commit) == (str(tmp_path / "releases/7"), None)


def test_half_a_repository_tells_nothing(tmp_path: Path) -> None:
    """It never keeps anything from being loaded."""
    (tmp_path / ".git").mkdir()
    assert commit_of(tmp_path) is None
    (tmp_path / ".git").rmdir()
    (tmp_path / ".git").write_text("gitdir: /nowhere\n")
    assert commit_of(tmp_path) is None


def test_what_came_from_elsewhere_since_does_not_hold(tmp_path: Path) -> None:
    """A commit, another branch, packed branches, another release: what was found a moment before is asked anew."""
    repository = tmp_path / "repo"
    (repository / "ops").mkdir(parents=True)
    git(repository, "init", "-q", "-b", "main")
    git(repository, "commit", "-q", "--allow-empty", "-m", "one")
    for change in (
        ("commit", "-q", "--allow-empty", "-m", "two"),
        ("checkout", "-q", "-b", "other"),
        ("pack-refs", "--all"),
        ("checkout", "-q", "--detach", "main"),
    ):
        before = Whence([str(repository / "ops")])
        (repository / "ops" / "m.py").write_text(f"edited before {change}\n")
        assert before.holds()
        git(repository, *change)
        assert not before.holds()
    for release in ("7", "8"):
        (tmp_path / "releases" / release).mkdir(parents=True)
    (tmp_path / "current").symlink_to("releases/7")
    before = Whence([str(tmp_path / "current")])
    assert before.holds()
    (tmp_path / "next").symlink_to("releases/8")
    (tmp_path / "next").rename(tmp_path / "current")
    assert not before.holds()
