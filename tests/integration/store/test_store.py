"""What was kept comes back at the next start, as it was."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from hotd.contract.errors import Expired
from hotd.core.bundle import Bundle, BundleFile
from hotd.core.environment import Environment
from hotd.core.messages import Written
from hotd.core.records import Added, Audited, Forget, KeptDaemon, KeptFailure, KeptModule, KeptRejection, Remembered
from tests.integration.store.samples import (
    ERROR,
    WALL,
    bundle,
    change,
    event,
    generation,
    intent,
    kept,
    opened,
    remembered,
    revision,
    rows,
)
from tests.support.eventually import eventually


def test_a_new_store_remembers_nothing(folder: Path) -> None:
    """The very first start: nothing went wrong, nobody died."""
    with kept(folder) as it:
        assert it.remembered == Remembered()


def test_what_was_decided_about_modules_and_daemon_comes_back(folder: Path) -> None:
    """Pins, pauses, stops, replicas, permanent, quarantine, deaths, added modules; the newest word counts."""
    op = KeptModule("op", 7, 5, (2, 5, 7), True, True, True, 3, {"d6": "rejected"}, {"d7": 2})
    other = KeptModule("other")
    added = Added("late", "late:Op", {"replicas": 2})
    with kept(folder, KeptModule("op", 1), op, other, KeptDaemon(paused=True), added) as it:
        it.keep(KeptModule("other", replicas=0))
    known = remembered(folder)
    assert known.modules == {"op": op, "other": KeptModule("other", replicas=0)}
    assert known.daemon == KeptDaemon(paused=True) and known.added == (added,)


def test_generations_come_back_with_their_sources(folder: Path) -> None:
    """Under their numbers, whatever the disk holds by then; equal code of two modules is kept once."""
    sources = Bundle(
        "d1",
        ("op", "pkg.late"),
        (
            BundleFile("data.bin", bytes(range(256)), 1),
            BundleFile("op.py", b"x = 1\n", 0),
            BundleFile("q.py", b"x = 1\n"),
        ),
        ((0, "space"), (1, "space")),
        (("op", "found.late"),),
    )
    first, second = generation(1), generation(2, "d2")
    with kept(folder) as it:
        it.keep(intent(1, replace(first, executed=("op", "late")), sources))
        it.keep(
            intent(2, replace(second, executed=()), bundle("d2", "text of d1")), replace(first, verdict="superseded")
        )
        it.keep(sources)
    with kept(folder) as it:
        assert it.remembered.generations == {
            "op": (replace(first, verdict="superseded", executed=("op", "late")), replace(second, executed=()))
        }
        assert it.store.bundle("d1") == sources
        assert it.store.bundle("d2") == bundle("d2", "text of d1")
        with pytest.raises(Expired):
            it.store.bundle("d3")
    assert rows(folder, "SELECT count(*) FROM blobs") == [(3,)]
    assert rows(folder, "SELECT number, executed FROM generations") == [(1, '["op","late"]'), (2, "[]")]


def test_a_generation_remembers_what_it_ran_over(folder: Path) -> None:
    """Python and distributions of the moment it was loaded, and not of the moment it was undone to."""
    with kept(folder, generation(1, executed=("op",)), environment=Environment("3.11", {"pydantic": "2.7"})):
        pass
    with kept(
        folder, generation(1, verdict="rolled-back"), generation(2, executed=()), environment=Environment("3.12")
    ):
        pass
    assert remembered(folder).over == {
        ("op", 1): Environment("3.11", {"pydantic": "2.7"}), ("op", 2): Environment("3.12")
    }  # fmt: skip
    found = rows(
        folder,
        "SELECT number, verdict, python, packages FROM generations"
        " JOIN environments ON environments.id = environment ORDER BY number",
    )
    assert found == [(1, "rolled-back", "3.11", '{"pydantic":"2.7"}'), (2, "none", "3.12", "{}")]


def test_what_a_generation_ran_over_is_kept_as_it_is_told(folder: Path) -> None:
    """A store that is begun anew is told of generations that are older than it is."""
    then, now = Environment("3.11", {"pydantic": "2.7"}), Environment("3.12")
    both = (generation(1, executed=("op",), over=then), generation(2, executed=()))
    with kept(folder, *both, environment=now):
        pass
    assert remembered(folder).over == {("op", 1): then, ("op", 2): now}


def test_a_number_that_was_given_back_may_mean_other_content(folder: Path) -> None:
    """A candidate that was never promoted leaves no trace under its number."""
    with kept(folder) as it:
        it.keep(intent(1, generation(1, "d1", executed=("op",)), bundle("d1")))
        it.keep(intent(2, generation(1, "d2", executed=()), bundle("d2")), revision(2))
    assert remembered(folder).generations["op"] == (generation(1, "d2", executed=()),)


def test_the_history_comes_in_pages(folder: Path) -> None:
    """Newest first, of all modules or of one, without checks and plans, and each revision tells its outcome."""
    with kept(folder) as it:
        for number in range(1, 8):
            module = "op" if number % 2 else "other"
            it.keep(opened(number, module), revision(number, listed=number != 5, module=module))
        pages = [it.store.history(None, 100, 3), it.store.history(None, 4, 3), it.store.history("op", 100, 10)]
        assert [[one.revision for one in page] for page in pages] == [[7, 6, 4], [3, 2, 1], [7, 3, 1]]
        (one,) = it.store.history(None, 2, 1)
        assert (one.cause, one.actor, one.outcome, one.duration_ms) == ("hotctl reload", "root", "promoted", 20.0)
        assert one.at == "2023-11-14T22:13:21.000Z"
        assert [(m.module, m.previous, m.to, m.reloaded) for m in one.modules] == [("op", None, 1, ("op",))]
        assert it.store.outcome(5) == change(5) and it.store.outcome(8) is None
    assert remembered(folder).last_revision == 7


def test_what_had_no_outcome_when_the_daemon_died_was_not_done(folder: Path) -> None:
    """Its number is not given again, its generation's neither; and the start is told whose swap it may have been."""
    with kept(folder) as it:
        it.keep(opened(1), revision(1))
        it.keep(opened(2, current=1), intent(2, generation(2, "d2"), bundle("d2")))
        it.keep(opened(3, "other"))
        assert it.store.outcome(2) is None and [one.revision for one in it.store.history(None, 9, 9)] == [1]
    with kept(folder, now=WALL + 1) as it:
        known = it.remembered
        assert known.last_revision == 3 and known.interrupted == {"op": 2}
        assert [one.number for one in known.generations["op"]] == [2]
        outcomes = [(one.revision, one.outcome) for one in it.store.history(None, 9, 9)]
        assert outcomes == [(3, "interrupted"), (2, "interrupted"), (1, "promoted")]
        done = it.store.outcome(2)
        assert done is not None and [(m.module, m.outcome, m.generation) for m in done.modules] == [
            ("op", "interrupted", 1)
        ]
        assert it.store.history("other", 9, 9)[0].revision == 3
    assert remembered(folder).interrupted == {}, "told once"


