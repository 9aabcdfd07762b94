"""``hotd init`` writes an example that works, and overwrites nothing."""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path
from typing import Any

import pytest

from hotd.config import keys, load_config, write_example
from hotd.contract.errors import Refused, UsageError
from hotd.core.arguments import fill
from tests.unit.config.projects import FewAccounts, Project


def test_the_example_loads_without_a_finding(project: Project, tmp_path: Path) -> None:
    """What init writes, serve takes."""
    folder = tmp_path / "new"
    assert write_example(folder) == [folder / "hotd.toml", folder / "ops/long_op.py"]
    config = load_config(folder / "hotd.toml", env=project.env, uid=1000, cwd=folder, accounts=project.accounts)
    assert (config.warnings, config.later) == ((), ())
    assert [(module.name, module.replicas) for module in config.modules] == [("long_op", 2)]


def test_what_the_example_comments_out_is_the_default(project: Project) -> None:
    """Every key there is stands in the example, can be uncommented, and then changes nothing."""
    write_example(project.folder / "new")
    text = (project.folder / "new/hotd.toml").read_text()
    written = project.load(text)
    whole = re.sub(r"^#(?=\S)", "", text, flags=re.MULTILINE)
    uncommented = project.load(whole)
    # A table that needs files is shown in words.
    plain = [key for names in keys.TABLES.values() for key in names if key != "tls"]
    for key in (*plain, *keys.TLS, *keys.MODULE, *keys.CANARY):
        assert re.search(rf"\b{key} = ", whole), key
    examples = {"state_dir", "ignore", "also", "keep", "operators"}
    assert [later.key.rpartition(".")[2] for later in uncommented.later] == ["canary"]
    for key in re.findall(r"^#(\w+) = ", text, flags=re.MULTILINE):
        if key not in examples:
            assert _values(uncommented, key) == _values(written, key), key


def _values(config: Any, key: str) -> list[Any]:
    places = [config, config.control, config.watch, *config.modules]
    found = [getattr(place, key) for place in places if hasattr(place, key)]
    return [value for value in found if value not in places]


def test_nothing_that_exists_is_overwritten(tmp_path: Path) -> None:
    """Whatever is in the way is named, and stays as it is; nothing else is written."""
    (tmp_path / "ops").mkdir()
    (tmp_path / "ops/long_op.py").write_text("mine")
    with pytest.raises(Refused) as refused:
        write_example(tmp_path)
    assert refused.value.message == f"{tmp_path}/ops/long_op.py exists already; hotd init overwrites nothing"
    assert (tmp_path / "ops/long_op.py").read_text() == "mine"
    assert not (tmp_path / "hotd.toml").exists()


def test_every_file_in_the_way_is_named(tmp_path: Path) -> None:
    """A second init says both; a link to nowhere is in the way as well."""
    write_example(tmp_path)
    (tmp_path / "hotd.toml").unlink()
    (tmp_path / "hotd.toml").symlink_to("nowhere")
    with pytest.raises(Refused, match=r"hotd\.toml and .*long_op\.py exist already"):
        write_example(tmp_path)


def test_a_folder_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    """Half an example is none."""
    (tmp_path / "ops").write_text("a file where the folder should be")
    with pytest.raises(Refused, match="/ops exists already"):
        write_example(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["ops"]


def test_a_folder_that_cannot_be_made_says_why() -> None:
    """The reason of the system and the folder are named."""
    with pytest.raises(UsageError) as refused:
        write_example(Path("/proc/new"))
    assert refused.value.message == "cannot write the example to /proc/new: No such file or directory"


def test_a_careless_umask_opens_nothing_to_everyone(tmp_path: Path, project: Project) -> None:
    """What init writes is not refused for being open to everyone."""
    before = os.umask(0)
    try:
        write_example(tmp_path / "deep/new")
    finally:
        os.umask(before)
    load_config(tmp_path / "deep/new/hotd.toml", env=project.env, uid=1000, cwd=tmp_path, accounts=FewAccounts())


def test_the_example_op_prints_ten_steps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The article's operation, started as a thread with the arguments that the example gives it."""
    source = write_example(tmp_path)[1]
    names: dict[str, Any] = {"__name__": "long_op"}
    exec(compile(source.read_text(), str(source), "exec"), names)
    names["PAUSE"] = 0
    op = names["LongOp"](*fill(("{instance}",), 3))
    assert isinstance(op, threading.Thread)
    op.run()
    assert capsys.readouterr().out.splitlines() == [f"long_op 3: step {step} of 10" for step in range(1, 11)]
