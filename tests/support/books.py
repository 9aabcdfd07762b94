"""A core at work, told as a story: what happens around it, and what its book says after.

A ``World`` does what engine, loader and executor do, without a thread: it runs a decision, reconciles, carries the
effects out on pretended parts, and holds every effect against what the parts may be asked.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, TypeVar

from hotd.contract import requests
from hotd.contract.events import EventName
from hotd.contract.views import Change, Condition, ModuleView, Origin
from hotd.core import (
    adding,
    applying,
    draining,
    durable,
    ending,
    instances,
    outcomes,
    pausing,
    pinning,
    rollouts,
    starting,
    switches,
    undoing,
    watch,
)
from hotd.core.book import NOTHING, Book, Module, open_book
from hotd.core.bundle import Bundle, Carried
from hotd.core.configuration import config_plan
from hotd.core.effects import (
    AbandonLoad,
    AskToEnd,
    Decision,
    Discard,
    Effect,
    Emit,
    Host,
    Promote,
    Respecify,
    Retire,
    StartInstance,
    StartLoad,
    Unhost,
    Write,
)
from hotd.core.environment import Environment
from hotd.core.messages import (
    Avoided,
    Checked,
    InstanceEnded,
    InstanceEvent,
    InstanceFailed,
    InstanceStarted,
    LoadJob,
    LoadKind,
    LoadOutcome,
    Planned,
    Rejected,
    Staged,
    Stored,
    Unchanged,
    Unwritten,
    WouldRebuild,
    Written,
)
from hotd.core.picture import module_view, outcome_of
from hotd.core.reconcile import next_deadline, reconcile
from hotd.core.records import Remembered, Trouble
from hotd.core.values import Actor, Failure, InstanceId, Instant, Spec
from tests.support.shelf import Shelf

E = TypeVar("E")

ROOT = Actor("root", 0)
OP = "op"
FILE = "/ops/op.py"
KEPT = "model would be executed again: it imports settings, and settings.py changed"
TOOK = 0.25
"""Seconds that every pretended load says it took."""


def spec(name: str = OP, **keys: Any) -> Spec:
    """A module's configuration: one replica, and permanent as soon as that runs, unless told otherwise."""
    return Spec(name=name, entry=f"{name}:Op", roots=("/ops",), **{"auto_permanent": 0.0, **keys})


def failure(message: str = "boom") -> Failure:
    return Failure("ValueError", message, f"Traceback …\nValueError: {message}\n", "/ops/op.py", 7)


@dataclass(slots=True)
class _Line:
    """What a loader keeps for one module: ``hotd.loading.hosting`` without the code."""

    disk: dict[str, str] = field(default_factory=dict)
    current: dict[str, str] | None = None
    memory: dict[int, dict[str, str]] = field(default_factory=dict)
    candidates: dict[int, dict[str, str]] = field(default_factory=dict)
    newest: tuple[int, str] = (0, "")


@dataclass(slots=True)
class _Running:
    job: LoadJob
    read: dict[str, str]


def digest_of(content: dict[str, str]) -> str:
    """Of one file its text, of several their texts in the order of their paths."""
    return "+".join(text for _, text in sorted(content.items()))


FULL = Trouble("full", "/state/hotd.db: the disk is full", "make room; it is tried again by itself")


