"""What crosses between the engine and the rooms around it."""

from __future__ import annotations

import dataclasses
from types import ModuleType

import pytest

from hotd.core import book, effects, messages, values
from hotd.core.storing import Storing

COPIED = {book.Book, book.Module, book.Rollout, book.Generation, book.Instance, Storing}
"""These have a dict: every save makes copies of them, and it is copied at once."""


@pytest.mark.parametrize("module", [book, effects, messages, values], ids=lambda module: module.__name__)
def test_nothing_that_threads_share_can_be_changed(module: ModuleType) -> None:
    """Whoever holds a value may read it without a lock, for ever."""
    classes = [one for one in vars(module).values() if dataclasses.is_dataclass(one) and isinstance(one, type)]
    assert classes
    for one in classes:
        assert one.__dataclass_params__.frozen, one  # type: ignore[attr-defined]  # not in typeshed
        assert not hasattr(one, "__dict__") or "__slots__" in vars(one) or one in COPIED, one
