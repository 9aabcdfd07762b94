from __future__ import annotations

import asyncio
import gc
import linecache
import sys
import traceback
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from hotd import api
from hotd.core import border
from hotd.core.border import Raised, Returned

OLD = "/abs/ops/long_op.py@0123456789ab"
NEW = "/abs/ops/long_op.py@ba9876543210"
PLAIN = "/abs/ops/long_op.py"


@pytest.fixture
def managed() -> Iterator[Callable[..., dict[str, Any]]]:
    """Executes source as the loader does: under a file name with the generation's mark, known to linecache."""
    names: list[str] = []

    def execute(source: str, file: str = OLD, **names_in: Any) -> dict[str, Any]:
        names.append(file)
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        module: dict[str, Any] = {"__name__": "long_op", **names_in}
        exec(compile(source, file, "exec"), module)
        return module

    yield execute
    for name in names:
        linecache.cache.pop(name, None)


def failing(fn: Callable[..., Any], *args: Any) -> Raised:
    outcome = border.call(fn, *args)
    assert isinstance(outcome, Raised)
    return outcome


@contextmanager
def collector_off() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class Sentinel:
    """Something of the user's that must be gone."""


# --- endings ---------------------------------------------------------------------------------------------------------


def test_what_returns_is_returned() -> None:
    """Arguments go in, the value comes out."""
    assert border.call(divmod, 7, 2) == Returned((3, 1))
    assert border.call(dict, fn=1) == Returned({"fn": 1})


def test_what_raises_is_a_failure_in_text() -> None:
    """An error of the user's is told as Python tells it."""
    outcome = failing(int, "x")
    assert (outcome.failure.kind, outcome.stop, outcome.exit_code) == ("ValueError", False, None)
    assert outcome.failure.message == "invalid literal for int() with base 10: 'x'"
    assert outcome.failure.traceback == "ValueError: invalid literal for int() with base 10: 'x'\n"
    assert not outcome.orderly


def test_stop_is_an_orderly_end() -> None:
    """A checkpoint that raised is no failure."""
    outcome = failing(raising(api.Stop()))
    assert outcome.stop
    assert outcome.orderly


def test_a_group_is_an_end_only_if_every_member_is() -> None:
    """Tasks of a TaskGroup that all stopped are a stop; one error among them is a failure."""
    stops = BaseExceptionGroup("tasks", [api.Stop(), BaseExceptionGroup("more", [api.Stop()])])
    mixed = BaseExceptionGroup("tasks", [api.Stop(), ValueError("x")])
    assert failing(raising(stops)).stop
    assert not failing(raising(mixed)).stop


@pytest.mark.parametrize(
    ("code", "status"), [(None, 0), (0, 0), (False, 0), (3, 3), (True, 1), ("a sentence", 1), (2.5, 1)]
)
def test_sys_exit_gives_the_status_a_process_would_have(code: Any, status: int) -> None:
    """``sys.exit()`` in a worker ends that worker: 0 and None are an end, all else is a failure."""
    outcome = failing(sys.exit, code)
    assert outcome.exit_code == status
    assert outcome.orderly is (status == 0)


def test_an_interrupt_raised_by_user_code_is_a_failure() -> None:
    """KeyboardInterrupt and its like do not get past the border."""
    assert failing(raising(KeyboardInterrupt())).failure.kind == "KeyboardInterrupt"
    assert failing(raising(GeneratorExit())).failure.kind == "GeneratorExit"


def test_what_is_awaited_ends_at_the_border_too() -> None:
    """The asynchronous twin of ``call``, cancelling included."""

    async def fine(value: int) -> int:
        return value

    async def cancelled() -> None:
        raise asyncio.CancelledError

    assert asyncio.run(border.acall(fine, 3)) == Returned(3)
    outcome = asyncio.run(border.acall(cancelled))
    assert isinstance(outcome, Raised)
    assert outcome.failure.kind == "asyncio.exceptions.CancelledError"


def raising(error: BaseException) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


# --- text ------------------------------------------------------------------------------------------------------------


