"""What is held against the oracle, and against itself: everything that hotctl says."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.oracle import Known, World
from tests.chaos.texts import PLACES, Content

SLOWEST = 6.0
"""Seconds for any `status`, however busy the machine; a load that hangs hangs for longer."""


@dataclass(slots=True)
class Seen:
    """What was told once holds for ever, over all lives of the daemon."""

    digests: dict[tuple[str, Content], str] = field(default_factory=dict)
    made_of: dict[tuple[str, int], Content] = field(default_factory=dict)
    """What a generation is made of."""
    printed: dict[tuple[str, int], tuple[str, ...]] = field(default_factory=dict)
    alive: dict[str, int] = field(default_factory=dict)
    revisions: dict[int, Any] = field(default_factory=dict)
    """Entries of the history."""
    answered: dict[int, Any] = field(default_factory=dict)
    """What changing verbs answered."""
    bound: dict[str, int] = field(default_factory=dict)
    """Instances of this life -> generation."""

    # --- status: at any moment ---

    def wrong_at_any_time(self, status: Any, worlds: list[World]) -> Iterator[str]:
        for module in status["modules"]:
            name, place = module["name"], PLACES[module["name"]]
            current = [one["generation"] for one in module["generations"] if one["state"] == "current"]
            if current != [module["generation"]]:
                yield f"{name}: not one current: {module['generations']}"
            if sum(one["state"] != "candidate" for one in module["generations"]) > place.most:
                yield f"{name}: more than {place.most} generations in memory: {module['generations']}"
            alive = module["serving"]["current"] + module["serving"]["old"]
            asked = max(world.modules[name].replicas for world in worlds) + place.surge + 1  # one on demand
            if alive > max(asked, self.alive.get(name, 0)):
                yield f"{name}: {alive} instances where {asked} may be"
            self.alive[name] = alive

    # --- status: in the end ---

    def differs(self, world: World, status: Any) -> Iterator[str]:
        """In what it is not what the oracle says."""
        if (status["daemon"]["watch"] == "paused") is not world.paused:
            yield f"daemon: watch is {status['daemon']['watch']}"
        for module in status["modules"]:
            known = world.modules[module["name"]]
            for what, is_so, should in self._claims(world, known, module):
                if is_so != should:
                    yield f"{module['name']}: {what} is {is_so!r}, should be {should!r}"

    def _claims(self, world: World, known: Known, module: Any) -> Iterator[tuple[str, Any, Any]]:
        number, content = module["generation"], known.content
        if known.current > 0:
            yield "generation", number, known.current
        else:
            yield "generation a new one", number is not None and number > max(known.contents), True
        yield "pinned", module["pinned"], known.pinned
        yield "replicas", module["replicas"], known.replicas
        yield "stopped", module["stopped"], known.stopped
        if known.place.lasting:
            yield "permanent", module["permanent"] in (known.permanent, number), True
        else:
            yield "permanent", module["permanent"], number if known.permanent == known.current < 0 else known.permanent
        if known.candidate is None:
            yield "out_of_sync", module["out_of_sync"], world.on_disk(known) != content
            if module["rejected"] is not None:
                yield "rejected though it loads", world.on_disk(known).loads, False
        yield "digest", module["digest"], self.digests.get((module["name"], content), module["digest"])
        others = [
            c for (name, c), digest in self.digests.items() if (name, digest) == (module["name"], module["digest"])
        ]
        yield "digest stands for", others, [content] if others else []
        if known.place.stays:
            counts = {g["generation"]: g["instances"] for g in module["generations"] if g["instances"]}
            on = {(number if n == known.current else n): count for n, count in known.on.items() if count}
            yield "instances", counts, on

    def learn(self, world: World, status: Any) -> None:
        """What had no name before has one now."""
        for module in status["modules"]:
            name, known, number = module["name"], world.modules[module["name"]], module["generation"]
            rename(known, known.current, number)
            if known.place.lasting:
                known.permanent = module["permanent"]
            known.memory = frozenset(one["generation"] for one in module["generations"] if one["state"] != "candidate")
            self.digests[name, known.content] = module["digest"]

    # --- the past ---

    def wrong_in_history(self, revisions: list[Any]) -> Iterator[str]:
        numbers = [one["revision"] for one in revisions]
        if numbers != sorted(set(numbers), reverse=True):
            yield f"history is not in order: {numbers}"
        now = {one["revision"]: one for one in revisions}
        for number, entry in self.revisions.items():
            if min(numbers) <= number and now.get(number) != entry:
                yield f"history said {entry}, and says {now.get(number)}"
        for number, change in self.answered.items():
            if number < min(numbers):
                continue
            if number not in now or now[number]["outcome"] != change["outcome"]:
                yield f"revision {number} was answered with {change}, and history says {now.get(number)}"
        self.revisions.update(now)

    def wrong_in_logs(self, name: str, lines: Iterable[Any]) -> Iterator[str]:
        """Whatever an instance printed, it was its own generation, wholly."""
        for line in lines:
            number, words = line["generation"], line["text"].split()
            if words[0] != "ran":
                continue
            if words[1] != str(number) or words[3] != words[4]:
                yield f"{name}: mixed: {line}"
            if self.printed.setdefault((name, number), (words[2], words[3])) != (words[2], words[3]):
                yield f"{name}: g{number} printed {self.printed[name, number]} and {line}"
            made_of = self.made_of.get((name, number))
            if made_of is not None and made_of.printed != (int(words[2]), int(words[3])):
                yield f"{name}: g{number} is {made_of}, and printed {line}"
            if self.bound.setdefault(line["instance"], number) != number:
                yield f"{name}: {line['instance']} ran g{self.bound[line['instance']]}, and {line}"

    def made(self, name: str, contents: dict[int, Content]) -> Iterator[str]:
        for number, content in contents.items():
            if number > 0 and self.made_of.setdefault((name, number), content) != content:
                yield f"{name}: g{number} was {self.made_of[name, number]}, and is {content}"


def rename(known: Known, untold: int, number: int) -> None:
    """That generation has a number now."""
    if untold > 0 or untold == number:
        return
    known.contents[number] = known.contents.pop(untold)
    known.line = [number if n == untold else n for n in known.line]
    known.permanent = number if known.permanent == untold else known.permanent
    if untold in known.on:
        known.on[number] = known.on.pop(untold)


def documents(text: str) -> list[Any]:
    """One object a line."""
    return [json.loads(line) for line in text.splitlines()]
