"""Files change, batches come out: watchdog below, ``core.settling`` in the middle, a sink at the end.

The only room that knows watchdog. What it may miss by nature (a full event queue, other hard links, targets of
symbolic links, network file systems) is the business of the sweep, not of the events.
"""

from __future__ import annotations

from hotd.watching.watcher import FileWatcher

__all__ = ["FileWatcher"]
