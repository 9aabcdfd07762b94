"""The one thread that changes anything, among pretended ports.

The engine is a thread, so these tests have one; what they wait for is always an answer of it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NoReturn

import pytest

from hotd.contract import requests
from hotd.contract.errors import Internal, NoHistory, ShuttingDown, UnknownModule
from hotd.contract.events import EventName
from hotd.contract.views import Change
from hotd.core import concluding, ending, pausing, rollouts, switches, undoing
from hotd.core.book import Book, open_book
from hotd.core.bundle import Bundle
from hotd.core.effects import Decision, Discard, Emit, Retire, Write
from hotd.core.messages import Batch, InstanceEnded, LeakedCode, Leaks
from hotd.core.records import KeptModule, Trouble
from hotd.core.values import InstanceId, Instant, Spec
from hotd.engine import engine
from hotd.engine.engine import LINES_WITHIN, MOST_LINES, Engine
from hotd.engine.events import EventRing
from tests.support.books import ROOT, spec
from tests.support.eventually import eventually
from tests.unit.engine.ports import Counting, FakeExecutor, FakeLoading, FakeStore, Leaping, Ticking, caught_up

PATIENCE = 20.0


@dataclass
class Rig:
    engine: Engine
    loading: FakeLoading
    executor: FakeExecutor
    events: EventRing
    store: FakeStore
    clock: Ticking

    def ask(self, decide: Any) -> Any:
        return self.engine.ask(decide)

    def reload(self, **keys: Any) -> Any:
        request = requests.Reload(("op",), **keys)
        revision = self.ask(lambda book, now: rollouts.request_reload(book, request, ROOT, now))
        caught_up(self.engine)
        return revision

    def load(self, number: int, digest: str) -> None:
        """A reload, and the candidate that it brings."""
        self.reload()
        self.loading.finish(number, digest)
        caught_up(self.engine)

    def messages(self) -> list[str]:
        return [event.message for event in self.events.read(0, 1000, 0.0).events]


@contextmanager
def rig(*specs: Spec, clock: Ticking | None = None) -> Iterator[Rig]:
    clock = clock or Ticking()
    book = open_book(specs or (spec(),), now=clock.now(), max_instances=8)
    loading, executor, events, store = FakeLoading(), FakeExecutor(), EventRing(), FakeStore()
    engine = Engine(book, clock=clock, loading=loading, executor=executor, events=events, store=store)
    engine.start()
    yield Rig(engine, loading, executor, events, store, clock)
    store.prompt = True
    store.keep()
    engine.stop(0.0)
    assert engine.join(PATIENCE), "the engine ends"


def defect(book: Book, now: Instant) -> NoReturn:
    raise ZeroDivisionError("a defect of ours")


def test_what_is_left_behind_is_what_is_there_when_its_turn_comes() -> None:
    """News that overtake each other do no harm: each only says that it is time to look."""
    with rig() as it:
        it.loading.left["op"] = ("thread 'poller'",)
        it.engine.left_behind("op")
        caught_up(it.engine)
        left = it.engine.book.modules["op"].left
        assert left is not None and left.what == ("thread 'poller'",)

        it.loading.left["op"] = ()
        it.engine.left_behind("op")
        it.engine.left_behind("op")
        caught_up(it.engine)
        assert it.engine.book.modules["op"].left is None
        assert [message.partition(":")[0] for message in it.messages()] == ["op is tainted", "op is clean again"]


# --- a message in, a decision, effects, a published book -----------------------------------------------------------


def test_a_reload_runs_through_the_ports_from_request_to_instance() -> None:
    """Asked, loaded elsewhere, swapped, started."""
    with rig(spec(replicas=2)) as it:
        revision = it.reload()
        assert it.loading.calls == [("start", "op")] and it.engine.book.modules["op"].current is None
        it.loading.finish(1, "A")
        caught_up(it.engine)
        assert it.loading.calls == [("start", "op"), ("promote", "op", 1)]
        assert [str(one.id) for one in it.executor.started] == ["op-1", "op-2"]
        assert it.engine.book.history[-1].revision == revision
        assert it.messages() == ["loading op: hotctl reload", "op g1 is current after 100 ms"]


def test_whoever_sees_a_generation_as_current_can_already_get_it() -> None:
    """The swap comes before the news of it."""
    with rig() as it:
        seen: list[int | None] = []
        it.loading.on_promote = lambda: seen.append(it.engine.book.modules["op"].current)
        it.load(1, "A")
        assert seen == [None] and it.engine.book.modules["op"].current == 1


def test_an_instance_that_ends_is_replaced_by_the_executors_word() -> None:
    """From whatever thread it comes."""
    with rig() as it:
        it.load(1, "A")
        it.engine.instance_event(InstanceEnded(InstanceId("op", 1)))
        caught_up(it.engine)
        eventually(lambda: len(it.executor.started) == 2, within=PATIENCE)


def test_what_is_told_of_retired_generations_is_in_the_book() -> None:
    """From whatever thread it comes."""
    with rig() as it:
        it.load(1, "A")
        it.engine.afterlife(Leaks("op", (LeakedCode(1, ("op",)),)))
        caught_up(it.engine)
        assert list(it.engine.book.modules["op"].leaks) == [1]


def test_who_shall_end_is_asked_through_the_executor() -> None:
    """``hotctl stop``."""
    with rig() as it:
        it.load(1, "A")
        answer = it.ask(lambda book, now: switches.stop(book, requests.Stop("op"), ROOT, now))
        caught_up(it.engine)
        assert isinstance(answer, Change) and it.executor.stopped == [InstanceId("op", 1)]


def test_an_undo_is_a_swap_of_a_generation_in_memory() -> None:
    """The loader is asked for no load."""
    with rig() as it:
        it.load(1, "A")
        it.load(2, "B")
        it.loading.calls.clear()
        it.ask(lambda book, now: undoing.undo(book, requests.Undo("op"), ROOT, now))
        caught_up(it.engine)
        assert it.loading.calls == [("promote", "op", 1)]


def test_what_is_thrown_away_is_thrown_away_by_the_loader() -> None:
    """Candidates and generations."""
    with rig() as it:
        it.ask(lambda book, _: Decision(book, (Discard("op", 3), Retire("op", 2))))
        assert it.loading.calls == [("discard", "op", 3), ("retire", "op", 2)]


@pytest.mark.parametrize(
    ("stack", "words"), [("File op.py, line 1", "File op.py, line 1"), (None, "nowhere, it just ended")]
)
def test_a_load_past_its_deadline_is_abandoned_and_its_stack_logged(
    stack: str | None, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Without anybody asking: the engine wakes by itself."""
    with rig(spec(load_deadline=0.02)) as it:
        it.loading.stack = stack
        revision = it.reload()
        done = it.engine.wait_for(lambda book: book.history[-1] if book.history else None, PATIENCE)
        assert done is not None and (done.revision, done.change.outcome) == (revision, "rejected")
        assert it.loading.calls == [("start", "op"), ("abandon", 1)]
        assert words in caplog.text