def test_a_traceback_shows_the_generation_s_lines_under_plain_names(managed: Callable[..., dict[str, Any]]) -> None:
    """Old code explains itself: its own source lines, and a file name that can be opened."""
    old = managed("def work():\n    return 1 / 0  # old\n")
    new = managed("\n\ndef work():\n    return [][1]  # new\n", NEW)
    old_failure, new_failure = failing(old["work"]).failure, failing(new["work"]).failure
    assert f'  File "{PLAIN}", line 2, in work\n    return 1 / 0  # old\n' in old_failure.traceback
    assert f'  File "{PLAIN}", line 4, in work\n    return [][1]  # new\n' in new_failure.traceback
    assert (old_failure.file, old_failure.line) == (PLAIN, 2)
    assert (new_failure.file, new_failure.line) == (PLAIN, 4)
    assert "@" not in old_failure.traceback + new_failure.traceback


def test_our_own_frames_are_cut(managed: Callable[..., dict[str, Any]]) -> None:
    """The user is shown the user's code, not the host's, also where it calls hotd.api."""
    module = managed("def work():\n    api.progress('x')\n", api=api)
    failure = failing(module["work"]).failure
    assert failure.traceback.count("  File ") == 1
    assert (failure.file, failure.line) == (PLAIN, 2)
    assert failure.kind == "TypeError"


def test_our_frames_are_cut_from_causes_and_groups(managed: Callable[..., dict[str, Any]]) -> None:
    """However errors hang together, none of their tracebacks shows the host."""
    module = managed(
        "def work():\n"
        "    try:\n"
        "        api.hand_over(object())\n"
        "    except TypeError as first:\n"
        "        try:\n"
        "            raise KeyError('second') from first\n"
        "        except KeyError as second:\n"
        "            try:\n"
        "                api.progress(None)\n"
        "            except TypeError as third:\n"
        "                raise ExceptionGroup('all', [second, third])\n",
        api=api,
    )
    text = failing(module["work"]).failure.traceback
    assert "hotd/api.py" not in text
    assert "hotd/core/border.py" not in text
    for said in ("state is a object", "'second'", "done must be a number", "all (2 sub-exceptions)"):
        assert said in text


def test_the_machinery_between_the_host_and_the_user_is_cut(managed: Callable[..., dict[str, Any]]) -> None:
    """asyncio's and threading's frames on the way in are of our making; those the user went into stay."""
    module = managed("import json\nasync def work():\n    json.loads('{')\n")

    async def main() -> None:
        outcome = await border.acall(module["work"])
        assert isinstance(outcome, Raised)
        assert outcome.failure.traceback.startswith(f'Traceback (most recent call last):\n  File "{PLAIN}", line 3')
        assert "json/decoder.py" in outcome.failure.traceback
        assert (outcome.failure.file, outcome.failure.line) == (PLAIN, 3)

    asyncio.run(main())
    module = managed("import contextlib\ndef work():\n    with contextlib.closing(None):\n        pass\n")
    assert "contextlib.py" in failing(module["work"]).failure.traceback


def test_the_place_is_the_innermost_line_of_the_user_s(managed: Callable[..., dict[str, Any]]) -> None:
    """A failure deep in a library points at the line that called it, managed code or not."""

    def here() -> None:
        asyncio.run(3)  # type: ignore[arg-type]

    failure = failing(here).failure
    assert failure.file == __file__
    assert failure.line == here.__code__.co_firstlineno + 1
    failure = failing(managed("def work():\n    here()\n", here=here)["work"]).failure
    assert (failure.file, failure.line) == (PLAIN, 2)


def test_an_error_without_a_frame_has_no_place() -> None:
    """Nothing is invented where nothing is known."""
    assert failing(int, "x").failure.file is None


def test_a_syntax_error_has_its_own_place() -> None:
    """What does not compile points at the line that does not."""

    def load() -> None:
        compile("x = 1\ny = (\n", OLD, "exec")

    failure = failing(load).failure
    assert (failure.file, failure.line) == (PLAIN, 2)
    assert "@" not in failure.message + failure.traceback


@pytest.mark.parametrize("source", ["compile('(', '<string>', 'exec')", "raise SyntaxError('made by hand')"])
def test_a_syntax_error_of_no_file_is_placed_where_it_was_raised(
    managed: Callable[..., dict[str, Any]], source: str
) -> None:
    """``ast.literal_eval`` of bad text is a failure of the line that called it."""
    failure = failing(managed(f"def work():\n    {source}\n")["work"]).failure
    assert (failure.file, failure.line) == (PLAIN, 2)


