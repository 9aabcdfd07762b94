"""How far each generation of a loader has come."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from hotd.contract.errors import Busy
from hotd.loading.candidate import Candidate
from hotd.loading.generation import Generation
from hotd.loading.imports.asking import leave
from hotd.loading.roster import Roster


class Asked:
    """Who answers outside code."""

    def head(self) -> None: ...


@pytest.fixture
def asked() -> Iterator[Asked]:
    found = Asked()
    yield found
    leave(found)


def candidate() -> Candidate:
    return Candidate(Generation(0, "d", ("m",)))


def coming(roster: Roster) -> Candidate:
    found = candidate()
    roster.enter(found.generation)
    roster.begin(found)
    return found


def loaded(roster: Roster) -> Candidate:
    found = coming(roster)
    roster.finish(found)
    return found


Seen = list[tuple[list[Generation], list[Generation]]]


class Watched(Roster):
    """Looked at, as another thread may, after every single change."""

    seen: Seen | None = None

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if self.seen is not None and name != "seen":
            self.seen.append((self.serving, self.living))


def test_what_comes_is_seen_at_every_moment_until_it_was(asked: Asked) -> None:
    """By another loader, too, which takes no lock: what nobody seems to use it would take for gone, or make again."""
    roster = Watched()
    found = candidate()
    roster.enter(found.generation)
    seen: Seen = []
    roster.seen = seen

    roster.begin(found)
    roster.finish(found)
    roster.promote(found, asked)

    assert len(seen) > 5
    for serving, living in seen:
        assert found.generation in serving
        assert found.generation in living


def test_what_is_promoted_while_somebody_looks_is_seen_by_him(asked: Asked) -> None:
    """In the middle of his look, too: as what waits, or as what is current."""

    class Overtaken(Roster):
        @property
        def coming(self) -> list[Generation]:
            if self.current is None:
                self.promote(found, asked)
            return super().coming

    roster = Overtaken()
    found = loaded(roster)

    assert roster.serving == [found.generation]


def test_what_is_dropped_is_nowhere_any_more(asked: Asked) -> None:
    """However far it was."""
    roster = Roster()
    for one in (coming(roster), loaded(roster)):
        roster.drop(one)
    assert roster.living == []
    assert not roster.stages([candidate().generation])


def test_what_is_given_up_is_shared_no_more_and_what_was_executed_is_told() -> None:
    """What waits is not given up."""
    roster = Roster()
    hangs, waits = coming(roster), loaded(roster)

    assert roster.give_up() == [hangs]
    assert roster.living == [waits.generation]


def test_only_what_is_being_loaded_is_staged() -> None:
    """Its own code must not load it again; later it may."""
    roster = Roster()
    one, other = coming(roster), loaded(roster)

    assert roster.stages([one.generation])
    assert not roster.stages([other.generation])


def test_a_generation_is_promoted_again_in_its_old_place(asked: Asked) -> None:
    """An undo makes no second of it."""
    roster = Roster()
    first, second = loaded(roster), loaded(roster)
    for chosen in (first, second, first.generation):
        roster.promote(chosen, asked)

    assert roster.current is first.generation
    assert roster.past == (first.generation, second.generation)
    assert roster.was_current(second.generation) and not roster.was_current(candidate().generation)


def test_what_nobody_holds_is_not_kept(asked: Asked) -> None:
    """Neither what was current, nor a candidate that was dropped on the floor."""
    roster = Roster()
    roster.promote(loaded(roster), asked)
    loaded(roster)
    roster.promote(last := loaded(roster), asked)
    gc.collect()

    assert roster.living == [last.generation]


def test_a_closed_one_takes_nothing_any_more(asked: Asked) -> None:
    """Whoever is in the middle of a load is told; what is there is there until it is forgotten."""
    roster = Roster()
    one, waits = coming(roster), loaded(roster)

    assert roster.close()
    assert not roster.close()

    for late in (partial(roster.begin, one), partial(roster.finish, one), partial(roster.promote, waits, asked)):
        with pytest.raises(Busy, match="the loader is closed"):
            late()
    assert roster.current is None
    assert roster.living == [one.generation, waits.generation]
    roster.forget()
    assert roster.living == []
