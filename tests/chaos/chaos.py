"""A real daemon, one who does everything to it, and who looks whether it is as it should be."""

from __future__ import annotations

import contextlib
import copy
import io
import itertools
import json
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hotctl import cli
from hotctl.session import Session
from tests.chaos.deeds import Deed
from tests.chaos.draw import Draw
from tests.chaos.oracle import DONE, World, beginning
from tests.chaos.stream import ENDS, Stream
from tests.chaos.texts import HELPER, PLACES, Text, helper
from tests.chaos.watching import SLOWEST, Seen, documents, rename
from tests.support.daemons import Ran, environment, launch, ready
from tests.support.eventually import eventually

PATIENCE = 60.0
"""Seconds until it has to be as it should be."""
CALM = 12
"""Steps between two looks at everything."""
OWN_PROCESS = 20
"""Of how many calls of hotctl one is a process of its own; besides those that a kill comes in the middle of."""
UNREACHABLE = 69
BEGUN = ("in-flight", "staged")
"""Outcomes that are none yet."""
LONGEST = 8000
"""Characters of a log."""
CONFIG = 'roots = ["ops"]\n[daemon]\nstate_dir = "state"\ndrain_deadline = "1s"\n[control]\nsocket = "s"\n'


def source(file: str, text: Text) -> str:
    return helper(text) if file == HELPER else PLACES[file.removesuffix(".py")].source(text)


