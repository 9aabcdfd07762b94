"""What a reload does, counted: the same on every machine, so part of the default run. Times are not: `make bench`.

One process counts (`counting`); each promise is looked up in what it told.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

COUNTING = Path(__file__).with_name("counting.py")
PROGRAMS = ("tree", "small tree", "flat", "popular")
READ = ["open", "fstat", "read", "close"]

Counts = dict[str, Any]


@pytest.fixture(scope="module")
def counts(tmp_path_factory: pytest.TempPathFactory) -> Counts:
    """What the actions of `counting` took."""
    folder = tmp_path_factory.mktemp("counted")
    command = [sys.executable, str(COUNTING), str(folder)]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=110, env=_environment())
    found: Counts = json.loads(said.stdout)
    return found


def _environment() -> dict[str, str]:
    return {"PYTHONPATH": str(Path(__file__).parents[2])}


@pytest.mark.parametrize("program", PROGRAMS)
def test_each_file_is_read_and_compiled_once(program: str, counts: Counts) -> None:
    """A first load opens and compiles every module once, and looks into each folder once."""
    first = counts[program]["first"]
    asked = [name for name, _ in first["asked"]]
    assert first["compiled"] == asked.count("open") == counts[program]["size"]
    assert asked.count("scandir") == 1


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_reload_executes_what_is_affected(program: str, counts: Counts) -> None:
    """The changed module and those that import it, directly or not."""
    assert counts[program]["edit"]["executed"] == counts[program]["users"] + 1


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_reload_asks_the_system_for_the_file_that_was_named(program: str, counts: Counts) -> None:
    """It opens, looks at, reads and closes that one; all others, affected or not, cost no system call."""
    asked = counts[program]["edit"]["asked"]
    assert [name for name, _ in asked] == READ
    assert asked[0][1] == counts[program]["file"]


@pytest.mark.parametrize("program", PROGRAMS)
def test_no_bytes_are_compiled_twice(program: str, counts: Counts) -> None:
    """One change, one compilation; none for the same bytes again, nor for an edit that is taken back."""
    told = counts[program]
    assert {action: told[action]["compiled"] for action in ("edit", "same", "back", "everything")} == {
        "edit": 1, "same": 0, "back": 0, "everything": 0,
    }  # fmt: skip
    assert told["same"]["unchanged"]


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_swap_and_an_undo_touch_no_file(program: str, counts: Counts) -> None:
    """Promoting a candidate, and going back to a generation in memory, reads and compiles nothing."""
    for action in ("promote", "undo"):
        assert (counts[program][action]["asked"], counts[program][action]["compiled"]) == ([], 0)


def test_a_reload_without_names_reads_each_known_file_once(counts: Counts) -> None:
    """Asked to look at everything, it does so with one folder listed and each file read once."""
    asked = [name for name, _ in counts["tree"]["everything"]["asked"]]
    assert asked.count("open") == counts["tree"]["size"]
    assert asked.count("scandir") == 1


def test_the_work_of_a_reload_does_not_grow_with_the_program(counts: Counts) -> None:
    """An edit in a tree of 1,000 modules takes as many function calls as in one of 111, but for its one dependent more.

    A few more or less, for the parts of generations before that were just collected.
    """
    large, small = counts["tree"], counts["small tree"]
    assert large["users"] == small["users"] + 1
    assert large["edit"]["calls"] < small["edit"]["calls"] + 200
    assert large["same"]["calls"] < small["same"]["calls"] + 20
    assert large["promote"]["calls"] < small["promote"]["calls"] + 20
    assert large["find"]["calls"] == small["find"]["calls"] < 20


def test_a_dependent_takes_few_calls(counts: Counts) -> None:
    """62 modules that are executed again, because of what they import, take fewer than 130 function calls each."""
    assert counts["popular"]["edit"]["calls"] / (counts["popular"]["users"] + 1) < 130


def test_a_wide_entry_is_not_walked(counts: Counts) -> None:
    """An entry that imports 299 modules, one of them changed, executes its 299 import statements, and little else."""
    assert counts["flat"]["edit"]["calls"] < counts["small tree"]["edit"]["calls"] + 3 * 299


def test_modules_that_share_a_pool_compile_once_for_all(counts: Counts) -> None:
    """A second hosted module over the same sources compiles nothing, nor does a generation that comes from its bundle;
    that one does not even ask the disk."""
    assert counts["shared"]["second"]["compiled"] == 0
    assert counts["shared"]["bundle"]["compiled"] == 0
    assert counts["shared"]["bundle"]["asked"] == []


def test_import_statements_that_ran_before_ask_nothing(counts: Counts) -> None:
    """Import statements in a function that runs again make no system call and compile nothing."""
    assert (counts["imports"]["asked"], counts["imports"]["compiled"]) == ([], 0)