class World:
    """Begins with every module's file saying ``A`` and nothing loaded."""

    def __init__(
        self,
        *specs: Spec,
        max_instances: int = 64,
        time: float = 1000.0,
        known: Remembered = NOTHING,
        watches: bool = True,
        over: Environment | None = None,
        added: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
    ) -> None:
        self.time = time
        self.added: dict[str, Spec] = {}
        """What was ever added."""
        chosen = specs or (spec(),)
        self.book: Book = open_book(
            chosen, now=self.now, max_instances=max_instances, known=known, watches=watches, over=over, added=added
        )
        self.shelf = Shelf()
        """What is durable."""
        self.writes: list[Write] = []
        """What is under way."""
        self.seen = self.book
        """What is shown: the newest book that is durable as a whole."""
        self._unseen: list[Book] = []
        self.prompt = True
        """Whether the store keeps everything at once."""
        self.origins: tuple[Origin, ...] = ()
        """Where what is on disk came from."""
        self.carried: Carried = ()
        """What the digest of whatever is loaded covers though only running code told of it."""
        self.lost: set[str] = set()
        """Digests whose sources the store cannot give back."""
        self.contents: dict[tuple[str, str], dict[str, str]] = {}
        self.lines = {one.name: _Line({f"/ops/{one.name}.py": "A"}) for one in chosen}
        self.loads: dict[int, _Running] = {}
        self.abandoned: dict[int, _Running] = {}
        self.alive: dict[InstanceId, int] = {}
        self.asked: set[InstanceId] = set()
        self.effects: list[Effect] = []
        """Everything asked for so far."""
        self.known = known

    # --- the time and the engine ---------------------------------------------------------------------------------

    @property
    def now(self) -> Instant:
        return Instant(self.time, 1_700_000_000.0 + self.time)

    def tell(self, decide: Callable[[Book, Instant], Decision]) -> Any:
        """As the engine does it: a decision, then whatever follows from it."""
        before = self.book
        decision = decide(before, self.now)
        self._take(decision)
        self._take(reconcile(self.book, self.now))
        again = reconcile(self.book, self.now)
        assert again == Decision(self.book), "reconciling twice does nothing the second time"
        self.book, write = durable.secured(before, self.book, (), self.now)
        if write is not None:
            self.effects.append(write)
            self.writes.append(write)
        self._unseen.append(self.book)
        while self._unseen and self.book.store.covers(self._unseen[0].store.issued):
            self.seen = self._unseen.pop(0)
        while self.prompt and self.writes:
            self.keep()
        for module in self.book.modules.values():
            _check_counts(module)
        if not ending.over(self.book, self.now):
            due = next_deadline(self.book)
            assert due is None or due > self.time, "a deadline in the past would keep the engine busy"
        return decision.answer

    def wait(self, seconds: float) -> None:
        """Let time pass, stopping wherever the core wants to look."""
        until = self.time + seconds
        while (due := next_deadline(self.book)) is not None and due <= until and not ending.over(self.book, self.now):
            self.time = max(self.time, due)
            self.tell(lambda book, _: Decision(book))
        self.time = until
        self.tell(lambda book, _: Decision(book))

    def _take(self, decision: Decision) -> None:
        before = self.book
        self.book = decision.book
        for effect in decision.effects:
            self.effects.append(effect)
            self._act(effect, before)

    def _act(self, effect: Effect, before: Book) -> None:
        match effect:
            case StartLoad(job):
                running = [one.job.module for one in self.loads.values()]
                assert job.module not in running, "never two jobs of one module at once"
                assert job.id not in self.loads and job.id not in self.abandoned, "a job has a number of its own"
                self.loads[job.id] = _Running(job, self._read(job))
            case AbandonLoad(number):
                self.abandoned[number] = self.loads.pop(number)
            case Promote(name, number):
                line = self.lines[name]
                self._check_intent(name, number)
                line.current = line.candidates.pop(number, None) or line.memory[number]
                line.memory[number] = line.current
            case Discard(name, number):
                self.lines[name].candidates.pop(number, None)
            case Retire(name, number):
                line = self.lines[name]
                assert line.memory.pop(number) is not line.current, "current is never retired"
            case Host(hosted, newest):
                line = self.lines.setdefault(hosted.name, _Line({f"/ops/{hosted.name}.py": "A"}))
                assert not line.memory and line.current is None, "what is hosted has gone from memory before"
                line.newest = newest or line.newest
            case Respecify():
                pass
            case Unhost(name):
                assert name not in [one.job.module for one in self.loads.values()], "no load is under way"
                self.lines[name].current = None
            case StartInstance(asked):
                module = self.book.modules[asked.id.module]
                line = self.lines[module.name]
                assert line.current == line.memory[asked.generation], "an instance starts on what is current"
                assert asked.digest == digest_of(line.memory[asked.generation])
                assert not module.stopped and before.stopping is None, "nothing starts where all shall end"
                assert asked.id not in self.alive
                self.alive[asked.id] = asked.generation
            case AskToEnd(instance):
                self.asked.add(instance)
            case Write():
                raise AssertionError("what is to be kept is found, not decided")
            case Emit(event, message):
                assert event in EventName and message

    def _check_intent(self, name: str, number: int) -> None:
        """Whatever becomes current, the next start knows its number, content and sources, or there is no store."""
        if self.book.store.trouble is None:
            kept = self.shelf.generations[name][number]
            assert kept.digest == self.book.modules[name].generations[number].digest
            assert kept.digest in self.shelf.bundles or kept.digest in self.lost

    # --- the store -----------------------------------------------------------------------------------------------

    def keep(self) -> None:
        """The oldest write becomes durable."""
        write = self.writes.pop(0)
        self.shelf.put(write.records)
        self.stored(Written(write.ticket))

    def lose(self, trouble: Trouble = FULL) -> None:
        """The oldest write fails."""
        self.stored(Unwritten(self.writes.pop(0).ticket, trouble))

    def stored(self, said: Stored) -> None:
        self.tell(lambda book, now: durable.stored(book, said, now))

    def reborn(self, *, died: bool = True, **keys: Any) -> World:
        """The next daemon over what is durable, on the same disk; nothing is started yet."""
        known = self.shelf.remembered(died=died)
        modules = self.book.modules.values()
        kept = {one.name: {"entry": one.entry, **one.options} for one in known.added if one.entry is not None}
        specs = [module.spec for module in modules if module.added is None]
        specs += [self.added[name] for name in kept]
        most, later = self.book.max_instances, self.time + 1.0
        world = World(*specs, max_instances=most, time=later, known=known, added=kept, **keys)
        world.added = self.added
        world.shelf, world.contents, world.lost = self.shelf, self.contents, self.lost
        for name, line in world.lines.items():
            line.disk = self.lines[name].disk if name in self.lines else line.disk
            numbered = known.generations.get(name, ())
            line.newest = max(((one.number, one.digest) for one in numbered), default=(0, ""))
        world.known = known
        return world

    def begin(self, known: Remembered | None = None) -> int:
        """What a daemon does first."""
        known = known or self.known
        revision = self.tell(lambda book, now: starting.start(book, known, now))
        assert isinstance(revision, int)
        return revision

    # --- files ---------------------------------------------------------------------------------------------------

    def write(self, text: str, module: str = OP, file: str | None = None) -> str:
        """Save a file; nobody hears of it."""
        path = f"/ops/{file or module}.py"
        self.lines[module].disk[path] = text
        return path

    def edit(self, text: str, module: str = OP, file: str | None = None) -> None:
        """Save a file, and let the watcher see it."""
        self.changed(self.write(text, module, file), module=module)

    def changed(self, *paths: str, module: str = OP) -> None:
        """A settled batch of the watcher."""
        self.tell(lambda book, now: watch.files_changed(book, frozenset(paths), [module], now))

    def _read(self, job: LoadJob) -> dict[str, str]:
        """What the loader sees: the named files as they are, all others as they were."""
        line = self.lines[job.module]
        if job.restores is not None:
            return self.contents[job.module, job.restores[1]]
        if job.changed is None or line.current is None:
            return dict(line.disk)
        seen = {path: text for path, text in line.disk.items() if path in job.changed or path not in line.current}
        return {**line.current, **seen}

    # --- loads ---------------------------------------------------------------------------------------------------

    def load_of(self, module: str = OP) -> LoadJob:
        """The job that is running for the module."""
        (job,) = (one.job for one in self.loads.values() if one.job.module == module)
        return job

    def finish(self, *modules: str) -> None:
        """Let the running loads of the modules, or all, come to what they read."""
        for number, running in list(self.loads.items()):
            if not modules or running.job.module in modules:
                self.end_load(number)

    def settle(self) -> None:
        """Until no load runs any more."""
        while self.loads:
            self.finish()

    def end_load(self, number: int) -> None:
        """Also of one that was abandoned, and ends all the same."""
        running = self.loads.pop(number, None) or self.abandoned.pop(number)
        reads = running.job.kind is LoadKind.STAGE and running.job.restores is None
        self.loaded(replace(self.outcome(running), origins=self.origins if reads else ()))

    def loaded(self, outcome: LoadOutcome) -> None:
        self.tell(lambda book, now: outcomes.loaded(book, outcome, now))

    def outcome(self, running: _Running) -> LoadOutcome:
        """Text with ``broken`` in it is rejected; ``nameless`` is rejected without a digest.

        ``heavy`` touches the part ``model``, unless current is heavy as well.
        """
        job, line, digest = running.job, self.lines[running.job.module], digest_of(running.read)
        current = digest_of(line.current) if line.current is not None else None
        self.contents[job.module, digest] = running.read
        if job.restores is not None:
            if digest in self.lost:
                return Rejected(job, digest, "store-degraded", "its sources are damaged", None, None, None, None, TOOK)
            line.candidates[job.restores[0]] = running.read
            return Staged(job, job.restores[0], digest, (job.module,), TOOK)
        if digest in job.avoid:
            return Avoided(job, digest)
        if "broken" in digest or "nameless" in digest:
            known = "" if "nameless" in digest else digest
            carried = self.carried if known else ()
            return Rejected(job, known, "syntax-error", "invalid syntax", None, FILE, 3, None, TOOK, carried=carried)
        differs, refusal = digest != current, self._refusal(job, digest, current)
        if job.kind is LoadKind.PLAN:
            whys = [("model", "it imports settings")] if refusal else []
            whys += [(job.module, "its file changed")] if differs else []
            return Planned(job, digest, differs, tuple(whys), () if differs else (job.module,), refusal)
        if refusal is not None:
            return refusal
        if job.kind is LoadKind.CHECK:
            return Checked(job, digest, (job.module,), TOOK)
        if digest == current:
            return Unchanged(job, digest)
        if line.newest[1] != digest:
            line.newest = line.newest[0] + 1, digest
        line.candidates[line.newest[0]] = running.read
        bundle = Bundle(digest, (job.module,), (), carried=self.carried)
        return Staged(job, line.newest[0], digest, (job.module,), TOOK, bundle)

    def _refusal(self, job: LoadJob, digest: str, current: str | None) -> WouldRebuild | None:
        touches = current is not None and "heavy" in digest and "heavy" not in current
        if not touches or "model" in job.rebuild or "model" not in self.module(job.module).spec.keep:
            return None
        return WouldRebuild(job, digest, ("model",), KEPT, "/ops/model.py", 1)

    # --- instances -----------------------------------------------------------------------------------------------

    def report(self, event: InstanceEvent) -> None:
        self.tell(lambda book, now: instances.reported(book, event, now))

    def run(self, module: str = OP) -> None:
        """Everyone that was started is on its way."""
        for instance in list(self.book.modules[module].instances.values()):
            self.report(InstanceStarted(instance.id))

    def end(self, *numbers: int, module: str = OP) -> None:
        for number in numbers:
            self.alive.pop(InstanceId(module, number), None)
            self.report(InstanceEnded(InstanceId(module, number)))

    def fail(self, number: int, module: str = OP, message: str = "boom") -> None:
        self.alive.pop(InstanceId(module, number), None)
        self.report(InstanceFailed(InstanceId(module, number), failure(message)))

    # --- verbs ---------------------------------------------------------------------------------------------------

    def reload(self, *modules: str, **keys: Any) -> int:
        """The revision; ``finish`` or ``settle`` let it come to something."""
        request = requests.Reload(modules or (() if keys.get("all") else (OP,)), **keys)
        revision = self.tell(lambda book, now: rollouts.request_reload(book, request, ROOT, now))
        assert isinstance(revision, int)
        return revision

    def check(self, *modules: str, **keys: Any) -> int:
        request = requests.Check(modules or (() if keys.get("all") else (OP,)), **keys)
        revision = self.tell(lambda book, now: rollouts.request_check(book, request, ROOT, now))
        assert isinstance(revision, int)
        return revision

    def ask_to_undo(self, module: str = OP, **keys: Any) -> Change | int:
        """The outcome; or the revision of one that left memory: ``settle`` lets it come to something."""
        request = requests.Undo(module, **keys)
        answer = self.tell(lambda book, now: undoing.undo(book, request, ROOT, now))
        assert isinstance(answer, Change | int)
        return answer

    def undo(self, module: str = OP, **keys: Any) -> Change:
        """To one that is in memory."""
        answer = self.ask_to_undo(module, **keys)
        assert isinstance(answer, Change)
        return answer

    def add(self, spec: Spec, **keys: Any) -> int:
        """The revision; ``settle`` lets it come to something."""
        self.added[spec.name] = spec
        request = requests.Add(spec.name, spec.entry, **keys)
        revision = self.tell(lambda book, now: adding.add(book, request, spec, ROOT, now))
        assert isinstance(revision, int)
        return revision

    def remove(self, module: str, **keys: Any) -> Change:
        request = requests.Remove(module, **keys)
        return self._answered(lambda book, now: adding.remove(book, request, ROOT, now))

    def apply(self, *specs: Spec, settings: Mapping[str, Any] | None = None, **running: Any) -> int:
        """hotd.toml has these modules now, and those settings beside what is ``running``."""
        hosted = {one.name: one.spec for one in self.book.modules.values() if one.added is None and one.leaving is None}
        plan = config_plan(running, {**running, **(settings or {})}, hosted, specs)
        revision = self.tell(lambda book, now: applying.apply(book, plan, "hotctl apply", ROOT, now))
        assert isinstance(revision, int)
        return revision

    def pin(self, module: str = OP, **keys: Any) -> Change:
        request = requests.Pin(module, **keys)
        return self._answered(lambda book, now: pinning.pin(book, request, ROOT, now))

    def unpin(self, module: str = OP, **keys: Any) -> Change:
        request = requests.Unpin(module, **keys)
        return self._answered(lambda book, now: pinning.unpin(book, request, ROOT, now))

    def make_permanent(self, module: str = OP, **keys: Any) -> Change:
        request = requests.MakePermanent(module, **keys)
        return self._answered(lambda book, now: pinning.make_permanent(book, request, ROOT, now))

    def reset(self, module: str = OP, **keys: Any) -> Change:
        request = requests.Reset(module, **keys)
        return self._answered(lambda book, now: switches.reset(book, request, ROOT, now))

    def pause(self, module: str | None = None, **keys: Any) -> Change:
        request = requests.Pause(module, **keys)
        return self._answered(lambda book, now: pausing.pause(book, request, ROOT, now))

    def resume(self, module: str | None = None, **keys: Any) -> Change:
        request = requests.Resume(module, **keys)
        return self._answered(lambda book, now: pausing.resume(book, request, ROOT, now))

    def scale(self, replicas: int, module: str = OP, **keys: Any) -> Change:
        request = requests.Scale(module, replicas, **keys)
        return self._answered(lambda book, now: switches.scale(book, request, ROOT, now))

    def stop(self, target: str = OP, **keys: Any) -> Change:
        request = requests.Stop(target, **keys)
        return self._answered(lambda book, now: switches.stop(book, request, ROOT, now))

    def start(self, module: str = OP, **keys: Any) -> Change:
        request = requests.Start(module, **keys)
        return self._answered(lambda book, now: switches.start(book, request, ROOT, now))

    def restart(self, target: str = OP, **keys: Any) -> Change:
        request = requests.Restart(target, **keys)
        return self._answered(lambda book, now: switches.restart(book, request, ROOT, now))

    def drain(self, generation: int, module: str = OP, **keys: Any) -> Change:
        request = requests.Drain(module, generation, **keys)
        return self._answered(lambda book, now: draining.drain(book, request, ROOT, now))

    def purge(self, generation: int, module: str = OP, **keys: Any) -> Change:
        request = requests.Purge(module, generation, **keys)
        return self._answered(lambda book, now: draining.purge(book, request, ROOT, now))

    def shut_down(self, deadline: float = 30.0) -> None:
        self.tell(lambda book, now: ending.begin(book, deadline, now))

    def _answered(self, decide: Callable[[Book, Instant], Decision]) -> Change:
        answer = self.tell(decide)
        assert isinstance(answer, Change)
        return answer

    # --- what can be seen ----------------------------------------------------------------------------------------

    def module(self, name: str = OP) -> Module:
        return self.book.modules[name]

    def view(self, name: str = OP) -> ModuleView:
        return module_view(self.book, self.module(name))

    def condition(self, kind: str, name: str = OP) -> Condition | None:
        return next((one for one in self.view(name).conditions if one.type == kind), None)

    def kinds(self, name: str = OP) -> list[str]:
        return [one.type for one in self.view(name).conditions]

    def outcome_of(self, revision: int) -> Change:
        return outcome_of(self.book, revision)

    def states(self, name: str = OP) -> dict[int, str]:
        """generation -> state, of those in memory."""
        return {one.generation: one.state for one in self.view(name).generations}

    def running(self, name: str = OP) -> dict[int, int]:
        """instance number -> generation, of those that count."""
        return {n: i.generation for n, i in self.module(name).instances.items() if i.counts}

    def of(self, kind: type[E]) -> list[E]:
        return [effect for effect in self.effects if isinstance(effect, kind)]

    def events(self, *names: EventName) -> list[Emit]:
        return [emit for emit in self.of(Emit) if not names or emit.event in names]

    def forget(self) -> None:
        """From here on ``of`` and ``events`` tell what comes."""
        self.effects.clear()


def _check_counts(module: Module) -> None:
    """What is kept beside the fields of a module is what would be counted now."""
    anew = replace(module)
    for name in vars(module).keys() - vars(anew).keys():
        room, _, function = name.rpartition(".")
        counted = getattr(sys.modules[room], function)(anew) if room else getattr(anew, name)
        assert vars(module)[name] == counted, f"{name} follows from a field that changed"


def serving(*specs: Spec, **keys: Any) -> World:
    """g1 of every module is current, and as many instances run it as there may be."""
    world = World(*specs, **keys)
    world.reload(all=True)
    world.settle()
    for name in world.book.modules:
        world.run(name)
    world.time += 10.0
    world.forget()
    return world


def promoted(world: World, *texts: str, module: str = OP) -> World:
    """One generation more for each text."""
    for text in texts:
        world.write(text, module)
        world.reload(module)
        world.settle()
    return world


def having(world: World, module: Module) -> World:
    """The same world, in which something is otherwise."""
    world.book = world.book.having(module)
    return world


def respec(world: World, module: str = OP, **keys: Any) -> World:
    """Another configuration of a module that runs already."""
    found = world.module(module)
    return having(world, replace(found, spec=replace(found.spec, **keys)))