def test_a_daemon_that_came_to_its_own_end_did_not_die(folder: Path) -> None:
    """Nor did the one after it that could not even start."""
    with kept(folder, now=WALL) as it:
        assert not it.remembered.died
        it.keep(KeptModule("op"))
    with kept(folder, now=WALL - 3600) as it:
        assert not it.remembered.died, "the clock of an earlier day changes nothing"


def test_failures_come_in_pages_of_before_this_start(folder: Path) -> None:
    """What happened since, the daemon knows itself."""
    failures = [KeptFailure(name, WALL + n, n, f"{name}-{n}", ERROR) for n in range(5) for name in ("op", "other")]
    failures.append(KeptFailure("op", WALL, None, None, ERROR, "watch: op.py", "watch", 3.5))
    with kept(folder, *failures) as it:
        assert it.store.failures("op", 10) == ()
    with kept(folder) as it:
        it.keep(KeptFailure("op", WALL, None, None, ERROR))
        assert it.store.failures("op", 2) == tuple(one for one in failures if one.module == "op")[-2:]


def test_events_come_in_pages(folder: Path) -> None:
    """Between two places of the stream, with all their fields."""
    with kept(folder, *(event(seq, digest="d1", files=["a", "b"]) for seq in range(1, 6))) as it:
        assert it.store.events(1, 5, 2) == (
            event(2, digest="d1", files=["a", "b"]),
            event(3, digest="d1", files=["a", "b"]),
        )
        assert [one.seq for one in it.store.events(0, 100, 100)] == [1, 2, 3, 4, 5]
    assert remembered(folder).last_event == 5


def test_what_was_refused_is_remembered_once(folder: Path) -> None:
    """Who tries the same content again and again reads about it once; the newest is the last."""
    tries = [KeptRejection("op", digest, ERROR, WALL + n, "watch", "watch", 3.0) for n, digest in enumerate("aba")]
    with kept(folder, tries[0], tries[1]) as it:
        it.keep(tries[2])
    assert remembered(folder).rejections == {"op": (tries[1], tries[2])}


