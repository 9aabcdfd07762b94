"""What was seen under the loader against what Python does alone: the first thing that is not as it must be."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tests.oracle.closures import Closures
from tests.oracle.scenario import Scenario

UNKNOWN = "?"
"""Alone it did not work, for want of an import that elsewhere somebody else had done."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What is wrong; two of one kind are taken for the same defect."""

    kind: str
    text: str


class Judge:
    """Compares one life with the versions alone; ``alone[step][line]``."""

    def __init__(self, scenario: Scenario, closures: Sequence[Closures], alone: Sequence[Sequence[dict[str, Any]]]):
        self._scenario = scenario
        self._closures = closures
        self._alone = alone
        self._undone = any(step.undo is not None for step in scenario.steps)

    def failures(self, played: dict[str, Any]) -> Iterator[Failure]:
        """Everything that is wrong, in the order in which it was seen."""
        if played["made"] is None:
            yield Failure("crash", played["said"])
            return
        serving: dict[int, int] = {}
        for event in played["made"]["events"]:
            yield from self._event(event, serving)
            if event["outcome"] == "made":
                serving[event["line"]] = event["step"]
        for number, made in enumerate(played["made"]["made"]):
            expected = self._alone[made["version"]][made["line"]]["looks"]
            for n, look in enumerate(made["looks"]):
                for probe, value in expected[n].items():
                    module = probe.partition(" ")[0]
                    if probe not in look and module in played["made"]["events"][0].get("missing", ()):
                        continue
                    if not agree(value, look.get(probe, "nothing")):
                        yield Failure(
                            "value",
                            f"generation {number + 1} (step {made['version']}), asked for the {n + 1}. time, "
                            f"probe {probe}:\n  alone: {value!r}\n  here:  {look.get(probe, 'nothing')!r}",
                        )

    def _event(self, event: dict[str, Any], serving: dict[int, int]) -> Iterator[Failure]:
        step, line = event["step"], event["line"]
        entry = self._scenario.entries[line]
        alone, now = self._alone[step][line], self._closures[step]
        before = self._closures[event["on"]] if event["on"] is not None else None
        at = f"step {step}, {entry}"
        if event["outcome"] == "refused":
            if not self._deserved(event, alone, now, before, entry):
                yield Failure("refused", f"{at}: refused for no reason: {event['why']}")
            return
        if alone["error"] is not None:
            yield Failure("accepted", f"{at}: alone it raises {alone['error']}, here it was accepted")
            return
        if before is not None and not now.guesses(entry) and not before.guesses(entry):
            equal = before.of(entry) == now.of(entry)
            if equal != (event["outcome"] == "unchanged"):
                yield Failure("unchanged", f"{at}: {event['outcome']}, but the closures are equal: {equal}")
        if event["outcome"] == "made":
            for what in ("missing", "astray"):
                if event[what]:
                    yield Failure(what, f"{at}: {what}: {', '.join(event[what])}")
            yield from self._identities(event, at)
            yield from self._sharing(event, at, serving)

    def _identities(self, event: dict[str, Any], at: str) -> Iterator[Failure]:
        if event["on"] is None:
            return
        step, line = event["step"], event["line"]
        before, now = self._closures[event["on"]], self._closures[step]
        both = set(self._alone[event["on"]][line]["loaded"]) & set(self._alone[step][line]["loaded"])
        for name in sorted(both):
            if before.guesses(name) or now.guesses(name):
                continue
            equal = before.of(name) == now.of(name)
            if equal != (name in event["same"]):
                what = "was executed again" if equal else "is the same object, though its closure changed"
                yield Failure("identity", f"{at}: {name} {what}")

    def _sharing(self, event: dict[str, Any], at: str, serving: dict[int, int]) -> Iterator[Failure]:
        step, line = event["step"], event["line"]
        for other, version in serving.items():
            if other == line or self._undone:
                continue
            mine, theirs = self._closures[step], self._closures[version]
            both = set(self._alone[step][line]["loaded"]) & set(self._alone[version][other]["loaded"])
            for name in sorted(both):
                if mine.guesses(name) or theirs.guesses(name):
                    continue
                equal = mine.of(name) == theirs.of(name)
                if equal != (name in event["shared"]):
                    with_whom = f"with the other loader's step {version}"
                    yield Failure("sharing", f"{at}: {name} shared {with_whom}: {not equal}, equal: {equal}")

    def _deserved(
        self, event: dict[str, Any], alone: dict[str, Any], now: Closures, before: Closures | None, entry: str
    ) -> bool:
        """Whether a refusal has a reason. What is wrong in a part that is imported late may be refused, or not."""
        if alone["error"] is not None:
            return True
        modules = now.modules(entry) if not now.guesses(entry) else set(now.names)
        texts = {name: now.text(name) for name in modules}
        if any(not _compiles(text) for text in texts.values()) or modules & set(alone["failing"]):
            return True
        if event["code"] == "source-missing" and before is not None:
            return bool(now.absent(entry) & before.names.keys())
        if event["code"] == "empty-source":
            return any(not text.strip() for name, text in texts.items() if now.names[name])
        return False


def agree(alone: Any, here: Any) -> bool:
    """Whether the two observations are the same, as far as the first one is one."""
    return alone in (here, UNKNOWN) or (isinstance(alone, list) and UNKNOWN in alone)


def _compiles(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return True