def test_only_the_mark_of_a_generation_is_taken_from_text() -> None:
    """Addresses and other hashes stay as they are."""
    assert border.plain(f"{OLD}:3") == f"{PLAIN}:3"
    for text in ("me@0123456789ab", "x.py@0123456789abc", "x.py@0123", "x.py@0123456789aX"):
        assert border.plain(text) == text


def test_the_class_is_named_as_a_traceback_names_it(managed: Callable[..., dict[str, Any]]) -> None:
    """``long_op.Broken``, ``ValueError``."""
    module = managed("class Broken(Exception): pass\ndef work():\n    raise Broken('x')\n")
    failure = failing(module["work"]).failure
    assert failure.kind == "long_op.Broken"
    assert failure.traceback.endswith("\nlong_op.Broken: x\n")


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no")


def test_an_error_that_cannot_be_printed_is_still_told() -> None:
    """A ``__str__`` that raises costs the message, not the failure."""
    failure = failing(raising(Mute())).failure
    assert failure.message == "<exception str() failed>"
    assert failure.kind.endswith("Mute")
    assert "in fail" in failure.traceback


class Hostile(SystemExit):
    @property
    def code(self) -> int:  # type: ignore[override]
        raise KeyboardInterrupt


def test_an_error_that_cannot_even_be_described_is_still_told() -> None:
    """Whatever foreign attributes do while we look, the outcome is a failure with its class."""
    outcome = failing(raising(Hostile()))
    assert outcome.failure.kind == "Hostile"
    assert "cannot be shown" in outcome.failure.message
    assert not outcome.orderly


def test_texts_are_bounded() -> None:
    """An error with a gigabyte of message does not become a gigabyte of failure; both ends stay."""
    failure = failing(raising(ValueError("a" * 100_000 + "z"))).failure
    assert len(failure.message) < border.LONGEST_MESSAGE + 100
    assert len(failure.traceback) < border.LONGEST_TRACEBACK + 100
    assert failure.message.startswith("aaa")
    assert failure.message.endswith("az")
    assert "characters left out" in failure.message


# --- stacks ----------------------------------------------------------------------------------------------------------


def test_a_stack_is_shown_without_us(managed: Callable[..., dict[str, Any]]) -> None:
    """Blockers are shown by where the user's code stands, the outermost call first."""
    shown: list[str | None] = []

    def look() -> None:
        shown.append(border.stack_text(reversed(list(traceback.walk_stack(sys._getframe(1))))))

    module = managed("def work():\n    inner()\n\ndef inner():\n    look()\n", look=look)
    border.call(module["work"])
    text = shown[0]
    assert text is not None
    assert "hotd/core/border.py" not in text
    assert text.index("line 2, in work\n    inner()") < text.index("line 5, in inner\n    look()")
    assert f'"{PLAIN}"' in text


def test_a_stack_of_nothing_foreign_is_none() -> None:
    """A thread that waits within hotd, or within the library for hotd, has no stack of the user's."""
    assert border.stack_text([]) is None


# --- memory ----------------------------------------------------------------------------------------------------------


def test_nothing_of_the_error_is_kept() -> None:
    """A kept exception would keep its frames and so its whole generation: all is gone at once, no collector needed."""
    refs: list[weakref.ref[Any]] = []

    class Broken(Exception):
        pass

    def work(argument: object) -> None:
        local, error = Sentinel(), Broken()
        refs.extend((weakref.ref(local), weakref.ref(error), weakref.ref(argument)))
        try:
            raise KeyError(local)
        except KeyError as cause:
            try:
                raise error from cause
            finally:
                del error

    with collector_off():
        outcome = failing(work, Sentinel())
        assert [ref() for ref in refs] == [None, None, None]
    assert outcome.failure.kind.endswith("Broken")


class Said(str):
    """A message of the user's own class."""


class Spoken(Exception):
    def __str__(self) -> str:
        return Said("spoken")


def test_the_texts_are_plain_text() -> None:
    """A message of a user's str class would keep that class, and its generation."""
    failure = failing(raising(Spoken())).failure
    assert failure.message == "spoken"
    assert type(failure.message) is str
