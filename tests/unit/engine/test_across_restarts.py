"""What crossed a restart is answered from the store, what is of today from the book, and nobody sees the seam."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from hotd.contract import requests
from hotd.contract.errors import NoHistory, StoreDegraded, UnknownModule, UnknownRevision
from hotd.contract.verbs import VERBS
from hotd.contract.views import Change, ErrorView, Event, Logs, RevisionView
from hotd.core.book import open_book
from hotd.core.records import Audited, KeptFailure, Remembered
from hotd.engine.desk import About, Desk
from hotd.engine.engine import Engine
from hotd.engine.events import EventRing
from hotd.engine.verbs import ANSWERS
from tests.support.books import ROOT, spec
from tests.unit.engine.ports import (
    FakeAdding,
    FakeApplying,
    FakeExamining,
    FakeExecutor,
    FakeLoading,
    FakeStore,
    Ticking,
    caught_up,
)

PATIENCE = 20.0
LAST = 7
"""Revision and event of the daemon before."""


class NoLogs:
    def page(
        self, module: str, after: int | None, limit: int, max_wait: float, instance: str | None, mark: str = ""
    ) -> Logs:
        return Logs((), 0, 0)


class NoWatcher:
    def start(self) -> None: ...
    def watch(self, roots: Sequence[Path]) -> None: ...
    def flush(self) -> None: ...
    def settled(self, within: float) -> None: ...

    def close(self) -> None: ...
    def describe(self) -> Mapping[str, Any]:
        return {}


@pytest.fixture
def store() -> FakeStore:
    store = FakeStore()
    store.revisions = tuple(
        RevisionView(number, "2026-11-23T20:41:07.204Z", (), "promoted", "watch", "watch", 1.0)
        for number in range(LAST, 0, -1)
    )
    store.outcomes = {LAST: Change(LAST, (), "promoted")}
    store.failed = tuple(
        KeptFailure("op", 1.7e9, 1, f"op-{number}", ErrorView("raised", "boom")) for number in range(1, 4)
    )
    store.records = [Event(seq, "2026-11-23T20:41:07.204Z", "module.scaled", "op") for seq in range(1, LAST + 1)]
    return store


@pytest.fixture
def desk(store: FakeStore) -> Iterator[Desk]:
    clock, loading, executor = Ticking(), FakeLoading(), FakeExecutor()
    events = EventRing(last=LAST, older=store.events)
    known = Remembered(last_revision=LAST, last_event=LAST)
    book = open_book((spec(),), now=clock.now(), max_instances=8, known=known)
    engine = Engine(book, clock=clock, loading=loading, executor=executor, events=events, store=store)
    engine.start()
    about = About(1, "0", "3", "python", "/s")
    yield Desk(
        engine,
        loading,
        executor,
        NoWatcher(),
        events,
        NoLogs(),
        clock,
        store,
        about,
        ANSWERS,
        FakeAdding(),
        FakeApplying(),
        FakeExamining(),
        lambda: 30.0,
    )
    engine.stop(0.0)
    assert engine.join(PATIENCE)


def ask(desk: Desk, request: requests.Request) -> Any:
    name = {type(request): name for name, verb in VERBS.items() if verb.request is type(request)}[type(request)]
    return desk.ask(VERBS[name], request, ROOT)


def reloaded(desk: Desk, number: int = 1, digest: str = "A") -> int:
    """A reload that came to something."""
    change = ask(desk, requests.Reload(("op",), max_wait=0.0))
    assert isinstance(desk.loading, FakeLoading)
    desk.loading.finish(number, digest)
    caught_up(desk.engine)
    assert isinstance(change.revision, int)
    return change.revision


def test_revisions_go_on_where_they_were(desk: Desk) -> None:
    """And the history is one."""
    assert reloaded(desk) == LAST + 1
    shown = ask(desk, requests.History()).revisions
    assert [one.revision for one in shown] == list(range(LAST + 1, 0, -1))
    assert [one.revision for one in ask(desk, requests.History(limit=2)).revisions] == [LAST + 1, LAST]
    assert ask(desk, requests.History(limit=0)).revisions == ()


def test_the_outcome_of_an_earlier_revision_is_known(desk: Desk) -> None:
    """For whoever asked for it before the daemon died."""
    revision = reloaded(desk)
    assert ask(desk, requests.Outcome(LAST)).outcome == "promoted"
    assert ask(desk, requests.Outcome(revision)).outcome == "promoted"
    with pytest.raises(UnknownRevision):
        ask(desk, requests.Outcome(99))


def test_failures_of_earlier_come_before_those_of_today(desk: Desk) -> None:
    """As many as were asked for."""
    assert isinstance(desk.loading, FakeLoading)
    shown = ask(desk, requests.Errors("op", limit=2)).errors
    assert [one.instance for one in shown] == ["op-2", "op-3"]
    assert ask(desk, requests.Errors("op", limit=0)).errors == ()


def test_events_are_one_stream(desk: Desk) -> None:
    """A cursor of before the restart goes on; the newest are the newest, whose ever they are."""
    ask(desk, requests.Pause("op"))
    page = ask(desk, requests.Events(after=5))
    assert ([event.seq for event in page.events], page.next, page.lost) == ([6, 7], 7, 0)
    page = ask(desk, requests.Events(after=page.next))
    assert [(event.seq, event.event) for event in page.events] == [(LAST + 1, "watch.paused")]
    assert [event.seq for event in ask(desk, requests.Events(limit=3)).events] == [6, 7, 8]
    assert [event.seq for event in ask(desk, requests.Events(after=0, limit=4)).events] == [1, 2, 3, 4]


def test_what_an_earlier_daemon_rolled_out_can_be_taken_back(desk: Desk, store: FakeStore) -> None:
    """The store says what that was; where it cannot, nobody is told that there was no such thing."""
    with pytest.raises(NoHistory, match=f"revision {LAST} changed nothing"):
        ask(desk, requests.Undo(revision=LAST))
    with pytest.raises(UnknownRevision):
        ask(desk, requests.Undo(revision=LAST - 1))
    store.readable = False
    with pytest.raises(StoreDegraded):
        ask(desk, requests.Undo(revision=LAST))


def test_events_that_nobody_kept_are_counted(desk: Desk, store: FakeStore) -> None:
    """Whoever reads on is told how many he missed."""
    ask(desk, requests.Pause("op"))
    store.records = [one for one in store.of(Event) if one.seq in (4, 6, 8)]
    page = ask(desk, requests.Events(after=1))
    assert ([event.seq for event in page.events], page.next, page.lost) == ([4, 6], 6, 2)
    store.records.clear()
    page = ask(desk, requests.Events(after=2))
    assert ([event.seq for event in page.events], page.lost) == ([8], 5)


def test_events_of_one_module_are_looked_for_behind_those_of_others(desk: Desk, store: FakeStore) -> None:
    """However many there are."""
    store.records = [
        Event(seq, "2026-11-23T20:41:07.204Z", "module.scaled", "op" if seq == 6 else "other") for seq in range(1, 8)
    ]
    ask(desk, requests.Pause("op"))
    page = ask(desk, requests.Events(after=0, limit=2, module="op"))
    assert ([event.seq for event in page.events], page.next) == ([6], 6)
    page = ask(desk, requests.Events(after=6, limit=2, module="op"))
    assert [event.seq for event in page.events] == [8]


def test_a_store_that_cannot_be_read_leaves_what_is_of_today(
    desk: Desk, store: FakeStore, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody is refused a look because of it."""
    revision = reloaded(desk)
    store.readable = False
    assert [one.revision for one in ask(desk, requests.History()).revisions] == [revision]
    assert ask(desk, requests.Errors("op")).errors == ()
    with pytest.raises(UnknownRevision):
        ask(desk, requests.Outcome(LAST))
    assert "the disk is gone" in caplog.text


def test_who_asked_for_a_change_is_kept(desk: Desk, store: FakeStore) -> None:
    """With what it came to; who only looks is not."""
    ask(desk, requests.Pause("op", "release"))
    ask(desk, requests.Status())
    with pytest.raises(UnknownModule):
        ask(desk, requests.Pause("nobody"))
    audited = [record for record in store.noted if isinstance(record, Audited)]
    assert [(one.actor, one.uid, one.verb, one.outcome) for one in audited] == [
        ("root", 0, "pause", "done"), ("root", 0, "pause", "unknown-module"),
    ]  # fmt: skip
    assert audited[0].request == '{"module":"op","reason":"release","duration":null}'
