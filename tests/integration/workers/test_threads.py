from __future__ import annotations

import asyncio
import collections.abc
import gc
import logging
import sys
import threading
import time
import types
import weakref
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

import pytest

from hotd import api
from hotd.core.values import EntryKind, InstanceId, Progress
from hotd.ports import InstanceEnded, InstanceFailed, InstanceSpec, InstanceStarted
from hotd.workers.threads import ThreadExecutor
from tests.integration.workers.rig import BOUND, Page, Rig
from tests.support.eventually import eventually

ANY_END = (InstanceEnded, InstanceFailed)


class Worker(threading.Thread):
    """A Thread subclass that runs what it is given."""

    def __init__(self, work: Callable[[], Any], *args: Any) -> None:
        super().__init__()
        self.work = work
        self.args = args

    def run(self) -> None:
        self.work(*self.args)


async def asynchronous(work: Callable[[], Any], *args: Any) -> None:
    work(*args)


def plainly(work: Callable[[], Any], *args: Any) -> None:
    work(*args)


EVERY_KIND = pytest.mark.parametrize("entry", [plainly, asynchronous, Worker])


# --- running ---------------------------------------------------------------------------------------------------------


@EVERY_KIND
def test_every_entry_runs_once_as_itself_on_its_generation(rig: Rig, entry: Callable[..., Any]) -> None:
    """Each kind of entry gets its arguments, knows who it is, and is bound to its generation while it runs."""
    seen: list[Any] = []

    def work(argument: str) -> None:
        seen.append((argument, api.instance(), BOUND.get()))

    events = rig.run(entry, work, "argument", generation=3)
    id = events[0].id
    assert seen == [("argument", api.Instance("long_op-1", "long_op", 3), 3)]
    assert events == [InstanceStarted(id), InstanceEnded(id)]
    assert rig.page.closed == ["long_op-1"]


def test_keyword_arguments_reach_the_entry(rig: Rig) -> None:
    """``kwargs`` of hotd.toml."""
    seen: dict[str, Any] = {}

    def work(**kwargs: Any) -> None:
        seen.update(kwargs)

    rig.run(work, size=3)
    assert seen == {"size": 3}


def test_a_carrier_has_the_name_of_its_instance_and_keeps_no_process_alive(rig: Rig) -> None:
    """Debuggers show ``long_op-1``; a stuck instance does not block the exit of the daemon."""
    seen: list[threading.Thread] = []
    rig.run(lambda: seen.append(threading.current_thread()))
    rig.run(Worker, lambda: seen.append(threading.current_thread()))
    assert seen[0].name == "long_op-1"
    assert all(thread.daemon for thread in seen)


class Eager(Worker):
    """Starts itself, as many do."""

    def __init__(self, work: Callable[[], Any], entered: threading.Event) -> None:
        super().__init__(work)
        self.start()
        entered.wait(10)


class Undaemonic(threading.Thread):
    def __init__(self, seen: list[bool]) -> None:
        super().__init__(daemon=False)
        self.seen = seen

    def run(self) -> None:
        self.seen.append(self.daemon)


def test_a_thread_that_asks_to_be_waited_for_at_exit_is_not(rig: Rig) -> None:
    """``daemon=False`` in a module must not keep the daemon from ending."""
    seen: list[bool] = []
    rig.run(Undaemonic, seen)
    assert seen == [True]


def test_a_thread_that_starts_itself_is_not_started_again(rig: Rig) -> None:
    """Starting in the constructor is as good as being started."""
    entered = threading.Event()
    runs: list[int] = []

    def work() -> None:
        runs.append(1)
        entered.set()

    events = rig.run(Eager, work, entered)
    assert [type(event) for event in events] == [InstanceStarted, InstanceEnded]
    assert runs == [1]


def test_a_thread_is_made_and_started_on_its_generation(rig: Rig) -> None:
    """A constructor or a ``start`` that imports lazily finds the code of its own generation too."""
    seen: list[tuple[str, int, str]] = []

    class Looking(threading.Thread):
        def __init__(self) -> None:
            super().__init__()
            seen.append(("made", BOUND.get(), api.instance().id))

        def start(self) -> None:
            seen.append(("started", BOUND.get(), api.instance().id))
            super().start()

    rig.run(Looking, generation=5)
    assert seen == [("made", 5, "long_op-1"), ("started", 5, "long_op-1")]


