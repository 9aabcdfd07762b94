"""``hotctl apply`` and SIGHUP: hotd.toml is read again, all of it takes effect, or nothing does."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import SimpleQueue

from hotd.app.adding import Additions
from hotd.app.port import given_group, roles_of
from hotd.app.settings import settings_of, with_settings
from hotd.app.summary import summary
from hotd.app.watching import ChangingWatcher
from hotd.config import Config, steadily
from hotd.contract import requests
from hotd.contract.errors import BadConfig, HotdError, Internal, Locked, Refused, ShuttingDown
from hotd.contract.views import SUCCEEDED, Change
from hotd.control import ControlServer
from hotd.core import applying
from hotd.core.book import Book
from hotd.core.configuration import ConfigPlan, config_plan
from hotd.core.picture import outcome_of
from hotd.core.values import DAEMON, Actor
from hotd.engine.engine import Engine
from hotd.host.notify import Notifier
from hotd.ports import Clock
from hotd.workers.output import LogBook

log = logging.getLogger("hotd.app")

A_WHILE = 3600.0
"""Seconds between two looks at a rollout that does not end: every load in it has a deadline of its own."""


TO_BEGIN = 8.0
"""Seconds that a caller waits in any case until there is a rollout whose outcome can be asked for: a file is read, and
a watcher with other settings goes through all folders, which takes a moment where there are many or much else to do."""


@dataclass(slots=True)
class _Job:
    cause: str
    actor: Actor
    dry_run: bool = False
    needs_file: bool = True
    revision: int | None = None
    change: Change | None = None
    error: HotdError | None = None
    begun: threading.Event = field(default_factory=threading.Event)
    """Somebody can be told what becomes of it: it has a revision, or is over."""
    done: threading.Event = field(default_factory=threading.Event)


class Applier:
    """Implements ``hotd.ports.Applying``. Works on a thread of its own, one reading after the other.

    ``config`` is what runs: of the file the daemon was started with, and of later ones what needed no restart.
    """

    def __init__(
        self,
        reread: Callable[[], Config] | None,
        config: Config,
        *,
        engine: Engine,
        additions: Additions,
        watcher: ChangingWatcher,
        book: LogBook,
        notifier: Notifier,
        clock: Clock,
    ) -> None:
        """``reread`` reads the file of the start again, as it was read then; None: there was none."""
        self.config = self._remarked = config
        self._reread = reread
        self._engine = engine
        self._additions = additions
        self._watcher = watcher
        self._port: ControlServer | None = None
        self._book = book
        self._notifier = notifier
        self._clock = clock
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._busy: _Job | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="hotd-apply", daemon=True)

    def start(self, port: ControlServer) -> None:
        """``port`` is where the socket is, and who may call."""
        self._port = port
        self._thread.start()

    def close(self) -> None:
        """Once the engine has ended: nobody waits for a rollout any more then."""
        self._closing.set()
        self._jobs.put(None)
        self._thread.join()

    def apply(self, request: requests.Apply, actor: Actor) -> Change:
        if (other := self._busy) is not None:
            raise Locked(f"{other.actor.name} is applying hotd.toml ({other.cause})", hint="wait until that is over")
        job = _Job(applying.requested(request), actor, request.dry_run)
        self._jobs.put(job)
        over = time.monotonic() + request.max_wait
        job.begun.wait(max(TO_BEGIN, request.max_wait))
        job.done.wait(max(0.0, over - time.monotonic()))
        if job.error is not None:
            raise job.error
        if job.change is not None:
            return job.change
        if job.revision is None:
            raise Locked("hotd.toml is being read", hint="`hotctl events` tells what becomes of it")
        return outcome_of(self._engine.book, job.revision)

    def hang_up(self) -> None:
        """SIGHUP. Without a file what is on disk is loaded all the same. Returns at once."""
        self._jobs.put(_Job("SIGHUP", DAEMON, needs_file=False))

    # --- on hotd-apply -----------------------------------------------------------------------------------------------

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._busy = job
            try:
                job.change = self._preview() if job.dry_run else self._told(job)
            except HotdError as error:
                job.error = error
                if job.actor == DAEMON:
                    log.warning("%s: %s", job.cause, error, extra={"event": "config.rejected"})
            except Exception as error:
                log.exception("a defect while hotd.toml was applied", extra={"event": "config.defect"})
                job.error = Internal(
                    f"a defect of hotd while applying hotd.toml: {type(error).__name__}",
                    hint="the daemon's log has the traceback",
                )
            finally:
                self._busy = None
                job.done.set()
                job.begun.set()

    def _preview(self) -> Change:
        plan = self._plan(self._read())
        applying.check_applicable(self._engine.book, plan, self._clock.now())
        return applying.preview(plan)

    def _told(self, job: _Job) -> Change:
        """As ``_applied``, and systemd is told that a reload is under way."""
        self._notifier.reloading()
        try:
            return self._applied(job)
        except BadConfig as error:
            message = error.message
            self._engine.tell(lambda book, now: applying.unreadable(book, message, job.actor, now))
            raise
        finally:
            self._notifier.ready(summary(self._engine.book))

    def _applied(self, job: _Job) -> Change:
        assert self._port is not None, "it was started"
        # At once, whatever becomes of the rest: a module that does not load must keep no stolen certificate good.
        self._port.reload_certificates()
        config = self.config if self._reread is None and not job.needs_file else self._read()
        plan = self._plan(config)
        merged = with_settings(self.config, config, plan.settings)
        # Before the first load: what changes while that reads the files must not go unseen.
        with self._additions.coming(self._more(plan)), contextlib.ExitStack() as undo:
            commit = self._prepare(plan, merged, undo)
            commit.append(lambda: self._additions.configure(config.roots, config.packages))
            revision = self._engine.ask(lambda book, now: applying.apply(book, plan, job.cause, job.actor, now))
            assert isinstance(revision, int), "it is a rollout"
            job.revision = revision
            job.begun.set()
            change = self._outcome(revision)
            if change.outcome in SUCCEEDED:
                undo.pop_all()
                for step in commit:
                    step()
                self.config = merged
                remark(config, besides=self._remarked)
                self._remarked = config
        return change

    def _read(self) -> Config:
        reread, path = self._reread, self.config.path
        if reread is None or path is None:
            raise Refused(
                "the daemon was started without a hotd.toml: there is nothing to read again",
                hint="`hotctl reload --all` loads what is on disk; `hotd init` writes a hotd.toml to start with",
            )

        def read() -> Config:
            try:
                return reread()
            except BadConfig as error:
                hint = "nothing was changed; correct it and say `hotctl apply` again"
                raise BadConfig(error.message, hint=hint, file=error.file, line=error.line) from None

        return steadily(path, read, self._closing.wait)

    def _plan(self, config: Config) -> ConfigPlan:
        modules = self._engine.book.modules.values()
        hosted = {one.name: one.spec for one in modules if one.added is None and one.leaving is None}
        return config_plan(settings_of(self.config), settings_of(config), hosted, config.modules)

    def _prepare(self, plan: ConfigPlan, config: Config, undo: contextlib.ExitStack) -> list[Callable[[], None]]:
        """Do what may fail, and can be undone; what is left, and cannot fail, is returned."""
        port, commit = self._port, list[Callable[[], None]]()
        assert port is not None, "it was started"
        before = self.config.control
        changed = {key.partition(".")[0] for key in plan.settings}
        if plan.settings.keys() & {"control.mode", "control.group"}:
            old, new = given_group(before), given_group(config.control)
            port.give(mode=config.control.mode, gid=new)
            undo.callback(port.give, mode=before.mode, gid=old)
        if "control" in changed:
            commit.append(lambda: port.permit(roles_of(config.control)))
        if "logs.keep" in plan.settings:
            commit.append(lambda: self._book.keep(config.logs_keep))
        if "watch" in changed:
            other = self._watcher.successor(config.watch)
            undo.callback(other.watcher.close)
            commit.append(lambda: self._watcher.succeed(other))
        return commit

    @staticmethod
    def _more(plan: ConfigPlan) -> list[str]:
        return [root for spec in (*plan.added, *plan.changed) for root in spec.watched]

    def _outcome(self, revision: int) -> Change:
        def over(book: Book) -> Change | None:
            change = outcome_of(book, revision)
            return change if change.outcome != "in-flight" else None

        while (change := self._engine.wait_for(over, A_WHILE)) is None:
            if self._engine.join(0):
                raise ShuttingDown("the daemon has ended")
        return change


def remark(config: Config, besides: Config | None = None) -> None:
    """Log what is doubtful in it, and what has no effect yet; but for what another one was told already."""
    for warning in config.warnings:
        if besides is None or warning not in besides.warnings:
            log.warning("%s", warning, extra={"event": "config.warning"})
    for later in config.later:
        if besides is None or later not in besides.later:
            log.warning("%s", later, extra={"event": "config.later"})
