"""Data files of a closure: digested with the code, and old for old code."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from hotd.contract.errors import LoadRejected
from hotd.loading import Loader
from tests.integration.loading.conftest import Open, Ops

READS = """
    import importlib.resources as r, pkgutil
    import pkg
    def text(): return (r.files(pkg) / "q.sql").read_text()
    def data(): return pkgutil.get_data("pkg", "q.sql")
    def place(): return r.files("pkg").joinpath("q.sql")
    """


@pytest.fixture
def declared(open_loader: Open) -> Loader:
    return open_loader(also=["*.sql"])


def test_old_code_reads_old_data_and_new_code_new(ops: Ops, declared: Loader) -> None:
    """An edited query belongs to the next generation, as an edited function does."""
    ops.write(m=READS, pkg__="")
    path = ops.write_file("pkg/q.sql", "one")
    g1 = declared.load("m")
    ops.write_file("pkg/q.sql", "two")

    g2 = declared.reload(changed=[path])

    assert g2.number == 2
    assert (g1.module("m").text(), g1.module("m").data()) == ("one", b"one")
    assert (g2.module("m").text(), g2.module("m").data()) == ("two", b"two")


def test_the_same_bytes_are_the_same_generation(ops: Ops, declared: Loader) -> None:
    """Identity is content for data too: a touch, or an edit taken back, loads nothing."""
    ops.write(m="import pkg\n", pkg__="")
    path = ops.write_file("pkg/q.sql", "one")
    g1 = declared.load("m")
    os.utime(path)

    assert declared.reload() is g1
    assert declared.reload([path]) is g1


@pytest.mark.parametrize("named", [True, False])
def test_data_that_come_and_go_are_changes(ops: Ops, declared: Loader, named: bool) -> None:
    """A new query and a removed one are found, by name or by looking at everything."""
    ops.write(m="import pkg\n", pkg__="")
    first = declared.load("m")
    path = ops.write_file("pkg/deep/q.sql", "one")
    second = declared.reload([path] if named else None)
    path.unlink()
    third = declared.reload([path] if named else None)
    ops.write_file("pkg/deep/q.sql", "one")
    fourth = declared.reload([path] if named else None)
    shutil.rmtree(path.parent)
    fifth = declared.reload([path.parent] if named else None)

    assert [one.number for one in (first, second, third, fourth, fifth)] == [1, 2, 3, 4, 5]
    assert first.digest == third.digest == fifth.digest
    assert second.digest == fourth.digest


def test_only_the_modules_beside_it_are_executed_again(ops: Ops, declared: Loader) -> None:
    """Data belong to the code of the nearest folder; the rest of the program stays the same objects."""
    ops.write(m="import pkg.a, pkg.sub.b, other\n", pkg__="", pkg__a="", other="S = []\n")
    ops.write(pkg__sub__="", pkg__sub__b="")
    ops.write_file("pkg/sub/queries/q.sql", "one")
    g1 = declared.load("m")
    path = ops.write_file("pkg/sub/queries/q.sql", "two")
    plan = declared.plan([path])

    g2 = declared.reload([path])

    assert {name for name, _ in plan.executed} == {"m", "pkg.sub", "pkg.sub.b"}
    assert dict(plan.executed)["pkg.sub.b"] == "pkg/sub/queries/q.sql changed"
    assert g2.module("pkg.a") is g1.module("pkg.a")
    assert g2.module("other") is g1.module("other")


def test_data_beside_a_plain_module_belong_to_it(ops: Ops, declared: Loader) -> None:
    """A root is a folder of code as a package is."""
    ops.write(m="import pkgutil\ndef text(): return pkgutil.get_data('m', 'q.sql')\n")
    path = ops.write_file("q.sql", "one")
    g1 = declared.load("m")
    ops.write_file("q.sql", "two")

    g2 = declared.reload([path])

    assert (g1.module("m").text(), g2.module("m").text()) == (b"one", b"two")


def test_watchers_are_told_which_data_matter(ops: Ops, declared: Loader) -> None:
    """A declared file below a folder of the closure does, known or not; anything else does not."""
    ops.write(m="import pkg\n", pkg__="", other__="")
    ops.write_file("pkg/deep/q.sql", "one")
    declared.load("m")
    root = str(ops.root)

    touching = ["pkg/deep/q.sql", "pkg/deep/new.sql", "pkg/new.sql", "new.sql", "pkg/deep"]
    idle = ["pkg/notes.txt", "pkg/.q.sql.swp", "pkg/__pycache__/q.sql", "q.sql~"]

    assert [one for one in touching if not declared.touched_by([f"{root}/{one}"])] == []
    assert [one for one in idle if declared.touched_by([f"{root}/{one}"])] == []


def test_code_that_reads_its_data_keeps_them_undeclared(ops: Ops, loader: Loader) -> None:
    """``importlib.resources`` and ``get_data`` see the generation's own files even if nobody configured anything."""
    ops.write(m=READS, pkg__="")
    path = ops.write_file("pkg/q.sql", "one")
    g1 = loader.load("m")
    ops.write_file("pkg/q.sql", "two")

    g2 = loader.reload([path])

    assert (g1.module("m").text(), g1.module("m").data()) == ("one", b"one")
    assert (g2.module("m").text(), g2.module("m").data()) == ("two", b"two")
    path.unlink()
    assert g2.module("m").text() == "two"
    assert loader.reload() is not g2


