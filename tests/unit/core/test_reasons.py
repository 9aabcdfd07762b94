"""``hotctl why``: everything that is in the way, with the next command to type."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotd.contract.errors import UnknownGeneration
from hotd.contract.views import Reason, Why
from hotd.core.afterlife import told
from hotd.core.messages import Holder, LeakedCode, Leaks, Stale, StaleReport
from hotd.core.reasons import ENDS_FIRST, LET_GO, Seen, blocking, check_number, traced, why
from hotd.core.stale import noted
from hotd.core.times import rfc3339
from hotd.core.values import InstanceId
from tests.support.books import FILE, OP, World, having, promoted, serving, spec

FILTER = Holder("logging filter 'AuditFilter' on logger 'root'")


def ask(world: World, number: int | None = None, seen: Seen | None = None) -> Why:
    return why(world.book, world.module(), number, world.now, seen or Seen())


def kinds(view: Why) -> list[tuple[str, str]]:
    return [(reason.type, reason.next) for reason in view.reasons]


def leak(world: World, *numbers: int) -> World:
    news = Leaks(OP, tuple(LeakedCode(number, ("helper", "op")) for number in numbers))
    world.tell(lambda book, now: told(book, news, now))
    return world


def test_a_healthy_module_has_nothing_in_its_way() -> None:
    """One sentence, no reasons; asked about current it is the same."""
    world = serving(spec(replicas=2))
    assert ask(world) == Why(OP, None, "Healthy", "g1 is current, 2 instances run it", ())
    assert ask(world, 1) == Why(OP, 1, "Healthy", "g1 is current, 2 instances run it", ())


def test_a_rejected_edit_comes_with_its_error_and_cure() -> None:
    """Once: that the disk differs goes without saying."""
    world = serving()
    world.edit("broken")
    world.settle()
    (reason,) = ask(world).reasons
    assert (reason.type, reason.next, reason.since) == ("Rejected", "hotctl reload op", rfc3339(world.now))
    assert reason.message == f"{FILE}:3: invalid syntax; g1 stays current"
    assert reason.error is not None and reason.error.code == "syntax-error"


def test_a_first_load_that_failed_and_one_that_never_began() -> None:
    """Nothing runs, and what to type."""
    world = World()
    assert (ask(world).message, kinds(ask(world))) == ("nothing has been loaded", [("NotLoaded", "hotctl reload op")])
    world.write("broken")
    revision = world.reload()
    assert kinds(ask(world)) == [("InFlight", f"hotctl outcome {revision}")]
    assert ask(world).reasons[0].message == f"revision {revision} is in flight for 0s: hotctl reload"
    world.settle()
    assert kinds(ask(world)) == [("Rejected", "hotctl reload op")]


def test_a_drain_names_its_blockers_with_age_and_stack() -> None:
    """Whoever holds it up, where he stands, and how to ask him."""
    world = promoted(serving(spec(drain_deadline=60.0)), "B")
    world.wait(30.0)
    seen = Seen({InstanceId(OP, 1): "  File op.py, line 3, in work\n"})

    reasons = ask(world, 1, seen).reasons

    assert reasons == (
        Reason("Superseded", "g2 is current in its place", "hotctl undo op --to 1", generation=1),
        Reason(
            "Draining", "op-1 runs g1 for 40s", "hotctl restart op-1", generation=1, instance="op-1",
            stack="  File op.py, line 3, in work\n", module=OP, age_s=40.0,
        ),
    )  # fmt: skip
    view = ask(world, 1)
    assert (view.state, view.message) == ("draining", "1 instance runs it still")
    assert kinds(ask(world)) == [("NotServing", "hotctl restart op"), ("Draining", "hotctl restart op-1")]


def test_a_drain_past_its_deadline_tells_for_how_long() -> None:
    """Once: the condition of the module says no more than the instance."""
    world = promoted(serving(spec(drain_deadline=60.0)), "B")
    world.wait(100.0)
    (reason,) = [one for one in ask(world).reasons if one.type == "Stalled"]
    assert reason.message == "op-1 runs g1 for 1m50s; it should have ended 40s ago"
    world.restart("op-1")
    (reason,) = [one for one in ask(world).reasons if one.type == "Stalled"]
    assert reason.message == (
        "op-1 runs g1 for 1m50s, and was asked to end at its next checkpoint; it should have ended 40s ago"
    )
    assert reason.next == "hotctl logs op --instance op-1"


def test_an_instance_of_current_that_does_not_end_when_asked_is_a_blocker_too() -> None:
    """Of its module; its generation drains nothing."""
    world = serving(spec(drain_deadline=5.0))
    world.restart("op-1")
    (reason,) = ask(world).reasons
    assert (reason.type, reason.message) == (
        "Draining", "op-1 runs g1 for 10s, and was asked to end at its next checkpoint"
    )  # fmt: skip
    world.wait(10.0)
    (reason,) = ask(world).reasons
    assert reason.message.endswith("and was asked to end at its next checkpoint; it should have ended 5s ago")
    assert reason.hint is None, "what is current is not purged"


def test_everybody_who_holds_up_a_drain_is_named_the_gravest_first() -> None:
    """Over all modules: who is late, who drains, and last who was given up; each with age, stack and what to type."""
    late = spec("a", drain_deadline=5.0, on_change="stop")
    gone = spec("c", drain_deadline=5.0, after_deadline="abandon")
    world = serving(late, spec("b", replicas=2), gone, spec("idle"))
    for name in "abc":
        promoted(world, "B", module=name)
    world.wait(10.0)
    world.run("c")
    seen = Seen({InstanceId("a", 1): "  File a.py, line 3, in work\n"})

    view = blocking(world.book.modules.values(), world.now, seen)

    assert [(one.type, one.module, one.instance, one.generation, one.age_s) for one in view] == [
        ("Stalled", "a", "a-1", 1, 20.0),
        ("Draining", "b", "b-1", 1, 20.0),
        ("Draining", "b", "b-2", 1, 20.0),
        ("Abandoned", "c", "c-1", 1, 20.0),
    ]
    first, second, _, last = view.reasons
    assert (
        first.message == "a-1 runs g1 for 20s, and was asked to end at its next checkpoint; it should have ended 5s ago"
    )
    assert (first.stack, first.next) == ("  File a.py, line 3, in work\n", "hotctl logs a --instance a-1")
    assert first.hint == "`hotctl purge a 1` abandons who does not end, and frees the place"
    assert (second.stack, second.next, second.hint) == (None, "hotctl restart b-1", None)
    assert last.next == "hotctl logs c --instance c-1"
    world.restart("b")
    (waits,) = [one for one in blocking([world.module("b")], world.now, seen) if one.instance == "b-2"]
    assert waits.message == "b-2 runs g1 for 20s, and is asked to end when others have (max_unavailable = 1)"
    assert waits.next == "hotctl logs b --instance b-2"
    (asked,) = [one for one in blocking([world.module("b")], world.now, seen) if one.instance == "b-1"]
    assert (asked.next, asked.hint) == ("hotctl logs b --instance b-1", None), "it has time left"
    assert not blocking([world.module("idle")], world.now, seen)


def test_one_of_current_that_was_given_up_is_named() -> None:
    """Restarted, and did not end: it holds nothing up, and runs on."""
    world = serving(spec(drain_deadline=5.0, after_deadline="abandon"))
    world.restart()
    world.wait(5.0)
    assert [(one.type, one.instance) for one in blocking([world.module()], world.now, Seen())] == [
        ("Abandoned", "op-1")
    ]


def test_a_purge_under_way_says_what_becomes_of_whom() -> None:
    """And how to see its end."""
    world = promoted(serving(spec(drain_deadline=60.0)), "B")
    world.purge(1, deadline=30.0)
    world.wait(10.0)
    reason = ask(world, 1).reasons[0]
    assert (reason.type, reason.next) == ("Purging", "hotctl wait op 1 --for retired")
    assert reason.message == "it leaves memory when they have ended; who has not in 20s is abandoned"


def test_an_abandoned_instance_is_told_as_that() -> None:
    """It runs on, and nothing can be done about it."""
    world = promoted(serving(spec(drain_deadline=5.0, after_deadline="abandon", standby=0)), "B")
    world.wait(10.0)
    view = ask(world, 1)
    assert (view.state, view.message) == ("retired", "it was retired 5s ago and leaves memory")
    (reason,) = view.reasons
    assert (reason.type, reason.next) == ("Abandoned", "hotctl logs op --instance op-1")
    assert reason.message.endswith("; it cannot be ended and is not counted")
    assert "max_unavailable" not in reason.message
    assert ("Tainted", "hotctl instances op") in kinds(ask(world))


def test_standby_and_retired_generations_have_their_fate() -> None:
    """Kept for an undo; gone."""
    world = promoted(serving(spec(standby=1)), "B")
    world.end(1)
    view = ask(world, 1)
    assert (view.state, view.message) == ("standby", "nobody runs it, and it is kept in memory for an undo")
    (reason,) = view.reasons
    assert (reason.type, reason.next) == ("Standby", "hotctl undo op --to 1")
    assert reason.message == "standby = 1 generations that nobody runs stay loaded for an instant undo"
    promoted(world, "C")
    for number in world.running():
        world.end(number)
    view = ask(world, 1)
    assert (view.state, view.message, view.reasons) == ("retired", "it was retired 0s ago and leaves memory", ())
    world.wait(10.0)
    assert ask(world, 1).message == "it is gone from memory"


def test_a_leak_names_its_holders() -> None:
    """In words, with what a module can do about it."""
    world = promoted(serving(spec(standby=0)), "B")
    world.end(1)
    since = world.now
    leak(world, 1)
    world.run()

    view = ask(world, 1, Seen(holders={1: (FILTER, Holder("running thread 'x'", "File x\n"))}))

    assert (view.state, view.message) == ("retired", "it is in memory all the same")
    (reason,) = view.reasons
    assert (reason.type, reason.next, reason.hint) == ("Leaked", "hotctl why op 1", LET_GO)
    assert (reason.message, reason.since) == ("g1 was retired and left code in memory: helper, op", rfc3339(since))
    assert [(one.what, one.stack) for one in reason.holders] == [
        (FILTER.what, None),
        ("running thread 'x'", "File x\n"),
    ]
    assert kinds(ask(world)) == [("Leaked", "hotctl why op 1")]
    (reason,) = ask(world, 1, Seen(holders={1: ()})).reasons
    assert reason.message.endswith("; nobody who holds it was found, it may be gone by now")
    assert reason.hint is None


def test_a_leak_of_a_number_that_is_in_use_again_says_so() -> None:
    """The same content was loaded once more."""
    world = leak(serving(), 1)
    (reason,) = ask(world).reasons
    assert reason.message == "an earlier load of g1 was retired and left code in memory: helper, op"


def test_of_many_leaks_the_newest_are_looked_into() -> None:
    """Looking takes a while; the others are named, with the way to ask about each."""
    world = leak(promoted(serving(), "B"), 3, 4, 5, 6)
    module = world.module()
    assert traced(module, None) == traced(module, module.current) == [4, 5, 6]
    assert (traced(module, 3), traced(module, 1)) == ([3], [])
    assert [reason.generation for reason in ask(world).reasons if reason.type == "Leaked"] == [6, 5, 4, 3]
    assert ask(world, 3).state == "retired"


def test_what_was_decided_is_a_reason_too() -> None:
    """Stopped, paused; and a pause that holds a change is told once."""
    world = serving()
    world.stop()
    world.pause(OP)
    assert kinds(ask(world))[-2:] == [("Stopped", "hotctl start op"), ("Paused", "hotctl resume op")]
    world.pause()
    assert kinds(ask(world))[-1] == ("Paused", "hotctl resume")
    world = serving()
    world.pause(OP)
    world.edit("B")
    world.settle()
    assert kinds(ask(world)) == [("OutOfSync", "hotctl resume op")]


def test_a_full_house_names_what_makes_room() -> None:
    """Also before the next edit is refused for it."""
    world = promoted(serving(spec(max_generations=2)), "B")
    assert ("TooManyGenerations", "hotctl blocking op") in kinds(ask(world))
    world.edit("C")
    world.settle()
    assert [kind for kind, _ in kinds(ask(world))].count("TooManyGenerations") == 0
    assert ("OutOfSync", "hotctl drain op 1") in kinds(ask(world))


def test_a_condition_without_a_command_has_one_all_the_same() -> None:
    """There is always something to look at."""
    world = serving()
    for _ in range(3):
        for number in list(world.running()):
            world.fail(number)
        world.wait(40.0)
        world.run()
    module = world.module()
    world = having(world, replace(module, hung={1: world.now}))
    assert all(following.startswith("hotctl ") for _, following in kinds(ask(world)))


@pytest.mark.parametrize(("number", "near"), [(9, "g2"), (3, "g2")])
def test_an_unknown_generation_is_answered_with_the_nearest(number: int, near: str) -> None:
    """And with all that there are."""
    module = promoted(serving(), "B").module()
    with pytest.raises(UnknownGeneration, match=f"nothing is known of a g{number} of op") as caught:
        check_number(module, number)
    assert caught.value.hint == f"did you mean {near}? there are g1 and g2"
    check_number(module, 2)


def test_a_module_without_generations_says_so() -> None:
    """There is none to be near."""
    with pytest.raises(UnknownGeneration) as caught:
        check_number(World().module(), 1)
    assert caught.value.hint == "it has none yet"
    with pytest.raises(UnknownGeneration) as caught:
        check_number(serving().module(), 4)
    assert caught.value.hint == "did you mean g1? there is g1"


def test_what_only_a_new_daemon_imports_names_the_file_and_who_restarts_it() -> None:
    """hotctl cannot: a daemon is ended by whoever started it."""
    world = serving()
    differs = StaleReport((), {OP: (Stale("extension", "fast", 1, "/ops/fast.so"),)})
    world.tell(lambda book, now: noted(book, differs, now))
    (reason,) = ask(world).reasons
    assert (reason.type, reason.next, reason.hint) == ("RestartRequired", "systemctl restart hotd", ENDS_FIRST)
    assert "/ops/fast.so" in reason.message
