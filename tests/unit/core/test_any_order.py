"""Whatever happens, in whatever order: the promises of the life of a generation hold after every step.

A state machine edits, breaks and repairs files, asks for everything that can be asked, lets loads and instances end in
any order and time pass. ``tests.support.books.World`` plays loader and executor and already refuses what they may
never be asked: a second load of one module, an instance of anything but current, the retirement of current.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hotd.contract.errors import HotdError
from hotd.contract.views import Change
from hotd.core import outcomes
from hotd.core.ageing import age, forget_oldest, rests_until
from hotd.core.book import UNREAD, Book, Current, Draining, InLoad, Intended, Module
from hotd.core.durable import kept_module
from hotd.core.effects import Promote
from hotd.core.ending import over
from hotd.core.messages import LoadKind, Rejected, Staged
from hotd.core.permanence import grow_permanent
from hotd.core.picture import failure_views, generation_views, history_view, instance_views, is_over, outcome_of
from hotd.core.reconcile import next_deadline
from hotd.core.values import Instant
from tests.support.books import World, digest_of, spec

NAMES = ("a", "b", "c")
names = st.sampled_from(NAMES)
subsets = st.lists(names, min_size=1, max_size=3, unique=True).map(tuple)
texts = st.sampled_from(["1", "2", "3", "broken1", "broken2", "nameless"])
numbers = st.integers(0, 40)
deadlines = st.sampled_from([None, None, 0.0, 3.0])

specs = st.fixed_dictionaries(
    {
        "replicas": st.integers(0, 3),
        "surge": st.integers(0, 2),
        "max_unavailable": st.integers(1, 2),
        "restart": st.sampled_from(["always", "always", "on-failure", "never"]),
        "on_change": st.sampled_from(["finish", "stop"]),
        "after_deadline": st.sampled_from(["wait", "abandon"]),
        "watch": st.sampled_from(["auto", "auto", "manual"]),
        "max_generations": st.integers(2, 4),
        "standby": st.integers(0, 3),
        "drain_deadline": st.sampled_from([2.0, 20.0]),
        "load_deadline": st.sampled_from([3.0, 10.0]),
    }
)


class AnyOrder(RuleBasedStateMachine):
    world: World

    @initialize(keys=st.tuples(specs, specs, specs), most=st.integers(3, 8))
    def begin(self, keys: tuple[dict[str, Any], ...], most: int) -> None:
        chosen = [spec(name, **one) for name, one in zip(NAMES, keys, strict=True)]
        self.world = World(*chosen, max_instances=most)
        for name in NAMES:
            self.world.write("0", name, f"{name}_helper")
        self.bound: dict[tuple[str, int], int] = {}
        self.alive = dict.fromkeys(NAMES, 0)
        self.known: dict[str, set[int]] = {name: set() for name in NAMES}
        self.became: dict[tuple[str, int], int] = {}
        self.noted = 0
        self.history: tuple[Any, ...] = ()
        self.swaps = 0
        self.world.begin()

    # --- files -----------------------------------------------------------------------------------------------------

    @rule(name=names, text=texts)
    def edit(self, name: str, text: str) -> None:
        self.world.edit(text, name)

    @rule(name=names, text=st.sampled_from(["0", "x"]))
    def edit_helper(self, name: str, text: str) -> None:
        self.world.edit(text, name, f"{name}_helper")

    @rule(name=names)
    def touch(self, name: str) -> None:
        self.world.changed(f"/ops/{name}.py", module=name)

    # --- loads -----------------------------------------------------------------------------------------------------

    def _running(self) -> list[int]:
        return sorted([*self.world.loads, *self.world.abandoned])

    @precondition(lambda self: self._running())
    @rule(which=numbers)
    def end_a_load(self, which: int) -> None:
        jobs = self._running()
        self._end(jobs[which % len(jobs)])

    @rule()
    def end_all_loads(self) -> None:
        while self.world.loads:
            self._end(min(self.world.loads))

    def _end(self, number: int) -> None:
        world, book = self.world, self.world.book
        running = world.loads.get(number) or world.abandoned[number]
        name, kind = running.job.module, running.job.kind
        held = next((r for r in book.rollouts.values() if _holds(r.members.get(name), number)), None)
        before = book.modules[name]
        if kind is not LoadKind.STAGE:
            decided = outcomes.loaded(book, world.outcome(running), world.now).book.modules[name]
            decided = replace(decided, hung=before.hung)
            assert replace(decided, disk=before.disk, pending=before.pending) == before, "it changes nothing"
            assert decided.pending in (before.pending, frozenset())
            assert kind is LoadKind.PLAN or decided == before
        outcome = world.outcome(running)
        prompt, world.prompt = world.prompt, False
        world.end_load(number)
        excepted = book.store.trouble or running.job.restores
        assert world.module(name).current == before.current or excepted, "nothing before it is written down"
        world.prompt = prompt
        if prompt:
            self.keep_all()
        after = world.module(name)
        if after.current == before.current or running.job.restores:
            return
        assert isinstance(outcome, Staged) and held is not None, "only a candidate somebody waits for is promoted"
        why = before.quarantine.get(after.generations[after.current or 0].digest)
        hopeless = why == "died" and before.current is None
        assert held.force or why is None or hopeless or (why == "rejected" and not held.by_watch), "quarantined"
        assert held.force or not before.pinned or before.current is None, "pinned"
        assert not isinstance(outcome, Rejected)
        if not held.atomic:
            assert not before.pending or book.held(before) or _holds_at_last(held.members[name])

    # --- instances -------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.world.alive)
    @rule(which=numbers, how=st.sampled_from(["starts", "ends", "fails"]))
    def instance(self, which: int, how: str) -> None:
        ids = sorted(self.world.alive)
        one = ids[which % len(ids)]
        if how == "starts":
            self.world.run(one.module)
        elif how == "ends":
            self.world.end(one.number, module=one.module)
        else:
            self.world.fail(one.number, one.module)

    @rule(name=names)
    def everyone_asked_ends(self, name: str) -> None:
        for one in sorted(self.world.alive):
            if one.module == name and one in self.world.asked:
                self.world.end(one.number, module=name)

    # --- verbs -----------------------------------------------------------------------------------------------------

    def _try(self, verb: Any, *args: Any, **keys: Any) -> Any:
        before = self.world.book
        try:
            return verb(*args, **keys)
        except HotdError:
            assert self.world.book == before, "a refusal changes nothing"
            return None

    @rule(which=subsets, atomic=st.booleans(), force=st.booleans())
    def reload(self, which: tuple[str, ...], atomic: bool, force: bool) -> None:
        self._try(self.world.reload, *which, atomic=atomic, force=force)

    @rule(atomic=st.booleans(), dry_run=st.booleans())
    def reload_all(self, atomic: bool, dry_run: bool) -> None:
        self._try(self.world.reload, all=True, atomic=atomic, dry_run=dry_run)

    @rule(which=subsets, dry_run=st.booleans())
    def look(self, which: tuple[str, ...], dry_run: bool) -> None:
        if dry_run:
            self._try(self.world.reload, *which, dry_run=True)
        else:
            self._try(self.world.check, *which)

    @rule(name=names)
    def undo(self, name: str) -> None:
        before = self.world.module(name)
        if not isinstance(self._try(self.world.ask_to_undo, name), Change) or before.current is None:
            return
        after = self.world.module(name)
        assert before.current is not None and after.current is not None
        assert before.generations[after.current].verdict != "rolled-back", "back to a stable one"
        assert self.became[name, after.current] < self.became[name, before.current], "never forward"
        assert len(after.line) < len(before.line)
        self.noted = len(self.world.effects)

    @rule(name=names, to=st.integers(1, 9))
    def undo_to(self, name: str, to: int) -> None:
        line = self.world.module(name).line
        if not isinstance(self._try(self.world.ask_to_undo, name, to=to), Change):
            return
        module = self.world.module(name)
        assert module.current == to
        assert module.generations[to].digest not in module.quarantine
        if to not in line:
            self._swapped(name, to)
        self.noted = len(self.world.effects)

    @rule(name=st.one_of(st.none(), names), pause=st.booleans())
    def pause_or_resume(self, name: str | None, pause: bool) -> None:
        self._try(self.world.pause if pause else self.world.resume, name)

    @rule(name=names, replicas=st.integers(0, 4))
    def scale(self, name: str, replicas: int) -> None:
        self._try(self.world.scale, replicas, name)

    @rule(name=names, verb=st.sampled_from(["stop", "start", "restart"]))
    def switch(self, name: str, verb: str) -> None:
        self._try(getattr(self.world, verb), name)

    @precondition(lambda self: self.world.alive)
    @rule(which=numbers, verb=st.sampled_from(["stop", "restart"]))
    def switch_one(self, which: int, verb: str) -> None:
        ids = sorted(self.world.alive)
        self._try(getattr(self.world, verb), str(ids[which % len(ids)]))

    @rule(name=names, number=st.integers(1, 9), verb=st.sampled_from(["drain", "purge"]), deadline=deadlines)
    def get_rid(self, name: str, number: int, verb: str, deadline: float | None) -> None:
        self._try(getattr(self.world, verb), number, name, deadline=deadline)

    @rule(name=names, number=st.integers(1, 9))
    def get_rid_softly(self, name: str, number: int) -> None:
        before = len(self.world.asked)
        if self._try(self.world.purge, number, name, soft=True) is not None:
            assert number not in self.world.lines[name].memory
        assert len(self.world.asked) == before or self.world.module(name).current is None

    @rule(name=names, verb=st.sampled_from(["pin", "unpin", "unpin", "make_permanent", "reset"]))
    def lock(self, name: str, verb: str) -> None:
        before = self.world.module(name)
        if self._try(getattr(self.world, verb), name) is not None and verb in ("pin", "make_permanent"):
            assert self.world.module(name).permanent == before.current

    # --- the store -------------------------------------------------------------------------------------------------

    @rule(prompt=st.booleans())
    def the_store_takes_its_time(self, prompt: bool) -> None:
        self.world.prompt = prompt
        if prompt:
            self.keep_all()

    def keep_all(self) -> None:
        while self.world.writes:
            self.world.keep()

    @precondition(lambda self: self.world.writes)
    @rule(lost=st.sampled_from([False, False, False, True]))
    def a_write_comes_to_its_end(self, lost: bool) -> None:
        if lost:
            self.world.lose()
        else:
            self.world.keep()

    @rule(died=st.sampled_from([True, True, False]), lost=st.sampled_from([False, False, False, True]))
    def the_daemon_ends(self, died: bool, lost: bool) -> None:
        """At any moment; the next one begins with what is durable."""
        self._note_swaps()
        old = self.world
        new = self.world = old.reborn(died=died)
        if old.book.store.trouble is None:
            self._nothing_is_lost(old.seen, new.book)
            if not old.writes:
                self._everything_lasts(old.book, new.book)
        if lost:
            new.lost |= {g.digest for module in new.book.modules.values() for g in module.generations.values()}
        self.bound.clear()
        self.alive = dict.fromkeys(NAMES, 0)
        self.known = {name: set(module.generations) for name, module in new.book.modules.items()}
        self.noted, self.history = 0, ()
        permanent = {name: module.permanent for name, module in new.book.modules.items()}
        new.begin()
        self.end_all_loads()
        self.keep_all()
        for name, number in permanent.items():
            current = new.module(name).current
            assert number is None or lost or number in new.module(name).line, "a start loads what is permanent"
            if number is not None and new.book.held(new.module(name)) and not lost:
                assert current == number, "and what holds the watcher back holds back the disk"
        new.lost.clear()

    def _nothing_is_lost(self, seen: Book, found: Book) -> None:
        """What anybody could have been told is so."""
        shelf = self.world.shelf
        for one in seen.history:
            assert shelf.revisions[one.revision] == one.change, "history is append-only"
        open_ones = [number for number, rollout in seen.rollouts.items() if not rollout.quiet]
        assert found.next_revision > max([*open_ones, *(one.revision for one in seen.history)], default=0)
        for name, module in seen.modules.items():
            for number, generation in module.generations.items():
                again = found.modules[name].generations.get(number)
                assert again is not None and again.digest == generation.digest, "numbers keep their meaning"

    def _everything_lasts(self, seen: Book, found: Book) -> None:
        """Where nothing was under way, what was decided holds, to the letter."""
        assert found.paused == seen.paused
        for name, module in seen.modules.items():
            kept, again = kept_module(module), kept_module(found.modules[name])
            assert again == replace(kept, current=None, line=again.line)
            assert again.line == kept.line[: len(again.line)] and found.modules[name].current is None
            assert set(found.modules[name].generations) >= set(module.generations)

    # --- time ------------------------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([0.05, 0.5, 1.0, 5.0, 60.0]))
    def wait(self, seconds: float) -> None:
        self.world.wait(seconds)

    @rule()
    def wait_for_the_next_deadline(self) -> None:
        """Time alone brings the core further, or it waits for nothing."""
        due = next_deadline(self.world.book)
        if due is not None and not over(self.world.book, self.world.now):
            self.world.wait(due - self.world.time)

    @precondition(lambda self: self.swaps > 3)
    @rule(deadline=st.sampled_from([0.0, 5.0]))
    def shut_down(self, deadline: float) -> None:
        self.world.shut_down(deadline)
        assert not self.world.loads and not self.world.book.rollouts

    # --- what holds after every step -------------------------------------------------------------------------------

    def _swapped(self, name: str, number: int) -> None:
        self.swaps += 1
        self.became[name, number] = self.swaps

    def _note_swaps(self) -> None:
        effects = self.world.effects
        for effect in effects[self.noted :]:
            if isinstance(effect, Promote):
                self._swapped(effect.module, effect.number)
        self.noted = len(effects)

    @invariant()
    def there_is_one_current_from_the_first_success_on(self) -> None:
        for name, module in self.world.book.modules.items():
            current = [n for n, g in module.generations.items() if isinstance(g.phase, Current)]
            assert current == ([] if module.current is None else [module.current])
            assert module.current is None or module.line[-1] == module.current
            assert len(set(module.line)) == len(module.line) and set(module.line) <= set(module.generations)
            assert module.permanent is None or module.permanent in module.generations, "it can be loaded"
            line = self.world.lines[name]
            assert set(line.memory) == {g.number for g in module.loaded}, "loader and book agree on what is in memory"
            if module.current is not None:
                assert line.current == line.memory[module.current]

    @invariant()
    def who_waits_for_an_outcome_is_woken_when_there_is_one(self) -> None:
        book = self.world.book
        for revision in book.rollouts:
            assert is_over(book, revision) == (outcome_of(book, revision).outcome != "in-flight")

    @invariant()
    def numbers_only_grow(self) -> None:
        for name, module in self.world.book.modules.items():
            for number in sorted(set(module.generations) - self.known[name]):
                assert number > max(self.known[name], default=0)
                self.known[name].add(number)
        self._note_swaps()

    @invariant()
    def an_instance_keeps_its_generation(self) -> None:
        for name, module in self.world.book.modules.items():
            for number, instance in module.instances.items():
                assert self.bound.setdefault((name, number), instance.generation) == instance.generation
        ids = {i.id for module in self.world.book.modules.values() for i in module.instances.values()}
        assert ids == set(self.world.alive), "nobody is forgotten, nobody is invented"

    @invariant()
    def there_are_never_too_many_instances(self) -> None:
        book = self.world.book
        assert book.alive <= book.max_instances
        for name, module in book.modules.items():
            assert module.alive <= max(module.replicas + module.spec.surge, self.alive[name])
            self.alive[name] = module.alive

    @invariant()
    def no_place_stays_empty_for_nothing(self) -> None:
        for module in self.world.book.modules.values():
            assert not self.world.book.startable(module) or module.pace.not_before > self.world.time

    @invariant()
    def where_nobody_shall_run_everybody_is_asked(self) -> None:
        book = self.world.book
        for module in book.modules.values():
            states = {instance.state for instance in module.instances.values()}
            if module.stopped or book.stopping:
                assert states <= {"stopping", "abandoned"}
            asked = {i.id for i in module.instances.values() if i.state in ("stopping", "abandoned")}
            assert asked <= self.world.asked

    @invariant()
    def memory_is_bounded(self) -> None:
        for name, module in self.world.book.modules.items():
            assert len(module.loaded) <= module.spec.max_generations
            empty = [g for g in module.loaded if not module.count(g.number) and g.number != module.current]
            assert len(empty) <= module.spec.standby
            assert not [g for g in empty if isinstance(g.phase, Draining)]
            waiting = sum(1 for r in self.world.book.rollouts.values() if r.holds(name))
            assert len(self.world.lines[name].candidates) <= waiting, "a candidate that nobody waits for is thrown away"

    @invariant()
    def whoever_rests_has_nothing_to_do(self) -> None:
        now = self.world.now
        for module in self.world.book.modules.values():
            due = rests_until(module)
            assert due > now.mono or self.world.book.stopping
            assert age(module, now) == (module, []) and forget_oldest(module) is module
            if now.mono < due < math.inf:
                early, late = Instant(math.nextafter(due, 0.0), now.wall), Instant(due, now.wall)
                assert age(module, early) == grow_permanent(module, early) == (module, [])
                assert age(module, late)[0] is not module or grow_permanent(module, late)[0] is not module

    @invariant()
    def a_rollout_ends_with_its_loads(self) -> None:
        book = self.world.book
        awaited = [m.job for r in book.rollouts.values() for m in r.members.values() if isinstance(m, InLoad)]
        assert sorted(awaited) == sorted(self.world.loads)
        hung = [job for module in book.modules.values() for job in module.hung]
        assert book.stopping or sorted(hung) == sorted(self.world.abandoned), "no thread is forgotten"
        waits = any(isinstance(m, Intended) for r in book.rollouts.values() for m in r.members.values())
        assert bool(book.rollouts) == bool(self.world.loads or waits)
        assert not waits or self.world.writes, "it waits for something"

    @invariant()
    def history_has_each_revision_once(self) -> None:
        book = self.world.book
        revisions = [one.revision for one in book.history]
        assert len(set(revisions)) == len(revisions) and max(revisions, default=0) < book.next_revision
        assert book.history[: len(self.history)] == self.history, "what is written stays written"
        self.history = book.history
        for revision in revisions:
            assert outcome_of(book, revision).outcome != "in-flight"

    @invariant()
    def what_is_said_of_the_disk_is_true(self) -> None:
        world = self.world
        if world.book.rollouts or world.book.stopping or world.book.store.trouble:
            return
        for name, module in world.book.modules.items():
            if module.current is None or module.pending or module.disk is None or not _real(module):
                continue
            on_disk = digest_of(world.lines[name].disk)
            assert module.differs == (on_disk != module.generations[module.current].digest)
            assert world.view(name).out_of_sync == module.differs
            if not world.book.held(module) and module.differs and not module.on_disk:
                changes = [c for r in self.world.book.history for c in r.change.modules if c.module == name]
                assert any("atomic" in change.note for change in changes), "nothing else keeps the watcher from it"

    @invariant()
    def every_view_can_be_drawn(self) -> None:
        book, now = self.world.book, self.world.now
        history_view(book, None, 50)
        for module in book.modules.values():
            view = self.world.view(module.name)
            assert (view.health == "Degraded") or module.current is not None or book.changing(module.name)
            instance_views(module, now, lambda _: None)
            generation_views(book, module)
            failure_views(module, 5)


def _holds(member: Any, job: int) -> bool:
    return isinstance(member, InLoad) and member.job == job


def _holds_at_last(member: Any) -> bool:
    return isinstance(member, InLoad) and member.again >= outcomes.MOST_SUPERSEDED


def _real(module: Module) -> bool:
    return module.disk is not None and bool(module.disk.digest) and not module.disk.digest.startswith(UNREAD)


AnyOrder.TestCase.settings = settings(
    max_examples=30, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)


TestAnyOrder = AnyOrder.TestCase
