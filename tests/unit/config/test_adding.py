"""A module that is added at run time is read as one of hotd.toml is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hotd.config import outside, read_added
from hotd.contract.errors import BadConfig


def read(name: str = "late", entry: str = "late:Op", *roots: str, **options: Any) -> Any:
    return read_added(name, entry, roots, options, configured=("/srv/ops",))


def test_without_roots_it_has_those_of_hotd_toml() -> None:
    """And every key that a table may have."""
    spec = read(replicas=3, args=["{instance}"], drain_deadline="5s")
    assert (spec.name, spec.entry, spec.roots) == ("late", "late:Op", ("/srv/ops",))
    assert (spec.replicas, spec.args, spec.drain_deadline) == (3, ("{instance}",), 5.0)


def test_a_root_of_its_own_is_held_to_the_same_rules(tmp_path: Path) -> None:
    """It exists, it is a folder, nobody else may write it, it takes no name that is somebody's."""
    (tmp_path / "ops").mkdir()
    assert read("late", "late:Op", str(tmp_path / "ops")).roots == (str(tmp_path / "ops"),)
    (tmp_path / "ops/json.py").touch()
    (tmp_path / "open").mkdir(mode=0o777)
    (tmp_path / "open").chmod(0o777)
    for root, said in (("nowhere", "does not exist"), ("ops", "standard module"), ("open", "everyone may write")):
        with pytest.raises(BadConfig, match=f"--root: .*{said}"):
            read("late", "late:Op", str(tmp_path / root))


def test_every_mistake_is_told_by_the_option_it_is_in() -> None:
    """All at once."""
    with pytest.raises(BadConfig) as refused:
        read("bad-1", "no colon", repicas=1)
    said = str(refused.value).split("\n")
    assert len(said) == 3
    assert any(one.startswith("add: NAME: ") for one in said)
    assert any(one.startswith("add: --entry: ") for one in said)
    assert any(one.startswith("add: --set repicas: no such key; did you mean") for one in said)


def test_what_lies_in_no_configured_root_is_known_wherever_links_lead(tmp_path: Path) -> None:
    """A link inside a root that leads outside is outside; one that leads inside is inside."""
    (tmp_path / "ops/sub").mkdir(parents=True)
    (tmp_path / "else").mkdir()
    (tmp_path / "ops/out").symlink_to(tmp_path / "else")
    (tmp_path / "in").symlink_to(tmp_path / "ops")
    configured = [str(tmp_path / "in")]
    roots = [str(tmp_path / name) for name in ("ops", "ops/sub", "in/sub", "ops/out", "else", "ops/../else", "opsx")]
    assert outside(roots, configured) == [str(tmp_path / name) for name in ("ops/out", "else", "ops/../else", "opsx")]