def test_the_thread_is_as_its_class_made_it_while_it_runs(rig: Rig) -> None:
    """We accompany its first step only: nothing of ours stays on the user's object."""
    seen: list[Any] = []

    class Curious(threading.Thread):
        def run(self) -> None:
            seen.append("run" in vars(self))

    class Own(threading.Thread):
        def __init__(self) -> None:
            super().__init__()
            self.run = self.other  # type: ignore[method-assign]

        def other(self) -> None:
            seen.append("other")

    rig.run(Curious)
    rig.run(Own)
    assert seen == [False, "other"]


# --- endings: exactly one, whatever happens --------------------------------------------------------------------------


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no")


@EVERY_KIND
@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ValueError("x"), "ValueError"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (SystemExit(3), "SystemExit"),
        (SystemExit("a sentence"), "SystemExit"),
        (GeneratorExit(), "GeneratorExit"),
        (asyncio.CancelledError(), "asyncio.exceptions.CancelledError"),
        (Mute(), "tests.integration.workers.test_threads.Mute"),
        (BaseExceptionGroup("g", [api.Stop(), KeyError()]), "BaseExceptionGroup"),
    ],
)
def test_whatever_is_raised_is_one_failure(
    rig: Rig, entry: Callable[..., Any], error: BaseException, kind: str
) -> None:
    """No error of an instance is lost, told twice, or ends anything but that instance."""

    def work() -> None:
        raise error

    events = rig.run(entry, work)
    assert [type(event) for event in events] == [InstanceStarted, InstanceFailed]
    failure = rig.failure(events[0].id)
    assert failure.kind == kind
    assert failure.file == __file__
    assert failure.line == work.__code__.co_firstlineno + 1
    assert "hotd/" not in failure.traceback
    assert "asyncio/runners" not in failure.traceback
    assert rig.page.reports == []


@EVERY_KIND
@pytest.mark.parametrize("error", [api.Stop(), SystemExit(), SystemExit(0), BaseExceptionGroup("g", [api.Stop()])])
def test_leaving_orderly_is_an_end(rig: Rig, entry: Callable[..., Any], error: BaseException) -> None:
    """``checkpoint()`` and ``sys.exit()`` end an instance without a failure."""

    def work() -> None:
        raise error

    assert [type(event) for event in rig.run(entry, work)] == [InstanceStarted, InstanceEnded]


class Unbuildable(threading.Thread):
    def __init__(self) -> None:
        raise OSError("no such device")


class Leaving(threading.Thread):
    def __init__(self) -> None:
        sys.exit()


class Uninitialised(threading.Thread):
    def __init__(self) -> None:
        pass


class NeverStarting(threading.Thread):
    def start(self) -> None:
        pass


class Unstartable(threading.Thread):
    def start(self) -> None:
        raise RuntimeError("can't start new thread")


class StartingBadly(threading.Thread):
    def start(self) -> None:
        super().start()
        raise ValueError("after the start")


class NoThread(threading.Thread):
    def __new__(cls) -> Any:
        return 5


@pytest.mark.parametrize(
    ("target", "started", "kind", "words"),
    [
        (Unbuildable, False, "OSError", "no such device"),
        (Uninitialised, True, "RuntimeError", "not called"),
        (NeverStarting, True, "RuntimeError", "start() of NeverStarting returned and started no thread"),
        (Unstartable, True, "RuntimeError", "can't start new thread"),
        (StartingBadly, True, "ValueError", "after the start"),
        (NoThread, False, "TypeError", "NoThread made a int, not a Thread"),
        (lambda need: None, True, "TypeError", "missing 1 required positional argument"),
    ],
)
def test_a_thread_that_cannot_be_made_or_started_is_one_failure(
    rig: Rig, target: Any, started: bool, kind: str, words: str
) -> None:
    """Whatever a class does wrong, the instance fails once and says why."""
    events = rig.run(target)
    assert [type(event) for event in events] == [InstanceStarted, InstanceFailed][not started :]
    failure = rig.failure(events[0].id)
    assert failure.kind == kind
    assert words in failure.message


def test_a_constructor_that_exits_orderly_ends_the_instance(rig: Rig) -> None:
    """``sys.exit()`` means the same everywhere."""
    assert [type(event) for event in rig.run(Leaving)] == [InstanceEnded]


