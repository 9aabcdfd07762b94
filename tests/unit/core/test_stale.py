"""What was imported for good and is another on disk: a condition while it is so, an event at both ends."""

from __future__ import annotations

from hotd.contract.events import EventName
from hotd.core.conditions import conditions_of_daemon
from hotd.core.messages import Stale, StaleReport
from hotd.core.stale import noted, restart_required
from hotd.core.times import rfc3339
from tests.support.books import OP, World, serving, spec

FAST = Stale("extension", "fast", 1, "/ops/fast.so")
PYDANTIC = Stale("package", "pydantic", 63, "/site/pydantic/main.py")
HOTD = Stale("hotd", "hotd", 3, "/site/hotd/api.py")
STAYS = "what was imported stays until the daemon is restarted (systemctl restart hotd)"
REST = "more files of pydantic"


def tell(world: World, *of_daemon: Stale, **modules: tuple[Stale, ...]) -> None:
    world.forget()
    world.tell(lambda book, now: noted(book, StaleReport(of_daemon, modules), now))


def test_a_module_whose_native_code_changed_needs_a_restart_until_that_is_as_it_was() -> None:
    """The file is named, nothing is loaded, and the module is as healthy as before."""
    world = serving()
    since = rfc3339(world.now)
    tell(world, op=(FAST,))

    condition = world.condition("RestartRequired")
    assert condition is not None and (condition.reason, condition.since) == ("extension", since)
    assert condition.message == f"/ops/fast.so changed on disk; {STAYS}"
    assert (world.view().health, world.view().generation) == ("Healthy", 1)
    (told,) = world.events()
    assert (told.event, told.module) == (EventName.RESTART_REQUIRED, OP)
    assert told.message == "restart required: /ops/fast.so changed on disk (systemctl restart hotd)"
    assert told.fields == {"files": ["/ops/fast.so"]}

    tell(world)
    assert world.condition("RestartRequired") is None
    (told,) = world.events()
    assert told.event is EventName.RESTART_UNNEEDED and told.module == OP
    assert told.message == "no restart required any more: /ops/fast.so as it was imported"


def test_a_package_is_named_with_the_number_of_its_files() -> None:
    """More of the same is shown and no news; another package is."""
    world = serving(spec("op"), spec("other"))
    tell(world, op=(PYDANTIC,))
    since = world.condition("RestartRequired")
    assert since is not None and since.message == f"/site/pydantic/main.py and 62 {REST} changed on disk; {STAYS}"
    assert world.condition("RestartRequired", "other") is None

    world.time += 5.0
    tell(world, op=(Stale("package", "pydantic", 70, "/site/pydantic/main.py"),))
    now = world.condition("RestartRequired")
    assert (
        now is not None and now.since == since.since and now.message.startswith(f"/site/pydantic/main.py and 69 {REST}")
    )
    assert not world.effects

    tell(world, op=(FAST, PYDANTIC))
    (told,) = world.events()
    assert told.message == "restart required: /ops/fast.so changed on disk (systemctl restart hotd)"
    tell(world, op=(PYDANTIC,))
    assert not world.effects


def test_hotd_s_own_files_are_the_daemon_s_condition() -> None:
    """And no module's."""
    world = serving()
    tell(world, HOTD)
    assert world.condition("RestartRequired") is None and world.book.outdated is not None
    kind, reason, message, since = restart_required(world.book.outdated)
    assert (kind, reason, since) == ("RestartRequired", "hotd", world.now)
    assert message == f"/site/hotd/api.py and 2 more files of hotd changed on disk; {STAYS}"
    (told,) = world.events()
    assert (told.event, told.module) == (EventName.RESTART_REQUIRED, None)
    tell(world)
    assert world.book.outdated is None
    (told,) = world.events()
    assert told.message == "no restart required any more: /site/hotd/api.py and 2 more files of hotd as it was imported"


def test_a_sentence_lists_no_more_than_a_few() -> None:
    """The rest is counted."""
    world = serving()
    tell(world, op=tuple(Stale("package", f"p{n}", 2, f"/site/p{n}.py") for n in range(6)))
    condition = world.condition("RestartRequired")
    assert condition is not None
    named = ", ".join(f"/site/p{n}.py and 1 more file of p{n}" for n in range(4))
    assert condition.message.startswith(f"{named}, and 2 more changed")


def test_files_of_the_daemon_itself_are_a_condition_of_the_daemon() -> None:
    """No module is to blame; ``status`` shows it beside the others of the daemon."""
    world = serving()
    tell(world, HOTD)

    (condition,) = conditions_of_daemon(world.book)
    assert (condition.type, condition.reason) == ("RestartRequired", "hotd")
    tell(world)
    assert conditions_of_daemon(world.book) == ()
