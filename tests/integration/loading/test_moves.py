"""What moves from one root to another is the same code in another place."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hotd.contract.errors import SourceMissing
from hotd.loading import Loader
from tests.integration.loading.conftest import Open, Ops


@pytest.fixture
def old(tmp_path: Path) -> Ops:
    ops = Ops(tmp_path / "old")
    ops.write(m="import p.q.part\nimport p.other\n", p__="", p__q__="", p__q__part="V = 1\n", p__other="V = 1\n")
    return ops


@pytest.fixture
def new(tmp_path: Path) -> Ops:
    (tmp_path / "new").mkdir()
    return Ops(tmp_path / "new")


@pytest.fixture
def loader(old: Ops, new: Ops, open_loader: Open) -> Loader:
    """Its package has just moved, which made no generation."""
    loader = open_loader([old.root, new.root])
    first = loader.load("m")
    shutil.move(old.root / "p", new.root / "p")
    assert loader.reload(changed=[old.root / "p", *new.root.rglob("*.py")]) is first
    return loader


def test_an_edit_in_the_new_place_is_seen_and_nothing_else_is_executed(new: Ops, loader: Loader) -> None:
    """Whoever moves a package to another root goes on working on it there."""
    before = loader.current
    assert before is not None
    other = before.module("p.other")

    found = loader.reload(changed=new.write(p__q__part="V = 2\n"))

    assert found.module("p.q.part").V == 2
    assert found.module("p.q.part").__file__ == str(new.root / "p/q/part.py")
    assert found.module("p.other") is other
    assert loader.reload(changed=new.write(p__other="V = 3\n")).module("p.other").V == 3


def test_a_new_file_in_the_new_place_can_be_imported(old: Ops, new: Ops, loader: Loader) -> None:
    """Also by an edit of somebody who lies elsewhere."""
    loader.reload(changed=new.write(p__q__added="V = 4\n"))

    found = loader.reload(changed=old.write(m="import p.q.added\n"))

    assert found.module("p.q.added").V == 4


def test_what_is_in_neither_place_is_gone(new: Ops, loader: Loader) -> None:
    """Nothing else is taken for it."""
    (new.root / "p/q/part.py").unlink()

    with pytest.raises(SourceMissing, match=r"p/q/part\.py is gone"):
        loader.reload(changed=[new.root / "p/q/part.py"])