def test_file_names_that_are_no_text_come_back_as_they_went_in(folder: Path) -> None:
    """A path of bytes is a cause, too."""
    odd = "watch: caf\udce9.py \ud83d\ude00"
    told = replace(event(1, files=[odd]), cause=odd, message=odd)
    with kept(folder, told, replace(revision(1), cause=odd), replace(generation(1), cause=odd)) as it:
        (again,) = it.store.events(0, 9, 9)
        assert (again.message, again.fields) == (told.message.replace("\ud83d\ude00", "😀"), again.fields)
        assert it.store.history(None, 9, 9)[0].cause.startswith("watch: caf\udce9.py ")


def test_who_asked_for_what_is_kept_without_anybody_waiting(folder: Path) -> None:
    """The audit: actor, verb, request, outcome."""
    with kept(folder) as it:
        it.store.note(Audited(WALL, "root", 0, "reload", '{"modules":["op"]}', "promoted"))
    assert rows(folder, "SELECT actor, uid, verb, outcome FROM audit") == [("root", 0, "reload", "promoted")]


def test_what_nobody_can_be_undone_to_goes_with_its_sources(folder: Path) -> None:
    """As soon as the daemon has a quiet moment, and not what others still need."""
    with kept(folder) as it:
        for number, digest in enumerate("abc", 1):
            it.keep(intent(number, generation(number, digest), bundle(digest, "shared", digest)), revision(number))
        it.keep(intent(9, generation(1, "a", "other"), bundle("a", "shared", "a")))
        it.keep(Forget("op", (1, 2)))
        assert isinstance(it.said[-1], Written)
        eventually(lambda: _tidied(folder))
        assert rows(folder, "SELECT digest FROM bundles ORDER BY digest") == [("a",), ("c",)]
        assert it.store.bundle("a").files[1].data == b"a"
    assert rows(folder, "SELECT count(*) FROM blobs") == [(3,)]
    assert [one.number for one in remembered(folder).generations["op"]] == [3]


def _tidied(folder: Path) -> bool:
    return len(rows(folder, "SELECT digest FROM bundles")) < 3


def test_what_was_being_tried_when_the_daemon_died_is_told_once(folder: Path) -> None:
    """By name and content; what came to an end is not."""
    with kept(folder) as it:
        for name in ("op", "other-1.x"):
            it.store.trials.begin(name, f"digest of {name}")
        it.store.trials.begin("done", "d")
        it.store.trials.end("done")
        it.store.trials.end("never begun")
    assert remembered(folder).trying == {"op": "digest of op", "other-1.x": "digest of other-1.x"}
    assert remembered(folder).trying == {}


def test_half_a_word_of_what_was_being_tried_is_none(folder: Path) -> None:
    """A name that cannot be read keeps nobody from starting."""
    with kept(folder) as it:
        it.store.trials.begin("op", "d")
    for half in ('{"op": "d"', '["op"]', "1", "\xff"):
        (folder / "trying").write_text(half, "latin-1")
        assert remembered(folder).trying == {}


def test_what_is_tried_while_others_are_is_told_with_them(folder: Path) -> None:
    """And a shorter list leaves nothing of a longer one."""
    with kept(folder) as it:
        for name in ("a", "b", "c" * 100):
            it.store.trials.begin(name, name)
        it.store.trials.end("c" * 100)
        it.store.trials.end("a")
    assert remembered(folder).trying == {"b": "b"}


def test_what_is_tried_in_a_folder_that_was_made_anew_is_told(folder: Path) -> None:
    """The file that is held open is gone: what is written there is told to nobody."""
    with kept(folder) as it:
        it.store.trials.begin("before", "d")
        (folder / "trying").unlink()
        it.store.trials.begin("op", "d")
    assert remembered(folder).trying == {"before": "d", "op": "d"}


def test_a_descriptor_that_somebody_else_closed_is_not_written_to(folder: Path, tmp_path: Path) -> None:
    """Its number may be that of a user's own file by now."""
    with kept(folder) as it:
        it.store.trials.begin("op", "d")
        handle = it.store.trials._handle
        assert handle is not None
        os.close(handle)
        theirs = os.open(tmp_path / "theirs", os.O_RDWR | os.O_CREAT)
        os.dup2(theirs, handle)
        it.store.trials.begin("other", "e")
        it.store.trials.close()
        assert os.fstat(handle) and (tmp_path / "theirs").read_bytes() == b""
        os.close(theirs)
        if theirs != handle:
            os.close(handle)
    assert remembered(folder).trying == {"op": "d", "other": "e"}


def test_a_disk_that_takes_nothing_keeps_nobody_from_trying(folder: Path) -> None:
    """Who cannot be remembered is forgotten."""
    (folder / "trying").mkdir()
    with kept(folder) as it:
        it.store.trials.begin("op", "d")
        it.store.trials.end("op")
    assert remembered(folder).trying == {}
