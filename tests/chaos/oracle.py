"""What must be true after each step, told from the steps and the answers alone, by the words of the documentation."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tests.chaos.deeds import Deed
from tests.chaos.texts import FILES, HELPER, PLACES, Content, Place, Text

DEATHS = 3
DONE, REJECTED, PARTIAL, REFUSED, UNKNOWN = 0, 3, 4, 5, 66
DECIDED = frozenset({"undone", "died", "aborted", "rolled-back"})
"""Why content is kept from persons, too."""

_untold = itertools.count(-1, -1)


@dataclass(slots=True)
class Known:
    """Of one module. A generation whose number was not told yet has a negative one."""

    place: Place
    replicas: int
    contents: dict[int, Content]
    line: list[int]
    """The stable ones, in the order they became current; the last is current."""
    permanent: int
    paused: bool = False
    pinned: bool = False
    stopped: bool = False
    pending: bool = False
    """The disk changed and nobody has acted on it, because somebody said so."""
    follows: bool = False
    """In this step the watcher has something to load, and will say what became of it."""
    trial: bool = False
    """Current was promoted, and nobody has run it yet."""
    candidate: Content | None = None
    quarantine: dict[Content, str] = field(default_factory=dict)
    deaths: dict[Content, int] = field(default_factory=dict)
    on: dict[int, int] = field(default_factory=dict)
    """Where instances live until they are asked to end: how many run which generation."""
    memory: frozenset[int] = frozenset()
    """Generations that were seen in memory."""

    @property
    def current(self) -> int:
        return self.line[-1]

    @property
    def content(self) -> Content:
        return self.contents[self.current]

    @property
    def newest(self) -> int:
        """A number that was not told yet is the newest."""
        return min(self.contents) if min(self.contents) < 0 else max(self.contents)

    @property
    def wanted(self) -> int:
        return 0 if self.stopped else self.replicas

    @property
    def full(self) -> bool:
        """Whether no further generation fits."""
        busy = {number for number, count in self.on.items() if count} | {self.current}
        return self.place.stays and len(busy) >= self.place.most


@dataclass(slots=True)
class World:
    """What one may know of a daemon without looking into it."""

    modules: dict[str, Known]
    disk: dict[str, Text]
    paused: bool = False

    def on_disk(self, known: Known) -> Content:
        """What cannot be read as Python imports nothing, and all that is empty is the same."""
        text = self.disk[known.place.file]
        if text.kind in ("empty", "syntax"):
            return Content(Text(0, "empty") if text.kind == "empty" else text)
        return Content(self.disk[known.place.file], self.disk[HELPER] if known.place.helped else None)

    def held(self, known: Known) -> bool:
        """Whether the watcher only records."""
        return self.paused or known.paused or known.pinned or known.place.manual

    # --- what happens by itself ---

    def write(self, writes: Iterable[tuple[str, Text]]) -> list[Known]:
        """The modules that it touches."""
        files = {file for file, _ in writes}
        self.disk.update(writes)
        return [k for k in self.modules.values() if k.place.file in files or (k.place.helped and HELPER in files)]

    def follow(self, known: Known) -> None:
        """The watcher acts on what is pending, where it may."""
        content = self.on_disk(known)
        if known.candidate is not None or not known.pending:
            return
        known.follows = known.follows or (not self.held(known) and not known.full)
        if content == known.content:
            known.pending = False
        elif not self.held(known) and not known.full:
            known.pending = False
            if content not in known.quarantine:
                self.load(known, content)

    def load(self, known: Known, content: Content) -> str:
        """The outcome of a load by whoever may."""
        if content == known.content:
            return "unchanged"
        if not content.loads:
            known.quarantine.setdefault(content, "rejected")
            return "rejected"
        same = known.contents[known.newest] == content
        number = known.newest if same else next(_untold)
        known.contents[number] = content
        known.quarantine.pop(content, None)
        known.line = [*(n for n in known.line if n != number), number]
        known.trial = True
        return "promoted"

    def bring_back(self, known: Known, number: int, why: str) -> None:
        """To an earlier one, which is permanent at once; what is left is not loaded again by itself."""
        left = known.content
        at = known.line.index(number) if number in known.line else len(known.line) - 1
        known.line = [*known.line[:at], number]
        known.permanent, known.trial = number, False
        known.quarantine.pop(known.content, None)
        if left != known.content:
            known.quarantine.pop(left, None)
            known.quarantine[left] = why

    def settle(self) -> None:
        """What follows by itself when nobody does anything."""
        for known in self.modules.values():
            self.follow(known)
            crashes = known.trial and known.content.fails and known.wanted and not known.pinned
            if crashes and len(known.line) > 1:
                self.bring_back(known, known.line[-2], "rolled-back")
            if known.place.stays:
                surplus = sum(known.on.values()) - known.wanted
                for number in sorted(known.on, key=lambda n: n == known.current):
                    gone = max(0, min(surplus, known.on[number]))
                    known.on[number] -= gone
                    surplus -= gone
                known.on[known.current] = known.on.get(known.current, 0) + max(0, -surplus)

    def restart(self, *, died: bool) -> None:
        """Every module's permanent generation, and then the disk as a change."""
        for known in self.modules.values():
            content = known.content
            if died and known.current != known.permanent:
                known.deaths[content] = known.deaths.get(content, 0) + 1
                if known.deaths[content] >= DEATHS:
                    known.quarantine[content] = "died"
            before = known.line[: known.line.index(known.permanent)] if known.permanent in known.line else []
            known.line = [*before, known.permanent]
            known.candidate, known.trial = None, False
            known.on, known.memory = {}, frozenset()
            known.pending = True

    # --- what somebody asks for ---

    def foresee(self, deed: Deed, *, meanwhile: bool = False) -> int:
        """Do it, and tell the exit status of hotctl."""
        for known in self.modules.values():
            known.follows = known.follows and meanwhile
        status = _VERBS[deed.verb](self, deed)
        self.settle()
        return status

    def named(self, deed: Deed) -> list[Known]:
        return [self.modules[name] for name in deed.names] or list(self.modules.values())

    def edit(self, deed: Deed) -> int:
        for known in self.write(deed.writes):
            known.pending = True
        return DONE

    def reload(self, deed: Deed) -> int:
        force, atomic = "--force" in deed.options, "--atomic" in deed.options
        if any(known.candidate is not None for known in self.named(deed)):
            return REFUSED
        return self.roll_out(self.named(deed), force=force, atomic=atomic, skips="--all" in deed.options)

    def roll_out(
        self,
        modules: list[Known],
        *,
        force: bool = False,
        atomic: bool = False,
        skips: bool = False,
        wary: bool = False,
    ) -> int:
        """``wary``: what was rejected is not tried again."""
        kept_out = DECIDED | {"rejected"} if wary else DECIDED
        outcomes: dict[str, str] = {}
        good = []
        for known in modules:
            content = self.on_disk(known)
            if known.pinned and not force:
                outcomes[known.place.name] = "skipped" if skips else "refused"
                continue
            if known.full:
                outcomes[known.place.name] = "refused"
                continue
            known.pending = False
            if known.quarantine.get(content) in kept_out and not force:
                outcomes[known.place.name] = "skipped" if skips else "refused"
            elif content.loads and content != known.content:
                outcomes[known.place.name] = "promoted"
                good.append(known)
            else:
                outcomes[known.place.name] = self.load(known, content)
        bad = [outcome for outcome in outcomes.values() if outcome in ("rejected", "refused")]
        if not (bad and atomic):
            for known in good:
                self.load(known, self.on_disk(known))
        if not bad:
            return DONE
        if len(set(bad)) == 1 and (atomic or len(bad) == len(outcomes)):
            return REJECTED if bad[0] == "rejected" else REFUSED
        return REJECTED if atomic else PARTIAL

    def check(self, deed: Deed) -> int:
        bad = [known for known in self.named(deed) if not self.on_disk(known).loads]
        return DONE if not bad else REJECTED if len(bad) == len(self.named(deed)) else PARTIAL

    def plan(self, deed: Deed) -> int:
        """``reload --dry-run``; that of a file without sense is rejected."""
        return DONE

    def stage(self, deed: Deed) -> int:
        (known,) = self.named(deed)
        content = self.on_disk(known)
        if known.candidate is not None or known.pinned or known.full:
            return REFUSED
        known.pending = False
        if known.quarantine.get(content) in DECIDED:
            return REFUSED
        if content.loads and content != known.content:
            known.candidate = content
            return DONE
        return REJECTED if self.load(known, content) == "rejected" else DONE

    def promote(self, deed: Deed) -> int:
        (known,) = self.named(deed)
        if known.candidate is None or known.pinned:
            return REFUSED
        content, known.candidate = known.candidate, None
        self.load(known, content)
        return DONE

    def abort(self, deed: Deed) -> int:
        (known,) = self.named(deed)
        if known.candidate is None:
            return REFUSED
        known.quarantine[known.candidate] = "aborted"
        known.candidate = None
        return DONE

    def retry(self, deed: Deed) -> int:
        (known,) = self.named(deed)
        if known.candidate is not None:
            return REFUSED
        if not (known.pinned or known.full):
            known.quarantine.pop(self.on_disk(known), None)
        return self.roll_out([known])

    def deploy(self, deed: Deed) -> int:
        named = self.named(deed)
        touched = self.write(deed.writes)
        for known in touched:
            known.pending = True
        if deed.breaks:
            for known in named:
                known.pending = known.pending and self.held(known)
            return 7
        everything = not deed.names
        return self.roll_out(named, atomic=True, skips=everything, wary=everything)

    def undo(self, deed: Deed) -> int:
        (known,) = self.named(deed)
        to = int(deed.options[1]) if deed.options else None
        if known.candidate is not None or known.pinned:
            return REFUSED
        if to is None and len(known.line) == 1:
            return REFUSED
        if to is not None and to not in known.contents:
            return UNKNOWN
        number = known.line[-2] if to is None else to
        if number == known.current or (number not in known.memory and known.full):
            return REFUSED
        self.bring_back(known, number, "undone")
        return DONE

    def pin(self, deed: Deed) -> int:
        (known,) = self.named(deed)
        if known.candidate is not None and not (known.pinned and known.permanent == known.current):
            return REFUSED
        known.pinned = True
        return self.make_permanent(deed)

    def unpin(self, deed: Deed) -> int:
        (known,) = self.named(deed)
        known.pinned = False
        return DONE

    def make_permanent(self, deed: Deed) -> int:
        (known,) = self.named(deed)
        known.permanent = known.current
        known.deaths.pop(known.content, None)
        return DONE

    def pause(self, deed: Deed) -> int:
        if deed.names:
            self.modules[deed.names[0]].paused = True
        else:
            self.paused = True
        return DONE

    def resume(self, deed: Deed) -> int:
        if deed.names and self.paused:
            return REFUSED
        if deed.names:
            self.modules[deed.names[0]].paused = False
        else:
            self.paused = False
        return DONE

    def reset(self, deed: Deed) -> int:
        (known,) = self.named(deed)
        known.paused, known.stopped, known.replicas = False, False, known.place.replicas
        return DONE

    def scale(self, deed: Deed) -> int:
        self.modules[deed.names[0]].replicas = int(deed.options[0])
        return DONE

    def stop(self, deed: Deed) -> int:
        (known,) = self.named(deed)
        known.stopped = True
        return DONE

    def start(self, deed: Deed) -> int:
        (known,) = self.named(deed)
        known.stopped = False
        return DONE

    def again(self, deed: Deed) -> int:
        """``restart``: those of older generations end, too."""
        (known,) = self.named(deed)
        known.stopped = False
        known.on = {}
        return DONE

    def run(self, deed: Deed) -> int:
        (known,) = self.named(deed)
        if known.stopped:
            return REFUSED
        return 1 if known.content.fails else DONE

    def kill(self, deed: Deed) -> int:
        """What was asked for meanwhile is foreseen by whoever kills: it may have been done or not."""
        self.write(deed.writes)
        self.restart(died=deed.verb == "kill")
        return DONE


_VERBS: dict[str, Callable[[World, Deed], int]] = {
    "edit": World.edit,
    "reload": World.reload,
    "check": World.check,
    "stage": World.stage,
    "promote": World.promote,
    "abort": World.abort,
    "retry": World.retry,
    "deploy": World.deploy,
    "undo": World.undo,
    "pin": World.pin,
    "unpin": World.unpin,
    "make-permanent": World.make_permanent,
    "pause": World.pause,
    "resume": World.resume,
    "reset": World.reset,
    "scale": World.scale,
    "stop": World.stop,
    "start": World.start,
    "restart": World.again,
    "run": World.run,
    "kill": World.kill,
    "end": World.kill,
}


def beginning() -> World:
    """Every module at g1, which is permanent, and what is on disk is that."""
    disk = {file: Text(number) for number, file in enumerate(FILES, start=1)}
    world = World({}, disk)
    for place in PLACES.values():
        known = Known(place, place.replicas, {1: Content(Text(0))}, [1], 1)
        known.contents[1] = world.on_disk(known)
        world.modules[place.name] = known
    world.settle()
    return world
