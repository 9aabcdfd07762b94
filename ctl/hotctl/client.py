"""A daemon, as Python calls it: one method for each verb, typed results, HotdError subclasses on failure.

    from hotctl import connect

    with connect() as daemon:
        daemon.reload("long_op")
        for event in daemon.events(follow=True): ...

What fails: a request that the daemon did not or could not carry out. A method that concerns *one* module also raises
where the outcome is ``rejected`` or ``refused``, with the error of that module: ``reload("long_op")`` either did what
it says or raises. Of several modules the Change is returned, whatever its outcomes: a part of it may be done. Who
wants the Change in every case asks with ``Daemon.ask``, as the command line does.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

from hotctl.following import PATIENCE, PAUSE, Absence, Pages, Stream, outliving
from hotctl.transport import Transport, open_transport
from hotd import __version__
from hotd.contract import codec, requests, views
from hotd.contract.address import find_address
from hotd.contract.errors import DeadlinePassed, ShuttingDown, Unreachable, from_wire
from hotd.contract.protocol import read_answer, request_text
from hotd.contract.requests import LONGEST_WAIT, Request
from hotd.contract.verbs import VERBS

T = TypeVar("T")

TIMEOUT = 10.0
"""Seconds for a daemon to answer, beside what it was asked to wait."""

SIGN_OF_LIFE = 10.0
"""Seconds between two; the daemon gives up a hold after 30 without one."""

NEXT_DAEMON = 5.0
"""Seconds for one that takes no change any more to be followed by another behind the same socket, as over a restart."""

LOOK_AGAIN = 2.0
"""Seconds between two looks at whether the old generation is drained, or the new one serves: the longest that what is
said meanwhile of who still drains is old."""

_VERB_OF = {verb.request: verb for verb in VERBS.values()}


def connect(address: str | None = None, *, timeout: float = TIMEOUT) -> Daemon:
    """A daemon: at ``address``, else at $HOTCTL_HOST, else where one is usually found.

    ``address`` is a socket's path, ``ssh://user@host[:port][/socket]``, ``tls://host[:port]`` or ``exec:COMMAND``.

    Connects at the first call, so that raises Unreachable, NotPermitted. ``timeout`` in seconds is for connecting and
    for each answer. Raises UsageError for what is no address.
    """
    where, looked_at = find_address(given=address, env=os.environ, uid=os.getuid(), exists=os.path.exists)
    transport = open_transport(where, timeout=timeout, env=os.environ, looked_at=tuple(looked_at))
    return Daemon(transport, timeout=timeout)


class Daemon:
    """One daemon. Calls of several threads are made one after another; for parallel ones connect in each."""

    def __init__(self, transport: Transport, *, timeout: float = TIMEOUT) -> None:
        self._transport = transport
        self._timeout = timeout

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """A later call connects again."""
        self._transport.close()

    def ask(self, request: Request) -> Any:
        """The view that answers, as it is: a rejected reload is an answer too. Raises HotdError where none came."""
        return self._ask(request, _VERB_OF[type(request)].answer)

    # --- look -------------------------------------------------------------------------------------------------------

    def hello(self) -> views.Version:
        return self._ask(requests.Hello(), views.Version)

    def status(self, module: str | None = None) -> views.Status:
        return self._ask(requests.Status(module), views.Status)

    def modules(self) -> views.Modules:
        return self._ask(requests.Modules(), views.Modules)

    def instances(
        self, module: str | None = None, instance: str | None = None, max_wait: float = 0.0
    ) -> views.Instances:
        """All, those of a module, or one by its id: that when it has ended, or as it is after ``max_wait`` seconds."""
        return self._ask(requests.Instances(module, instance, max_wait), views.Instances)

    def generations(self, module: str) -> views.Generations:
        return self._ask(requests.Generations(module), views.Generations)

    def history(self, module: str | None = None, limit: int = 50) -> views.History:
        return self._ask(requests.History(module, limit), views.History)

    def diff(self, module: str, previous: int, to: int | None = None) -> views.Diff:
        """What tells the sources of generation ``previous`` from those of ``to``, or of the current one."""
        return self._ask(requests.Diff(module, previous, to), views.Diff)

    def errors(self, module: str, limit: int = 20) -> views.Failures:
        return self._ask(requests.Errors(module, limit), views.Failures)

    def why(self, module: str, generation: int | None = None) -> views.Why:
        """What is in the way of a module, or of one of its generations. May take some seconds where something leaks."""
        return self._ask(requests.Why(module, generation), views.Why)

    def doctor(self) -> views.Doctor:
        """What the daemon finds wrong with its installation; ``hotctl doctor`` looks from this side, too."""
        return self._ask(requests.Doctor(), views.Doctor)

    def blocking(self, module: str | None = None) -> views.Blocking:
        """Who holds up a drain of the module, or of any: instance, generation, age and where it stands now."""
        return self._ask(requests.Blocking(module), views.Blocking)

    def wait(
        self, module: str, until: str, generation: int | None = None, *, timeout: float | None = None
    ) -> views.Waited:
        """Until it is so: ``generation>=8``, ``drained``, ``healthy``; of one generation ``drained`` or ``retired``.

        ``timeout`` in seconds (None: as long as it takes); then DeadlinePassed, which names what it still waited for.
        A daemon that is restarted meanwhile is waited for as with events.
        """
        until_when = _deadline(timeout)

        def look() -> views.Waited:
            asked = requests.Wait(module, until, generation, _shortest(until_when, LONGEST_WAIT))
            return self._ask(asked, views.Waited)

        seen = look()
        while not seen.reached:
            if _shortest(until_when, LONGEST_WAIT) <= 0:
                raise DeadlinePassed(f"not in time: {seen.message}", hint=seen.next)
            seen = outliving(look, _absence(until_when))
        return seen

    def events(
        self,
        follow: bool = False,
        after: int | None = None,
        module: str | None = None,
        limit: int = 200,
        *,
        mark: str = "",
        patience: float = PATIENCE,
    ) -> Stream[views.Event]:
        """The newest ``limit`` events, or all after a ``seq``; with ``follow`` also what comes, for ever.

        A daemon that is restarted is waited for, for ``patience`` seconds; then Unreachable. ``seq`` counts on over
        restarts: nothing comes twice, and what is missing is told by ``lost`` and ``anew`` of the stream. ``mark`` goes
        with ``after``, both as an earlier stream has them.
        """

        def page(cursor: int | None, mark: str, max_wait: float) -> views.Events:
            return self._ask(requests.Events(cursor, limit, max_wait, module, mark), views.Events)

        return Stream(Pages(page, after, mark, follow=follow, patience=patience), lambda page: page.events, follow)

    def logs(
        self,
        module: str,
        follow: bool = False,
        after: int | None = None,
        instance: str | None = None,
        limit: int = 200,
        *,
        mark: str = "",
        patience: float = PATIENCE,
    ) -> Stream[views.LogLine]:
        """The newest ``limit`` lines of a module's instances, or all after a ``seq``; with ``follow`` what comes.

        A daemon that is restarted is waited for as with events. Lines are not kept over that: those of the next one
        are counted anew.
        """

        def page(cursor: int | None, mark: str, max_wait: float) -> views.Logs:
            return self._ask(requests.Logs(module, cursor, limit, max_wait, instance, mark), views.Logs)

        return Stream(Pages(page, after, mark, follow=follow, patience=patience), lambda page: page.lines, follow)

    def outcome(
        self, revision: int, max_wait: float = 0.0, *, drained: bool = False, serving: bool = False
    ) -> views.Change:
        """What a rollout came to, at most ``max_wait`` (20) seconds from now; ``in-flight`` where it still runs."""
        return self._ask(requests.Outcome(revision, max_wait, drained, serving), views.Change)

    # --- the daemon itself ------------------------------------------------------------------------------------------

    def shutdown(self, *, drain: bool = False, timeout: float | None = None, reason: str = "") -> views.Change:
        """End the daemon: returns when that has begun. Instances have [daemon] drain_deadline to end, with ``drain`` as
        long as it takes, or ``timeout`` seconds."""
        return self._change(requests.Shutdown(drain, timeout, reason))

    # --- change -----------------------------------------------------------------------------------------------------

    def reload(
        self,
        *modules: str,
        all: bool = False,  # the name of the request's field, and of the option
        atomic: bool = False,
        force: bool = False,
        dry_run: bool = False,
        rebuild: Iterable[str] = (),
        reason: str = "",
        if_generation: int | None = None,
        timeout: float | None = None,
        wait_drained: bool = False,
        wait_serving: bool = False,
    ) -> views.Change:
        """Load what is on disk and make it current. Returns when that is decided and what was to be waited for is so.

        ``rebuild`` names parts in ``keep`` that may be executed again; otherwise such a reload raises WouldRebuild.
        ``timeout`` in seconds (None: as long as it takes) ends the wait, not the rollout: DeadlinePassed.
        """
        until = _deadline(timeout)
        request = requests.Reload(
            modules, all, atomic, force, dry_run, reason, if_generation, _shortest(until, LONGEST_WAIT), tuple(rebuild)
        )
        change = self._until_over(self._ask(request, views.Change), until)
        if len(modules) == 1 and not all:
            _raise_for(change)
        if (wait_drained or wait_serving) and not dry_run:
            change = self._until_settled(change, until, drained=wait_drained, serving=wait_serving)
        return change

    def check(self, *modules: str, all: bool = False, timeout: float | None = None) -> views.Change:
        """Load aside, run the modules' own checks, throw away. Waits and raises as ``reload`` does."""
        until = _deadline(timeout)
        request = requests.Check(modules, all, _shortest(until, LONGEST_WAIT))
        change = self._until_over(self._ask(request, views.Change), until)
        return _raise_for(change) if len(modules) == 1 and not all else change

    def deploy(
        self,
        *modules: str,
        step: Literal["keep", "roll-out", "let-go"] = "keep",
        hold: int | None = None,
        reason: str = "",
        if_generation: int | None = None,
        timeout: float | None = None,
    ) -> views.Change:
        """One step of a deploy (see `hotd.contract.requests.Deploy`); `deploying` takes them all."""
        until = _deadline(timeout)
        request = requests.Deploy(modules, step, hold, reason, if_generation, _shortest(until, LONGEST_WAIT))
        return self._until_over(self._change(request), until)

    @contextmanager
    def deploying(self, *modules: str, reason: str = "", timeout: float | None = None) -> Iterator[Deployment]:
        """File changes are held back within; at the end all of them are one rollout, or none is.

        No modules are all modules. Where the body raises, nothing is loaded, and its exception comes through. What the
        rollout came to is ``change`` of what this gives. Raises Locked while somebody else deploys.
        """
        deployment = Deployment(self.deploy(*modules, reason=reason).hold)
        over = threading.Event()

        def live() -> None:
            while not over.wait(SIGN_OF_LIFE):
                self.deploy(hold=deployment.hold)

        alive = threading.Thread(target=live, name="hotctl-deploy", daemon=True)
        alive.start()
        try:
            yield deployment
        except BaseException:
            self.deploy(step="let-go", hold=deployment.hold)
            raise
        finally:
            over.set()
            alive.join()
        deployment.change = self.deploy(step="roll-out", hold=deployment.hold, timeout=timeout)

    def stage(
        self, module: str, *, reason: str = "", if_generation: int | None = None, timeout: float | None = None
    ) -> views.Change:
        """Load aside; the candidate waits for `promote` or `abort`. Waits and raises as ``reload`` does."""
        return self._rolled(requests.Stage(module, reason, if_generation), timeout)

    def promote(
        self, module: str, *, reason: str = "", if_generation: int | None = None, timeout: float | None = None
    ) -> views.Change:
        """Make what was staged current. Waits and raises as ``reload`` does."""
        return self._rolled(requests.Promote(module, reason, if_generation), timeout)

    def retry(
        self, module: str, *, reason: str = "", if_generation: int | None = None, timeout: float | None = None
    ) -> views.Change:
        """Try once more what is on disk, whatever became of it before. Waits and raises as ``reload`` does."""
        return self._rolled(requests.Retry(module, reason, if_generation), timeout)

    def abort(self, module: str, *, reason: str = "") -> views.Change:
        return self._change(requests.Abort(module, reason))

    def undo(
        self,
        module: str | None = None,
        to: int | None = None,
        *,
        revision: int | None = None,
        reason: str = "",
        if_generation: int | None = None,
    ) -> views.Change:
        """A module, or all that one rollout changed. One that left memory is loaded again from the store."""
        request = requests.Undo(module, to, reason, if_generation, revision=revision)
        return _raise_for(self._until_over(self._ask(request, views.Change), None))

    def pin(self, module: str, *, reason: str = "", if_generation: int | None = None) -> views.Change:
        return self._change(requests.Pin(module, reason, if_generation))

    def unpin(self, module: str, *, reason: str = "", if_generation: int | None = None) -> views.Change:
        return self._change(requests.Unpin(module, reason, if_generation))

    def make_permanent(self, module: str, *, reason: str = "", if_generation: int | None = None) -> views.Change:
        return self._change(requests.MakePermanent(module, reason, if_generation))

    def reset(self, module: str, *, reason: str = "", if_generation: int | None = None) -> views.Change:
        return self._change(requests.Reset(module, reason, if_generation))

    def add(
        self,
        module: str,
        entry: str,
        *,
        roots: Iterable[str] = (),
        options: Mapping[str, Any] | None = None,
        reason: str = "",
        timeout: float | None = None,
    ) -> views.Change:
        """Host another module, which survives restarts. Waits and raises as ``reload`` does; what is rejected stays.

        ``roots`` are absolute paths, none are those of hotd.toml; ``options`` are keys of a table of hotd.toml.
        """
        until = _deadline(timeout)
        wait = _shortest(until, LONGEST_WAIT)
        request = requests.Add(module, entry, tuple(roots), dict(options or {}), reason, wait)
        return _raise_for(self._until_over(self._ask(request, views.Change), until))

    def remove(
        self, module: str, *, reason: str = "", if_generation: int | None = None, timeout: float | None = None
    ) -> views.Change:
        """Drain a module that was added, and forget it. ``timeout`` ends the wait, not the drain: DeadlinePassed."""
        until = _deadline(timeout)
        while True:
            wait = _shortest(until, LONGEST_WAIT)
            change = self._ask(requests.Remove(module, reason, if_generation, wait), views.Change)
            if change.outcome != "in-flight":
                return _raise_for(change)
            if until is not None and time.monotonic() >= until:
                raise DeadlinePassed(f"{module}: {change.note}", hint="it goes on by itself")

    def apply(self, *, dry_run: bool = False, reason: str = "", timeout: float | None = None) -> views.Change:
        """Have the daemon read its hotd.toml again: all of it takes effect, or nothing does. Waits as ``reload`` does.

        ``settings`` of the Change tell what is another; with ``dry_run`` what would be.
        """
        until = _deadline(timeout)
        request = requests.Apply(dry_run, reason, _shortest(until, LONGEST_WAIT))
        return self._until_over(self._ask(request, views.Change), until)

    def pause(self, module: str | None = None, *, reason: str = "", duration: float | None = None) -> views.Change:
        """``duration`` in seconds: then it ends by itself. What is said last holds."""
        return self._change(requests.Pause(module, reason, duration))

    def resume(self, module: str | None = None, *, reason: str = "") -> views.Change:
        return self._change(requests.Resume(module, reason))

    def scale(self, module: str, replicas: int, *, reason: str = "", if_generation: int | None = None) -> views.Change:
        return self._change(requests.Scale(module, replicas, reason, if_generation))

    def run(
        self,
        module: str,
        *args: Any,
        wait: bool = False,
        timeout: float | None = None,
        reason: str = "",
        if_generation: int | None = None,
        **kwargs: Any,
    ) -> views.Change:
        """One instance more: with these arguments (JSON values), without any with the module's own.

        Its id is ``change.modules[0].instance``. With ``wait`` returns when it has ended: outcome ``done``, or
        ``failed`` (`errors` tells why). ``timeout`` in seconds ends the wait, not the instance: DeadlinePassed.
        """
        until = _deadline(timeout)
        change = self._change(requests.Run(module, args or None, kwargs or None, reason, if_generation))
        return self._until_ended(change, until) if wait else change

    def stop(self, target: str, *, reason: str = "", if_generation: int | None = None) -> views.Change:
        """``target`` is a module, or an instance's id."""
        return self._change(requests.Stop(target, reason, if_generation))

    def start(self, module: str, *, reason: str = "", if_generation: int | None = None) -> views.Change:
        return self._change(requests.Start(module, reason, if_generation))

    def restart(self, target: str, *, reason: str = "", if_generation: int | None = None) -> views.Change:
        """``target`` is a module, or an instance's id."""
        return self._change(requests.Restart(target, reason, if_generation))

    def drain(
        self,
        module: str,
        generation: int,
        *,
        deadline: float | None = None,
        reason: str = "",
        if_generation: int | None = None,
    ) -> views.Change:
        """Ask the instances of one generation to end; `wait` (``drained``) tells when they have.

        ``deadline`` in seconds takes the place of ``drain_deadline``.
        """
        return self._change(requests.Drain(module, generation, deadline, reason, if_generation))

    def purge(
        self,
        module: str,
        generation: int,
        *,
        soft: bool = False,
        deadline: float | None = None,
        reason: str = "",
        if_generation: int | None = None,
    ) -> views.Change:
        """Drop one generation from memory, and abandon whoever runs it after ``deadline`` seconds.

        `wait` (``retired``) tells when that is so. Raises Busy where ``soft`` and anybody runs it.
        """
        return self._change(requests.Purge(module, generation, soft, deadline, reason, if_generation))

    # --- how --------------------------------------------------------------------------------------------------------

    def _ask(self, request: Request, kind: type[T]) -> T:
        try:
            return self._asked(request, kind)
        except ShuttingDown as error:
            if not _is_for_any_daemon(request):
                raise
            refusal = error
        until = time.monotonic() + min(NEXT_DAEMON, self._timeout)
        while time.monotonic() < until:
            # It says so before it has done anything: a change may be asked of the next one, if there is to be one.
            threading.Event().wait(PAUSE)
            try:
                self.hello()
            except Unreachable:
                break
            with suppress(ShuttingDown):
                return self._asked(request, kind)
        raise refusal

    def _outcome_by(self, revision: int, until: float | None) -> views.Change:
        return self.outcome(revision, _shortest(until, LONGEST_WAIT))

    def _asked(self, request: Request, kind: type[T]) -> T:
        text = request_text(request, version=__version__)
        parked = min(getattr(request, "max_wait", 0.0), LONGEST_WAIT)
        deadline = time.monotonic() + parked + self._timeout
        return read_answer(kind, self._transport.call(_VERB_OF[type(request)].name, text, deadline=deadline))

    def _change(self, request: Request) -> views.Change:
        return _raise_for(self._ask(request, views.Change))

    def _rolled(
        self, request: requests.Stage | requests.Promote | requests.Retry, timeout: float | None
    ) -> views.Change:
        until = _deadline(timeout)
        asked = replace(request, max_wait=_shortest(until, LONGEST_WAIT))
        return _raise_for(self._until_over(self._ask(asked, views.Change), until))

    def _until_over(self, change: views.Change, until: float | None) -> views.Change:
        """The daemon parks a call for 20 s at most; a rollout may take longer."""
        while change.outcome == "in-flight" and change.revision is not None:
            if _shortest(until, LONGEST_WAIT) <= 0:
                raise DeadlinePassed(
                    f"revision {change.revision} was not done in time; it goes on",
                    hint=f"hotctl outcome {change.revision} tells its result",
                )
            look = partial(self._outcome_by, change.revision, until)
            change = outliving(look, _absence(until))
        return change

    def _until_ended(self, change: views.Change, until: float | None) -> views.Change:
        (one,) = change.modules
        while True:
            wait = _shortest(until, LONGEST_WAIT)
            asked = requests.Instances(instance=one.instance, max_wait=wait)
            (seen,) = self._ask(asked, views.Instances).instances
            if seen.state in ("ended", "failed", "abandoned"):
                outcome = "done" if seen.state == "ended" else "failed"
                return replace(change, modules=(replace(one, outcome=outcome),), outcome=outcome)
            if wait <= 0:
                hint = f"hotctl stop {one.instance} asks it to end"
                raise DeadlinePassed(f"{one.instance} has not ended in time; it goes on", hint=hint)

    def _until_settled(
        self, change: views.Change, until: float | None, *, drained: bool, serving: bool
    ) -> views.Change:
        """The change with the instances counted when every module was there. Rejected ones are not waited for."""
        settled = {m.module for m in change.modules if m.outcome in ("promoted", "unchanged")}
        while True:
            cursor = self._ask(requests.Events(limit=1), views.Events).next
            now = {m.name: m for m in self.status().modules if m.name in settled}
            late = sorted(name for name, m in now.items() if not is_there(m, drained=drained, serving=serving))
            if not late:
                return with_counts(change, now)
            if (wait := _shortest(until, LOOK_AGAIN)) <= 0:
                raise DeadlinePassed(
                    f"not in time {'drained' if drained else 'serving'}: {', '.join(late)}; the reload itself is done",
                    hint=f"hotctl instances {late[0]} tells who still runs; hotctl restart {late[0]} asks them to end",
                )
            self._ask(requests.Events(cursor, 1, wait), views.Events)


