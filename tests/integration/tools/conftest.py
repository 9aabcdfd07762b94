"""A user's project, and the tools of others run on it, each as a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from tests.support.daemons import environment

SCRIPT = """
    import pathlib, sys
    from hotd.loading import Loader

    ops = pathlib.Path(__file__).parent / "ops"
    with Loader([ops], plain_names="plain" in sys.argv[1:]) as loader:
        first = loader.load("m")
        old = first.module("m")
        text = (ops / "m.py").read_text()
        (ops / "m.py").write_text("# moved\\n\\n" + text.replace("ONE", "TWO"))
        new = loader.reload().module("m")
"""
"""Two generations of ``ops/m.py``: in the second everything stands two lines lower, and ONE is TWO."""


ENV = {
    "COLUMNS": "250",  # no path shall be broken into lines
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # they are many here, and take a second to import
}


class Project:
    """Files in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
        return path

    def script(self, body: str) -> None:
        """``script.py``: `SCRIPT`, with the body in the place where both generations are loaded."""
        self.write("script.py", dedent(SCRIPT) + "".join(f"    {line}\n" for line in dedent(body).strip().splitlines()))

    def python(self, *arguments: str, stdin: str = "", status: int = 0) -> str:
        """What a Python with these arguments prints."""
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env={**environment(), **ENV},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == status, f"{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)
