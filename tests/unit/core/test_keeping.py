"""A part in ``keep``: refused once, shown as long as it holds, lifted by name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotd.contract.errors import UsageError
from hotd.contract.events import EventName
from hotd.core.book import open_book
from hotd.core.effects import Promote, StartLoad
from hotd.core.keeping import check_rebuild
from hotd.core.messages import Checked, Planned
from hotd.core.values import Instant
from tests.support.books import KEPT, TOOK, World, promoted, serving, spec

ALLOW = "allow it: `hotctl reload op --rebuild model`"


def keeping() -> World:
    return serving(spec(keep=("model",)))


def test_an_edit_that_would_rebuild_a_kept_part_is_refused_and_says_why() -> None:
    """Through which import, where, and what to type. Nothing is loaded, current serves on."""
    world = keeping()
    world.write("heavy")
    revision = world.reload()
    world.settle()
    change = world.outcome_of(revision)
    (one,) = change.modules
    assert (change.outcome, one.outcome, one.generation) == ("refused", "refused", 1) and not world.of(Promote)
    assert one.error is not None and (one.error.code, one.error.message) == ("would-rebuild", KEPT)
    assert (one.error.file, one.error.line) == ("/ops/model.py", 1)
    assert one.error.hint == f"take the change back, or {ALLOW}"
    assert world.book.history[-1].change.outcome == "refused" and world.book.history[-1].listed


def test_a_refused_rebuild_is_no_failure_and_no_quarantine() -> None:
    """Nothing is wrong with the content: no error is counted, nothing is rejected."""
    world = keeping()
    world.edit("heavy")
    world.settle()
    module = world.module()
    assert (module.errors, module.failures, module.rejections, dict(module.quarantine)) == (0, (), (), {})
    assert world.view().rejected is None and world.view().health == "Healthy"


def test_out_of_sync_names_the_import_and_the_cure() -> None:
    """Whoever looks at ``status`` sees why the edit does not serve."""
    world = keeping()
    world.edit("heavy")
    world.settle()
    found = world.condition("OutOfSync")
    assert found is not None and found.reason == "would-rebuild"
    assert found.message == f"{KEPT}; g1 serves; take the change back, or {ALLOW}"


def test_the_watcher_tells_it_once_and_does_not_try_by_itself() -> None:
    """No storm: a refusal waits for a file or a person. The same content again is one quiet line."""
    world = keeping()
    world.edit("heavy")
    world.settle()
    world.wait(3600.0)
    assert len(world.of(StartLoad)) == 1
    (told,) = world.events(EventName.RELOAD_REFUSED)
    assert told.message == f"op refused: {KEPT}"
    world.edit("heavy")
    world.settle()
    (again,) = world.book.history[-1].change.modules
    assert (again.outcome, again.note) == ("skipped", KEPT) and not world.book.history[-1].listed
    assert world.condition("OutOfSync") is not None


def test_other_content_is_looked_at_anew() -> None:
    """Taking the change back heals it; another one that touches the part is news of its own."""
    world = keeping()
    for text in ("heavy", "heavier, heavy"):
        world.edit(text)
        world.settle()
        assert world.book.history[-1].change.outcome == "refused"
    world.edit("A")
    world.settle()
    assert world.module().current == 1 and world.condition("OutOfSync") is None
    world.edit("B")
    world.settle()
    assert world.module().current == 2


def test_naming_the_part_allows_it_once() -> None:
    """``--rebuild`` is for this reload; the next edit by the way is refused again."""
    world = keeping()
    world.edit("heavy")
    world.settle()
    revision = world.reload(rebuild=("model",))
    world.settle()
    assert world.outcome_of(revision).outcome == "promoted" and world.module().current == 2
    assert world.condition("OutOfSync") is None
    world.edit("A")
    world.settle()
    world.edit("heavy, again")
    world.settle()
    assert world.module().current == 3 and world.book.history[-1].change.outcome == "refused"


def test_force_does_not_lift_it() -> None:
    """``--force`` lifts pin and quarantine, nothing else; the cure then has both options."""
    world = keeping()
    world.write("heavy")
    revision = world.reload(force=True)
    world.settle()
    (one,) = world.outcome_of(revision).modules
    assert one.outcome == "refused" and one.error is not None and one.error.hint is not None
    assert "`hotctl reload op --force --rebuild model`" in one.error.hint


def test_an_undo_is_a_pointer_swap_and_needs_no_leave() -> None:
    """Back to a generation with another such part, and forward again: what is in memory is never executed."""
    world = keeping()
    world.write("heavy")
    world.reload(rebuild=("model",))
    world.settle()
    assert world.undo().outcome == "undone" and world.module().current == 1
    revision = world.reload(force=True)
    world.settle()
    (one,) = world.outcome_of(revision).modules
    assert one.error is not None and one.error.hint is not None
    assert one.error.hint.startswith("`hotctl undo op --to 2` has it in memory, or ")
    assert world.undo(to=2).outcome == "undone" and world.condition("OutOfSync") is None


def test_what_was_refused_beside_another_generation_is_not_held_against_this_one() -> None:
    """The refusal is about what current has; after an undo the disk simply differs."""
    world = promoted(keeping(), "B")
    world.edit("heavy")
    world.settle()
    world.undo()
    found = world.condition("OutOfSync")
    assert found is not None and found.reason == "changed"


def test_one_refused_member_keeps_an_atomic_rollout_back() -> None:
    """All or nothing: the others are loaded aside and thrown away. So is a SIGHUP."""
    world = serving(spec("a", keep=("model",)), spec("b"))
    world.write("heavy", "a")
    world.write("B", "b")
    revision = world.reload(all=True, atomic=True)
    world.settle()
    change = world.outcome_of(revision)
    assert (change.outcome, [m.outcome for m in change.modules]) == ("refused", ["refused", "skipped"])
    assert world.module("b").current == 1


def test_reload_all_does_not_call_it_success() -> None:
    """Undone content is skipped by ``--all``, somebody decided that; here nobody has decided yet."""
    world = serving(spec("a", keep=("model",)), spec("b"))
    world.write("heavy", "a")
    world.write("B", "b")
    revision = world.reload(all=True)
    world.settle()
    change = world.outcome_of(revision)
    assert (change.outcome, [m.outcome for m in change.modules]) == ("partial", ["refused", "promoted"])


def test_a_dry_run_shows_the_plan_and_that_it_would_be_refused() -> None:
    """Exit 5, as the reload; each kept part is marked. With the leave it is a plan like any other."""
    world = keeping()
    world.write("heavy")
    refused = world.reload(dry_run=True)
    world.settle()
    (one,) = world.outcome_of(refused).modules
    assert one.outcome == "refused" and one.error is not None and one.error.message == KEPT
    assert [(part.part, part.keep) for part in one.plan] == [("model", True), ("op", False)]
    allowed = world.reload(dry_run=True, rebuild=("model",))
    world.settle()
    (one,) = world.outcome_of(allowed).modules
    assert (one.outcome, one.error, [part.keep for part in one.plan]) == ("planned", None, [False])
    assert not world.of(Promote)


def test_a_check_is_refused_and_leaves_no_trace() -> None:
    """It would execute the part as well."""
    world = keeping()
    world.write("heavy")
    revision = world.check()
    world.settle()
    assert world.outcome_of(revision).outcome == "refused"
    assert world.module().withheld is None and not world.view().out_of_sync


def test_a_reload_with_another_leave_is_not_joined() -> None:
    """Who allows nothing does not get the rebuild that somebody else allowed."""
    world = keeping()
    first = world.reload()
    plain, allowed = world.reload(), world.reload(rebuild=("model",))
    assert len({first, plain, allowed}) == 3
    assert world.reload(rebuild=("model",)) == allowed


def test_the_cure_names_what_was_allowed_already_and_nothing_of_another_module() -> None:
    """It can be typed as it stands."""
    world = serving(spec("a", keep=("model", "lib")), spec("b", keep=("weights",)))
    world.write("heavy", "a")
    revision = world.reload("a", "b", rebuild=("lib", "weights"))
    world.settle()
    error = world.outcome_of(revision).modules[0].error
    assert error is not None and error.hint is not None
    assert error.hint.endswith("allow it: `hotctl reload a --rebuild lib --rebuild model`")


@pytest.mark.parametrize(
    ("keep", "part"),
    [(("model",), "model"), (("models",), "models.big"), (("models.big", "models.small"), "models")],
)
def test_what_is_kept_can_be_allowed_whole_or_in_part(keep: tuple[str, ...], part: str) -> None:
    """A package stands for what is in it, here as in ``keep``."""
    check_rebuild(open_book((spec(keep=keep),), now=Instant(0, 0), max_instances=1), ["op"], (part,))


@pytest.mark.parametrize(
    ("keep", "hint"),
    [
        (("model",), "did you mean 'model'?"),
        (("weights",), "kept: weights"),
        ((), "`keep` in hotd.toml names parts to keep"),
    ],
)
def test_a_misspelt_part_is_told_before_anything_is_loaded(keep: tuple[str, ...], hint: str) -> None:
    """Exit 2: it would allow nothing, and the reload would be refused for another reason than meant."""
    world = serving(spec(keep=keep))
    with pytest.raises(UsageError) as raised:
        world.reload(rebuild=("modle",))
    assert raised.value.message == "'modle' is not kept by op, so there is nothing to allow"
    assert raised.value.hint == hint and not world.loads


def test_names_in_keep_that_are_no_part_are_told_by_plan_and_check() -> None:
    """A misspelt name keeps nothing, and nobody would notice."""
    world = serving(spec(keep=("modle", "x")))
    planned = world.reload(dry_run=True)
    job = world.load_of()
    world.loaded(Planned(job, "A", False, (), ("model", "op"), None, ("modle", "x")))
    (one,) = world.outcome_of(planned).modules
    assert one.note == "keep names modle, x, which are no parts of op; did you mean 'model'?"
    world.loads.clear()
    checked = world.check()
    job = world.load_of()
    world.loaded(Checked(job, "A", ("op",), TOOK, ("x",)))
    assert world.outcome_of(checked).modules[0].note == "keep names x, which is no part of op"


def test_a_plan_tells_which_parts_another_module_has_as_well() -> None:
    """One object: what happens to its state happens to both."""
    world = serving(spec(keep=()))
    planned = world.reload(dry_run=True)
    job = world.load_of()
    world.loaded(replace(Planned(job, "A", False, (), ("helper", "op")), shared=(("batch", ("helper",)),)))
    (same,) = world.outcome_of(planned).modules[0].shared
    assert (same.module, same.parts) == ("batch", ("helper",))