@dataclass(slots=True)
class Deployment:
    """A deploy under way, and what it came to."""

    hold: int | None
    change: views.Change | None = None


def _is_for_any_daemon(request: Request) -> bool:
    """Whether the next daemon may be asked it as well as the one it was meant for: not its end, nor what that one
    holds back."""
    return _VERB_OF[type(request)].name != "shutdown" and getattr(request, "hold", None) is None


def _absence(until: float | None) -> Absence:
    """Of a daemon that answered before; nobody waits for it beyond the deadline."""
    return Absence(left=lambda: _shortest(until, inf))


def _deadline(timeout: float | None) -> float | None:
    return None if timeout is None else time.monotonic() + timeout


def _shortest(until: float | None, longest: float) -> float:
    """Seconds to wait now: at most ``longest``, none after ``until``."""
    return longest if until is None else max(0.0, min(longest, until - time.monotonic()))


def _raise_for(change: views.Change) -> views.Change:
    """The change of one module. Raises its error where that was rejected or refused."""
    for module in change.modules:
        if module.outcome in ("rejected", "refused") and module.error is not None:
            raise from_wire(codec.encode(module.error))
    return change


def is_there(module: views.ModuleView, *, drained: bool, serving: bool) -> bool:
    """Whether what was waited for is so. A module without replicas, or a stopped one, has nobody to wait for."""
    serves = not serving or module.serving.current > 0 or module.replicas == 0 or module.stopped
    return serves and not (drained and module.serving.old > 0)


def with_counts(change: views.Change, now: Mapping[str, views.ModuleView]) -> views.Change:
    """The change with the counts of now: those of the promote are old when a wait is over."""
    modules = (replace(m, serving=now[m.module].serving) if m.module in now else m for m in change.modules)
    return replace(change, modules=tuple(modules))