# --- files ---------------------------------------------------------------------------------------------------------


def test_changed_files_reach_the_modules_that_the_loader_names() -> None:
    """Look-ups only; the others hear nothing."""
    with rig(spec("op"), spec("b")) as it:
        it.load(1, "A")
        it.loading.touched = ("op",)
        it.engine.files_changed(Batch(frozenset({"/elsewhere/helper.py"})))
        caught_up(it.engine)
        assert it.loading.calls[-1] == ("start", "op") and len(it.loading.sinks) == 1


def test_the_beginning_of_a_load_is_written_with_what_it_brings() -> None:
    """One fsync between a save and the generation that it makes; whoever asked for the load is told at once."""
    with rig(spec("op")) as it:
        it.load(1, "A")
        assert it.store.urgent[0], "the answer waits for it"
        it.loading.touched = ("op",)
        before = len(it.store.urgent)
        it.engine.files_changed(Batch(frozenset({"/ops/op.py"})))
        caught_up(it.engine)
        assert it.store.urgent[before:] == [False]
        it.loading.finish(2, "B")
        caught_up(it.engine)
        assert len(it.store.urgent) > before + 1 and all(it.store.urgent[before + 1 :])


def test_what_is_known_of_a_module_is_kept_before_it_is_loaded() -> None:
    """A load may end the process, again and again: the deaths are counted whatever the next one does."""
    with rig(spec("op")) as it:
        it.store.prompt = False

        def died(book: Book, now: Instant) -> Decision:
            book = book.having(replace(book.modules["op"], deaths={"A": 1}))
            return rollouts.request_reload(book, requests.Reload(("op",)), ROOT, now)

        it.engine.tell(died)
        eventually(lambda: it.store.waiting)
        assert it.store.urgent == [True] and it.loading.calls == []
        it.store.keep()
        eventually(lambda: it.loading.calls == [("start", "op")])