class Liar(Worker):
    """Overrides all that one could be tempted to ask."""

    def join(self, timeout: float | None = None) -> None:
        raise AssertionError("nobody shall call this")

    def is_alive(self) -> bool:
        return False

    @property
    def ident(self) -> int | None:
        return None


def test_a_subclass_may_override_join_and_is_alive(rig: Rig) -> None:
    """The end is the end of the real thread, not what the class says of it."""
    entered, leave = threading.Event(), threading.Event()

    def work() -> None:
        entered.set()
        leave.wait(10)

    id = rig.start(Liar, work)
    entered.wait(10)
    assert not any(isinstance(event, ANY_END) for event in rig.events)
    leave.set()
    assert isinstance(rig.end(id), InstanceEnded)


def test_a_generation_that_is_gone_is_a_failure(rig: Rig) -> None:
    """Between the decision and the start a generation may be retired: the instance fails in words."""
    id = InstanceId("long_op", 1)
    rig.executor.start(InstanceSpec(id, 9, "digest", ()))
    failure = rig.failure(id)
    assert failure.kind == "UnknownGeneration"
    assert failure.message == "g9 of long_op is gone from memory"


def test_a_loader_that_breaks_is_a_failure() -> None:
    """Even a defect of ours ends as the end of an instance, not as one that hangs for ever."""
    told = threading.Event()
    events: list[Any] = []

    def broken(module: str, generation: int) -> Any:
        raise OSError("broken")

    def sink(event: Any) -> None:
        events.append(event)
        told.set()

    executor = ThreadExecutor(broken, sink, Page())
    executor.start(InstanceSpec(InstanceId("long_op", 1), 1, "digest", ()))
    assert told.wait(10)
    executor.close()
    assert [type(event) for event in events] == [InstanceFailed]


def test_a_machine_without_a_thread_to_spare_is_a_failure(rig: Rig) -> None:
    """``can't start new thread`` fails the instance, not the daemon."""
    before = threading.stack_size(1 << 46)  # more than there is address space
    try:
        id = rig.start(lambda: None)
    finally:
        threading.stack_size(before)
    failure = rig.failure(id)
    assert (failure.kind, failure.message) == ("RuntimeError", "can't start new thread")
    assert [type(event) for event in rig.events] == [InstanceFailed]


def test_output_that_breaks_at_the_end_does_not_lose_the_end() -> None:
    """The event is told whatever becomes of the last line."""

    class BrokenPage(Page):
        def ended(self, context: api.Context) -> None:
            raise OSError("disk full")

    rig = Rig(BrokenPage())
    assert [type(event) for event in rig.run(lambda: None)] == [InstanceStarted, InstanceEnded]
    rig.close()


def test_an_id_that_runs_cannot_be_started_again(rig: Rig) -> None:
    """Two of one name could not be told apart."""
    leave = threading.Event()
    id = rig.start(leave.wait, 10)
    with pytest.raises(ValueError, match="long_op-1 is running already"):
        rig.executor.start(InstanceSpec(id, 1, "digest", ()))
    leave.set()
    rig.end(id)


@EVERY_KIND
def test_the_end_is_told_within_milliseconds(rig: Rig, entry: Callable[..., Any]) -> None:
    """Places are filled again at once: nobody polls for the end of a thread."""
    left: list[float] = []

    def delay() -> float:
        id = rig.start(entry, lambda: left.append(time.perf_counter()))
        rig.end(id)
        return time.perf_counter() - left[-1]

    assert median(delay() for _ in range(21)) < 0.01


# --- asking to stop --------------------------------------------------------------------------------------------------


@EVERY_KIND
def test_asking_ends_whoever_looks(rig: Rig, entry: Callable[..., Any]) -> None:
    """An instance that checks is ended by ``hotctl stop``, twice being once."""
    entered = threading.Event()

    def work() -> None:
        entered.set()
        assert api.wait(10)
        api.checkpoint()

    id = rig.start(entry, work)
    assert entered.wait(10)
    rig.executor.stop(id)
    rig.executor.stop(id)
    assert isinstance(rig.end(id), InstanceEnded)
    rig.executor.stop(id)


