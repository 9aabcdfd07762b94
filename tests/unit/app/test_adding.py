"""Who may add what, what is watched for it, and what becomes of it at the next start."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from hotd.app.adding import Additions, added_before
from hotd.contract import requests
from hotd.contract.errors import NotPermitted, UsageError
from hotd.core.records import Added
from hotd.core.values import Actor

OURS, THEIRS = Actor("root", os.geteuid()), Actor("ann", os.geteuid() + 1)


class Watching:
    def __init__(self) -> None:
        self.roots: list[Path] = []

    def start(self) -> None: ...
    def close(self) -> None: ...
    def flush(self) -> None: ...
    def settled(self, within: float) -> None: ...
    def watch(self, roots: Sequence[Path]) -> None:
        self.roots = list(roots)

    def describe(self) -> Mapping[str, Any]:
        return {}


@pytest.fixture
def ops(tmp_path: Path) -> Path:
    (tmp_path / "ops" / "sub").mkdir(parents=True)
    (tmp_path / "else").mkdir()
    return tmp_path / "ops"


def test_a_root_beyond_those_of_hotd_toml_is_for_the_daemons_own_user(ops: Path) -> None:
    """Whoever else is an admin has to do with what was configured."""
    additions = Additions([str(ops)], (), Watching(), list)
    inside, beyond = str(ops / "sub"), str(ops.parent / "else")
    for actor in (OURS, THEIRS):
        assert additions.spec(requests.Add("late", "late:Op", (inside,)), actor).roots == (inside,)
        assert additions.spec(requests.Add("late", "late:Op"), actor).roots == (str(ops),)
    assert additions.spec(requests.Add("late", "late:Op", (beyond,)), OURS).roots == (beyond,)
    for actor in (THEIRS, Actor("somebody", None)):
        with pytest.raises(NotPermitted, match="lies in no root of hotd"):
            additions.spec(requests.Add("late", "late:Op", (beyond,)), actor)


def test_a_mistake_is_one_of_usage(ops: Path) -> None:
    """hotd.toml is not to blame."""
    with pytest.raises(UsageError, match="has no colon"):
        Additions([str(ops)], (), Watching(), list).spec(requests.Add("late", "nocolon"), OURS)


def test_only_what_is_not_seen_anyway_is_watched_besides(ops: Path) -> None:
    """Each once."""
    watching = Watching()
    Additions([str(ops)], (), watching, lambda: [str(ops), str(ops / "sub"), "/else", "/else"]).watch()
    assert watching.roots == [ops, Path("/else")]


def test_a_root_behind_a_link_that_leads_elsewhere_is_watched_besides(ops: Path) -> None:
    """Whoever watches the folder that the link lies in sees the link, and nothing of what is behind it."""
    watching = Watching()
    (ops / "shared").symlink_to(ops.parent / "else")
    (ops / "alias").symlink_to(ops / "sub")
    (ops.parent / "current").symlink_to(ops)
    current = ops.parent / "current"
    hosted = [str(current / name) for name in ("shared", "alias", "sub")]
    Additions([str(current)], (), watching, lambda: hosted).watch()
    assert watching.roots == [current, current / "shared"]


def test_what_is_about_to_be_hosted_is_watched_whoever_leaves_meanwhile(ops: Path) -> None:
    """One adds a module while the last instance of another's ends: neither undoes what the other needs."""
    watching, hosted = Watching(), ["/leaves"]
    additions = Additions([str(ops)], (), watching, lambda: hosted)
    with additions.coming(["/late"]):
        assert watching.roots == [ops, Path("/leaves"), Path("/late")]
        hosted.remove("/leaves")
        additions.watch()
        assert watching.roots == [ops, Path("/late")]
        hosted.append("/late")
    assert watching.roots == [ops, Path("/late")]
    with pytest.raises(UsageError), additions.coming(["/late", "/refused"]):
        raise UsageError("it is there already")
    assert watching.roots == [ops, Path("/late")]


def test_the_next_start_hosts_what_was_added(ops: Path, caplog: pytest.LogCaptureFixture) -> None:
    """hotd.toml comes first; what was removed, or cannot be understood any more, keeps nobody else from serving."""
    kept = (
        Added("late", "late:Op", {"replicas": 2, "roots": ["/gone"]}),
        Added("away", None),
        Added("long_op", "late:Op"),
        Added("odd", "late:Op", {"mood": "good"}),
    )
    specs, said = added_before(kept, [str(ops)], [], ["long_op"])
    assert [(one.name, one.replicas, one.roots) for one in specs] == [("late", 2, ("/gone",))]
    assert said == {"late": {"entry": "late:Op", "replicas": 2, "roots": ["/gone"]}}
    assert "long_op, which was added, is not hosted: hotd.toml has a module of that name" in caplog.text
    assert "odd, which was added, is not hosted: add: --set mood: no such key" in caplog.text
