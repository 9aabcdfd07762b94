"""What crosses between the engine and the rooms around it."""

from __future__ import annotations

import dataclasses
from types import ModuleType

import pytest

from hotd.core import book, effects, messages, values


@pytest.mark.parametrize("module", [book, effects, messages, values], ids=lambda module: module.__name__)
def test_nothing_that_threads_share_can_be_changed(module: ModuleType) -> None:
    """Whoever holds a value may read it without a lock, for ever."""
    classes = [one for one in vars(module).values() if dataclasses.is_dataclass(one) and isinstance(one, type)]
    assert classes
    for one in classes:
        assert one.__dataclass_params__.frozen, one  # type: ignore[attr-defined]  # not in typeshed
        # A module has a dict for what follows from its fields and was counted already.
        assert not hasattr(one, "__dict__") or "__slots__" in vars(one) or one is book.Module, one