def test_a_large_undeclared_file_is_left_on_the_disk(ops: Ops, loader: Loader) -> None:
    """The model beside the code is read when the code reads it, and is no part of any digest."""
    ops.write(m=READS, pkg__="")
    path = ops.root / "pkg/q.sql"
    path.write_bytes(b"1" * ((1 << 20) + 1))
    g1 = loader.load("m")
    path.write_bytes(b"2" * ((1 << 20) + 1))

    assert loader.reload() is g1
    assert g1.module("m").data()[:1] == b"2"


def test_new_code_that_begins_to_read_data_finds_them(ops: Ops, loader: Loader) -> None:
    """A package that stays as it is is made anew with its data when the first code reads them."""
    ops.write(m="import pkg\n", pkg__="import deep\n", deep="S = []\n")
    ops.write_file("pkg/q.sql", "one")
    g1 = loader.load("m")
    ops.write(m=READS)

    g2 = loader.reload()
    ops.write_file("pkg/q.sql", "two")

    assert g2.module("m").text() == "one"
    assert g2.module("deep") is g1.module("deep")
    assert loader.reload().module("m").text() == "two"


def test_a_folder_without_code_is_read_as_a_package(ops: Ops, loader: Loader) -> None:
    """``files("pkg.data")`` needs no ``__init__.py``."""
    ops.write(m="import importlib.resources as r\ndef text(): return r.files('pkg.data').joinpath('q').read_text()\n")
    ops.write(pkg__="")
    path = ops.write_file("pkg/data/q", "one")
    g1 = loader.load("m")
    ops.write_file("pkg/data/q", "two")
    g2 = loader.reload([path])

    assert (g1.module("m").text(), g2.module("m").text()) == ("one", "two")


def test_who_needs_a_real_file_gets_one_with_the_old_bytes(ops: Ops, loader: Loader) -> None:
    """``open``, ``os.fspath`` and ``as_file`` read the generation's data, not today's."""
    ops.write(m=READS, pkg__="")
    path = ops.write_file("pkg/q.sql", "one")
    place = loader.load("m").module("m").place()
    assert os.fspath(place) == str(place) == str(path)
    ops.write_file("pkg/q.sql", "two")

    copy = Path(os.fspath(place))

    assert (copy.read_text(), copy.name[-6:], place.suffix) == ("one", "-q.sql", ".sql")
    with pytest.raises(OSError, match="only be read"):
        place.open("w")
    loader.close()
    del place


def test_a_folder_lists_what_was_there_and_what_is(ops: Ops, loader: Loader) -> None:
    """What was deleted since is still listed; walking works as over a pathlib.Path."""
    ops.write(m=READS, pkg__="")
    ops.write_file("pkg/more/a.txt", "A")
    ops.write_file("pkg/q.sql", "one")
    folder = loader.load("m").module("m").r.files("pkg")
    shutil.rmtree(ops.root / "pkg/more")

    assert sorted(one.name for one in folder.iterdir()) == ["__init__.py", "more", "q.sql"]
    more = folder / "more"
    assert (more.is_dir(), more.is_file(), [one.read_text() for one in more.iterdir()]) == (True, False, ["A"])
    assert (folder / "more/a.txt").read_bytes() == b"A"
    assert not (folder / "nothing").exists()
    with pytest.raises(NotADirectoryError):
        list((folder / "nothing").iterdir())


def test_a_declared_file_that_cannot_be_read_is_a_refusal(ops: Ops, declared: Loader) -> None:
    """Half a closure is never loaded: the sentence names the file."""
    ops.write(m="import pkg\n", pkg__="")
    g1 = declared.load("m")
    path = ops.root / "pkg/huge.sql"
    with path.open("wb") as file:
        file.truncate(17 << 20)

    with pytest.raises(LoadRejected, match=r"huge\.sql cannot be read: it is 17 MiB large"):
        declared.reload([path])
    assert declared.current is g1
    path.unlink()
    assert declared.reload([path]) is g1


def test_a_bundle_has_the_data(ops: Ops, open_loader: Open) -> None:
    """What comes back from the store reads what it read."""
    ops.write(m=READS, pkg__="")
    ops.write_file("pkg/q.sql", "one")
    ops.write_file("pkg/r.txt", "beside")
    with Loader([ops.root], also=["*.sql"]) as before:
        bundle = before.bundle(before.load("m"))
    shutil.rmtree(ops.root)

    loader = open_loader(also=["*.sql"])
    back = loader.promote(loader.restore(bundle, number=1))

    assert back.module("m").text() == "one"
    assert back.module("m").r.files("pkg").joinpath("r.txt").read_text() == "beside"
    assert loader.bundle(back) == bundle


def test_an_unchanged_disk_is_unchanged_after_a_start_with_data(ops: Ops, open_loader: Open) -> None:
    """Restored data are compared with the disk as loaded ones are."""
    ops.write(m=READS, pkg__="")
    path = ops.write_file("pkg/q.sql", "one")
    with Loader([ops.root]) as before:
        bundle = before.bundle(before.load("m"))
    loader = open_loader()
    back = loader.promote(loader.restore(bundle, number=1))
    assert loader.reload() is back
    path.write_text("two")

    assert loader.reload([path]).module("m").text() == "two"


def test_data_below_a_linked_root_are_found_by_either_path(ops: Ops, open_loader: Open, tmp_path: Path) -> None:
    """Watchers report real paths; roots may be links."""
    ops.write_file("real/m.py", READS)
    ops.write_file("real/pkg/__init__.py", "")
    path = ops.write_file("real/pkg/q.sql", "one")
    (tmp_path / "link").symlink_to("real")
    loader = open_loader([tmp_path / "link"], also=["*.sql"])
    g1 = loader.load("m")
    path.write_text("two")

    assert loader.touched_by([path])
    assert loader.reload([path]).module("m").text() == "two"
    assert g1.module("m").text() == "one"
