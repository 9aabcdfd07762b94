"""What stands in the files: each text is new, and everything that runs says which texts it is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["good", "fails", "syntax", "raises", "exits", "no-entry", "no-import", "empty", "hangs"]
"""``fails`` loads well, and every instance fails at once; the others but ``good`` cannot be loaded."""

FOREVER = 10**9
LOADABLE = frozenset({"good", "fails"})
ENTRY_TROUBLE: tuple[Kind, ...] = ("syntax", "raises", "exits", "no-entry", "no-import", "empty")
HELPER_TROUBLE: tuple[Kind, ...] = ("syntax", "raises", "no-import")

_TROUBLE: dict[Kind, str] = {
    "syntax": "def (",
    "raises": 'raise RuntimeError("broken")',
    "exits": "import sys; sys.exit(1)",
    "no-import": "import nobody_has_this",
    "hangs": "import threading; threading.Event().wait(40)",
}
_ENTRY = """\
# {number}
from hotd import api
{imports}
{trouble}
VERSION = {number}


def {entry}():
    {first}
    for _ in range({rounds}):
        {again}
        print("ran", api.instance().generation, VERSION, {printed})
        if api.wait(0.2):
            return
"""


@dataclass(frozen=True, slots=True)
class Text:
    """One content of one file."""

    number: int
    kind: Kind = "good"

    def __repr__(self) -> str:
        return f"{self.number}" if self.kind == "good" else f"{self.number} {self.kind}"


@dataclass(frozen=True, slots=True)
class Place:
    """A hosted module, as hotd.toml has it."""

    name: str
    replicas: int
    helped: bool
    """It imports ``shared``, which another one does, too."""
    rounds: int
    """Fifths of a second that an instance lives."""
    surge: int = 0
    stops: bool = False
    """``on_change = "stop"``."""
    manual: bool = False
    """``watch = "manual"``."""
    lasting: bool = False
    """A second of service makes it permanent; otherwise only somebody's word does."""
    most: int = 8
    """``max_generations``."""

    @property
    def file(self) -> str:
        return f"{self.name}.py"

    @property
    def stays(self) -> bool:
        """Whether an instance goes on until somebody asks it to end, whatever becomes current."""
        return self.rounds == FOREVER and not self.stops

    @property
    def table(self) -> str:
        return (
            f'[modules.{self.name}]\nentry = "{self.name}:work"\nreplicas = {self.replicas}\nsurge = {self.surge}\n'
            f'max_unavailable = 2\nmax_generations = {self.most}\nload_deadline = "8s"\n'
            f'on_change = "{"stop" if self.stops else "finish"}"\nwatch = "{"manual" if self.manual else "auto"}"\n'
            f'auto_permanent = "{"1s" if self.lasting else "1h"}"\n'
        )

    def source(self, text: Text) -> str:
        if text.kind == "empty":
            return ""
        return _ENTRY.format(
            number=text.number,
            imports="import shared\n" if self.helped else "",
            trouble=_TROUBLE.get(text.kind, ""),
            entry="play" if text.kind == "no-entry" else "work",
            first='raise RuntimeError("at once")' if text.kind == "fails" else "pass",
            rounds=self.rounds,
            again="import shared  # again: what runs stays with its own" if self.helped else "pass",
            printed="HELPER, shared.VERSION" if self.helped else "0, 0",
        ).replace("VERSION = ", "HELPER = shared.VERSION\nVERSION = " if self.helped else "VERSION = ")


HELPER = "shared.py"


def helper(text: Text) -> str:
    return f"# {text.number}\n{_TROUBLE.get(text.kind, '')}\nVERSION = {text.number}\n"


PLACES = {
    place.name: place
    for place in (
        Place("early", 2, helped=True, rounds=10, surge=1, stops=True),
        Place("late", 2, helped=True, rounds=6),
        Place("alone", 1, helped=False, rounds=FOREVER, stops=True, lasting=True),
        Place("quiet", 1, helped=False, rounds=FOREVER, manual=True, most=2),
    )
}
FILES = (HELPER, *(place.file for place in PLACES.values()))


@dataclass(frozen=True, slots=True)
class Content:
    """What a generation is made of."""

    entry: Text
    helper: Text | None = None

    @property
    def loads(self) -> bool:
        return self.entry.kind in LOADABLE and (self.helper is None or self.helper.kind in LOADABLE)

    @property
    def fails(self) -> bool:
        return self.entry.kind == "fails"

    @property
    def hangs(self) -> bool:
        return self.entry.kind == "hangs"

    @property
    def printed(self) -> tuple[int, int]:
        return self.entry.number, self.helper.number if self.helper else 0