def test_asking_cancels_an_async_entry(rig: Rig) -> None:
    """An ``async def`` needs nothing of ours: being asked is being cancelled, once, and cleaning up is waited for."""
    entered, cleaned = threading.Event(), threading.Event()

    async def work() -> None:
        try:
            entered.set()
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            cleaned.set()
            raise

    id = rig.start(work)
    assert entered.wait(10)
    rig.executor.stop(id)
    rig.executor.stop(id)
    assert isinstance(rig.end(id), InstanceEnded)
    assert cleaned.is_set()


def test_an_async_entry_may_return_when_asked(rig: Rig) -> None:
    """Swallowing the cancellation and returning is an end; an error while cleaning up is a failure."""
    entered = threading.Event()

    async def work(error: Exception | None) -> None:
        try:
            entered.set()
            await api.sleep(60)
        except asyncio.CancelledError:
            if error is not None:
                raise error from None

    id = rig.start(work, None)
    assert entered.wait(10)
    rig.executor.stop(id)
    assert isinstance(rig.end(id), InstanceEnded)
    entered.clear()
    id = rig.start(work, OSError("while cleaning up"))
    assert entered.wait(10)
    rig.executor.stop(id)
    assert rig.failure(id).message == "while cleaning up"


def test_tasks_left_behind_are_cancelled_with_their_instance(rig: Rig) -> None:
    """An instance ends with all of its tasks; exit of one of them by ``sys.exit`` is the instance's."""
    cancelled = threading.Event()

    async def straggler() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async def leaver() -> None:
        sys.exit(5)

    async def leave_behind() -> None:
        leave_behind.task = asyncio.create_task(straggler())  # type: ignore[attr-defined]
        await asyncio.sleep(0)

    async def be_left() -> None:
        be_left.task = asyncio.create_task(leaver())  # type: ignore[attr-defined]
        await asyncio.Event().wait()

    assert isinstance(rig.run(leave_behind)[-1], InstanceEnded)
    assert cancelled.is_set()
    assert isinstance(rig.run(be_left)[-1], InstanceFailed)
    be_left.task.exception()  # type: ignore[attr-defined]


def test_who_is_asked_before_it_began_never_begins() -> None:
    """No user code runs for an instance that shall end already."""
    ran: list[int] = []
    for entry in (plainly, asynchronous, Worker):
        rig = Rig()
        code = rig._code

        def slow(module: str, generation: int, code: Any = code, rig: Rig = rig) -> Any:
            rig.executor.stop(InstanceId("long_op", 1))
            return code(module, generation)

        rig.executor._code = slow
        assert [type(event) for event in rig.run(entry, lambda: ran.append(1))] == [InstanceEnded]
        rig.close()
    assert ran == []


class Stoppable(threading.Thread):
    """A Thread with a stop of its own."""

    def __init__(self, seen: list[Any]) -> None:
        super().__init__()
        self.seen = seen
        self.halted = threading.Event()
        self.entered = threading.Event()

    def run(self) -> None:
        self.entered.set()
        assert self.halted.wait(10)

    def halt(self) -> None:
        self.seen.append((threading.current_thread().name, api.instance().id, BOUND.get()))
        self.halted.set()
        self.join()

    def fail(self) -> None:
        self.halted.set()
        raise OSError("cannot halt")


def test_the_stop_method_is_called_on_a_thread_of_its_own(rig: Rig) -> None:
    """``stop_method = "halt"``: called once, as the instance, and it may wait for the run to end."""
    seen: list[Any] = []
    id = rig.start(Stoppable, seen, stop_method="halt", generation=2)
    rig.started(id)
    context = rig.executor._lives[id].context
    rig.executor.stop(id)
    context.ask()  # as two that ask at the same moment
    assert isinstance(rig.end(id), InstanceEnded)
    assert seen == [("long_op-1-stop", "long_op-1", 2)]
    assert rig.page.reports == []
    eventually(lambda: not any(t.name == "long_op-1-stop" for t in threading.enumerate()))


def test_a_stop_method_that_fails_is_reported_with_its_traceback(rig: Rig) -> None:
    """A broken stop is told among the instance's errors; the instance goes its own way."""
    id = rig.start(Stoppable, [], stop_method="fail")
    rig.started(id)
    rig.executor.stop(id)
    assert isinstance(rig.end(id), InstanceEnded)
    ((who, text),) = eventually(lambda: rig.page.reports)
    assert who == "long_op-1"
    assert text.startswith("fail() of Stoppable failed: OSError: cannot halt\nTraceback")


