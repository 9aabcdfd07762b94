"""As in ``test_any_order``, with rollouts by hand, deploys and whole rollouts taken back between all the rest."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from hotd.contract import requests
from hotd.contract.views import Change
from hotd.core import deploying, staging, undoing
from hotd.core.book import InLoad, Intended
from hotd.core.concluding import SUCCEEDED, candidate_of
from tests.support.books import ROOT
from tests.unit.core.test_any_order import AnyOrder, names, numbers, specs, subsets, texts


class ByHand(AnyOrder):
    @initialize(keys=st.tuples(specs, specs, specs), most=st.integers(3, 8))
    def begin(self, keys: tuple[dict[str, Any], ...], most: int) -> None:
        super().begin(keys, most)
        self.judged = 0
        self.held_from = 0

    def _tell(self, decide: Any, request: Any) -> Any:
        return self._try(self.world.tell, lambda book, now: decide(book, request, ROOT, now))

    # --- by hand ---------------------------------------------------------------------------------------------------

    @rule(name=names)
    def stage(self, name: str) -> None:
        before = self.world.module(name).current
        self._tell(staging.stage, requests.Stage(name))
        assert self.world.module(name).current == before

    @rule(name=names)
    def promote(self, name: str) -> None:
        before = self.world.module(name)
        if self._tell(staging.promote, requests.Promote(name)) is not None:
            assert before.current is None or not before.pinned

    @rule(name=names)
    def abort(self, name: str) -> None:
        """Whoever aborts is answered at once, and what is current stays."""
        before = self.world.module(name).current
        rollout = self.world.book.changing(name)
        answer = self._tell(staging.abort, requests.Abort(name))
        assert (answer is None) == (rollout is None)
        assert self.world.module(name).current == before

    @rule(name=names)
    def retry(self, name: str) -> None:
        self._tell(staging.retry, requests.Retry(name))

    @rule(which=numbers)
    def undo_a_rollout(self, which: int) -> None:
        history = self.world.book.history
        if history:
            revision = history[which % len(history)].revision
            answer = self._tell(undoing.undo, requests.Undo(revision=revision))
            if isinstance(answer, Change):
                assert {one.outcome for one in answer.modules} == {"undone"}, "all of it, or nothing"
                for one in answer.modules:
                    assert self.world.module(one.module).current == one.generation
            self._note_swaps()

    # --- deploys ---------------------------------------------------------------------------------------------------

    @rule(which=subsets, everything=st.booleans())
    def a_deploy_begins(self, which: tuple[str, ...], everything: bool) -> None:
        revision = self.world.book.next_revision
        if self._tell(deploying.deploy, requests.Deploy(() if everything else which)) is not None:
            self.held_from = revision

    @precondition(lambda self: not self.world.book.hold)
    @rule(which=subsets, writes=st.dictionaries(names, texts, min_size=2), everything=st.booleans())
    def deploy(self, which: tuple[str, ...], writes: dict[str, str], everything: bool) -> None:
        """From the first step to the last load."""
        self.a_deploy_begins(which, everything)
        for name, text in writes.items():
            self.edit(name, text)
        if self.world.book.hold is not None:
            self.a_deploy_goes_on("roll-out")
            self.end_all_loads()

    @precondition(lambda self: self.world.book.hold)
    @rule(step=st.sampled_from(["keep", "roll-out", "roll-out", "let-go"]))
    def a_deploy_goes_on(self, step: Any) -> None:
        hold = self.world.book.hold
        assert hold is not None
        self._tell(deploying.deploy, requests.Deploy(step=step, hold=hold.number))
        assert (self.world.book.hold is None) == (step != "keep") or self.world.book.stopping

    # --- what holds after every step -------------------------------------------------------------------------------

    @invariant()
    def a_rollout_ends_with_its_loads(self) -> None:
        book = self.world.book
        members = [member for rollout in book.rollouts.values() for member in rollout.members.values()]
        assert sorted(m.job for m in members if isinstance(m, InLoad)) == sorted(self.world.loads)
        waits = any(isinstance(member, Intended) for member in members)
        staged = any(r.by_hand and any(map(candidate_of, r.members.values())) for r in book.rollouts.values())
        assert bool(book.rollouts) == bool(self.world.loads or waits or staged), "it waits for something"
        assert not waits or self.world.writes

    @invariant()
    def what_is_held_is_left_alone_by_the_watcher(self) -> None:
        book = self.world.book
        for revision, rollout in book.rollouts.items():
            if rollout.by_watch and book.hold is not None and revision >= self.held_from:
                assert not book.hold.modules & rollout.members.keys()

    @invariant()
    def success_means_all_of_it(self) -> None:
        history = self.world.book.history
        for revision in history[min(self.judged, len(history)) :]:
            outcomes = {one.outcome for one in revision.change.modules}
            if revision.change.outcome in SUCCEEDED:
                assert outcomes <= SUCCEEDED
            if revision.cause.startswith("hotctl deploy"):
                assert "promoted" not in outcomes or outcomes <= SUCCEEDED, "all of it, or nothing"
            if revision.change.outcome == "rolled-back":
                (one,) = revision.change.modules
                assert one.generation in self.world.module(one.module).generations
                assert self.world.module(one.module).trial != one.generation, "it is not on trial itself"
        self.judged = len(history)

    @invariant()
    def whoever_was_abandoned_leaves_a_mark(self) -> None:
        for module in self.world.book.modules.values():
            if any(instance.state == "abandoned" for instance in module.instances.values()):
                assert module.tainted is not None


ByHand.TestCase.settings = settings(
    max_examples=20, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
)

TestByHand = ByHand.TestCase
