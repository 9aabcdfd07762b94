"""The watcher: from events of the file system to settled batches."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hotd.core.churn import Churn
from hotd.core.interest import Interest
from hotd.core.settling import Change, Kind, Seen, Settling
from hotd.core.times import rfc3339
from hotd.ports import Batch, Clock, WatchTrouble
from hotd.watching import limits
from hotd.watching.arrivals import Arrivals
from hotd.watching.health import Health
from hotd.watching.installations import INSTALLER, Installations
from hotd.watching.minding import Minding
from hotd.watching.mounts import Mounts
from hotd.watching.rounds import RUSH
from hotd.watching.sweep import Sweep
from hotd.watching.taking import changes_of

log = logging.getLogger(__name__)

LOOK = 1.0
"""Seconds between two looks at whatever makes no event: where the roots are, what is watched, what is loaded."""

LOCK_LOOK = 0.02
"""Seconds between two looks at whether git is done."""

LATER = 0.1
"""Seconds after a batch in which nothing is looked at: a reload has begun, and needs the interpreter lock."""

SLACK = 0.0004
"""Seconds that a thread wakes up later than it asked to, and then begins: what is due by then is due."""

CATCHING_UP = 2.0
"""Seconds that a flush waits for what is on its way here; in a thousandth of that it comes."""

MANY = 50
"""Files of a batch, or arrivals for it, before which it is made sure that nothing is on its way here any more: somebody
saves a few, and of a burst that was read long ago the last may still be handed on."""


class FileWatcher:
    """Tells the sink which files below the roots changed, in batches that have settled.

    A batch has absolute paths, below the root as it was configured (a file in two roots is told under both):

    - files, written, moved in, created or gone: ``.py``, ``.so``, and what fits an ``also`` glob; never what fits an
      ``ignore`` glob, what editors drop, or what lies in ``.git``, ``__pycache__``, ``.venv`` and the like;
    - folders that are gone, deleted or moved away: what was in them is not known any more, and the receiver, who knows
      what it loaded from there, decides. For a folder that appears the files in it are told.

    The paths say where to look, never that the content is another: a batch may hold files that are as they were, and
    at the cap (``settle_max``) or from a slow writer of a new file even one that is half-written; its end is told too.

    While git changes the repository of a root (``index.lock``), nothing is told.

    Whatever keeps changes from being seen is told to ``troubles``, all that there are at each time; what may have been
    missed meanwhile is looked at anew. What makes no event (other hard links, what links lead to, network file
    systems) is found by the `Sweep` of what is loaded.

    ``sink`` and ``troubles`` are called from the watcher's threads (``flush``: from the caller's) and must not block;
    what they raise is logged, and what the sink did not take is told again.
    """

    def __init__(
        self,
        roots: Sequence[Path],
        *,
        sink: Callable[[Batch], None],
        settle: float,
        settle_max: float,
        backend: str,
        interval: float,
        ignore: Sequence[str],
        also: Sequence[str],
        clock: Clock,
        troubles: Callable[[tuple[WatchTrouble, ...]], None],
        sources: Callable[[], tuple[Mapping[str, str], ...]] = tuple,
        mounts: Mounts | None = None,
        hurry: Callable[[], None] = lambda: None,
        expected: Callable[[frozenset[str]], None] = lambda _: None,
    ) -> None:
        """``backend`` is "auto" (inotify, but polling where that is deaf) or "polling". All durations in seconds.

        ``sources``: absolute path -> digest of what is loaded from there, a mapping for each module. ``mounts``
        tells which file systems are deaf. ``hurry`` is called when something arrives, and ``expected``, as the sink is,
        with the paths of a batch of a few, when half of the quiet before it is over. It may be called for more batches
        than are told then.
        """
        if backend not in {"auto", "polling"}:
            raise ValueError(f'backend is "auto" or "polling", not {backend!r}')
        self._sink = sink
        self._expected = expected
        self._awaited: Mapping[str, Seen] = {}
        """What was told as expected last."""
        self._clock = clock
        self._health = Health(troubles, clock)
        self._arrivals = Arrivals(lambda: self._roots.places, clock, self._missed, hurry)
        self._roots = Minding(
            roots, Interest(ignore, also), self._arrivals, self, self._health, clock,
            polls=backend == "polling", interval=interval, mounts=mounts or Mounts(),
        )  # fmt: skip
        self._installations = Installations(roots)
        self._thread: threading.Thread | None = None
        self._handing_over = threading.RLock()
        """Held from taking arrivals until the sink has them, so that `flush` never returns while another thread has a
        batch in its hands. Re-entrant, because a sink may flush."""
        self._told = threading.Condition(self._handing_over)
        """Something was handed over, or there is nothing to hand over any more."""
        self._batches = 0
        """How often the sink was told."""
        self._taken = 0
        """How much has arrived since."""
        self._settling = Settling(settle, settle_max)
        self._untaken: frozenset[str] = frozenset()
        """What the sink was told of, and raised."""
        self._sweep = Sweep(sources, clock, settle_max, self._is_urgent)
        self._churn = Churn()
        self._rescan = False
        """Whether everything has to be looked at, because something was missed."""
        self._rescanned = 0.0
        """When that was done last: in a burst the kernel drops events again and again."""
        self._overflows = 0
        self._looked = self._next_look = 0.0
        """When whatever makes no event was looked at last, and when it is looked at again."""
        self._not_before = 0.0
        """When git, which held up a batch, is asked about again."""

    def start(self) -> None:
        """Watch from now on: what changes after the return is told.

        Raises CannotWatch with the root, the reason and the cure; then nothing is watched and no thread remains.
        RuntimeError the second time, and after ``close``.
        """
        if self._arrivals.closed or self._thread is not None:
            raise RuntimeError("a watcher starts once")
        try:
            self._roots.begin()
        except BaseException:
            self._roots.close()
            raise
        self._thread = threading.Thread(target=self._settle, name="hotd-watcher", daemon=True)
        self._thread.start()

    def watch(self, roots: Sequence[Path]) -> None:
        """From now on these are the roots: all that lies below a new one is told, and nothing below one that is none.

        One that is not there yet is waited for.
        """
        with self._handing_over:
            begun = self._thread is not None and not self._arrivals.closed
            self._installations = Installations(roots, self._installations)
            self._settling = self._settling.record_all(self._roots.watch(roots, begun=begun))
        self._arrivals.urge()

    def close(self) -> None:
        """Stop watching and join all threads; what is pending is dropped. Twice is fine, and so is before ``start``."""
        self._arrivals.close()
        self._roots.close()
        if self._thread is not None and self._thread is not threading.current_thread():  # a sink may close
            self._thread.join()
            self._roots.close()  # the thread may just have been making another one

    def flush(self) -> None:
        """Hand over all that has changed so far, without waiting for quiet. When it returns, the sink has it.

        That is everything that was written before the call: where there are no events, everything is looked at.
        """
        self._roots.catch_up(CATCHING_UP, polled=float("inf"))
        with self._handing_over:
            self._take_in()
            self._look_again(self._clock.now().mono)
            now = self._clock.now().mono
            self._record(Change(path, Kind.WRITTEN, now) for path in self._sweep.everything())
            batch, self._settling = self._settling.everything()
            self._tell_sink(batch)
            if batch is not None:
                # Of a deploy that failed nobody looks at what it wrote, a moment ago; and nothing of it may be loaded.
                self._sweep.known(batch.paths)
            self._told.notify_all()

    def settled(self, within: float) -> None:
        """Until the sink has what has arrived so far and waits for quiet, at most so many seconds; mostly at once.

        Whoever has just read the disk may have read half of a checkout: this is how he hears of the other half.
        """
        if not self._handing_over.acquire(timeout=within):
            return
        try:
            self._take_in()
            before = self._batches
            self._told.wait_for(lambda: self._batches > before or not self._settling.pending, within)
        finally:
            self._handing_over.release()

    def describe(self) -> Mapping[str, Any]:
        """For status: what `Minding` tells, and

        ``overflows``, how often the kernel dropped events; ``last_event``, when the last one came that matters;
        ``pending``, how many files have changed and not settled.
        """
        last = self._arrivals.last
        return {
            **self._roots.describe(),
            "overflows": self._overflows,
            "last_event": rfc3339(last) if last is not None else None,
            "pending": len(self._settling.pending),
        }

    # --- on watchdog's threads ---------------------------------------------------------------------------------------

    def overflowed(self) -> None:
        """The kernel dropped events. See `Concerned`."""
        self._overflows += 1
        self._look_at_all(limits.overflow(self._overflows))

    def missed(self, error: Exception) -> None:
        """An event was lost. See `Concerned`."""
        self._missed(error)

    def _missed(self, error: Exception) -> None:
        log.warning("an event could not be handled", exc_info=error, extra={"event": "watch.defect"})
        self._look_at_all(limits.lost(error))

    def _look_at_all(self, trouble: WatchTrouble) -> None:
        self._rescan = True
        self._health.healed(trouble)
        self._arrivals.urge()

    # --- on hotd-watcher -------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        while self._wait():
            try:
                with self._handing_over:
                    self._take_in()
                    if (now := self._clock.now().mono) >= self._rescanned + LOOK:
                        self._look_again(now)
                    before = self._batches
                    self._tell_settled(self._clock.now().mono + SLACK)
                    self._tell_expected(self._clock.now().mono + SLACK)
                    self._told.notify_all()
                    now = self._clock.now().mono
                    if self._batches > before:
                        self._next_look = max(self._next_look, min(now + LATER, self._looked + 1.5 * LOOK))
                    if now >= self._next_look:
                        self._looked, self._next_look = now, now + LOOK
                        self._look(now)
            except Exception as error:  # noqa: BLE001 - one name that breaks a rule must not end all watching
                self._missed(error)
                self._arrivals.take()  # which that looks for, too: not again at once, if it fails again

    def _wait(self) -> bool:
        """Until something has arrived or may be due, or it is time for a look; False when closed."""
        # Without `_handing_over`: a flush meanwhile can only leave less to wake up for.
        settling = self._settling
        wake, half_way = settling.next_wake(), settling.half_way()
        if wake is not None and half_way is not None and settling.pending is not self._awaited:
            wake = min(wake, half_way)
        wake = self._next_look if wake is None else min(self._next_look, max(wake, self._not_before))
        return self._arrivals.wait(max(0.0, wake - self._clock.now().mono - SLACK))

    def _take_in(self) -> None:
        """Needs `_handing_over`, as all below."""
        arrivals = self._arrivals.take()
        if not arrivals:
            return
        self._taken += len(arrivals)
        self._record(changes_of(arrivals, self._roots.places))
        gone = (path for path, kind, is_folder, _ in arrivals if is_folder and kind is Kind.GONE)
        if self._roots.lost(gone):
            self._record(self._roots.look())

    def _is_urgent(self) -> bool:
        """Whether something has arrived, or waits to be told."""
        return self._arrivals.some or bool(self._settling.pending)

    def _look_again(self, now: float) -> None:
        if self._rescan:
            self._rescan, self._rescanned = False, now
            self._record(self._roots.everything())

    def _look(self, now: float) -> None:
        if self._arrivals.closed:
            return
        self._record(self._roots.look())
        self._record(Change(path, Kind.WRITTEN, now) for path in self._sweep.look())
        self._record(Change(path, Kind.WRITTEN, now) for path in self._untaken)
        self._untaken = frozenset()
        self._health.only(limits.CHURN, self._churn.troubles(now))
        self._health.look()

    def _record(self, changes: Iterable[Change]) -> None:
        self._settling = self._settling.record_all(changes)

    def _tell_settled(self, now: float) -> None:
        """What is due, unless git or an installer is in the middle of it: half a checkout must not become a rollout."""
        batch, settling = self._settling.due(now)
        if batch is not None and self._is_held_up(now):
            return
        installed, git = self._installations.renewed, self._roots.repositories
        many = batch is not None and max(len(batch.paths), self._taken) >= MANY
        if batch is not None and (installed or git.renewed or self._arrivals.held_up or many):
            # There may be more, and by itself this would be loaded together with what is old. What git and installers
            # wrote was written before they were done; and where others compute, events come late: what looks like
            # quiet may be the middle of a checkout. Where nothing tells, who only saved a file does not wait for long:
            # git writes its index for many a reason.
            polled = float("inf") if installed else RUSH if git.moved else 0.0
            self._arrivals.held_up = False
            self._roots.catch_up(CATCHING_UP, polled=polled)
            self._take_in()
            now = self._clock.now().mono
            batch, settling = self._settling.due(now)
            if batch is not None and self._is_held_up(now):
                return
        self._settling = settling
        self._tell_sink(batch)
        if batch is not None:
            self._health.over(limits.GIT)
            self._health.only(INSTALLER, self._installations.overdue(now))

    def _tell_expected(self, now: float) -> None:
        """Once for what is pending: if something is added, all of that."""
        half_way, pending = self._settling.half_way(), self._settling.pending
        if half_way is None or now < max(half_way, self._not_before) or pending is self._awaited:
            return
        self._awaited = pending
        if len(pending) < MANY:
            try:
                self._expected(frozenset(pending))
            except Exception:
                log.exception("a batch was not prepared", extra={"event": "watch.defect"})

    def _is_held_up(self, now: float) -> bool:
        """Whether git or an installer is not done."""
        repositories = self._roots.repositories
        if not (self._installations.locked(now) or repositories.locked(now)):
            return False
        self._not_before = now + LOCK_LOOK
        self._health.only(limits.GIT, repositories.overdue(now))
        return True

    def _tell_sink(self, batch: Batch | None) -> None:
        if batch is None:
            return
        self._batches += 1
        self._taken = 0
        at = self._clock.now()
        try:
            self._sink(batch)
        except Exception as error:
            log.exception("a batch was not taken", extra={"event": "watch.defect"})
            self._untaken |= batch.paths
            self._health.healed(limits.untaken(error))
        # Who is told has much to do: whatever nobody waits for comes after.
        self._sweep.told(batch.paths, at.wall)
        self._churn.told(batch.paths, at.mono)