def test_a_missing_stop_method_is_reported(rig: Rig) -> None:
    """A misspelt ``stop_method`` does not look like an instance that refuses to end."""
    made: list[Stoppable] = []

    class Kept(Stoppable):
        def __init__(self) -> None:
            super().__init__([])
            made.append(self)

    id = rig.start(Kept, stop_method="hlat")
    rig.started(id)
    rig.executor.stop(id)
    ((_, text),) = eventually(lambda: rig.page.reports)
    assert "stop_method = 'hlat'" in text
    assert not any(isinstance(event, ANY_END) for event in rig.events)
    made[0].halted.set()
    assert isinstance(rig.end(id), InstanceEnded)


def test_a_stop_method_without_a_thread_to_spare_is_reported(rig: Rig) -> None:
    """Asking an instance to end cannot break who asks."""
    made: list[Stoppable] = []

    class Kept(Stoppable):
        def __init__(self) -> None:
            super().__init__([])
            made.append(self)

    id = rig.start(Kept, stop_method="halt")
    rig.started(id)
    eventually(made[0].entered.is_set)
    eventually(lambda: rig.executor._lives[id].context._told)
    before = threading.stack_size(1 << 46)
    try:
        rig.executor.stop(id)
    finally:
        threading.stack_size(before)
    assert "stop_method was not called: can't start new thread" in rig.page.reports[0][1]
    made[0].halted.set()
    assert isinstance(rig.end(id), InstanceEnded)


# --- failures on other threads ---------------------------------------------------------------------------------------


def child_of_instance(work: Callable[[], Any], name: str = "child") -> threading.Thread:
    """A thread that inherits the instance, as the loader's patch of Thread.start has it."""
    context = api.CURRENT.get()

    def run() -> None:
        api.CURRENT.set(context)
        work()

    thread = threading.Thread(target=run, name=name)
    thread.start()
    return thread


def divide() -> None:
    _ = 1 / 0


def test_a_thread_that_an_instance_started_fails_in_its_name(rig: Rig) -> None:
    """The failure of a helper thread is told with the instance, and is not the instance's end."""
    events = rig.run(lambda: child_of_instance(divide).join())
    assert isinstance(events[-1], InstanceEnded)
    ((who, text),) = rig.page.reports
    assert who == "long_op-1"
    assert text.startswith("child failed: ZeroDivisionError: division by zero\nTraceback")


def test_the_daemon_s_log_has_it_too_as_the_daemon_s(rig: Rig) -> None:
    """The log line carries the instance as fields, and is not taken for something the instance printed."""
    records: list[tuple[Any, ...]] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            fields = vars(record)
            records.append((api.CURRENT.get(), fields["event"], fields["instance"], record.getMessage()))

    logger, keep = logging.getLogger("hotd.workers.threads"), Keep()
    logger.addHandler(keep)
    rig.run(lambda: child_of_instance(divide).join())
    logger.removeHandler(keep)
    assert records == [(None, "thread.failed", "long_op-1", "child failed: ZeroDivisionError: division by zero")]


def test_a_helper_thread_may_exit_as_it_likes(rig: Rig) -> None:
    """SystemExit in a thread is silent in Python, and stays so; so is Stop."""

    def work() -> None:
        for leave in (partial(sys.exit, 3), stop):
            child_of_instance(leave).join()

    rig.run(work)
    assert rig.page.reports == []


def stop() -> None:
    raise api.Stop


def test_a_thread_of_nobody_goes_to_the_hook_that_was_there() -> None:
    """The rest of the process keeps its own way of telling."""
    told: list[str] = []
    before = threading.excepthook
    threading.excepthook = lambda args: told.append(args.exc_type.__name__)
    rig = Rig()
    stranger = threading.Thread(target=divide)
    stranger.start()
    stranger.join()
    rig.close()
    threading.excepthook = before
    assert told == ["ZeroDivisionError"]


