"""A running daemon: the start order is written once, and the stop is its reverse."""

from __future__ import annotations

import contextlib
import logging
import os
import platform
import sys
import threading
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import hotd
from hotd import api
from hotd.app.adding import Additions, added_before, roots_of
from hotd.app.applying import Applier, remark
from hotd.app.clock import SystemClock
from hotd.app.doctor import Examiner
from hotd.app.environment import environment
from hotd.app.pages import LogPages
from hotd.app.places import socket_folder, state_folder
from hotd.app.port import door_of, given_group, roles_of
from hotd.app.sockets import chosen
from hotd.app.summary import instances, summary
from hotd.app.watching import ChangingWatcher, Troubles
from hotd.config import Config, Watch
from hotd.contract.errors import StoreDegraded
from hotd.contract.events import EventName
from hotd.contract.views import Event
from hotd.control import ControlServer
from hotd.core import ending, starting
from hotd.core.book import Book, open_book
from hotd.core.effects import Decision, Emit
from hotd.core.records import Remembered
from hotd.core.values import Instant, Spec
from hotd.engine.desk import About, Desk
from hotd.engine.engine import Engine
from hotd.engine.events import EventRing
from hotd.engine.verbs import ANSWERS
from hotd.host import logs
from hotd.host.activation import HandedOver, handed_over
from hotd.host.forks import forget_in_child
from hotd.host.haste import Haste
from hotd.host.lock import InstanceLock, claim_socket, lock_of
from hotd.host.notify import Notifier
from hotd.host.signals import Signals
from hotd.loading.hosting import Hosting
from hotd.loading.imports import threads
from hotd.loading.slow_look import SlowLook
from hotd.ports import Batch, InstanceEvent
from hotd.store import Store
from hotd.watching import FileWatcher
from hotd.workers.output import Capture, LogBook
from hotd.workers.stream import PATIENCE
from hotd.workers.threads import ThreadExecutor

log = logging.getLogger("hotd.app")

SWITCH_INTERVAL = 0.0005
"""Seconds. With eight busy threads every wake-up of a control thread costs up to eight intervals: at CPython's 5 ms a
``status`` takes 354 ms, at 0.5 ms it takes 12, and throughput does not change measurably."""

HASTY_INTERVAL = 0.00005
"""Seconds, while somebody waits. Shorter ones gain little: the threads take that long to wake up."""

TO_SETTLE = 5.0
"""Seconds that a load asked for by the watcher waits for what has changed meanwhile: longer than a checkout takes."""

CALLS_TO_FINISH = 2.0
"""Seconds that calls in flight get when the control port closes."""

GRACE = 10.0
"""Seconds beyond what a start or stop may take by itself, until systemd should lose its patience."""


