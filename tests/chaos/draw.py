"""Which step comes next: drawn by chance, and such that it means something."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

from tests.chaos.deeds import Deed
from tests.chaos.oracle import World
from tests.chaos.texts import ENTRY_TROUBLE, FILES, HELPER, HELPER_TROUBLE, PLACES, Kind, Text

RECENT = 8
"""Generations, and texts, that somebody goes back to."""


class Draw:
    """The same seed and the same worlds give the same steps."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.numbers = itertools.count(len(FILES) + 1)
        self.past: dict[str, list[Text]] = {file: [] for file in FILES}

    def steps(self, world: World) -> Iterator[Deed]:
        """The next step; or a few that belong together."""
        draw = self.chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
        yield from getattr(self, draw)(world)

    # --- what is written ---

    def text(self, file: str, *, trouble: float = 0.3, good: bool = False) -> Text:
        kind: Kind = "good"
        if not good and self.chance.random() < trouble:
            kind = self.chance.choice(HELPER_TROUBLE if file == HELPER else ENTRY_TROUBLE)
        new = Text(next(self.numbers), kind)
        self.past[file].append(new)
        return new

    def file(self) -> str:
        return self.chance.choice([*FILES, HELPER, "early.py", "late.py"])

    def edit(self, world: World) -> Iterator[Deed]:
        file = self.file()
        # By halves only what is loaded in the end: a half is refused, and how often something was is not to be seen.
        halves = self.chance.random() < 0.3 and all(world.on_disk(known).loads for known in world.modules.values())
        yield Deed("edit", writes=((file, self.text(file, good=halves)),), halves=halves)

    def revert(self, world: World) -> Iterator[Deed]:
        """A text that stood there before."""
        file = self.file()
        dead = {text for known in world.modules.values() for c in known.deaths for text in (c.entry, c.helper)}
        old = [text for text in self.past[file][-RECENT:] if text != world.disk[file] and text not in dead]
        if old:
            yield Deed("edit", writes=((file, self.chance.choice(old)),))

    def crash(self, world: World) -> Iterator[Deed]:
        """What fails as soon as it runs."""
        file = PLACES[self.chance.choice(["early", "late", "alone"])].file
        yield Deed("edit", writes=((file, Text(next(self.numbers), "fails")),))

    def hang(self, world: World) -> Iterator[Deed]:
        """An import that does not come to its end; others are served meanwhile."""
        name = self.chance.choice(["early", "late", "alone"])
        text = Text(next(self.numbers), "hangs")
        yield Deed("edit", writes=((PLACES[name].file, text),))
        yield Deed("edit", writes=((PLACES[name].file, self.text(PLACES[name].file, good=True)),))

    # --- what is asked for ---

    def name(self) -> str:
        return self.chance.choice(list(PLACES))

    def reload(self, world: World) -> Iterator[Deed]:
        names = self.chance.sample(list(PLACES), self.chance.choice([1, 1, 2, 3]))
        atomic = ("--atomic",) if len(names) > 1 and self.chance.random() < 0.6 else ()
        force = ("--force",) if self.chance.random() < 0.25 else ()
        yield Deed("reload", tuple(names), (*atomic, *force))

    def reload_all(self, world: World) -> Iterator[Deed]:
        yield Deed("reload", options=("--all",))

    def crowd(self, world: World) -> Iterator[Deed]:
        """More generations than may be in memory, each with somebody on it."""
        for _ in range(3):
            yield Deed("edit", writes=(("quiet.py", self.text("quiet.py", trouble=0.1)),))
            yield Deed("reload", ("quiet",))
        yield Deed("restart", ("quiet",))

    def check(self, world: World) -> Iterator[Deed]:
        yield Deed("check", tuple(self.chance.sample(list(PLACES), 2)))

    def undo(self, world: World) -> Iterator[Deed]:
        yield Deed("undo", (self.name(),))

    def undo_to(self, world: World) -> Iterator[Deed]:
        name = self.name()
        known = sorted(number for number in world.modules[name].contents if number > 0)[-RECENT:]
        yield Deed("undo", (name,), ("--to", str(self.chance.choice([*known, 9999]))))

    def switch(self, world: World) -> Iterator[Deed]:
        yield Deed(self.chance.choice(["make-permanent", "reset", "restart", "stop", "start", "start"]), (self.name(),))

    def pin(self, world: World) -> Iterator[Deed]:
        name = self.name()
        yield Deed("pin", (name,))
        yield from self.edit(world)
        if self.chance.random() < 0.7:
            yield Deed(self.chance.choice(["undo", "reload", "stage", "retry"]), (name,))
        if self.chance.random() < 0.8:
            yield Deed("unpin", (name,))

    def unpin(self, world: World) -> Iterator[Deed]:
        yield Deed("unpin", (self.name(),))

    def pause(self, world: World) -> Iterator[Deed]:
        name = () if self.chance.random() < 0.4 else (self.name(),)
        yield Deed("pause", name)
        yield from self.edit(world)
        yield from self.edit(world)
        if self.chance.random() < 0.8:
            yield Deed("resume", name)

    def resume(self, world: World) -> Iterator[Deed]:
        yield Deed("resume", () if self.chance.random() < 0.5 else (self.name(),))

    def scale(self, world: World) -> Iterator[Deed]:
        yield Deed("scale", (self.name(),), (str(self.chance.randint(0, 3)),))

    def stage(self, world: World) -> Iterator[Deed]:
        """By hand; who comes between is refused, and so is nothing that only looks."""
        name = self.name()
        yield Deed("pause", (name,))
        file = PLACES[name].file
        yield Deed("edit", writes=((file, self.text(file, trouble=0.2)),))
        yield Deed("stage", (name,))
        if self.chance.random() < 0.6:
            yield Deed(self.chance.choice(["reload", "undo", "pin", "stage", "retry"]), (name,))
        verb = self.chance.choice(["promote", "promote", "abort", "kill"])
        yield Deed(verb, () if verb == "kill" else (name,))
        yield Deed("resume", (name,))

    def retry(self, world: World) -> Iterator[Deed]:
        yield Deed("retry", (self.name(),))

    def run(self, world: World) -> Iterator[Deed]:
        yield Deed("run", ("late",), ("--wait",))

    def deploy(self, world: World) -> Iterator[Deed]:
        names = () if self.chance.random() < 0.5 else tuple(self.chance.sample(["early", "late", "alone"], 2))
        files = self.chance.sample(FILES[:4], self.chance.randint(1, 3))
        writes = tuple((file, self.text(file, trouble=0.25)) for file in files)
        yield Deed("deploy", names, writes=writes, breaks=self.chance.random() < 0.2)

    # --- ends ---

    def kill(self, world: World) -> Iterator[Deed]:
        file = self.file()
        writes = ((file, self.text(file)),) if self.chance.random() < 0.5 else ()
        yield Deed("kill" if self.chance.random() < 0.8 else "end", writes=writes)

    def kill_during(self, world: World) -> Iterator[Deed]:
        which = self.chance.choice(["edit", "edit", "undo", "reload", "deploy", "scale", "switch", "retry"])
        during = next(iter(getattr(self, which)(world)))
        yield Deed("kill", during=during, after=self.chance.choice([0.0, 0.05, 0.1, 0.15, 0.2, 0.3]))


_WEIGHTS = {
    "edit": 10,
    "revert": 4,
    "crash": 2,
    "hang": 1,
    "reload": 6,
    "reload_all": 1,
    "crowd": 1.5,
    "check": 1,
    "undo": 5,
    "undo_to": 3,
    "switch": 3,
    "pin": 2.5,
    "unpin": 1,
    "pause": 2.5,
    "resume": 2,
    "scale": 1.5,
    "stage": 1.5,
    "retry": 1.5,
    "run": 1,
    "deploy": 6,
    "kill": 2,
    "kill_during": 3,
}
