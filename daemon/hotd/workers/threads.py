"""Instances as threads of this process: the executor that is always there.

Each instance has a carrier, the thread named as it is, in which everything of its life that can go wrong does: finding
the generation, constructing a Thread subclass, running, taking down an event loop. What is left of it is one event.

A thread cannot be killed. Whoever does not end when asked stays, is listed with its stack, and, being a daemon thread,
does not keep the process from exiting.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import weakref
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any, Protocol

from hotd.api import CURRENT, Context, Stop
from hotd.core import border
from hotd.core.border import Raised
from hotd.core.values import EntryKind, Failure, InstanceId, Progress
from hotd.ports import Code, InstanceEnded, InstanceEvent, InstanceFailed, InstanceSpec, InstanceStarted
from hotd.workers.life import Life, accompany, ident_of

__all__ = ["Output", "ThreadExecutor"]

log = logging.getLogger(__name__)


class Output(Protocol):
    """What becomes of what instances print; ``hotd.workers.output.Capture`` is one."""

    def ended(self, context: Context) -> None:
        """The instance prints no more."""

    def report(self, context: Context, text: str) -> None:
        """Text about an instance, among what it printed."""


class ThreadExecutor:
    """Runs instances on threads; see ``hotd.ports.Executor`` for the promises.

    ``code`` finds the entry of (module, generation) and raises KeyError when it is gone. ``sink`` gets the events, from
    the threads of the instances (from the caller of ``start`` when no thread can be had). InstanceStarted comes at most
    once, when the entry is about to run: not where constructing it failed, or where it was asked to end before.
    """

    def __init__(self, code: Callable[[str, int], Code], sink: Callable[[InstanceEvent], None], output: Output) -> None:
        self._code = code
        self._sink = sink
        self._output = output
        self._lives: dict[InstanceId, Life] = {}
        self._closed = False
        self._hook = self._on_thread_failure  # one object: a bound method is a new one at every look
        self._previous_hook = threading.excepthook
        threading.excepthook = self._hook

    def start(self, spec: InstanceSpec) -> None:
        """Start one instance. Raises ValueError where its id is running: two could not be told apart."""
        if spec.id in self._lives:
            raise ValueError(f"{spec.id} is running already")
        context = Context(str(spec.id), spec.id.module, spec.generation)
        life = self._lives[spec.id] = Life(spec, context)
        life.carrier = threading.Thread(target=self._carry, args=(life,), name=context.id, daemon=True)
        born = border.call(life.carrier.start)
        if isinstance(born, Raised):  # RuntimeError: can't start new thread
            self._end(life, born)

    def stop(self, instance: InstanceId) -> None:
        if (life := self._lives.get(instance)) is not None and not life.context.stop.is_set():
            life.context.ask()

    def progress(self, instance: InstanceId) -> Progress | None:
        life = self._lives.get(instance)
        said = life.context.said if life is not None else None
        return None if said is None else Progress(*said)

    def stack(self, instance: InstanceId) -> str | None:
        """Where the user's code stands: the thread of its own for a Thread subclass, the awaits for an async entry.

        None also while nothing of the user's is on the stack.
        """
        life = self._lives.get(instance)
        return life.stack() if life is not None else None

    def close(self) -> None:
        """Give back the hook. Instances are left alone: whoever wants them to end asks them first. Twice is once."""
        self._closed = True
        if threading.excepthook is self._hook:
            threading.excepthook = self._previous_hook

    # --- one life, in its carrier ---

    def _carry(self, life: Life) -> None:
        CURRENT.set(life.context)
        lived = border.call(self._live, life)
        self._end(life, lived if isinstance(lived, Raised) else lived.value)

    def _end(self, life: Life, raised: Raised | None) -> None:
        """Tell the end, exactly once: everything after ``_live`` is ours and none of the user's code."""
        for _, outcome in life.strays:
            self._tell_thread_failure(life.context, "a thread that its constructor started", outcome)
        life.drop()
        self._lives.pop(life.spec.id, None)
        told = border.call(self._output.ended, life.context)
        if isinstance(told, Raised):
            log.error("output of %s is incomplete: %s", life.spec.id, told.failure.message)
        if raised is None or raised.orderly:
            self._sink(InstanceEnded(life.spec.id))
        else:
            self._sink(InstanceFailed(life.spec.id, raised.failure))

    def _live(self, life: Life) -> Raised | None:
        """From finding the code to the end of what it did; whatever it held is gone when this returns."""
        module, generation = life.spec.id.module, life.spec.generation
        found = border.call(self._code, module, generation)
        if isinstance(found, Raised):
            gone = found.failure.kind == "KeyError"
            return _failed("UnknownGeneration", f"g{generation} of {module} is gone from memory") if gone else found
        code = life.code = found.value
        entry = partial(code.target, *life.spec.args, **life.spec.kwargs)
        match code.kind:
            case EntryKind.CALLABLE:
                return self._run_callable(life, code, entry)
            case EntryKind.ASYNC:
                return self._run_async(life, code, entry)
            case EntryKind.THREAD:
                return self._run_thread(life, code, entry)

    def _run_callable(self, life: Life, code: Code, entry: Callable[[], Any]) -> Raised | None:
        if not self._announce(life):
            return None
        outcome = border.call(code.run, entry)
        return outcome if isinstance(outcome, Raised) else None

    def _run_async(self, life: Life, code: Code, entry: Callable[[], Any]) -> Raised | None:
        if not self._announce(life):
            return None

        async def main() -> None:
            with ExitStack() as stack:
                task = life.task = asyncio.current_task()
                assert task is not None
                loop = asyncio.get_running_loop()
                stack.callback(setattr, life, "task", None)
                stack.enter_context(life.context.telling(partial(_cancel, loop, task)))
                try:
                    await entry()
                except asyncio.CancelledError:
                    if life.context.stop.is_set():
                        raise Stop from None
                    raise

        def loop() -> Raised | None:
            # Made inside code.run: a Runner copies the context it is made in, and tasks live in that copy.
            with asyncio.Runner() as runner:
                outcome = runner.run(border.acall(main))
            return outcome if isinstance(outcome, Raised) else None

        looped = border.call(code.run, loop)
        return looped if isinstance(looped, Raised) else looped.value

    def _run_thread(self, life: Life, code: Code, entry: Callable[[], Any]) -> Raised | None:
        life.constructing = True
        made = border.call(code.run, entry)
        if isinstance(made, Raised):
            return made
        thread = made.value
        if not isinstance(thread, threading.Thread):
            return _failed("TypeError", f"{_name(code)} made a {type(thread).__qualname__}, not a Thread")
        life.thread, life.constructing = thread, False
        outcome: border.Returned[Any] | Raised | None = None
        if ident_of(thread) is None:
            if not self._announce(life):
                return None
            # No thread of a module keeps the process from exiting; after the start it could not be said any more.
            with suppress(Exception):
                threading.Thread.daemon.fset(thread, True)  # type: ignore[attr-defined]  # a property
            accompany(life, code, thread)
            outcome = border.call(code.run, thread.start)
        else:  # it started itself in its constructor
            self._sink(InstanceStarted(life.spec.id))
        if ident_of(thread) is None:
            return (
                outcome
                if isinstance(outcome, Raised)
                else _failed("RuntimeError", f"start() of {_name(code)} returned and started no thread")
            )
        with life.context.telling(partial(self._call_stop_method, life)):
            threading.Thread.join(thread)  # the real one: a subclass may have a join of its own
        if isinstance(outcome, Raised):
            return outcome
        return life.raised or life.claim(thread)

    def _announce(self, life: Life) -> bool:
        """Tell that the entry is about to run; False where it was asked to end already, and shall not."""
        if life.context.stop.is_set():
            return False
        self._sink(InstanceStarted(life.spec.id))
        return True

    # --- failures on other threads ---

    def _on_thread_failure(self, args: threading.ExceptHookArgs, /) -> None:
        """Our ``threading.excepthook``: the end of an instance's Thread, or of a thread that an instance started."""
        context, lives = CURRENT.get(), list(self._lives.values())
        for life in lives:
            if life.thread is not None and life.thread is args.thread:
                # Where accompany ran it has noted this; where the thread started itself nobody has.
                life.raised = life.raised or _outcome(args)
                return
        if context is None or self._closed:
            self._previous_hook(args)
            return
        outcome = _outcome(args)
        for life in lives:
            if life.context is context and life.constructing and args.thread is not None:
                life.strays.append((weakref.ref(args.thread), outcome))
                return
        self._tell_thread_failure(context, args.thread.name if args.thread is not None else "a thread", outcome)

    def _tell_thread_failure(self, context: Context, name: str, outcome: Raised) -> None:
        if outcome.stop or outcome.exit_code is not None:  # as in Python: how a thread exits is its own business
            return
        failure = outcome.failure
        self._tell(context, "thread.failed", f"{name} failed: {failure.kind}: {failure.message}", failure.traceback)

    def _tell(self, context: Context, event: str, sentence: str, details: str = "") -> None:
        border.call(self._output.report, context, f"{sentence}\n{details}")
        fields = {"event": event, "hosted": context.module, "generation": context.generation, "instance": context.id}
        token = CURRENT.set(None)  # the log line is the daemon's: on a captured stream it would be the instance's again
        try:
            log.warning("%s", sentence, extra=fields)
        finally:
            CURRENT.reset(token)

    # --- the stop method of a Thread subclass ---

    def _call_stop_method(self, life: Life) -> None:
        """Call it on a thread of its own: it is the user's, and may take its time or wait for the run to end."""
        thread, code = life.thread, life.code
        if not life.spec.stop_method or thread is None or code is None:
            return
        if not life.stop_method_called.acquire(blocking=False):
            return
        helper = threading.Thread(
            target=self._run_stop_method,
            args=(life.context, life.spec.stop_method, code, thread),
            name=f"{life.context.id}-stop",
            daemon=True,
        )
        born = border.call(helper.start)
        if isinstance(born, Raised):
            self._tell(life.context, "stop-method.failed", f"stop_method was not called: {born.failure.message}")

    def _run_stop_method(self, context: Context, name: str, code: Code, thread: threading.Thread) -> None:
        CURRENT.set(context)
        method = border.call(getattr, thread, name, None)
        if isinstance(method, Raised) or not callable(method.value):
            sentence = (
                f"stop_method = {name!r}, but {_name(code)} has no method of that name; it cannot be asked to end"
            )
            self._tell(context, "stop-method.missing", sentence)
            return
        outcome = border.call(code.run, method.value)
        if isinstance(outcome, Raised) and not outcome.orderly:
            failure = outcome.failure
            sentence = f"{name}() of {_name(code)} failed: {failure.kind}: {failure.message}"
            self._tell(context, "stop-method.failed", sentence, failure.traceback)


# --- small things -----------------------------------------------------------------------------------------------------


def _cancel(loop: asyncio.AbstractEventLoop, task: asyncio.Task[Any]) -> None:
    with suppress(RuntimeError):  # the loop is closed: it ended while we were about to ask it to
        loop.call_soon_threadsafe(task.cancel)


def _outcome(args: threading.ExceptHookArgs) -> Raised:
    error = args.exc_value
    return border.raised(error) if error is not None else _failed(args.exc_type.__qualname__, "")


def _name(code: Code) -> str:
    return str(getattr(code.target, "__qualname__", code.target))


def _failed(kind: str, sentence: str) -> Raised:
    return Raised(Failure(kind, sentence, f"{kind}: {sentence}\n"))
