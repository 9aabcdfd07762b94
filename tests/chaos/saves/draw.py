"""Which deeds a gust is made of: drawn by chance, and from nothing else."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.chaos.saves.patterns import SAVES
from tests.chaos.saves.tree import BRANCHES, FIRST, PACKAGES, UNITS, Tree

CALM = ("touch", "chmod", "same", "read")
"""They change nothing."""


@dataclass(frozen=True, slots=True)
class Deed:
    what: str
    file: str = ""
    number: int = 0
    pause: float = field(default=0.0, compare=False)
    name: str = ""
    """A branch."""

    def __str__(self) -> str:
        words = (self.what, self.file, self.name, str(self.number or ""), f"{self.pause:.2f} s" if self.pause else "")
        return " ".join(word for word in words if word)


class Draw:
    """The same seed gives the same gusts."""

    def __init__(self, seed: int, tree: Tree) -> None:
        self.chance = random.Random(seed)
        self._numbers = itertools.count(FIRST + 1_000_000, 100)
        self._bystanders = list(tree.bystanders())
        self._away: list[str] = []
        """Files and folders that are moved away, to come back in a later gust."""
        self._branch = BRANCHES[-1]
        self._deployed = itertools.count(2)

    def gust(self) -> list[Deed]:
        """What happens in one go."""
        kind = self.chance.choices(("one", "few", "many", "calm", "git"), (30, 35, 15, 10, 10))[0]
        if kind == "calm":
            return [self._calm() for _ in range(self.chance.choice((1, 20, 200)))]
        if kind == "git":
            return [self._checkout()]
        count = {"one": 1, "few": self.chance.randint(2, 6), "many": self.chance.randint(20, 60)}[kind]
        deeds = list(itertools.islice(self._deeds(), count))
        if self._away and self.chance.random() < 0.7:
            deeds.append(Deed("back", self._away.pop(self.chance.randrange(len(self._away))), next(self._numbers)))
        return deeds

    def rest(self) -> list[Deed]:
        """Everything that is away comes back."""
        away, self._away = self._away, []
        return [Deed("back", file, next(self._numbers)) for file in away]

    def bell(self) -> Deed:
        return Deed("renamed", UNITS["bell"].file, next(self._numbers))

    def _deeds(self) -> Iterator[Deed]:
        while True:
            kind = self.chance.choices(
                ("save", "link", "away", "folder", "release", "calm", "twice", "new"), (60, 10, 6, 7, 4, 6, 4, 3)
            )[0]
            yield from getattr(self, f"_{kind}s")()

    # --- files ---

    def _file(self) -> str:
        while True:
            unit = UNITS[self.chance.choice(PACKAGES)]
            file = self.chance.choice((unit.file, *unit.parts))
            file = self.chance.choice(self._bystanders) if self.chance.random() < 0.15 else file
            if not any(file == away or file.startswith(f"{away}/") for away in self._away) and not file.endswith(
                ("/hard.py", "/link.py")
            ):
                return file

    def _saves(self) -> Iterator[Deed]:
        how = self.chance.choice(list(SAVES))
        yield Deed(how, self._file(), next(self._numbers), self.chance.choice((0.02, 0.1, 0.4, 1.5)))

    def _twices(self) -> Iterator[Deed]:
        """The same file again and again, in different ways."""
        file = self._file()
        for how in self.chance.sample(sorted(SAVES), 3):
            yield Deed(how, file, next(self._numbers), 0.02)

    def _links(self) -> Iterator[Deed]:
        name = self.chance.choice(PACKAGES)
        if f"ops/p{name}" in self._away:
            return
        how = self.chance.choice(
            ("through the hard link", "behind the link", "another behind the link", "link swapped")
        )
        file = f"ops/p{name}/{'hard' if 'hard' in how else 'link'}.py"
        yield Deed(how, file, next(self._numbers))

    def _aways(self) -> Iterator[Deed]:
        file = self._file()
        if len(self._away) < 3:
            self._away.append(file)
            yield Deed("away", file)

    def _news(self) -> Iterator[Deed]:
        """A package that nobody asked for."""
        yield Deed("new folder", f"ops/new{self.chance.randrange(20)}", next(self._numbers))

    def _calms(self) -> Iterator[Deed]:
        yield self._calm()

    def _calm(self) -> Deed:
        return Deed(self.chance.choice(CALM), self._file())

    # --- folders ---

    def _folders(self) -> Iterator[Deed]:
        name = self.chance.choice(PACKAGES)
        folder = self.chance.choice((f"ops/p{name}", f"ops/p{name}/sub", f"ops/p{name}/sub"))
        if any(away == folder or away.startswith(f"{folder}/") or folder.startswith(f"{away}/") for away in self._away):
            return
        how = self.chance.choice(("folder replaced", "folder recreated", "folder away", "folder out and in"))
        if how == "folder away":
            if len(self._away) >= 3:
                return
            self._away.append(folder)
        yield Deed(how, folder, next(self._numbers))

    def _releases(self) -> Iterator[Deed]:
        yield Deed("release", "current", next(self._numbers), name=str(next(self._deployed)))

    def _checkout(self) -> Deed:
        self._branch = self.chance.choice([branch for branch in BRANCHES if branch != self._branch])
        return Deed("checkout", "repo", name=self._branch)