def test_the_hook_is_given_back_on_close() -> None:
    """Closing twice is closing once; and a hook that somebody hung above ours stays, with ours passing through."""
    told: list[str] = []
    before = threading.excepthook
    threading.excepthook = first = lambda args: told.append(args.exc_type.__name__)
    rig = Rig()
    rig.close()
    rig.close()
    assert threading.excepthook is first

    rig = Rig()
    ours = threading.excepthook
    threading.excepthook = partial(ours)
    rig.close()
    assert threading.excepthook is not first
    token = api.CURRENT.set(api.Context("long_op-1", "long_op", 1))
    child_of_instance(divide).join()
    api.CURRENT.reset(token)
    threading.excepthook = before
    assert told == ["ZeroDivisionError"]
    assert rig.page.reports == []


def test_a_hook_of_the_user_s_sees_the_failure_and_does_not_hide_it(rig: Rig) -> None:
    """A module that installs an error reporter in threading.excepthook is still known to have failed."""
    told: list[str] = []
    ours = threading.excepthook

    def work() -> None:
        threading.excepthook = lambda args: told.append(args.exc_type.__name__)
        divide()

    events = rig.run(Worker, work)
    threading.excepthook = ours
    assert isinstance(events[-1], InstanceFailed)
    assert told == ["ZeroDivisionError"]


def test_a_thread_that_starts_itself_and_fails_is_a_failure(rig: Rig) -> None:
    """Also where it failed before its constructor returned, and so before anybody knew it."""
    failed = threading.Event()

    class Hasty(threading.Thread):
        def __init__(self) -> None:
            super().__init__()
            self.context = api.CURRENT.get()
            self.start()
            threading.Thread.join(self)
            child_of_instance(divide, "helper").join()

        def run(self) -> None:
            api.CURRENT.set(self.context)
            failed.set()
            raise OSError("hasty")

    events = rig.run(Hasty)
    assert [type(event) for event in events] == [InstanceStarted, InstanceFailed]
    assert rig.failure(events[0].id).message == "hasty"
    ((_, text),) = rig.page.reports
    assert "ZeroDivisionError" in text


def test_a_thread_that_starts_itself_and_fails_later_is_a_failure(rig: Rig) -> None:
    """The instance's own thread is known by itself, whatever it inherited."""
    entered, go = threading.Event(), threading.Event()

    def work() -> None:
        entered.set()
        assert go.wait(10)
        raise OSError("later")

    id = rig.start(Eager, work, entered)
    rig.started(id)
    go.set()
    assert rig.failure(id).message == "later"


# --- looking ---------------------------------------------------------------------------------------------------------


def test_progress_is_the_latest_that_was_said(rig: Rig) -> None:
    """``hotctl instances`` reads it at any moment; of who is gone there is none."""
    said, leave = threading.Event(), threading.Event()

    def work() -> None:
        api.progress(1)
        api.progress(2, 10, "second")
        said.set()
        leave.wait(10)

    id = rig.start(work)
    assert said.wait(10)
    assert rig.executor.progress(id) == Progress(2, 10, "second")
    leave.set()
    rig.end(id)
    assert rig.executor.progress(id) is None
    assert rig.executor.progress(InstanceId("long_op", 99)) is None


def hold(entered: threading.Event, leave: threading.Event) -> None:
    entered.set()
    leave.wait(10)


@EVERY_KIND
def test_the_stack_shows_where_the_user_s_code_stands(rig: Rig, entry: Callable[..., Any]) -> None:
    """``hotctl blocking`` names the line that holds up a drain, without our frames."""
    entered, leave = threading.Event(), threading.Event()
    id = rig.start(entry, hold, entered, leave)
    assert entered.wait(10)
    stack = rig.executor.stack(id)
    leave.set()
    assert stack is not None
    assert "in hold\n    leave.wait(10)" in stack
    assert "hotd/workers" not in stack
    assert stack.index(__file__) < stack.index("threading.py")
    rig.end(id)
    assert rig.executor.stack(id) is None


def test_the_stack_of_a_waiting_coroutine_is_what_it_awaits(rig: Rig) -> None:
    """A suspended task has no thread's stack: its awaits are shown, the outermost first."""
    entered = threading.Event()

    async def outer() -> None:
        await inner()

    async def inner() -> None:
        entered.set()
        await generator()

    @types.coroutine
    def generator() -> Any:
        yield from asyncio.Event().wait()

    id = rig.start(outer)
    assert entered.wait(10)

    def waiting() -> str:
        stack = rig.executor.stack(id) or ""
        assert "asyncio/locks.py" in stack
        return stack

    stack = eventually(waiting)
    rig.executor.stop(id)
    rig.end(id)
    assert stack.index("in outer") < stack.index("in inner") < stack.index("in generator")
    assert "hotd/" not in stack