class Daemon:
    """Built once, run once."""

    def __init__(
        self,
        config: Config,
        *,
        env: MutableMapping[str, str],
        stderr: TextIO,
        verbose: bool = False,
        reread: Callable[[], Config] | None = None,
    ) -> None:
        """``reread`` reads again what ``config`` was read from; None: it came from the command line."""
        self._config = config
        self._reread = reread
        self._applier: Applier | None = None
        self._state = Path()
        self._env = env
        self._stderr = stderr
        self._verbose = verbose
        self._clock = SystemClock()
        self._haste = Haste(SWITCH_INTERVAL, HASTY_INTERVAL)
        self._notifier = Notifier(env)
        # Here, as with the notifier: whatever user code will start must find neither variables nor descriptors.
        self._handed = handed_over(env)
        self._inherited: HandedOver | None = None
        self._socket = str(config.control.socket)

    def run(self) -> int:
        """Serve until somebody asks to stop; 0 is an orderly end, also where instances had to be left.

        Raises BadConfig, AlreadyRunning and whatever else keeps it from starting.
        """
        with contextlib.ExitStack() as undo:
            undo.callback(self._haste.close)
            self._haste.start()
            engine = self._start(undo)
            self._serve(engine)
            left = self._drain(engine)
        if not self._flush() or left:
            # Threads cannot be ended, and user code may have made some that keep the interpreter: nothing of ours is
            # open any more, so go.
            os._exit(0)
        return 0

    def _flush(self) -> bool:
        """Whether all that was printed got out. A reader that stands still is not waited for."""

        def flush() -> None:
            with contextlib.suppress(OSError, ValueError):
                sys.stdout.flush()
                self._stderr.flush()

        flusher = threading.Thread(target=flush, name="hotd-flush", daemon=True)
        flusher.start()
        flusher.join(PATIENCE)
        return not flusher.is_alive()

    # --- the start ---------------------------------------------------------------------------------------------------

    def _start(self, undo: contextlib.ExitStack) -> Engine:
        config, clock = self._config, self._clock
        undo.callback(logs.setup(self._stderr, logs.is_journal(self._stderr, self._env), self._verbose))
        remark(config)
        began = clock.now()
        store = Store(self._places(undo), wall=lambda: clock.now().wall, environment=environment)
        undo.callback(store.close)
        known = store.open(began.wall)

        book = LogBook(config.logs_keep)
        capture = Capture(book, clock)
        undo.callback(capture.restore)
        forget_in_child(capture)
        capture.install()

        events = EventRing(last=known.last_event, older=partial(_older_events, store))
        # The rooms and the engine know each other: what one says is told to an engine that exists by then.
        told: list[Engine] = []
        watchers: list[ChangingWatcher] = []

        loading = Hosting(
            clock,
            lambda news: told[0].afterlife(news),  # noqa: PLW0108 - there is no engine yet
            also=config.watch.also,
            ignore=config.watch.ignore,
            plain_names=config.plain_file_names,
            left_behind=lambda module: told[0].left_behind(module),  # noqa: PLW0108 - as above
            kept=store.bundle,
            trials=store.trials,
            settled=lambda: watchers[0].settled(TO_SETTLE) if watchers else None,
        )
        undo.callback(loading.close)
        added, said = added_before(known.added, config.roots, config.packages, [spec.name for spec in config.modules])
        specs = (*config.modules, *added)
        for spec in specs:
            loading.host(spec.name, spec.roots, spec.keep, _newest(known, spec.name), spec.packages)
        threads.inherit(api.CURRENT)

        def instance_event(event: InstanceEvent) -> None:
            told[0].instance_event(event)

        executor = ThreadExecutor(loading.code, instance_event, capture)
        undo.callback(executor.close)
        engine = Engine(
            self._book(known, began, specs, said),
            clock=clock,
            loading=loading,
            executor=executor,
            events=events,
            store=store,
            hurry=self._haste.hurry,
        )
        told.append(engine)
        engine.start()
        undo.callback(_end, engine)
        # Before there is a socket that a SIGTERM would leave behind.
        signals = Signals(lambda _: engine.stop(self._running.drain_deadline), self._asked_twice, self._hang_up)
        undo.callback(signals.close)
        signals.start()

        watcher = self._watcher(engine, loading, _slow_look(loading, engine, undo))
        watchers.append(watcher)
        additions = Additions(config.roots, config.packages, watcher, lambda: roots_of(engine.book))
        applier = self._applier = Applier(
            self._reread, config, engine=engine, additions=additions, watcher=watcher, book=book,
            notifier=self._notifier, clock=clock,
        )  # fmt: skip
        examiner = Examiner(
            lambda: self._running, state=self._state, socket=self._socket, inherited=self._inherited is not None,
            engine=engine, watcher=watcher,
        )  # fmt: skip
        desk = Desk(
            engine=engine, loading=loading, executor=executor, watcher=watcher, events=events, logs=LogPages(book),
            clock=clock, store=store, about=self._about(), answers=ANSWERS, adding=additions, applying=applier,
            examining=examiner, drain_deadline=lambda: self._running.drain_deadline,
        )  # fmt: skip
        server = self._server(desk)
        undo.callback(server.close, CALLS_TO_FINISH)
        # Whoever follows events or logs is parked in a call: let them go before the port waits for its calls.
        undo.callback(events.close)
        undo.callback(book.close)
        forget_in_child(server)
        server.start()
        undo.callback(watcher.close)
        applier.start(server)
        undo.callback(applier.close)
        if config.watch.enabled:
            # Before the first load: what changes while that reads the files must not go unseen.
            additions.begin(watcher.start)
        engine.tell(lambda book, now: starting.start(book, known, now))
        return engine

    def _places(self, undo: contextlib.ExitStack) -> Path:
        """The state folder, which with the socket is ours from here on. One that was handed over stays systemd's,
        which gives it to one daemon at a time."""
        for one in self._handed:
            undo.callback(one.sock.close)
        self._inherited = chosen(self._handed, self._config.control)
        if self._inherited is not None:
            self._socket = self._inherited.path or self._socket
        else:
            socket_folder(self._config)
        state = self._state = state_folder(self._config, undo)
        if self._inherited is None:
            undo.enter_context(InstanceLock(lock_of(self._config.control.socket)))
        undo.enter_context(InstanceLock(state / "hotd.lock"))
        if self._inherited is None:
            claim_socket(self._config.control.socket)
        return state

    def _book(
        self, known: Remembered, began: Instant, specs: tuple[Spec, ...], added: Mapping[str, Mapping[str, Any]]
    ) -> Book:
        config = self._config
        most, watches = config.max_instances, config.watch.enabled
        # To ask for versions takes a moment, and where nothing ran before there is nothing to compare them with.
        over = environment() if known.over else None
        return open_book(specs, now=began, max_instances=most, known=known, watches=watches, over=over, added=added)

    def _watcher(self, engine: Engine, loading: Hosting, looking: SlowLook) -> ChangingWatcher:

        def changed(batch: Batch) -> None:
            engine.files_changed(batch)
            looking.changed(batch.paths)

        def make(watch: Watch, roots: Sequence[Path], troubles: Troubles) -> FileWatcher:
            return FileWatcher(
                roots,
                sink=changed,
                settle=watch.settle,
                settle_max=watch.settle_max,
                backend=watch.backend,
                interval=watch.interval,
                ignore=watch.ignore,
                also=watch.also,
                clock=self._clock,
                troubles=troubles,
                sources=loading.sources,
                hurry=self._haste.hurry,
                expected=engine.files_expected,
            )

        roots = [Path(root) for root in (*self._config.roots, *self._config.packages)]
        return ChangingWatcher(make, self._config.watch, roots, engine.watch_troubles)

    def _server(self, desk: Desk) -> ControlServer:
        control = self._config.control
        inherited = self._inherited.sock if self._inherited is not None else None
        return ControlServer(
            self._socket,
            mode=control.mode,
            gid=None if inherited is not None else given_group(control),
            inherited=inherited,
            desk=desk,
            roles=roles_of(control),
            version=hotd.__version__,
            door=door_of(control.tls),
            hurry=self._haste.hurry,
        )

    def _about(self) -> About:
        return About(os.getpid(), hotd.__version__, platform.python_version(), sys.executable, self._socket)

    @property
    def _running(self) -> Config:
        """What hotd.toml says that takes effect now."""
        return self._config if self._applier is None else self._applier.config

    def _hang_up(self) -> None:
        if self._applier is not None:  # else the start is not over, and has just read all of it
            self._applier.hang_up()

    # --- while it serves ---------------------------------------------------------------------------------------------

    def _serve(self, engine: Engine) -> None:
        modules = engine.book.modules.values()
        patience = max((module.spec.load_deadline for module in modules), default=0.0) + GRACE
        self._notifier.extend_timeout(patience)
        engine.wait_for(_first_loads_over, patience)
        text = summary(engine.book)
        said = f"serving at {self._socket}"
        engine.tell(lambda book, now: Decision(book, (Emit(EventName.DAEMON_STARTED, said),)))
        self._notifier.ready(text)
        while True:

            def news(book: Book, told: str = text) -> Book | None:
                other = self._notifier.listening and summary(book) != told
                return book if other or book.stopping is not None else None

            # An end of the engine, or nothing new for an hour, gives None.
            book = engine.wait_for(news, 3600.0, glance=news) or engine.book
            if book.stopping is not None:
                return
            text = summary(book)
            self._notifier.status(text)

    # --- the end -----------------------------------------------------------------------------------------------------

    def _drain(self, engine: Engine) -> bool:
        """Wait for the instances, to the deadline; whether any are left."""
        self._notifier.stopping(f"draining: {instances(engine.book.alive)} to end")
        while not engine.join(0):
            alive = engine.book.alive
            self._notifier.status(f"draining: {instances(alive)} to end")
            # Bit by bit: how long it takes may be nobody's to say (`hotctl shutdown --drain`), and be shortened.
            self._notifier.extend_timeout(3 * GRACE)
            engine.wait_for(partial(_other_than, alive), GRACE)
        left = ending.left(engine.book)
        event = {"event": "daemon.stopped"}
        if left:
            names = ", ".join(f"{i.id} on g{i.generation}" for i in left)
            stopping = engine.book.stopping
            had = stopping.deadline - stopping.since.mono if stopping is not None else 0.0
            log.warning("stopped; not ended within %g s, and left: %s", round(had, 3), names, extra=event)
        else:
            log.info("stopped; every instance ended", extra=event)
        return bool(left)

    def _asked_twice(self, number: int) -> None:
        log.warning("stopped at once, as asked a second time", extra={"event": "daemon.stopped"})
        if self._inherited is None:
            with contextlib.suppress(OSError):
                Path(self._socket).unlink()
        os._exit(128 + number)


