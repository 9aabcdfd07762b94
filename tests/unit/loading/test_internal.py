"""Frames that nobody takes for a caller."""

from __future__ import annotations

import warnings
from collections.abc import Callable

from hotd.loading.imports.internal import internal


@internal
def passes(fn: Callable[[], None]) -> Callable[[], None]:
    def inner() -> None:
        fn()

    return inner


def complain() -> None:
    warnings.warn("careful", stacklevel=2)


def test_warnings_point_past_internal_frames() -> None:
    """At the code that called them, and so at the import statement of a module that complains."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        passes(complain)()

    assert [(one.filename, one.lineno) for one in seen] == [(__file__, 27)]