def test_the_stack_of_a_coroutine_ends_where_it_awaits_what_only_looks_like_one(rig: Rig) -> None:
    """A generator of a class of their own, say: it has no frame, and its attributes are the user's code."""
    entered = threading.Event()

    class Waiting(collections.abc.Generator[Any, Any, None]):
        def __init__(self) -> None:
            self.waits = asyncio.Event().wait().__await__()

        def send(self, value: Any) -> Any:
            entered.set()
            return self.waits.send(value)

        def throw(self, *error: Any) -> Any:
            return self.waits.throw(*error)

    waiting: Any = types.coroutine(Waiting)

    async def outer() -> None:
        await waiting()

    id = rig.start(outer)
    assert entered.wait(10)

    def shown() -> str:
        stack = rig.executor.stack(id) or ""
        assert "in send" not in stack, "it runs"
        return stack

    stack = eventually(shown)
    rig.executor.stop(id)
    rig.end(id)
    assert "in outer" in stack


def test_a_loop_that_is_busy_shows_what_it_is_busy_with(rig: Rig) -> None:
    """A task that blocks the loop is the blocker, not the entry that waits for it."""
    entered, leave = threading.Event(), threading.Event()

    async def blocker() -> None:
        hold(entered, leave)

    async def entry() -> None:
        await asyncio.create_task(blocker())

    id = rig.start(entry)
    assert entered.wait(10)
    stack = rig.executor.stack(id) or ""
    leave.set()
    rig.end(id)
    assert "in hold" in stack


# --- memory ----------------------------------------------------------------------------------------------------------


class Sentinel:
    """Stands for everything of a generation."""


def generation_of(how: str) -> tuple[Any, EntryKind, weakref.ref[Any]]:
    """An entry made afresh, whose code holds a sentinel, and a look at whether that is gone."""
    sentinel = Sentinel()

    def end(held: object = sentinel) -> None:
        if how.endswith("failed"):
            local = held
            raise ValueError(local)

    class Job(threading.Thread):
        held = sentinel

        def run(self) -> None:
            end()

    async def coroutine() -> None:
        await api.sleep(0)
        end()

    entries = {"callable": end, "thread": Job, "async": coroutine}
    kind = EntryKind(how.partition(" ")[0])
    return entries[kind.value], kind, weakref.ref(sentinel)


@pytest.mark.parametrize("how", [f"{kind} {end}" for kind in EntryKind for end in ("ended", "failed", "asked")])
def test_nothing_of_a_generation_is_kept_after_the_end(rig: Rig, how: str) -> None:
    """A generation whose last instance ended can leave memory, however that ended."""
    target, kind, ref = generation_of(how)
    rig.run(target, kind=kind, stop_method="halt")
    del target
    rig.codes.clear()
    gc.collect()
    assert ref() is None, gc.get_referrers(ref())


@EVERY_KIND
def test_everything_is_dropped_before_the_end_is_told(rig: Rig, entry: Callable[..., Any]) -> None:
    """Whoever hears of the end may collect the generation at once: by then no frame of ours holds it."""
    go, refs, kept = threading.Event(), list[weakref.ref[Any]](), list[bool]()
    tell = rig.executor._sink

    def sink(event: Any) -> None:
        if isinstance(event, ANY_END):
            gc.collect()
            kept.append(refs[0]() is not None)
        tell(event)

    def begin() -> InstanceId:
        sentinel = Sentinel()
        refs.append(weakref.ref(sentinel))

        def work(held: object = sentinel) -> None:
            go.wait(10)
            raise ValueError(held)

        class Job(threading.Thread):
            held = sentinel

            def run(self) -> None:
                work()

        async def coroutine() -> None:
            work()

        entries: dict[Any, Any] = {plainly: work, Worker: Job, asynchronous: coroutine}
        return rig.start(entries[entry])

    rig.executor._sink = sink
    id = begin()
    rig.started(id)
    rig.codes.clear()
    go.set()
    rig.end(id)
    assert kept == [False]
