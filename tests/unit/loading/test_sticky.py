"""What was imported for good, and whether its file is still that."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from hotd.loading.sources.native import digest
from hotd.loading.sticky import Sticky, imported


class Site:
    """Files that look imported."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.digest = digest
        self.sticky = Sticky(self.digest_now)
        self.names: list[str] = []

    def digest_now(self, path: str) -> str:
        return self.digest(path)

    def imports(self, name: str, text: str = "content", path: str = "") -> Path:
        file = self.root / (path or f"{name.replace('.', '/')}.py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        module = ModuleType(name)
        module.__spec__ = ModuleSpec(name, None, origin=str(file))
        module.__spec__.has_location = True
        self.put(name, module)
        return file

    def put(self, name: str, module: Any) -> None:
        sys.modules[name] = module
        self.names.append(name)

    def note(self) -> None:
        """All that is there is known, and was read."""
        self.sticky.note()
        self.sticky.look_first(most=100_000)

    def differing(self) -> list[str]:
        return sorted(one.name for one in self.sticky.differing)

    def look(self) -> list[str]:
        self.sticky.look(most=100_000)
        return self.differing()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    for name in site.names:
        sys.modules.pop(name, None)


def test_an_edited_file_differs_until_it_is_as_it_was(site: Site) -> None:
    """Content counts: another time, another inode and another way to the same bytes do not."""
    file = site.imports("one_xyz", "before")
    site.note()
    file.write_text("behind")
    assert site.look() == ["one_xyz"]
    file.write_text("before")
    assert site.look() == []
    file.unlink()
    assert site.look() == ["one_xyz"]
    file.write_text("before")
    assert site.look() == []
    os.utime(file, (1, 1))
    assert site.look() == []


def test_bytes_are_read_only_where_the_status_differs(site: Site) -> None:
    """Once at first, and then again after a change: a look costs one system call a file."""
    file = site.imports("one_xyz")
    site.note()
    asked: list[str] = []

    def noted(path: str) -> str:
        asked.append(path)
        return digest(path)

    site.digest = noted
    assert site.look() == site.look() == [] == asked
    os.utime(file, (1, 1))
    assert site.look() == []
    assert asked == [str(file)]


def test_a_change_that_keeps_size_and_time_is_seen(site: Site) -> None:
    """``cp -p`` of a file of the same size."""
    file = site.imports("one_xyz", "aaa")
    times = (file.stat().st_atime_ns, file.stat().st_mtime_ns)
    site.note()
    file.write_text("bbb")
    os.utime(file, ns=times)
    assert site.look() == ["one_xyz"]


def test_what_changed_before_it_could_be_read_is_told_by_its_status(site: Site) -> None:
    """Nobody knows what it was: another size or time is a change, and no change is none."""
    file = site.imports("one_xyz", "aaa")
    site.sticky.note()
    file.write_text("bbbb")
    site.imports("two_xyz")
    site.note()
    assert site.differing() == ["one_xyz"]
    assert site.look() == ["one_xyz"]


def test_a_file_too_large_to_be_read_is_known_by_size_and_time(site: Site) -> None:
    """A library of a gigabyte is not read to tell."""

    def too_large(path: str) -> str:
        raise OSError("it is too large")

    site.digest = too_large
    file = site.imports("one_xyz", "aaa")
    made = file.stat().st_mtime_ns
    site.note()
    os.utime(file, ns=(1, 1))
    assert site.look() == ["one_xyz"]
    os.utime(file, ns=(made, made))
    assert site.look() == []


def test_of_a_package_that_changes_all_is_looked_at_at_once(site: Site) -> None:
    """However many files an installer changed, the first look that meets one of them counts them."""
    files = [site.imports(f"pkg_xyz.m{number}") for number in range(50)]
    site.imports("other_xyz")
    site.note()
    for file in files[10:]:
        file.write_text("new")
    site.sticky.look_at([str(files[20])])
    assert len(site.differing()) == 40
    site.sticky.look_at([str(site.root / "pkg_xyz")])
    assert len(site.differing()) == 40


def test_each_look_is_short_and_all_have_their_turn(site: Site) -> None:
    """So many files, or so much time, at once."""
    files = {f"m{number}_xyz": site.imports(f"m{number}_xyz") for number in range(30)}
    site.note()
    for file in files.values():
        file.write_text("new")
    seen: list[int] = []
    while len(site.differing()) < 30:
        site.sticky.look(most=25)
        seen.append(len(site.differing()))
    assert max(b - a for a, b in zip([0, *seen], seen, strict=False)) <= 25
    before = site.imports("late_xyz")
    site.sticky.note()
    assert site.sticky.fresh and site.sticky.holds(str(before))
    site.sticky.look_first(0.0)
    assert not site.sticky.fresh
    before.write_text("new")
    site.sticky.look_at([str(before)])
    assert "late_xyz" in site.differing()


def test_what_is_imported_again_is_known_anew(site: Site) -> None:
    """Somebody took it out of ``sys.modules`` and imported it from what the file holds now."""
    file = site.imports("one_xyz", "before")
    site.note()
    file.write_text("after")
    assert site.look() == ["one_xyz"]
    site.imports("one_xyz", "after")
    site.note()
    assert site.look() == []


def test_nobody_is_asked_for_anything(site: Site) -> None:
    """Modules that import half the world when they are touched, strangers in ``sys.modules``, a file of two names."""

    class Touchy(ModuleType):
        def __getattribute__(self, name: str) -> Any:
            raise AssertionError(f"it was asked for {name}")

    touchy = Touchy("touchy_xyz")
    file = site.root / "touchy.py"
    file.write_text("")
    object.__getattribute__(touchy, "__dict__")["__file__"] = str(file)
    site.put("touchy_xyz", touchy)
    for number, stranger in enumerate((None, object(), 7, ModuleType("bare_xyz"))):
        site.put(f"stranger{number}_xyz", stranger)
    site.imports("one_xyz", path="same.py")
    site.imports("alias_xyz", path="same.py")
    odd = ModuleType("odd_xyz")
    odd.__file__ = "\0"
    site.put("odd_xyz", odd)
    site.note()
    file.write_text("new")
    (site.root / "same.py").write_text("new")
    assert site.look() == ["one_xyz", "touchy_xyz"]


def test_whoever_asks_while_somebody_imports_is_told_of_something_new(monkeypatch: pytest.MonkeyPatch) -> None:
    """And is not stopped by it: a load that asks would never come to an end."""

    class Growing(dict[str, ModuleType]):
        def items(self) -> Any:
            found = super().items()

            class Items:
                def __reversed__(self) -> Any:
                    backwards = reversed(found)
                    growing[f"m{len(growing)}"] = ModuleType("m")
                    return backwards

            return Items()

    growing = Growing(m=ModuleType("m"))
    with monkeypatch.context() as patched:
        patched.setattr(sys, "modules", growing)
        first, second = imported(), imported()
    assert first != second
