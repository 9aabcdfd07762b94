"""The scene of the stepped races: a small program, a loader whose looks at the disk can be held, and who watches."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path

from hotd.loading import Candidate, Generation, Loader, Pool
from hotd.loading.sources.files import LARGEST, OnDisk
from hotd.loading.sources.roots import Roots
from tests.integration.loading.conftest import Ops
from tests.support.stepping import pass_by

MAIN = """
import points, a, b
V = {v}
points.pass_by("body")
def late():
    import lazy
    return lazy.V, lazy.a.V
def seen():
    return V, a.V, b.V, b.a.V, points.asked("a").V
"""
LAZY = """
import points, a
HALF = 1
points.pass_by("lazy")
V = {v}
"""


HALVES = ("read", "body", "staged")
"""Where a reload in two halves stops."""


class HeldFiles(OnDisk):
    """The disk, with a point before anything is read from it."""

    def __init__(self, passed: Callable[[str], None] = pass_by) -> None:
        self._passed = passed

    def read(self, path: str, largest: int = LARGEST) -> bytes:
        self._passed("read")
        return super().read(path, largest)


class Scene:
    """A program of four modules, all of one version, and a loader of it."""

    def __init__(self, folder: Path, pool: Pool | None = None, passed: Callable[[str], None] = pass_by) -> None:
        self.ops = Ops(folder)
        self.write(1)
        self.loader = Loader(Roots([folder], HeldFiles(passed)), pool=pool)
        self.first = self.loader.load("m")
        self.version = {self.first: 1}
        """Generation -> the version of everything in it."""
        self.promoted = [self.first]

    def write(self, v: int, *names: str, together: bool = False) -> list[Path]:
        """Write version ``v`` of these files, or of all; ``together``: the main one does not import late."""
        texts = {
            "m": MAIN.format(v=v) + ("import lazy\n" if together else ""),
            "a": f"V = {v}\n",
            "b": f"import a\nV = {v}\n",
            "lazy": LAZY.format(v=v),
        }
        return self.ops.write(**{name: texts[name] for name in names or texts})

    def stage_and_promote(self, v: int, *names: str, together: bool = False) -> Generation:
        """An edit, and a reload of it in two halves, as the daemon does it, with a point between."""
        candidate = self.loader.stage(self.write(v, *names, together=together))
        pass_by("staged")
        return self.promote(candidate)

    def check(self, v: int) -> Candidate:
        """An edit, and a load of it that is thrown away, with a point between."""
        candidate = self.loader.stage(self.write(v))
        pass_by("staged")
        self.loader.discard(candidate)
        return candidate

    def reload(self, v: int) -> Generation:
        """An edit, and a reload of it."""
        return self._came(self.loader.reload(self.write(v)))

    def promote(self, chosen: Candidate | Generation) -> Generation:
        return self._came(self.loader.promote(chosen))

    def _came(self, generation: Generation) -> Generation:
        self.version.setdefault(generation, generation.module("m").V)
        self.promoted.append(generation)
        return generation

    def forget(self, generation: Generation) -> None:
        """It is nobody's any more as soon as another one is current."""
        del self.version[generation]
        self.promoted.remove(generation)

    @property
    def on_disk(self) -> int:
        """The version that was written last."""
        return int((self.ops.root / "a.py").read_text().removeprefix("V = "))

    def look(self) -> None:
        """What holds at any moment, seen by code that belongs to nobody."""
        current = self.loader.current
        assert current is not None
        seen = current.module("m").seen()
        assert len(set(seen)) == 1
        assert importlib.import_module("m").seen() == seen
        assert seen[0] == sys.modules["a"].V
        for generation, v in self.version.items():
            assert generation.module("m").seen() == (v,) * 5

    def end(self) -> None:
        """What holds when all is over, and that nothing was forgotten: told of no file, a reload brings the disk."""
        assert self.loader.current is self.promoted[-1]
        for generation, v in self.version.items():
            assert late(generation) == (v, v)
        assert self.loader.reload([]).module("m").seen() == (self.on_disk,) * 5
        assert self.loader.reload() is self.loader.current
        self.loader.close()


def late(generation: Generation) -> object:
    """What the generation's late import gives: the lazy module's version, and that of what it imports."""
    return generation.run(generation.module("m").late)


class Garbage:
    """What nobody holds any more; at its end its code does what code may do, and takes its time."""

    def __init__(self, loader: Loader, generation: Generation, done: list[object]) -> None:
        self._loader = loader
        self._end = generation.module("m").seen
        self._late = generation.module("m").late
        self._done = done
        self.me = self

    def __del__(self) -> None:
        try:
            pass_by("end")
            told = self._loader.touched_by(["/nowhere"]), len(self._loader.generations) > 0
            self._done.append((self._late(), self._end(), told))
        except BaseException as error:  # noqa: BLE001 - nobody else would tell
            self._done.append(error)


def ended(v: int) -> list[object]:
    """What garbage of version ``v`` has done, once."""
    return [((v, v), (v,) * 5, (False, True))]
