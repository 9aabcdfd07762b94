"""What a decision asks for."""

from __future__ import annotations

from hotd.contract.events import EventName
from hotd.core.effects import Decision, Emit
from tests.support.books import World


def test_a_decision_may_ask_for_nothing_and_answer_nothing() -> None:
    """Most news change little."""
    world = World()
    decision = Decision(world.book)
    assert decision.effects == () and decision.answer is None


def test_an_event_need_not_concern_a_module() -> None:
    """The daemon has some of its own."""
    emit = Emit(EventName.DAEMON_STOPPING, "stopping")
    assert (emit.module, emit.generation, emit.instance, emit.actor, emit.cause, emit.fields) == (None,) * 5 + ({},)
