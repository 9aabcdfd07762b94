"""Names and places."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotd.loading.sources.disk import Kind
from hotd.loading.sources.roots import Roots


def grow(root: Path, *files: str) -> None:
    for name in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


@pytest.mark.parametrize("listed", [False, True])
def test_python_s_own_order_of_precedence(tmp_path: Path, listed: bool) -> None:
    """A package before an extension before a source before a plain folder; asked by stat or by listing."""
    grow(tmp_path, "a/__init__.py", "a.py", "b.so", "b.py", "c.py", "c/x.txt", "d/x.txt", "e/__init__.so")
    disk = Roots([tmp_path]).disk()
    if listed:
        disk.modules()

    found = {name: disk.locate(name) for name in "abcdef"}

    assert {name: one.kind if one else None for name, one in found.items()} == {
        "a": Kind.PACKAGE, "b": Kind.EXTENSION, "c": Kind.MODULE, "d": Kind.NAMESPACE, "e": Kind.EXTENSION, "f": None,
    }  # fmt: skip


def test_the_first_root_wins_and_folders_add_up(tmp_path: Path) -> None:
    """Roots stand in order of precedence; a namespace is spread over all of them."""
    grow(tmp_path, "one/m.py", "two/m.py", "one/ns/a.py", "two/ns/b.py", "two/late.py", "one/late/x.txt")
    disk = Roots([tmp_path / "one", tmp_path / "two"]).disk()

    module, space, late = disk.locate("m"), disk.locate("ns"), disk.locate("late")

    assert module is not None and module.path == str(tmp_path / "one/m.py")
    assert space is not None and space.folders == (str(tmp_path / "one/ns"), str(tmp_path / "two/ns"))
    assert late is not None and late.kind is Kind.MODULE
    assert len(disk.homes("m")) == 2


def test_hotd_itself_is_never_managed(tmp_path: Path) -> None:
    """A root that happens to contain hotd does not load it a second time."""
    grow(tmp_path, "hotd/__init__.py")

    assert Roots([tmp_path]).disk().locate("hotd") is None


def test_a_path_has_a_name_under_each_root_that_holds_it(tmp_path: Path) -> None:
    """Nested roots make two names of one file; a linked root knows both its paths."""
    grow(tmp_path, "real/sub/x.py")
    (tmp_path / "link").symlink_to("real")
    roots = Roots([tmp_path / "link", tmp_path / "link/sub"])

    assert set(roots.names_for(str(tmp_path / "link/sub/x.py"))) == {"sub.x", "x"}
    assert set(roots.names_for(str((tmp_path / "real/sub/x.py").resolve()))) == {"sub.x", "x"}
    assert roots.names_for(str(tmp_path / "linked/x.py")) == ()
    assert roots.hold_up(str(tmp_path)) and not roots.hold_up(str(tmp_path / "link/sub/deeper"))


def test_a_dangling_link_is_nothing(tmp_path: Path) -> None:
    """A link to a file that is gone is not a module, however the folder is asked."""
    (tmp_path / "m.py").symlink_to("gone.py")
    roots = Roots([tmp_path])
    listed = roots.disk()
    listed.modules()

    assert roots.disk().locate("m") is None
    assert listed.locate("m") is None
