"""Answers that are lists may be walked as lists."""

from __future__ import annotations

from typing import Any

import pytest

from hotd.contract import views


@pytest.mark.parametrize(
    "listing",
    [
        views.Modules(("a", "b")),  # type: ignore[arg-type]  # what is listed does not matter here
        views.Instances(("a", "b")),  # type: ignore[arg-type]
        views.Generations("m", ("a", "b")),  # type: ignore[arg-type]
        views.History(("a", "b")),  # type: ignore[arg-type]
        views.Failures(("a", "b")),  # type: ignore[arg-type]
        views.Diff("m", 1, 2, ("a", "b")),  # type: ignore[arg-type]
        views.Blocking(("a", "b")),  # type: ignore[arg-type]
        views.Doctor(("a", "b")),  # type: ignore[arg-type]
        views.Why("m", None, "Healthy", "", ("a", "b")),  # type: ignore[arg-type]
    ],
    ids=lambda listing: type(listing).__name__,
)
def test_a_listing_is_walked_as_what_it_lists(listing: Any) -> None:
    """``for instance in daemon.instances()``."""
    assert (list(listing), len(listing)) == (["a", "b"], 2)
