"""What stands on the disk: 2,000 files, a few hundred of which are loaded, and what a plain look at them expects."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

PACKAGES = tuple(f"m{number}" for number in range(5))
"""Hosted modules, each with a package of its own in ``ops``."""
MODULES = (*PACKAGES, "git", "release", "bell")
"""With one below a git repository, one behind a link that deploys swap, and one that rings when all else was told."""
BRANCHES = ("A", "B", "C")
IN_GIT = 1000
BYSTANDERS = 860
"""Nobody imports them."""
BUSY = 4

FIRST = 1_000_000
"""All numbers have as many digits: no two contents differ in size."""

ENTRY = """\
{imports}
from hotd import api

MADE_OF = [str(getattr(part, "VERSION", "absent")) for part in [{parts}]]


def work():
    print("made of", VERSION, *MADE_OF)
    while not api.wait(3600):
        pass


"""
SPINS = """\
from hotd import api


def work():
    number = 0
    while not api.stopping():
        for _ in range(10_000):
            number += 1
"""
_VERSION = re.compile(r"^VERSION = \(\n    (\d+),\n\)\[0\]\n\Z", re.MULTILINE)


def text(number: int) -> str:
    """Half of it cannot be parsed, and its end is easily told."""
    return f"VERSION = (\n    {number},\n)[0]\n"


@dataclass(frozen=True, slots=True)
class Unit:
    """A hosted module: its own file, and those of its parts, below the folder of all."""

    name: str
    file: str
    parts: tuple[str, ...]
    optional: frozenset[str] = frozenset()
    """Parts that it can do without."""

    def source(self) -> str:
        """All but its version."""
        imports, names = [], []
        for part in self.parts:
            path = part.removeprefix(f"{Path(self.file).parent}/").removesuffix("/__init__.py").removesuffix(".py")
            package, _, last = path.replace("/", ".").rpartition(".")
            name = path.replace("/", "_")
            line = f"from {package} import {last} as {name}" if package else f"import {last} as {name}"
            if part in self.optional:
                line = f"try:\n    {line}\nexcept ImportError:\n    {name} = None"
            imports.append(line)
            names.append(name)
        return ENTRY.format(imports="\n".join(imports), parts=", ".join(names))


def _package(name: str) -> Unit:
    folder = f"ops/p{name}"
    required = ("hard", "link", *(f"a{n}" for n in range(8)), *(f"sub/b{n}" for n in range(6)))
    # A folder without __init__.py is a package all the same.
    optional = ("__init__", "sub/__init__", "o0", "o1")
    parts = tuple(f"{folder}/{part}.py" for part in (*required, *optional))
    return Unit(name, f"ops/{name}.py", parts, frozenset(parts[len(required) :]))


UNITS = {
    **{name: _package(name) for name in PACKAGES},
    "git": Unit("git", "repo/git.py", tuple(f"repo/pgit/d{n}/f0.py" for n in range(40))),
    "release": Unit("release", "current/release.py", tuple(f"current/prelease/q{n}.py" for n in range(6))),
    "bell": Unit("bell", "ops/bell.py", ()),
}


@dataclass
class Tree:
    folder: Path
    prefix: dict[str, str] = field(default_factory=dict)
    """What stands before the version, in the files that hold more than that."""

    def build(self) -> None:
        self.prefix = {unit.file: unit.source() for unit in UNITS.values()}
        for name in ("ops", "repo", "elsewhere", "outbox", "releases/1"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "current").symlink_to("releases/1")
        for number, file in enumerate(self.files()):
            path = self.folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            kind = path.name if path.parent.parent == self.folder / "ops" else ""
            if kind in ("hard.py", "link.py"):
                other = self.folder / "elsewhere" / f"{kind[:4]}-{path.parent.name}.py"
                other.write_text(text(FIRST + number))
                os.link(other, path) if kind == "hard.py" else path.symlink_to(other)
            else:
                path.write_text(self.content(file, FIRST + number))
        (self.folder / "ops" / "busy.py").write_text(SPINS)
        self.git("init", "-q", "-b", BRANCHES[0])
        for at, branch in enumerate(BRANCHES):
            if at:
                self.git("checkout", "-q", "-b", branch)
                for number, file in enumerate(self.in_git()):
                    (self.folder / file).write_text(self.content(file, FIRST + at * 10_000 + number))
            self.git("add", "-A")
            self.git("-c", "user.name=t", "-c", "user.email=t@t", "commit", "-q", "-m", branch)

    def git(self, *argv: str) -> None:
        subprocess.run(["git", "-c", "gc.auto=0", *argv], cwd=self.folder / "repo", check=True, capture_output=True)

    def config(self, watch: str) -> str:
        tables = "".join(
            f'[modules.{name}]\nentry = "{name}:work"\non_change = "stop"\n' for name in MODULES
        )  # fmt: skip
        return (
            'roots = ["ops", "repo", "current"]\n[daemon]\nstate_dir = "state"\ndrain_deadline = "1s"\n'
            f'[control]\nsocket = "s"\n[watch]\n{watch}{tables}[modules.busy]\nentry = "busy:work"\nreplicas = {BUSY}\n'
        )

    def files(self) -> Iterator[str]:
        for unit in UNITS.values():
            if unit.name != "git":
                yield from (unit.file, *unit.parts)
        yield from self.in_git()
        yield from self.bystanders()

    def in_git(self) -> Iterator[str]:
        yield UNITS["git"].file
        yield from (f"repo/pgit/d{n // 20}/f{n % 20}.py" for n in range(IN_GIT))

    def bystanders(self) -> Iterator[str]:
        yield from (f"ops/p{PACKAGES[n % len(PACKAGES)]}/more{n // 100}/x{n}.py" for n in range(BYSTANDERS))

    def content(self, file: str, number: int) -> str:
        return self.prefix.get(file, "") + text(number)

    def release(self, number: int, version: int) -> None:
        """Another one beside the one that serves, every file of it new."""
        shutil.copytree(self.folder / "current/", self.folder / f"releases/{number}")
        for at, file in enumerate((UNITS["release"].file, *UNITS["release"].parts)):
            path = self.folder / file.replace("current", f"releases/{number}")
            path.write_text(self.content(file, version + at))

    def expected(self, name: str) -> str | None:
        """What an instance that starts now must say; None where what is there cannot be loaded."""
        unit, said = UNITS[name], []
        for file in (unit.file, *unit.parts):
            try:
                found = _VERSION.search((self.folder / file).read_text())
            except FileNotFoundError:
                if file not in unit.optional:
                    return None
                said.append("absent")
                continue
            except NotADirectoryError:
                return None
            if found is None:
                return None
            said.append(found[1])
        return " ".join(said)
