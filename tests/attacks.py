"""The table of attacks in SECURITY.md: what somebody hostile does, what comes of it, and the tests that show it.

It is read off the tests themselves, from their ``@pytest.mark.attack("what", outcome="…")``, file by file under each
file's own first sentence. ``python -m tests.attacks`` writes it (``make security``), a test holds it to them.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "SECURITY.md"
ORDER = ("test_naming.py", "test_costs.py")
ELSEWHERE = "Shown with single parts, not with a whole daemon"
BEGIN, END = "<!-- attacks: written by `make security` -->\n", "<!-- end of attacks -->\n"


@dataclass(frozen=True, slots=True)
class Attack:
    """One mark."""

    heading: str
    what: str
    outcome: str
    proof: str
    """``folder/file.py::test``, below ``tests``."""


def attacks() -> list[Attack]:
    """All there are: of the files in ``attacks`` those of ``ORDER`` first; within a file as they stand there."""
    first = {name: place for place, name in enumerate(ORDER)}
    files = sorted(TESTS.rglob("test_*.py"), key=lambda f: (f.parent.name != "attacks", first.get(f.name, 9), f))
    return [attack for file in files for attack in _marked(file)]


def table(found: list[Attack]) -> str:
    """What stands between the two comments of SECURITY.md."""
    lines = []
    for heading in dict.fromkeys(attack.heading for attack in found):
        lines += [f"\n### {heading}\n", "| attack | what comes of it | shown by |", "|---|---|---|"]
        rows: dict[tuple[str, str], list[str]] = {}
        for attack in found:
            if attack.heading == heading:
                rows.setdefault((attack.what, attack.outcome), []).append(f"`{attack.proof.partition('::')[2]}`")
        lines += [f"| {_cell(what)} | {_cell(outcome)} | {', '.join(by)} |" for (what, outcome), by in rows.items()]
        files = dict.fromkeys(a.proof.partition("::")[0] for a in found if a.heading == heading)
        lines.append(f"\n<sub>tests/{', tests/'.join(files)}</sub>")
    return "\n".join(lines) + "\n\n"


def written(page: str, text: str) -> str:
    """The page with the table in its place."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    assert begin and end, f"SECURITY.md lacks {BEGIN!r} or {END!r}"
    return before + begin + text + end + after


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _marked(file: Path) -> Iterator[Attack]:
    tree = ast.parse(file.read_bytes())
    heading = (ast.get_docstring(tree) or "").split("\n", maxsplit=1)[0].rstrip(".")
    heading = heading if file.parent.name == "attacks" else ELSEWHERE
    for one in tree.body:
        if not isinstance(one, ast.FunctionDef):
            continue
        for mark in one.decorator_list:
            if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.attack":
                (what,), (outcome,) = mark.args, mark.keywords
                place = f"{file.relative_to(TESTS)}::{one.name}"
                yield Attack(heading, ast.literal_eval(what), ast.literal_eval(outcome.value), place)


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text("utf-8"), table(attacks())), "utf-8")
    sys.stdout.write(f"{len(attacks())} attacks written to {PAGE.name}\n")
