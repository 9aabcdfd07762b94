"""The log book, in the words of the contract."""

from __future__ import annotations

from hotd.contract.views import LogLine, Logs
from hotd.core.times import wall_rfc3339
from hotd.workers.output import LogBook


class LogPages:
    """Implements ``hotd.ports.LogReader``."""

    def __init__(self, book: LogBook) -> None:
        self._book = book

    def page(self, module: str, after: int | None, limit: int, max_wait: float, instance: str | None) -> Logs:
        if after is None:
            lines, lost = self._book.tail(module, limit, instance), 0
            reached = lines[-1].seq if lines else 0
        else:
            lines, reached, lost = self._book.read(module, after, limit, instance, max_wait)
        shown = (
            LogLine(x.seq, wall_rfc3339(x.at), x.module, x.instance, x.generation, x.stream, x.text) for x in lines
        )
        return Logs(tuple(shown), reached, lost)
