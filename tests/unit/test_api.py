from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum, StrEnum
from fractions import Fraction
from typing import Any

import pytest

from hotd import api
from hotd.api import CURRENT, Context


@contextmanager
def hosted(*inherited: Any) -> Iterator[Context]:
    """What the executor does around users' code."""
    context = Context("long_op-7", "long_op", 3, *inherited)
    token = CURRENT.set(context)
    try:
        yield context
    finally:
        CURRENT.reset(token)


class Name(str):
    """A str of the user's own class."""


# --- outside the daemon ----------------------------------------------------------------------------------------------


def test_outside_the_daemon_nobody_asks_to_stop() -> None:
    """A module runs as a plain script: checkpoints pass, waits last, progress goes nowhere."""
    api.checkpoint()
    api.progress(1, 2, "half")
    assert not api.stopping()
    assert api.wait(0) is False
    assert asyncio.run(api.sleep(0)) is False


def test_outside_the_daemon_the_instance_is_an_obvious_stand_in() -> None:
    """``instance()`` answers everywhere; generation 0 says that no daemon gave it."""
    assert api.instance() == api.Instance("__main__-0", "__main__", 0)


def test_outside_the_daemon_what_is_handed_over_stays_in_the_process() -> None:
    """A hand-over can be tested without hotd: what one gives the next one takes, once."""
    assert api.handed_over() is None
    api.hand_over({"step": 3})
    api.hand_over({"step": 4})
    assert api.handed_over() == {"step": 4}
    assert api.handed_over() is None


# --- in the daemon ---------------------------------------------------------------------------------------------------


def test_a_checkpoint_raises_once_the_instance_was_asked_to_end() -> None:
    """``checkpoint()`` is free until then, and then ends the instance."""
    with hosted() as context:
        api.checkpoint()
        context.ask()
        assert api.stopping()
        with pytest.raises(api.Stop):
            api.checkpoint()


def test_stop_is_not_swallowed_by_except_exception() -> None:
    """The usual ``except Exception`` around a job does not keep a worker from ending."""
    assert not issubclass(api.Stop, Exception)


def test_wait_and_sleep_end_at_once_when_asked() -> None:
    """A worker that pauses for an hour is asked and ends now."""
    with hosted() as context:
        context.ask()
        assert api.wait(3600) is True
        assert api.wait(float("inf")) is True
        assert asyncio.run(api.sleep(3600)) is True


def test_wait_and_sleep_last_as_long_as_they_say_when_nobody_asks() -> None:
    """They tell apart having slept from having been asked."""
    with hosted():
        assert api.wait(0.001) is False
        assert asyncio.run(api.sleep(0.001)) is False
        assert api.wait(-5) is False


def test_a_sleeping_task_wakes_when_its_instance_is_asked() -> None:
    """``await sleep`` in a task that nobody cancels ends early too, and says why."""
    with hosted() as context:

        async def main() -> bool:
            sleeper = asyncio.create_task(api.sleep(3600))
            await asyncio.sleep(0)
            context.ask()
            context.ask()
            return await sleeper

        assert asyncio.run(main()) is True


def test_asking_survives_a_loop_that_was_closed_around_a_sleeper() -> None:
    """A coroutine abandoned in its sleep does not break the stop of its instance."""
    with hosted() as context:
        loop = asyncio.new_event_loop()
        sleeper = api.sleep(3600)
        task = loop.create_task(sleeper)
        loop.call_soon(loop.stop)
        loop.run_forever()
        loop.close()

        context.ask()

        assert api.stopping()
        sleeper.close()
        # The abandoned task would complain of being pending; that noise is the loop's owner's.
        task._log_destroy_pending = False  # type: ignore[attr-defined]


def test_progress_keeps_the_latest() -> None:
    """``hotctl instances`` shows what was said last."""
    with hosted() as context:
        assert context.said is None
        api.progress(1)
        assert context.said == (1, None, "")
        api.progress(2.5, 10, "second half")
        assert context.said == (2.5, 10, "second half")
        half: Any = Fraction(1, 2)
        api.progress(half, total=2)
        assert context.said == (0.5, 2, "")


@pytest.mark.parametrize("done", ["1", None, True, 1j, [1]])
def test_progress_refuses_what_is_no_number(done: Any) -> None:
    """A mistake is told where it is made, in the user's own tests too."""
    with pytest.raises(TypeError, match=f"done must be a number, not {type(done).__name__}"):
        api.progress(done)
    if done is not None:
        with pytest.raises(TypeError, match="total must be a number"):
            api.progress(1, done)


