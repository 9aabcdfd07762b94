"""Every revision, and every generation, knows which commit and which release its code came from."""

from __future__ import annotations

from typing import Any

from hotd.contract import requests
from hotd.contract.views import Origin
from hotd.core import staging, undoing
from hotd.core.picture import generation_views, history_view
from hotd.core.rollback import FAILURES
from tests.support.books import ROOT, World, promoted, serving, spec

ONE, TWO = "1" * 40, "2" * 40


def at(commit: str | None, target: str | None = None, root: str = "/ops") -> tuple[Origin, ...]:
    return (Origin(root, target, commit),)


def commits(world: World) -> list[tuple[str, str | None]]:
    return [(one.outcome, one.commit) for one in history_view(world.book, None, 99)]


def two() -> World:
    """g1 of one commit, g2 of another."""
    world = World()
    for commit, text in ((ONE, "A"), (TWO, "B")):
        world.origins = at(commit)
        promoted(world, text)
        world.run()
    return world


def test_a_rollout_is_told_with_the_commit_that_was_checked_out() -> None:
    """Promoted, rejected or unchanged: what was on disk came from there."""
    world = two()
    world.origins = at("3" * 40)
    promoted(world, "broken")
    world.write("B")
    promoted(world, "B")
    assert commits(world) == [
        ("unchanged", "3" * 40), ("rejected", "3" * 40), ("promoted", TWO), ("promoted", ONE),
    ]  # fmt: skip
    known = {one.generation: one.origins for one in generation_views(world.book, world.module())}
    assert (known[1], known[2]) == (at(ONE), at(TWO))
    revision = world.book.history[-1].revision
    assert world.outcome_of(revision).origins == at("3" * 40)


def test_what_is_brought_back_came_from_where_it_came_from() -> None:
    """By an undo in memory, by one of a rollout, from the store, at a start, and where the daemon itself goes back."""
    world = two()
    world.undo()
    assert commits(world)[0] == ("undone", ONE)
    world = two()
    world.origins = at("3" * 40)
    last = world.book.history[-1].revision
    request = requests.Undo(revision=last)
    world.tell(lambda book, now: undoing.undo(book, request, ROOT, now))
    assert commits(world)[0] == ("undone", ONE)
    world = world.reborn()
    world.origins = at("3" * 40)
    world.begin()
    world.settle()
    assert commits(world) == [("promoted", ONE)], "the disk holds what was undone"
    asked = world.ask_to_undo(to=2)
    assert isinstance(asked, int)
    world.settle()
    assert commits(world)[0] == ("undone", TWO)


def test_a_rollback_tells_where_it_went_back_to() -> None:
    """g2 crashes, g1 is current again."""
    world = two()
    world.end(1)
    for _ in range(FAILURES):
        world.wait(max(0.0, world.module().pace.not_before - world.time))
        (number,) = world.running()
        world.fail(number)
    assert commits(world)[0] == ("rolled-back", ONE)


def test_a_link_is_told_as_well_and_a_root_of_which_nothing_is_known_is_not() -> None:
    """Each module has its own roots."""
    world = World(spec(), spec("other"))
    world.origins = (*at(None, "/srv/releases/7"), *at(None, root="/lib"))
    world.reload(all=True)
    world.settle()
    (one,) = history_view(world.book, None, 9)
    assert (one.commit, one.origins) == (None, at(None, "/srv/releases/7"))


def test_a_candidate_that_was_staged_by_hand_keeps_its_origin() -> None:
    """However much later it is promoted."""
    world = serving()
    world.origins = at(TWO)
    world.write("B")
    asked: list[Any] = [requests.Stage("op"), requests.Promote("op")]
    world.tell(lambda book, now: staging.stage(book, asked[0], ROOT, now))
    world.settle()
    world.origins = at("3" * 40)
    world.tell(lambda book, now: staging.promote(book, asked[1], ROOT, now))
    assert commits(world)[0] == ("promoted", TWO)
    assert world.module().generations[2].origins == at(TWO)
