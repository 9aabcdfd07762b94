"""Every bench tells what it measured, also when it is within its bound; ``--rows FILE`` keeps it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

_ROWS: list[dict[str, str | float]] = []

Tell = Callable[[str, float, float, str], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rows", type=Path, help="write what was measured to this file, as JSON")


@pytest.fixture
def holds() -> Tell:
    """Note a figure beside its bound, and fail where it is above."""

    def tell(what: str, figure: float, bound: float, how: str) -> None:
        _ROWS.append({"what": what, "figure": figure, "bound": bound, "how": how})
        assert figure <= bound, f"{what}: {figure:.2f}, bound {bound}; {how}"

    return tell


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for row in _ROWS:
        held = "held  " if float(row["figure"]) <= float(row["bound"]) else "MISSED"
        terminalreporter.write_line(
            f"{held} {row['figure']:7.2f} of {row['bound']:5.2f}  {row['what']}  ({row['how']})"
        )
    file: Path | None = config.getoption("--rows", None)
    if file is not None:
        file.write_text(json.dumps(_ROWS, indent=1))
