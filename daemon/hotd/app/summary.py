"""The state of a daemon in one line, as ``systemctl status`` shows it."""

from __future__ import annotations

from hotd.core.book import Book


def summary(book: Book) -> str:
    """How much runs, and what is wrong with it."""
    failed = [m.name for m in book.modules.values() if m.current is None]
    rejected = [m.name for m in book.modules.values() if m.rejection is not None and m.current is not None]
    text = f"{len(book.modules)} module{'s' * (len(book.modules) != 1)}, {instances(book.alive)}"
    text += f"; not loaded: {', '.join(failed)}" if failed else ""
    text += f"; edit rejected: {', '.join(rejected)}" if rejected else ""
    return text + ("; watching paused" if book.paused else "")


def instances(count: int) -> str:
    return f"{count} instance{'s' * (count != 1)}"