@pytest.mark.parametrize("done", [float("nan"), float("inf"), 10**400])
def test_progress_refuses_numbers_that_json_cannot_hold(done: float) -> None:
    """What is shown crosses the control port as JSON."""
    with pytest.raises(ValueError, match="done must be finite"):
        api.progress(done)


def test_progress_takes_only_text_as_a_note_and_cuts_it() -> None:
    """A note is a line of a table; and it is plain text, not an object of the user's."""
    with pytest.raises(TypeError, match="note must be a str, not bytes"):
        api.progress(1, note=b"x")  # type: ignore[arg-type]
    with hosted() as context:
        api.progress(1, note=Name("x" * 1000))
        assert context.said is not None
        assert len(context.said.note) == 200
        assert context.said.note.endswith("x…")
        api.progress(1, note=Name("short"))
        assert type(context.said.note) is str


@pytest.mark.parametrize("seconds", ["1", None, True])
def test_wait_refuses_what_is_no_number(seconds: Any) -> None:
    """``wait("5")`` is a TypeError, as with time.sleep."""
    with pytest.raises(TypeError, match="seconds must be a number"):
        api.wait(seconds)
    with pytest.raises(TypeError, match="seconds must be a number"):
        asyncio.run(api.sleep(seconds))


def test_wait_refuses_nan() -> None:
    """No sleep is as long as nan."""
    with pytest.raises(ValueError, match="nan"):
        api.wait(float("nan"))


def test_wait_takes_any_length() -> None:
    """Longer than the platform can time is as long as it can, not an error."""
    with hosted() as context:
        context.ask()
        assert api.wait(10**400) is True


def test_an_instance_knows_itself() -> None:
    """``instance()`` tells id, module and generation of the caller."""
    with hosted():
        assert api.instance() == api.Instance("long_op-7", "long_op", 3)


def test_what_the_predecessor_left_is_taken_once() -> None:
    """State goes to one successor, and an instance that hands over does not get its own back."""
    with hosted({"step": 3}) as context:
        api.hand_over({"step": 5})
        assert api.handed_over() == {"step": 3}
        assert api.handed_over() is None
        assert context.left == ({"step": 5},)


def test_handing_over_none_is_not_handing_over_nothing() -> None:
    """The engine can tell an instance that left None from one that left nothing."""
    with hosted() as context:
        assert context.left is None
        api.hand_over(None)
        assert context.left == (None,)


class Level(IntEnum):
    HIGH = 3


class Colour(StrEnum):
    RED = "red"


def test_what_is_handed_over_is_a_copy_of_plain_types() -> None:
    """Later changes do not reach it, no class of this generation does, and JSON gives it back as it is."""
    state: dict[str, Any] = {Name("a"): [1, 2.5, None, True, ("x", Level.HIGH)], "b": {"c": Colour.RED}}
    with hosted() as context:
        api.hand_over(state)
        state["b"]["c"] = "changed"
        assert context.left is not None
        kept = context.left.state
    assert kept == {"a": [1, 2.5, None, True, ["x", 3]], "b": {"c": "red"}}
    assert json.loads(json.dumps(kept)) == kept
    assert type(next(iter(kept))) is str
    assert type(kept["b"]["c"]) is str
    assert type(kept["a"][4][1]) is int


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (object(), r"state is a object; what is handed over must be plain data"),
        ({"a": [1, {2}]}, r"state\['a'\]\[1\] is a set"),
        ({1: "x"}, r"state has the key 1; keys must be str"),
        (b"x", r"state is a bytes"),
    ],
)
def test_what_cannot_survive_a_restart_is_refused_with_its_place(state: Any, sentence: str) -> None:
    """The mistake is told at ``hand_over``, not when the successor misses its state."""
    with pytest.raises(TypeError, match=sentence):
        api.hand_over(state)
    assert api.handed_over() is None


def test_what_json_cannot_hold_is_refused() -> None:
    """nan, endless nesting and ints that Python will not print are values of the wrong kind, not types."""
    endless: list[Any] = []
    endless.append(endless)
    for state in (float("nan"), endless, 10**5000):
        with pytest.raises(ValueError, match="state"):
            api.hand_over([state])
