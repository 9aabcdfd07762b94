"""What an answer is as a text, for each who may read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from hotd.contract import protocol, views
from hotd.control.answers import MOST_MODULES, MOST_READERS, Answers
from hotd.core.discretion import as_seen_by
from hotd.core.values import Actor
from tests.unit.core.test_discretion import ABOUT, ADMIN, ALL, DAEMON, OPERATOR, SECRET, VIEWER, module

READERS = ADMIN, VIEWER, OPERATOR, ALL, Actor("bob", 10, "operator", ("th*",)), Actor("eve", 11, "viewer", ())
MODULES = module("mine"), module("theirs")


def plainly(answer: object, actor: Actor) -> str:
    """All of it, written anew."""
    return protocol.answer_text(as_seen_by(actor, answer), version="0.1.0")


@pytest.mark.parametrize("verb", ABOUT)
@pytest.mark.parametrize("readers", [READERS, READERS[::-1]])
def test_everybody_reads_what_is_for_him_whoever_asked_before(verb: str, readers: tuple[Actor, ...]) -> None:
    """What was written for an admin is never a viewer's; the other way about nothing is missing."""
    kept = Answers("0.1.0")
    answer = views.Status(DAEMON, MODULES) if verb == "status" else ABOUT[verb]("mine")

    for _ in range(2):
        for actor in readers:
            assert kept.text(answer, actor) == plainly(answer, actor)
    if verb == "status":
        assert SECRET not in kept.text(answer, VIEWER)


def test_a_module_that_is_otherwise_is_told_as_it_is_now() -> None:
    """And the daemon beside it, whose age is another one in each answer."""
    kept = Answers("0.1.0")
    kept.text(views.Status(DAEMON, MODULES), ADMIN)

    later = views.Status(replace(DAEMON, uptime_s=2.0), (MODULES[0], replace(MODULES[1], generation=2)))

    assert kept.text(later, ADMIN) == plainly(later, ADMIN)
    assert kept.text(views.Status(DAEMON, MODULES[:1]), ADMIN) == plainly(views.Status(DAEMON, MODULES[:1]), ADMIN)


class Counted(Mapping[str, int]):
    """Remembers how often it was written."""

    written = 0

    def __getitem__(self, key: str) -> int:
        return 2

    def __iter__(self) -> Iterator[str]:
        self.written += 1
        return iter(["replicas"])

    def __len__(self) -> int:
        return 1


def test_what_is_as_it_was_is_not_written_again() -> None:
    """A question that is asked all the time costs a daemon what is otherwise, for each kind of reader."""
    kept, overrides = Answers("0.1.0"), Counted()
    modules = MODULES[0], replace(MODULES[1], overrides=overrides)
    for actor in (ADMIN, replace(ADMIN, name="carl", uid=12), VIEWER, replace(VIEWER, uid=13), ADMIN, VIEWER):
        kept.text(views.Status(DAEMON, modules), actor)
    assert overrides.written == 2

    kept.text(views.Status(DAEMON, (modules[0], replace(modules[1]))), ADMIN)
    assert overrides.written == 3, "another one may look otherwise"


def test_what_is_kept_is_bounded() -> None:
    """However many modules come and go, however many kinds of readers ask."""
    kept = Answers("0.1.0")
    for number in range(MOST_READERS + 2):
        kept.text(views.Status(DAEMON, MODULES), Actor(f"uid {number}", number, "operator", (f"m{number}",)))
    assert len(kept) <= MOST_READERS * len(MODULES)

    for number in range(MOST_MODULES + 2):
        kept.text(views.Status(DAEMON, (replace(MODULES[0], name=f"m{number}"),)), ADMIN)

    assert len(kept) <= MOST_MODULES