@dataclass
class Chaos:
    """One storm. ``worlds`` are those that everything that was told leaves possible: one, but after a kill."""

    folder: Path
    seed: int
    steps: list[str] = field(default_factory=list)
    worlds: list[World] = field(default_factory=lambda: [beginning()])
    seen: Seen = field(default_factory=Seen)
    stream: Stream = field(default_factory=Stream)
    kills: int = 0
    events: list[Any] = field(default_factory=list)
    read_to: int = 0
    told: Callable[[str], None] = lambda _: None

    def __post_init__(self) -> None:
        self.logged = self.calls = self.known_to = 0
        self.began = time.monotonic()
        self.draw = Draw(self.seed)
        (self.folder / "ops").mkdir()
        tables = "".join(place.table for place in PLACES.values())
        (self.folder / "hotd.toml").write_text(CONFIG + tables)
        for file, text in self.worlds[0].disk.items():
            self.save(file, text)
        self.daemon = launch(self.folder)
        self.follower: subprocess.Popen[bytes] | None = None

    # --- the storm ---

    def blow(self, seconds: float) -> None:
        """Raises AssertionError, with the seed and every step, where something is not as it should be."""
        try:
            over = time.monotonic() + seconds
            self.begin()
            while time.monotonic() < over:
                for deed in self.draw.steps(self.worlds[0]):
                    self.do(deed)
                    if len(self.steps) % CALM == 0:
                        self.look_at_everything()
            self.look_at_everything()
            self.do(Deed("kill"))
            self.look_at_everything()
            self.read_all_events()
        except (AssertionError, Wrong) as error:
            steps = "\n".join(f"{number:4} {step}" for number, step in enumerate(self.steps, start=1))
            log = self.daemon.log[self.logged :][:LONGEST]
            status = self.daemon.process.poll()
            lives = "lives" if status is None else f"ended with {status}"
            raise AssertionError(
                f"{error}\n\nCHAOS_SEED={self.seed}\n{steps}\n\n"
                f"the daemon {lives}, and logged from the last step on:\n{log}"
            ) from None
        finally:
            self.close()

    def close(self) -> None:
        for process in filter(None, (self.daemon.process, self.follower)):
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            process.wait()

    def begin(self) -> None:
        self.serve()
        for name in PLACES:
            assert self.ask("make-permanent", name).status == DONE
        # Once it follows it outlives every daemon; who finds none at the beginning says so and ends.
        eventually(lambda: bool(self.followed()), within=PATIENCE, what="the follower to follow")
        self.converge("the beginning")

    def serve(self) -> None:
        ready(self.daemon, PATIENCE)
        self.seen.bound.clear()
        if self.follower is not None:
            assert self.follower.poll() is None, "the follower outlives every daemon"
            return
        with (self.folder / "events").open("ab") as out:
            self.follower = subprocess.Popen(
                self.command_line("events", "-f", "--json", "--since", "0"),
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.DEVNULL, env=environment(),
            )  # fmt: skip

    def do(self, deed: Deed) -> None:
        self.say(str(deed))
        if deed.verb in ("kill", "end"):
            self.end(deed)
        elif deed.verb == "edit":
            self.write(deed)
            self.foresee(deed, None)
        else:
            self.foresee(deed, self.ask(*deed.argv, **self.command(deed)))
        if any(text.kind == "hangs" for _, text in deed.writes):
            self.look_while_it_hangs(deed)
        self.converge(str(deed))

    def say(self, step: str) -> None:
        self.steps.append(step)
        self.logged = len(self.daemon.log)
        self.told(f"{time.monotonic() - self.began:6.1f} {len(self.steps):4} {step}")

    # --- what is done ---

    def ask(self, *argv: str, command: tuple[str, ...] = ()) -> Ran:
        """hotctl, mostly without a process of its own: that would take ten times as long as the answer does."""
        self.calls += 1
        if self.calls % OWN_PROCESS == 0:
            return self.daemon.hotctl(*argv, "--json", *command)
        out, err = io.StringIO(), io.StringIO()
        words = ["--socket", str(self.daemon.socket), *argv, "--json", *command]
        return Ran(cli.run(words, out=out, err=err, env={}, open_session=Session), out.getvalue(), err.getvalue())

    def command_line(self, *argv: str) -> list[str]:
        return [sys.executable, "-m", "hotctl", "--socket", str(self.daemon.socket), *argv]

    def command(self, deed: Deed) -> dict[str, tuple[str, ...]]:
        """Of a deploy: what it runs."""
        if deed.verb != "deploy":
            return {}
        lines = []
        for file, text in deed.writes:
            (self.folder / f"new-{file}").write_text(source(file, text))
            lines.append(f"cp {shlex.quote(str(self.folder))}/new-{file} {shlex.quote(str(self.folder))}/ops/{file}")
        return {"command": ("--", "sh", "-c", "; ".join([*lines, f"exit {7 if deed.breaks else 0}"]))}

    def write(self, deed: Deed) -> None:
        for file, text in deed.writes:
            if deed.halves:
                whole = source(file, text)
                (self.folder / "ops" / file).write_text(whole[: len(whole) // 2])
            self.save(file, text)

    def save(self, file: str, text: Text) -> None:
        (self.folder / "ops" / file).write_text(source(file, text))

    def foresee(self, deed: Deed, ran: Ran | None, *, meanwhile: bool = False) -> None:
        """Go on with the worlds in which the answer is right."""
        expected, kept = set(), []
        for world in self.worlds:
            status = world.foresee(deed, meanwhile=meanwhile)
            expected.add(status)
            if ran is None or ran.status == status:
                kept.append(world)
        assert kept, f"{deed}: exit status {ran and ran.status}, should be {expected}: {ran}"
        self.worlds = kept
        if ran is not None:
            self.note(ran)

    def note(self, ran: Ran) -> None:
        """What was answered is so, for ever."""
        answer = ran.json if ran.out else None
        if (
            isinstance(answer, dict)
            and answer.get("revision") is not None
            and answer["outcome"] not in ("in-flight", "staged")
        ):
            self.seen.answered[answer["revision"]] = answer

    def end(self, deed: Deed) -> None:
        """Kill or stop it, while somebody asks for something or not, and start the next."""
        self.read_logs()
        before = copy.deepcopy(self.worlds)
        answered: bool | None = None
        if deed.during is not None:
            answered = self.kill_during(deed, deed.during)
        else:
            self.daemon.stop(signal.SIGKILL if deed.verb == "kill" else signal.SIGTERM)
        written = self.written(deed.during) if deed.during is not None else {}
        if answered is False:
            # A rollout follows its files: where they did not all come to the disk it was not done.
            done = deed.during is not None and written == dict(deed.during.writes)
            self.worlds = [*self.worlds, *before] if done else before
        self.worlds = [late for world in self.worlds for late in _by_then(world)]
        self.write(deed)
        for world in self.worlds:
            world.disk.update(written)
            world.foresee(deed)
            for known in world.modules.values():
                known.follows = False  # a daemon that serves has done that
        self.kills += 1
        (self.folder / "daemon.log").rename(self.folder / f"daemon.log.{self.kills}")
        self.daemon = launch(self.folder)
        self.serve()

    def kill_during(self, deed: Deed, during: Deed) -> bool:
        """Whether it was answered."""
        if during.verb == "edit":
            self.write(during)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.daemon.process.wait(deed.after)
            self.daemon.stop(signal.SIGKILL)
            for world in self.worlds:
                world.foresee(during)
            return False
        argv = [*during.argv, "--json", *self.command(during).get("command", ())]
        asking = subprocess.Popen(
            self.command_line(*argv),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(),
        )  # fmt: skip
        out, err = "", ""
        with contextlib.suppress(subprocess.TimeoutExpired):
            out, err = asking.communicate(timeout=deed.after)
        self.daemon.stop(signal.SIGKILL)
        if asking.returncode is None:
            out, err = asking.communicate(timeout=PATIENCE)
        ran = Ran(asking.returncode, out, err)
        if ran.status == UNREACHABLE or (during.breaks and ran.status == 7):
            for world in self.worlds:
                world.foresee(during)
            return False
        self.foresee(during, ran)
        return True

    def written(self, deed: Deed) -> dict[str, Text]:
        """What of it came to the disk."""
        files = {file: (self.folder / "ops" / file).read_text() for file, _ in deed.writes}
        known = itertools.chain(self.worlds[0].disk.items(), *(w.disk.items() for w in self.worlds), deed.writes)
        return {file: text for file, text in known if file in files and source(file, text) == files[file]}

    # --- what is seen ---

    def status(self) -> Any:
        began = time.monotonic()
        status = self.ask("status").json
        took = time.monotonic() - began
        wrong = list(self.seen.wrong_at_any_time(status, self.worlds))
        wrong += [f"status took {took:.1f} s"] if took > SLOWEST else []
        if wrong:
            raise Wrong("\n".join(wrong))
        return status

    def converge(self, after: str) -> None:
        """Until it is as it should be, in one of the worlds; those in which it is not are none."""
        found: list[tuple[World, list[str]]] = []
        status: Any = None

        def holds() -> bool:
            nonlocal status
            assert any(map(self.watcher_is_done, self.worlds)), "the watcher is not done"
            status = self.status()
            found[:] = [(world, list(self.seen.differs(world, status))) for world in self.worlds]
            return any(not wrong for _, wrong in found)

        with contextlib.suppress(AssertionError):
            eventually(holds, within=PATIENCE)
        if not any(not wrong for _, wrong in found):
            said = "\n  or: ".join("; ".join(wrong) for _, wrong in found)
            raise AssertionError(f"after {after}:\n  {said}\n{json.dumps(status)[:LONGEST]}")
        self.worlds = [world for world, wrong in found if not wrong]
        self.known_to = status["daemon"]["seq"]
        for world in self.worlds:
            self.seen.learn(world, status)
            self.name_the_rest(world)
            for name, known in world.modules.items():
                assert not (wrong := list(self.seen.made(name, known.contents))), wrong
                known.deaths = {c: n for c, n in known.deaths.items() if c in (known.content, world.on_disk(known))}
        self.worlds = list({repr(world): world for world in self.worlds}.values())

    def watcher_is_done(self, world: World) -> bool:
        """Whether it has said, since the last step, what became of everything that it loads in this one."""
        behind = {name for name, known in world.modules.items() if known.follows}
        if not behind:
            return True
        new = (event for event in self.followed() if event["seq"] > self.known_to and event["actor"] == "watch")
        ends = {f"reload.{end}" for end in ENDS}
        return behind <= {event["module"] for event in new if event["event"] in ends}

    def begun(self, name: str) -> bool:
        """Whether the watcher loads the module since the last step."""
        new = [event for event in self.followed() if event["seq"] > self.known_to]
        return any((event["event"], event["module"]) == ("reload.started", name) for event in new)

    def name_the_rest(self, world: World) -> None:
        """Generations that were current in between: whoever has seen them has their number."""
        for name, known in world.modules.items():
            untold = sorted(number for number in known.contents if number < 0)  # the last one first
            if not untold:
                continue
            numbers = {one["generation"] for one in self.ask("generations", name).json} - {None}
            new = sorted(numbers - set(known.contents), reverse=True)
            strange = len(new) > len(untold) or (new and new[-1] < max(known.contents))
            assert not strange, f"{name} has generations nobody knows: {new}"
            for one, number in itertools.zip_longest(untold, new):
                if number is not None:
                    rename(known, one, number)
                else:
                    known.contents.pop(one)  # the daemon died before it was written down

    def look_while_it_hangs(self, deed: Deed) -> None:
        """Others are answered, and are changed."""
        name = deed.writes[0][0].removesuffix(".py")
        if self.worlds[0].modules[name].follows:
            eventually(lambda: self.begun(name), within=PATIENCE, what=f"the load of {name} to begin")
        self.status()
        other = "alone" if deed.writes[0][0] != "alone.py" else "early"
        again = Deed("reload", (other,))
        self.say(f"{again} meanwhile")
        self.foresee(again, self.ask(*again.argv), meanwhile=True)

    def look_at_everything(self) -> None:
        self.read_logs()
        wrong = list(self.seen.wrong_in_history(self.ask("history", "-n", "500").json))
        assert not wrong, "\n".join(wrong)
        assert not (wrong := list(self.stream.wrong(self.followed()))), "\n".join(wrong)
        eventually(self.places_are_filled, within=PATIENCE)

    def followed(self) -> list[Any]:
        """All that the follower has read, over all daemons."""
        with (self.folder / "events").open() as file:
            file.seek(self.read_to)
            whole, end, _ = file.read().rpartition("\n")
        self.read_to += len(whole + end)
        self.events += documents(whole)
        return self.events

    def read_logs(self) -> None:
        for name in PLACES:
            lines = documents(self.ask("logs", name, "-n", "3000").out)
            assert not (wrong := list(self.seen.wrong_in_logs(name, lines))), "\n".join(wrong)

    def places_are_filled(self) -> bool:
        status = self.status()
        world = self.worlds[0]
        for module in status["modules"]:
            known = world.modules[module["name"]]
            alive = module["serving"]["current"] + (module["serving"]["old"] if known.place.stays else 0)
            assert known.content.fails or alive == known.wanted, module
        return True

    def read_all_events(self) -> None:
        """What a follower has read once is there for whoever reads it later."""
        eventually(lambda: not self.new_events(), within=PATIENCE, what="the follower to have read all")
        read = {event["seq"]: event for event in self.followed()}
        for event in documents(self.ask("events", "--since", "0").out):
            assert read.get(event["seq"], event) == event, (read[event["seq"]], event)

    def new_events(self) -> list[Any]:
        newest = self.status()["daemon"]["seq"]
        return [] if any(event["seq"] >= newest for event in self.followed()) else [newest]


class Wrong(Exception):
    """What may not be seen at any moment, so that nobody waits for it to pass."""


def _by_then(world: World) -> Iterator[World]:
    """What may have become permanent by itself since anybody looked."""
    yield world
    late = copy.deepcopy(world)
    for known in late.modules.values():
        if known.place.lasting:
            known.permanent = known.current
            known.deaths.pop(known.content, None)
    yield late
