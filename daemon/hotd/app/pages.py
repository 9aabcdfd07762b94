"""The log book, in the words of the contract."""

from __future__ import annotations

from hotd.contract.views import LogLine, Logs
from hotd.core.times import wall_rfc3339
from hotd.workers.output import LogBook


class LogPages:
    """Implements ``hotd.ports.LogReader``."""

    def __init__(self, book: LogBook) -> None:
        self._book = book

    def page(
        self, module: str, after: int | None, limit: int, max_wait: float, instance: str | None, mark: str = ""
    ) -> Logs:
        anew = False
        if after is None:
            lines, lost = self._book.tail(module, limit, instance), 0
            reached = lines[-1].seq if lines else 0
        else:
            anew = not self._is_ours(module, after, mark)
            lines, reached, lost = self._book.read(module, 0 if anew else after, limit, instance, max_wait)
        shown = (
            LogLine(x.seq, wall_rfc3339(x.at), x.module, x.instance, x.generation, x.stream, x.text) for x in lines
        )
        at = self._book.at(module, reached)
        return Logs(
            tuple(shown), reached, lost, "" if at is None else wall_rfc3339(at), anew=anew, closing=self._book.closed
        )

    def _is_ours(self, module: str, after: int, mark: str) -> bool:
        """Whether the line of that number is the one that was read: lines of an earlier daemon are counted anew."""
        at = self._book.at(module, after)
        return after <= self._book.last(module) and (not mark or at is None or wall_rfc3339(at) == mark)
