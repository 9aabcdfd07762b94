"""What is understood and not done yet is told, never silently passed over."""

from __future__ import annotations

import pytest

from hotd.config import keys
from hotd.config.later import ROWS
from tests.unit.config.projects import MODULE, Project


@pytest.mark.parametrize(
    ("written", "key", "line"),
    [
        ("canary = {}", "modules.long_op.canary", 4),
    ],
)
def test_a_key_without_effect_yet_is_told_where_it_stands(project: Project, written: str, key: str, line: int) -> None:
    """Nobody relies on what is not there: the key, its line and one sentence."""
    [later] = project.load(f"{MODULE}{written}\n").later
    assert (later.key, later.line) == (key, line)
    assert "yet" in later.sentence
    assert str(later).startswith(f"hotd.toml:{line}: {key}: ")


@pytest.mark.parametrize(
    "written",
    [
        '[control]\nadmins = ["root"]\noperators = {"*" = ["ann"]}',
        '[watch]\nalso = ["*.sql"]',
        'auto_permanent = "2m"',
    ],
)
def test_a_default_that_was_written_out_is_not_told(project: Project, written: str) -> None:
    """Only what would make a difference is worth a line."""
    assert project.load(f"{MODULE}{written}\n").later == ()


@pytest.mark.parametrize("executor", ["process", "dask://host:8786", "thread", ""])
def test_another_executor_is_refused(project: Project, executor: str) -> None:
    """Work asked for elsewhere is not silently done here."""
    assert project.errors(f'{MODULE}[daemon]\nexecutor = "{executor}"') == [
        "hotd.toml:5: daemon.executor: other executors come later, and this version would run instances in threads; "
        'write "threads"'
    ]


def test_the_table_names_keys_that_exist() -> None:
    """A row for a key that nobody can write would never be told."""
    known = {f"{table}.{key}" for table, names in keys.TABLES.items() for key in names}
    known |= {f"modules.*.{key}" for key in keys.MODULE} | {"control.operators.*"}
    assert {row.key for row in ROWS} <= known
