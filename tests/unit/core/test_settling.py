"""When changes of files have settled."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotd.core.messages import Batch
from hotd.core.settling import Change, Kind, Settling

WRITTEN, GONE = Kind.WRITTEN, Kind.GONE
SETTLE, CAP = 0.05, 1.0


def batch(*paths: str) -> Batch:
    return Batch(frozenset(paths))


def test_nothing_pending_is_never_due_and_wakes_nobody() -> None:
    """An idle watcher sleeps for ever."""
    idle = Settling()

    assert idle.next_wake() is None
    assert idle.due(1e9) == (None, idle)
    assert idle.everything() == (None, idle)


def test_a_save_is_told_once_it_was_quiet() -> None:
    """One write is told ``settle`` later, not before."""
    settling = Settling(SETTLE, CAP).record("/m.py", WRITTEN, 10.0)

    assert settling.next_wake() == 10.0 + SETTLE
    assert settling.due(10.0 + SETTLE - 1e-6) == (None, settling)
    assert settling.due(10.0 + SETTLE) == (batch("/m.py"), Settling(SETTLE, CAP))


def test_a_batch_is_expected_half_way_through_the_quiet() -> None:
    """Anew after each event; not while a new file is being written, nor where nothing waits."""
    settling = Settling(SETTLE, CAP)
    assert settling.half_way() is None
    settling = settling.record("/m.py", WRITTEN, 10.0).record("/n.py", WRITTEN, 10.01)
    assert settling.half_way() == 10.01 + SETTLE / 2
    assert settling.record("/o.py", Kind.BEGUN, 10.02).half_way() is None
    assert settling.record_all(()) is settling, "nothing was added, and who was told of this needs not hear it again"


def test_each_event_starts_the_quiet_time_anew() -> None:
    """Files saved one after the other are one batch."""
    settling = Settling(SETTLE, CAP).record("/a.py", WRITTEN, 10.0).record("/b.py", WRITTEN, 10.04)

    assert settling.due(10.06) == (None, settling)
    told, rest = settling.due(10.04 + SETTLE)
    assert told == batch("/a.py", "/b.py")
    assert rest.next_wake() is None


def test_a_file_that_is_written_for_ever_holds_up_nobody_longer_than_the_cap() -> None:
    """The batch ends ``settle_max`` after its first event, however busy the tree is."""
    settling = Settling(SETTLE, CAP)
    for step in range(34):
        settling = settling.record("/busy.py", WRITTEN, 10.0 + step * 0.03)

    assert settling.next_wake() == 10.0 + CAP
    told, rest = settling.due(10.0 + CAP)
    assert told == batch("/busy.py")
    assert rest == Settling(SETTLE, CAP)


def test_deleted_then_created_is_an_edit() -> None:
    """An editor that replaces a file by deleting it first edits it."""
    settling = Settling(SETTLE, CAP).record("/m.py", GONE, 10.0).record("/m.py", WRITTEN, 10.04)

    assert settling.pending["/m.py"].kind is WRITTEN
    assert settling.due(10.04 + SETTLE)[0] == batch("/m.py")


def test_the_cap_does_not_cut_an_edit_in_two() -> None:
    """A file deleted just before the cap is left for the next batch, for it is about to be created again."""
    settling = Settling(SETTLE, CAP)
    for step in range(34):
        settling = settling.record("/busy.py", WRITTEN, 10.0 + step * 0.03)
    settling = settling.record("/m.py", GONE, 10.99)

    told, rest = settling.due(10.0 + CAP)
    assert told == batch("/busy.py")
    assert rest.next_wake() == 10.99 + SETTLE

    told, rest = rest.record("/m.py", WRITTEN, 11.01).due(11.01 + SETTLE)
    assert told == batch("/m.py")
    assert rest.next_wake() is None


def test_a_new_file_is_told_when_it_is_whole() -> None:
    """While who writes it has not closed it, it and what came with it wait; but no longer than to the cap."""
    settling = Settling(SETTLE, CAP).record("/a.py", WRITTEN, 10.0).record("/m.py", Kind.BEGUN, 10.1)
    assert settling.next_wake() == 10.0 + CAP
    assert settling.due(10.9) == (None, settling)
    closed = settling.record("/m.py", WRITTEN, 10.5)
    assert closed.next_wake() == 10.5 + SETTLE
    assert closed.due(10.5 + SETTLE)[0] == batch("/a.py", "/m.py")


def test_a_new_file_that_nobody_closes_has_a_cap_of_its_own() -> None:
    """It may have come just before that of its batch."""
    settling = Settling(SETTLE, CAP).record("/a.py", WRITTEN, 10.0).record("/m.py", Kind.BEGUN, 10.9)
    told, left = settling.due(10.0 + CAP)
    assert told == batch("/a.py")
    assert left.due(10.9 + CAP - 1e-6)[0] is None
    assert left.due(10.9 + CAP) == (batch("/m.py"), Settling(SETTLE, CAP))


def test_a_file_that_is_replaced_for_ever_is_told_at_the_cap_all_the_same() -> None:
    """What changed in this batch before it vanished has waited long enough."""
    settling = Settling(SETTLE, CAP)
    for step in range(34):
        settling = settling.record("/m.py", (WRITTEN, GONE)[step % 2], 10.0 + step * 0.03)
    assert settling.pending["/m.py"].kind is GONE

    assert settling.due(10.0 + CAP) == (batch("/m.py"), Settling(SETTLE, CAP))


def test_many_events_are_recorded_as_if_one_by_one() -> None:
    """A checkout of thousands of files costs one copy of what is pending."""
    changes = [Change("/a.py", GONE, 10.0), Change("/b.py", WRITTEN, 10.01), Change("/a.py", WRITTEN, 10.02)]

    one_by_one = Settling()
    for change in changes:
        one_by_one = one_by_one.record(*change)

    assert Settling().record_all(changes) == one_by_one
    assert one_by_one.record_all([]) == one_by_one


def test_everything_can_be_had_without_waiting() -> None:
    """A flush takes what is there."""
    settling = Settling().record("/a.py", WRITTEN, 10.0).record("/b.py", GONE, 10.0)

    assert settling.everything() == (batch("/a.py", "/b.py"), Settling())


def test_an_event_that_comes_late_counts_from_when_it_happened() -> None:
    """Stamps out of order move neither the quiet time nor the cap."""
    settling = Settling(SETTLE, CAP).record("/a.py", WRITTEN, 10.02).record("/a.py", WRITTEN, 10.0)

    assert (settling.pending["/a.py"].first, settling.pending["/a.py"].last) == (10.0, 10.02)
    assert settling.next_wake() == 10.02 + SETTLE


@pytest.mark.parametrize(("settle", "settle_max"), [(-0.1, 1.0), (2.0, 1.0)])
def test_times_that_contradict_each_other_are_refused(settle: float, settle_max: float) -> None:
    """A quiet time beyond the cap could never be kept."""
    with pytest.raises(ValueError, match="settle <= settle_max"):
        Settling(settle, settle_max)


# --- invariants ------------------------------------------------------------------------------------------------------

# Milliseconds: sums of whole numbers are exact, so that "at the cap" and "after it" are no matter of rounding.
steps = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from(["/a", "/b", "/c", None]), st.sampled_from(Kind)), max_size=120
)
times = st.tuples(st.integers(0, 50), st.integers(0, 300)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@given(times, steps)
def test_every_path_is_told_in_time_and_never_too_early(
    durations: tuple[int, int], history: list[tuple[int, str | None, Kind]]
) -> None:
    """A watcher that wakes when it is asked to: nothing is lost or late, and quiet is kept below the cap."""
    settle, settle_max = durations
    settling = Settling(settle, settle_max)
    untold: dict[str, tuple[int, int]] = {}
    """Path -> when it was recorded first and last since it was told."""
    kinds: dict[str, Kind] = {}

    def run_until(settling: Settling, end: float) -> Settling:
        while (wake := settling.next_wake()) is not None and wake <= end:
            if wake > 0:
                assert settling.due(wake - 1) == (None, settling), "due before it asked to be woken"
            told, settling = settling.due(wake)
            assert told is not None, "woken for nothing"
            assert told.paths, "an empty batch"
            begun = any(kinds[path] is Kind.BEGUN for path in untold)
            quiet = not begun and all(wake >= last + settle for _, last in untold.values())
            capped = any(wake == first + settle_max for first, _ in untold.values())
            assert quiet or capped, "told before it was quiet"
            for path in told.paths:
                first, _ = untold.pop(path)  # a KeyError is a path told twice, or never recorded
                assert wake <= first + settle_max, "later than the cap"
            for path, (first, _) in untold.items():
                assert kinds[path] is not Kind.WRITTEN, "kept back although it is there"
                least = settle if kinds[path] is Kind.GONE else settle_max
                assert wake < first + least, "kept back although it vanished long ago, or was begun before the cap"
            assert set(settling.pending) == set(untold)
        return settling

    now = 0
    for pause, path, kind in history:
        settling = run_until(settling, now + pause)
        now += pause
        if path is not None:
            settling = settling.record(path, kind, now)
            untold[path] = (untold[path][0] if path in untold else now, now)
            kinds[path] = kind
    settling = run_until(settling, float("inf"))

    assert not untold, "lost"
    assert settling == Settling(settle, settle_max)


@given(times, steps, st.lists(st.integers(0, 200)))
def test_whoever_looks_when_they_like_loses_nothing_either(
    durations: tuple[int, int], history: list[tuple[int, str | None, Kind]], looks: list[int]
) -> None:
    """A busy machine wakes the watcher late: every path is still told after it was recorded last."""
    settle, settle_max = durations
    settling = Settling(settle, settle_max)
    recorded: dict[str, int] = {}
    told: dict[str, int] = {}
    now = 0
    for position, (pause, path, kind) in enumerate(history):
        now += pause
        if path is not None:
            settling = settling.record(path, kind, now)
            recorded[path] = position
        if position in looks:
            found, settling = settling.due(now)
            told.update(dict.fromkeys(found.paths if found else (), position))
    found, settling = settling.everything()
    told.update(dict.fromkeys(found.paths if found else (), len(history)))

    assert told.keys() == recorded.keys()
    assert all(told[path] >= at for path, at in recorded.items())
    assert settling.next_wake() is None