def _slow_look(loading: Hosting, engine: Engine, undo: contextlib.ExitStack) -> SlowLook:
    looking = loading.slow_look(engine.stale)
    undo.callback(looking.close)
    looking.start()
    return looking


def _other_than(alive: int, book: Book) -> bool | None:
    return True if book.alive != alive else None


def _first_loads_over(book: Book) -> bool | None:
    """The first loads are opened by a message that is in the inbox by now; what the disk holds then follows them."""
    begun = book.next_revision > book.first_revision
    behind = any(module.pending and not book.held(module) for module in book.modules.values())
    return True if book.stopping is not None or (begun and not book.rollouts and not behind) else None


def _newest(known: Remembered, module: str) -> tuple[int, str] | None:
    """Number and digest of the last generation that had a number."""
    numbered = known.generations.get(module, ())
    return (numbered[-1].number, numbered[-1].digest) if numbered else None


def _older_events(store: Store, after: int, before: int, limit: int) -> Sequence[Event]:
    try:
        return store.events(after, before, limit)
    except StoreDegraded as error:
        log.warning("%s", error, extra={"event": "store.unread"})
        return ()


def _end(engine: Engine) -> None:
    """For a start that failed half-way: nothing runs yet, so the engine ends at once."""
    engine.stop(0.0)
    engine.join(5.0)
