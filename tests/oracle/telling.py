"""A scenario in words: the program, and what happened to it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from tests.oracle.running import Rig
from tests.oracle.scenario import Scenario, Step
from tests.oracle.shrinking import shrunk
from tests.oracle.writing import CLOSING, PRELUDE, files_of


def tell(scenario: Scenario) -> str:
    """The first version whole, the others as differences; what all modules have in common is left out."""
    return "\n".join(_told(scenario))


def report(rig: Rig, scenario: Scenario, kind: str) -> str:
    """A scenario that fails in this way, shrunk, and what is wrong in it."""
    small = shrunk(scenario, lambda one: [failure.kind for failure in rig.run(one)[:1]] == [kind])
    failure = rig.run(small)[0]
    again = f"python -m tests.oracle {scenario.seed} {len(scenario.steps) - 1}"
    return f"{tell(small)}\n=== {failure.kind}: {failure.text}\n(shrunk from what `{again}` plays)"


def _told(scenario: Scenario) -> Iterator[str]:
    called = "by anybody" if scenario.raw else "for their generation"
    yield f"seed {scenario.seed}: {' and '.join(scenario.entries)}, functions called {called}"
    before: dict[str, str] = {}
    for number, step in enumerate(scenario.steps):
        files = files_of(step.version)
        yield f"--- step {number}: {step.edit}; {', '.join(_done(step, scenario))}"
        for path in sorted(before.keys() | files.keys()):
            old, new = before.get(path), files.get(path)
            if old == new:
                continue
            if new is None:
                yield f"{path} is deleted"
            elif old is None:
                yield f"{path}:"
                yield from (f"    {line}" for line in _own(new))
            else:
                yield f"{path} differs:"
                found = difflib.unified_diff(_own(old), _own(new), n=1, lineterm="")
                yield from (f"    {line}" for line in list(found)[2:])
        before = files


def _done(step: Step, scenario: Scenario) -> Iterator[str]:
    if step.undo is not None:
        yield f"undo to {step.undo} before"
    yield f"{step.how} by a look at {'what changed' if step.look == 'changed' else 'everything'}"
    if len(scenario.entries) > 1:
        yield "for " + " ".join(one for one, now in zip(scenario.entries, step.lines, strict=False) if now)
    if step.drop is not None:
        yield f"drop {step.drop} after"


def _own(text: str) -> list[str]:
    """The lines without those that every module has."""
    return text.replace(PRELUDE, "").replace(CLOSING, "").splitlines()
