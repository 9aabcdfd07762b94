"""Where the sources of a generation come from that somebody wants to compare."""

from __future__ import annotations

import pytest

from hotd.contract import requests
from hotd.contract.errors import Expired, StoreDegraded, UnknownGeneration
from hotd.contract.verbs import VERBS, Role
from hotd.core.bundle import Bundle, BundleFile
from hotd.engine.desk import Desk
from tests.unit.engine.ports import FakeLoading, FakeStore, caught_up
from tests.unit.engine.test_across_restarts import ask, desk, reloaded, store

__all__ = ["desk", "store"]


def sources(text: str) -> Bundle:
    return Bundle(text, ("op",), (BundleFile("op.py", text.encode()),))


def loading(desk: Desk) -> FakeLoading:
    assert isinstance(desk.loading, FakeLoading)
    return desk.loading


def test_what_is_in_memory_needs_no_store(desk: Desk, store: FakeStore) -> None:
    """However broken the disk is. Without a second number it is held against current."""
    store.readable = False
    for number, text in enumerate("AB", 1):
        reloaded(desk, number, text)
        loading(desk).bundles[number] = sources(text)
    (one,) = ask(desk, requests.Diff("op", 1))
    assert one.diff.endswith("-A\n\\ No newline at end of file\n+B\n\\ No newline at end of file\n")
    assert ask(desk, requests.Diff("op", 2, 1)).to == 1


def test_what_left_memory_comes_from_the_store(desk: Desk, store: FakeStore) -> None:
    """Or cannot be told any more."""
    for number, text in enumerate("AB", 1):
        reloaded(desk, number, text)
    loading(desk).bundles = {1: None, 2: sources("B")}
    with pytest.raises(Expired):
        ask(desk, requests.Diff("op", 1, 2))
    store.bundles["A"] = sources("A")
    assert len(ask(desk, requests.Diff("op", 1, 2))) == 1
    store.readable = False
    with pytest.raises(StoreDegraded):
        ask(desk, requests.Diff("op", 1, 2))


def test_a_candidate_can_be_looked_at_before_it_is_promoted(desk: Desk) -> None:
    """That is what it waits for."""
    reloaded(desk)
    loading(desk).bundles[1] = sources("A")
    ask(desk, requests.Stage("op", max_wait=0.0))
    loading(desk).finish(2, "B", sources("B"))
    caught_up(desk.engine)
    assert len(ask(desk, requests.Diff("op", 1, 2))) == 1


def test_a_number_that_nobody_had_is_told_with_the_nearest(desk: Desk) -> None:
    """As every verb does."""
    with pytest.raises(UnknownGeneration, match="nothing is current of op"):
        ask(desk, requests.Diff("op", 1))
    reloaded(desk)
    with pytest.raises(UnknownGeneration, match="nothing is known of a g7") as caught:
        ask(desk, requests.Diff("op", 7))
    assert "did you mean g1?" in (caught.value.hint or "")


def test_only_those_who_may_read_sources_are_shown_them() -> None:
    """A viewer is not."""
    assert VERBS["diff"].role == VERBS["errors"].role > Role.VIEWER