def test_the_log_has_every_event_in_its_order(caplog: pytest.LogCaptureFixture) -> None:
    """Lines are written when nothing else is to be done, and at the latest when the daemon ends."""
    with caplog.at_level(logging.DEBUG, "hotd.engine"), rig(spec("op")) as it:
        it.load(1, "A")
        said = it.messages()
    lines = [record.getMessage() for record in caplog.records]
    assert said and lines[: len(said)] == said


def test_many_lines_do_not_wait_for_a_quiet_moment(caplog: pytest.LogCaptureFixture) -> None:
    """Where the engine always has something to do, the log lags behind by a hundred lines, and no more."""
    held, free = threading.Event(), threading.Event()

    def hold(book: Book, now: Instant) -> Decision:
        held.set()
        assert free.wait(PATIENCE)
        return Decision(book)

    def say(book: Book, now: Instant) -> Decision:
        return Decision(book, (Emit(EventName.MODULE_SCALED, "said"),))

    def count(book: Book, now: Instant) -> Decision:
        seen.append(len(caplog.records))
        return Decision(book)

    seen: list[int] = []

    with caplog.at_level(logging.DEBUG, "hotd.engine"), rig(spec("op")) as it:
        it.engine.tell(hold)
        assert held.wait(PATIENCE)
        for _ in range(MOST_LINES + 1):
            it.engine.tell(say)
        it.engine.tell(count)
        free.set()
        caught_up(it.engine)
        assert seen == [MOST_LINES]


