"""coverage.py."""

from __future__ import annotations

import json

from tests.integration.tools.conftest import Project

SOURCE = "def f(x):\n    if x:  # ONE\n        return 1\n    return 2\n\n\ndef never():\n    return 3\n"


def test_coverage_measures_managed_files_under_plain_names(project: Project) -> None:
    """``Loader(…, plain_names=True)``: the lines that ran are those of the file."""
    project.write("ops/m.py", SOURCE)
    project.script("new.f(1)")

    project.python("-m", "coverage", "run", "--branch", "--source=ops", "script.py", "plain")
    project.python("-m", "coverage", "json", "-q")

    measured = json.loads((project.folder / "coverage.json").read_text())["files"]["ops/m.py"]
    assert measured["executed_lines"] == [3, 4, 5, 9]
    assert measured["missing_lines"] == [6, 10]


def test_without_plain_names_coverage_finds_no_source(project: Project) -> None:
    """It says so, and names the marked file: README tells what to do."""
    project.write("ops/m.py", SOURCE)
    project.script("new.f(1)")

    project.python("-m", "coverage", "run", "--source=ops", "script.py")

    assert "No source for code: '" in (said := project.python("-m", "coverage", "report", status=1))
    assert "/ops/m.py@" in said
