"""Where roots really are, and what their files are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotd.core.interest import Interest
from hotd.watching.places import Places


def places(*roots: Path) -> Places:
    return Places(roots, Interest())


def wanted(looked: Places, path: Path) -> set[str]:
    return set(looked.wanted(str(path)))


def test_a_root_in_another_is_watched_with_it(tmp_path: Path) -> None:
    """Nested and repeated roots cost no second watch, and their files are told once."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    looked = places(tmp_path / "a" / "b", tmp_path / "a", tmp_path / "a")

    assert [tree.named for tree in looked.trees()] == [str(tmp_path / "a")]
    assert wanted(looked, tmp_path / "a" / "b" / "m.py") == {str(tmp_path / "a" / "b" / "m.py")}


def test_a_neighbour_with_a_longer_name_is_not_inside(tmp_path: Path) -> None:
    """``/ops2`` does not lie in ``/ops``."""
    looked = places(tmp_path / "ops", tmp_path / "ops2")

    assert len(looked.trees()) == 2
    assert wanted(looked, tmp_path / "ops2" / "m.py") == {str(tmp_path / "ops2" / "m.py")}


def test_a_linked_root_keeps_its_name(tmp_path: Path) -> None:
    """Files are told by the name that was configured, not by where it leads."""
    (tmp_path / "releases" / "7").mkdir(parents=True)
    (tmp_path / "current").symlink_to("releases/7")
    looked = places(tmp_path / "current")

    assert [tree.real for tree in looked.trees()] == [str(tmp_path / "releases" / "7")]
    assert wanted(looked, tmp_path / "releases" / "7" / "m.py") == {str(tmp_path / "current" / "m.py")}


def test_a_folder_with_two_names_is_told_by_both(tmp_path: Path) -> None:
    """Each module finds its files by the name of its own root."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "link").symlink_to("a/b")
    looked = places(tmp_path / "a", tmp_path / "link")

    assert len(looked.trees()) == 1
    assert wanted(looked, tmp_path / "a" / "b" / "m.py") == {
        str(tmp_path / "a" / "b" / "m.py"),
        str(tmp_path / "link" / "m.py"),
    }
    assert set(looked.folder(str(tmp_path / "a" / "b"))) == {str(tmp_path / "a" / "b"), str(tmp_path / "link")}


def test_a_root_below_a_folder_that_nobody_enters_is_reached(tmp_path: Path) -> None:
    """``roots = [".", "venv/lib/ours"]``: the second one is meant."""
    inner = tmp_path / "venv" / "lib" / "ours"
    inner.mkdir(parents=True)
    looked = places(tmp_path, inner)

    assert looked.enters(str(tmp_path / "venv" / "lib"))
    assert not looked.enters(str(tmp_path / "venv" / "lib" / "theirs"))
    assert wanted(looked, inner / "m.py") == {str(inner / "m.py")}
    assert not wanted(looked, tmp_path / "venv" / "m.py")


def test_the_folders_above_a_root_do_not_matter(tmp_path: Path) -> None:
    """Rules hold below the root: one that lies in a ``venv`` is watched."""
    root = tmp_path / "venv" / ".git"
    root.mkdir(parents=True)

    assert wanted(places(root), root / "m.py") == {str(root / "m.py")}


def test_what_lies_in_no_root_has_no_name(tmp_path: Path) -> None:
    """Events from elsewhere are told to nobody."""
    looked = places(tmp_path / "a")

    assert not wanted(looked, tmp_path / "m.py")
    assert not list(looked.folder(str(tmp_path)))
    assert not list(looked.wanted(str(tmp_path / "a")))


def test_the_root_of_the_machine_is_a_root() -> None:
    """No name gets two slashes."""
    looked = places(Path("/"))

    assert list(looked.wanted("/m.py")) == ["/m.py"]
    assert list(looked.folder("/")) == ["/"]


def test_a_relative_root_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths in a batch are absolute whatever was given."""
    monkeypatch.chdir(tmp_path)

    assert wanted(places(Path("ops")), tmp_path / "ops" / "m.py") == {str(tmp_path / "ops" / "m.py")}
