"""Commits and releases on screens."""

from __future__ import annotations

from dataclasses import replace

from hotctl.view import plain
from hotctl.view.generations import generations
from hotctl.view.history import history
from hotctl.view.origins import origins, whence
from hotctl.view.page import Cell
from hotd.contract.views import Generations, History, Origin
from tests.unit.hotctl_view import samples as given

COMMIT = "1a2b3c4d5e6f" + "0" * 28
LED = Origin("/srv/app/current/ops", "/srv/app/releases/7/ops", COMMIT)


def text(cell: Cell) -> list[str]:
    return ["".join(span.text for span in phrase) for phrase in cell]


def test_a_commit_is_short_and_a_link_tells_where_it_led() -> None:
    """The same commit of two roots is told once."""
    assert text(whence((LED, Origin("/srv/lib", None, COMMIT)), COMMIT)) == ["1a2b3c4d5e6f", "→ releases/7"]
    assert text(whence((Origin("/srv/ops", "/mnt/x"),))) == ["→ mnt/x"]
    assert text(whence((Origin("/a/b", "/a"), Origin("/b/ops", "/b")))) == ["→ /a", "→ /b"]
    assert whence((), None) == ()


def test_history_and_generations_have_it_in_their_rows() -> None:
    """Beside the cause."""
    (one,) = given.history().revisions
    shown = plain.draw(history(History((replace(one, commit=COMMIT, origins=(LED,)),)), given.NOW))
    assert shown.endswith("watch  1a2b3c4d5e6f, → releases/7\n")
    assert plain.draw(history(given.history(), given.NOW)).endswith("watch  9f86d081884c\n"), (
        "an older daemon says less"
    )
    (seven, *_) = given.generations().generations
    shown = plain.draw(generations(Generations("long_op", (replace(seven, origins=(LED,)),)), given.NOW))
    assert shown.endswith("watch  1a2b3c4d5e6f, → releases/7\n")


def test_an_outcome_tells_each_root() -> None:
    """In full, to be copied."""
    assert plain.draw(origins((LED, Origin("/srv/lib", "/mnt/lib")))) == (
        f"  from /srv/app/current/ops → /srv/app/releases/7/ops, commit {COMMIT}\n  from /srv/lib → /mnt/lib\n"
    )