def test_no_line_waits_for_long_however_busy_the_engine_is(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever follows the log of a daemon under load reads what happens, half a second later at most."""
    held, free, clock = threading.Event(), threading.Event(), Leaping()
    seen: list[int] = []

    def hold(book: Book, now: Instant) -> Decision:
        held.set()
        assert free.wait(PATIENCE)
        return Decision(book, (Emit(EventName.MODULE_SCALED, "said"),))

    def leap(seconds: float, book: Book, now: Instant) -> Decision:
        seen.append(len(caplog.records))
        clock.ahead += seconds
        return Decision(book)

    with caplog.at_level(logging.DEBUG, "hotd.engine"), rig(spec("op"), clock=clock) as it:
        it.engine.tell(hold)
        assert held.wait(PATIENCE)
        for seconds in (LINES_WITHIN / 2, LINES_WITHIN, 0):
            it.engine.tell(partial(leap, seconds))
        free.set()
        caught_up(it.engine)
        assert seen == [0, 0, 1]


def test_the_log_waits_only_while_something_is_loaded(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """New code may end the process as soon as it runs: what came before is in the log by then."""
    monkeypatch.setattr(engine, "LOAD_TAKES", 30.0)

    def said() -> list[str]:
        return [record.getMessage() for record in caplog.records]

    with caplog.at_level(logging.DEBUG, "hotd.engine"), rig(spec("op")) as it:
        it.reload()
        assert not said()
        it.loading.finish(1, "A")
        eventually(lambda: any("g1 is current" in line for line in said()))


def test_what_will_be_loaded_in_a_moment_is_prepared() -> None:
    """While the batch that has it settles. Nothing is decided by it, and nothing told."""
    with rig(spec("op")) as it:
        it.load(1, "A")
        it.loading.touched, it.loading.calls = ("op",), []
        before, said = it.engine.book, it.messages()
        it.engine.files_expected(frozenset({"/ops/op.py"}))
        caught_up(it.engine)
        assert it.loading.calls == [("prepare", "op", frozenset({"/ops/op.py"}))]
        assert it.engine.book == before and it.messages() == said


def test_before_the_first_load_any_change_under_a_root_may_be_the_cure() -> None:
    """Nothing is known of its files yet."""
    with rig(spec("op")) as it:
        it.engine.files_changed(Batch(frozenset({"/opsy/x.py", "/other/x.py"})))
        caught_up(it.engine)
        assert it.loading.calls == []
        it.engine.files_changed(Batch(frozenset({"/ops/deep/x.py"})))
        caught_up(it.engine)
        assert it.loading.calls == [("start", "op")]


# --- refusals and defects ------------------------------------------------------------------------------------------


def test_whoever_asks_is_told_why_it_was_refused() -> None:
    """The refusal of the decision, as it was raised."""
    with rig() as it:
        with pytest.raises(NoHistory):
            it.ask(lambda book, now: undoing.undo(book, requests.Undo("op"), ROOT, now))
        with pytest.raises(UnknownModule):
            it.ask(lambda book, now: undoing.undo(book, requests.Undo("nobody"), ROOT, now))


def test_a_refusal_that_nobody_waits_for_is_a_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """A SIGHUP while the daemon ends is no defect."""
    with rig() as it:
        it.engine.tell(lambda book, now: undoing.undo(book, requests.Undo("nobody"), ROOT, now))
        caught_up(it.engine)
        (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
        assert "no module 'nobody' is hosted here" in record.getMessage() and record.exc_info is None


def test_a_defect_costs_one_decision_and_not_every_hosted_thread(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever asked gets a sentence, the log the traceback, the next one an answer."""
    with rig() as it:
        with pytest.raises(Internal, match="ZeroDivisionError in a decision"):
            it.ask(defect)
        it.engine.tell(defect)
        it.load(1, "A")
        assert it.engine.book.modules["op"].current == 1
        assert caplog.text.count("a decision failed; the daemon goes on") == 2
        assert caplog.text.count("ZeroDivisionError: a defect of ours") == 2


def test_an_effect_that_fails_does_not_undo_the_decision(caplog: pytest.LogCaptureFixture) -> None:
    """What was begun is known, and the effects after it are carried out."""
    with rig() as it:
        it.loading.broken = True
        it.load(1, "A")
        assert it.engine.book.modules["op"].current == 1 and it.executor.started
        assert "Promote(module='op', number=1) failed" in caplog.text


def test_what_fails_at_a_deadline_does_not_keep_the_engine_busy() -> None:
    """A book that no decision can be made of is tried once a second, not a thousand times."""
    clock = Counting()
    with rig(clock=clock) as it:
        whole = it.engine.book
        torn = whole.having(replace(whole.modules["op"], current=7, generations={}))
        it.ask(lambda _book, _now: Decision(torn))
        threading.Event().wait(0.05)
        assert clock.looks < 20
        it.ask(lambda _book, _now: Decision(whole))
        it.load(1, "A")
        assert it.engine.book.modules["op"].current == 1


def test_an_engine_that_does_not_answer_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks never hangs for ever."""
    monkeypatch.setattr("hotd.engine.engine.ANSWER_WITHIN", 0.01)
    book = open_book((), now=Ticking().now(), max_instances=8)
    idle = Engine(
        book,
        clock=Ticking(),
        loading=FakeLoading(),
        executor=FakeExecutor(),
        events=EventRing(),
        store=FakeStore(),
    )
    with pytest.raises(Internal, match=r"did not answer within 0\.01 s"):
        idle.ask(lambda book, _: Decision(book))


# --- waiting for news ----------------------------------------------------------------------------------------------


def test_whoever_waits_is_woken_by_the_book_that_he_waits_for() -> None:
    """Not by any other, and at once where it holds already."""
    with rig() as it:
        found: list[int | None] = []
        look = lambda book: book.modules["op"].current  # noqa: E731 - one look for two waits
        waiter = threading.Thread(target=lambda: found.append(it.engine.wait_for(look, PATIENCE)))
        waiter.start()
        it.ask(lambda book, _: Decision(book, (Emit(EventName.MODULE_SCALED, "other news"),)))
        assert not found
        it.load(1, "A")
        waiter.join(PATIENCE)
        assert found == [1] and it.engine.wait_for(look, 0.0) == 1


def test_nobody_is_woken_by_a_book_that_does_not_concern_him() -> None:
    """Beside busy threads each thread that is woken is one that the engine waits for."""
    with rig() as it:
        looks: list[int | None] = []
        glances: list[int | None] = []

        def seen(book: Book, by: list[int | None]) -> int | None:
            by.append(book.modules["op"].current)
            return by[-1]

        def wait() -> None:
            it.engine.wait_for(lambda book: seen(book, looks), PATIENCE, lambda book: seen(book, glances))

        waiter = threading.Thread(target=wait)
        waiter.start()
        while not glances:
            caught_up(it.engine)  # then it waits
        before = len(looks)
        it.reload()
        caught_up(it.engine)
        assert len(looks) == before and set(glances) == {None}
        it.loading.finish(1, "A")
        waiter.join(PATIENCE)
        assert looks[before:] == [1]


def test_a_book_that_comes_while_somebody_looks_is_looked_at_too() -> None:
    """And the engine does not wait for him to have looked."""
    with rig() as it:
        looking, goes_on, found = threading.Event(), threading.Event(), list[int | None]()

        def look(book: Book) -> int | None:
            looking.set()
            goes_on.wait(PATIENCE)
            return book.modules["op"].current

        waiter = threading.Thread(target=lambda: found.append(it.engine.wait_for(look, 10 * PATIENCE)))
        waiter.start()
        assert looking.wait(PATIENCE)
        it.load(1, "A")
        goes_on.set()
        waiter.join(PATIENCE)
        assert found == [1]


def test_a_glance_that_fails_is_a_defect_of_whoever_waits() -> None:
    """The engine goes on."""
    with rig() as it:
        looks: list[Book] = []
        waiter = threading.Thread(target=lambda: it.engine.wait_for(looks.append, PATIENCE, lambda _: 1 // 0))
        waiter.start()
        while len(looks) < 3:
            caught_up(it.engine)  # it looks for itself
    waiter.join(PATIENCE)
    assert not waiter.is_alive()


def test_whoever_waits_in_vain_gets_nothing_after_his_time() -> None:
    """Also where there is no time at all."""
    with rig() as it:
        assert it.engine.wait_for(lambda _: None, 0.01) is None
        assert it.engine.wait_for(lambda _: None, 0.0) is None


# --- the end -------------------------------------------------------------------------------------------------------


def test_the_engine_ends_when_the_last_instance_has() -> None:
    """Everybody is asked; nobody is replaced; whoever waits is let go, whoever asks later is told."""
    with rig() as it:
        it.load(1, "A")
        it.engine.stop(PATIENCE)
        caught_up(it.engine)
        assert it.executor.stopped == [InstanceId("op", 1)] and not it.engine.join(0)
        it.engine.instance_event(InstanceEnded(InstanceId("op", 1)))
        assert it.engine.wait_for(lambda _: None, PATIENCE) is None
        assert it.engine.join(PATIENCE) and ending.left(it.engine.book) == []
        with pytest.raises(ShuttingDown, match="the daemon has ended"):
            it.reload()


def test_the_engine_ends_at_the_drain_deadline_whoever_is_left() -> None:
    """Without any further message."""
    with rig() as it:
        it.load(1, "A")
        it.engine.stop(0.02)
        assert it.engine.join(PATIENCE)
        assert [str(one.id) for one in ending.left(it.engine.book)] == ["op-1"]


def test_whoever_asked_just_before_the_end_is_not_left_hanging() -> None:
    """Messages that nobody will read any more are answered."""
    with rig() as it:
        refused: list[BaseException] = []

        def asks() -> None:
            try:
                it.ask(lambda book, _: Decision(book))
            except ShuttingDown as error:
                refused.append(error)

        asker = threading.Thread(target=asks)

        def last(book: Book, _: Instant) -> Decision:
            it.store.keep()  # and with that everything that the end waits for
            it.engine.tell(lambda book, _: Decision(book))
            asker.start()
            eventually(lambda: it.engine._inbox.qsize() == 3, within=PATIENCE)
            return Decision(book)

        it.store.prompt = False
        it.engine.stop(0.0)
        it.engine.tell(last)
        assert it.engine.join(PATIENCE)
        asker.join(PATIENCE)
        assert [str(error) for error in refused] == ["the daemon has ended"]


# --- what anybody is told is durable -------------------------------------------------------------------------------

FULL = Trouble("full", "the disk is full", "make room")


def asked(rig: Rig, decide: Any) -> tuple[threading.Thread, list[Any]]:
    """Somebody asks; what he was answered so far."""
    answers: list[Any] = []
    asker = threading.Thread(target=lambda: answers.append(rig.ask(decide)))
    asker.start()
    return asker, answers


def pause(book: Book, now: Instant) -> Decision:
    return pausing.pause(book, requests.Pause("op"), ROOT, now)


def test_what_outlives_the_daemon_is_done_and_told_when_it_is_durable() -> None:
    """Who saves a file waits for no disk until new instances run it; nobody is told what a power cut might undo."""
    with rig() as it:
        it.load(1, "A")
        it.store.prompt, it.loading.calls = False, []
        it.engine.tell(lambda book, now: rollouts.request_reload(book, requests.Reload(("op",)), ROOT, now))
        eventually(lambda: it.loading.calls == [("start", "op")], within=PATIENCE)
        it.loading.finish(2, "B")

        def promoted() -> bool:
            it.store.log()
            return ("promote", "op", 2) in it.loading.calls

        def shown() -> bool:
            it.store.keep()
            return it.engine.book.modules["op"].current == 2

        eventually(promoted, within=PATIENCE)
        assert it.engine.book.modules["op"].current == 1
        assert not [said for said in it.messages() if "g2 is current" in said]
        eventually(shown, within=PATIENCE)
        assert [said for said in it.messages() if "g2 is current" in said]


def test_a_defect_of_one_rollout_keeps_nobody_from_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the store says is heard whatever becomes of it."""
    real = concluding.conclude

    def defect(book: Book, revision: int, now: Instant) -> Any:
        if concluding.candidate_of(book.rollouts[revision].members["op"]):
            raise ZeroDivisionError
        return real(book, revision, now)

    with rig(spec("op"), spec("other")) as it:
        it.reload()
        monkeypatch.setattr(concluding, "conclude", defect)
        it.loading.finish(1, "A")
        caught_up(it.engine)
        assert it.ask(lambda book, now: pausing.pause(book, requests.Pause("other"), ROOT, now))
        monkeypatch.setattr(concluding, "conclude", real)


def test_nobody_is_answered_before_it_is_durable() -> None:
    """Nor shown: not the book, not the event."""
    with rig() as it:
        it.store.prompt = False
        asker, answers = asked(it, pause)
        eventually(lambda: it.store.waiting, within=PATIENCE)
        assert not answers and not it.engine.book.modules["op"].paused and not it.messages()
        it.store.keep()
        asker.join(PATIENCE)
        assert answers and it.engine.book.modules["op"].paused
        assert it.messages() == ["watching op paused"]
        assert [type(record).__name__ for record in it.store.records] == ["KeptModule", "Event"]


def test_whoever_finds_that_it_is_so_already_waits_for_the_one_who_did_it() -> None:
    """Else he would know of something that a kill could undo."""
    with rig() as it:
        it.store.prompt = False
        first, _ = asked(it, pause)
        eventually(lambda: it.store.waiting, within=PATIENCE)
        second, answers = asked(it, pause)
        third, looks = asked(it, lambda book, _: Decision(book))
        second.join(0.05)
        assert not answers and not looks
        it.store.keep()
        for one in (first, second, third):
            one.join(PATIENCE)
        assert answers[0].outcome == "unchanged" and looks


def test_while_the_disk_is_full_nobody_waits() -> None:
    """What was decided holds, is shown and answered; a retry brings everything, sources too."""
    with rig() as it:
        it.load(1, "A")
        it.store.prompt = False
        asker, answers = asked(it, pause)
        eventually(lambda: it.store.waiting, within=PATIENCE)
        it.store.refuse(FULL)
        asker.join(PATIENCE)
        assert answers and it.engine.book.modules["op"].paused and it.engine.book.store.trouble == FULL
        assert "the disk is full; what serves goes on, nothing new is promoted" in it.messages()
        eventually(lambda: it.store.waiting, within=PATIENCE)
        (_, records, _, sources) = it.store.waiting[0]
        assert any(isinstance(record, KeptModule) and record.paused for record in records)
        assert sources is not None and sources["A"]() == Bundle("op g1", ("op",), ())
        it.store.prompt = True
        it.store.keep()
        eventually(lambda: it.engine.book.store.trouble is None, within=PATIENCE)


def test_the_end_waits_for_what_is_not_durable_yet() -> None:
    """The last word of a rollout, and that the daemon was told to end."""
    with rig() as it:
        it.store.prompt = False
        it.engine.stop(0.0)
        assert not it.engine.join(0.1)
        it.store.keep()
        assert it.engine.join(PATIENCE)
        assert [type(record).__name__ for record in it.store.records] == ["Ended", "Event"]


def test_a_defect_of_keeping_does_not_end_the_engine(caplog: pytest.LogCaptureFixture) -> None:
    """What serves goes on; the log has the traceback."""
    with rig() as it:
        it.store.broken = True
        it.ask(pause)
        assert it.engine.book.modules["op"].paused and "what was decided is not kept" in caplog.text
        it.store.broken = False
        it.load(1, "A")
        assert it.engine.book.modules["op"].current == 1


def test_only_what_is_found_to_be_kept_is_kept(caplog: pytest.LogCaptureFixture) -> None:
    """No decision says so, and none forgets it."""
    with rig() as it:
        it.ask(lambda book, _: Decision(book, (Write(1, ()),)))
        assert "what is to be kept is found, not decided" in caplog.text and not it.store.records
