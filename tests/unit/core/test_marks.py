"""File names as people read them."""

from __future__ import annotations

from hotd.core.marks import marked, plain


def test_the_mark_is_taken_off_wherever_it_stands() -> None:
    """Tracebacks, warnings and log records show paths that exist."""
    name = marked("/ops/m.py", "0123456789abcdef" * 4)

    assert name == "/ops/m.py@0123456789ab"
    assert plain(f'  File "{name}", line 7, in f\n{name}:8: UserWarning') == (
        '  File "/ops/m.py", line 7, in f\n/ops/m.py:8: UserWarning'
    )


def test_other_texts_stay_as_they_are() -> None:
    """An address, a decorator or a longer hash is not our mark."""
    for text in ("me@0123456789ab", "m.py@0123456789abc", "m.py@deco", "m.py", "x@y.py@"):
        assert plain(text) == text
