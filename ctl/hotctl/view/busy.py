"""A spinner on standard error, gone without a trace when the wait is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.text import Text

from hotctl.view.safe import clean


@contextmanager
def spinning(file: TextIO, env: Mapping[str, str], text: str) -> Iterator[Callable[[str], None]]:
    """Draws from a thread of its own, so the words stay while a call is parked in the daemon."""
    colour = None if env.get("NO_COLOR") else "auto"
    console = Console(file=file, _environ=env, force_terminal=True, color_system=colour)  # type: ignore[arg-type] # a literal
    with console.status(Text(clean(text))) as status:
        yield lambda words: status.update(Text(clean(words)))
