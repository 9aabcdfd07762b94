"""What users see, screen by screen."""

from __future__ import annotations

from dataclasses import replace

from hotctl.view import plain
from hotctl.view.events import event, lost
from hotctl.view.failures import failures
from hotctl.view.generations import generations
from hotctl.view.history import history
from hotctl.view.instances import instances, waiting_for
from hotctl.view.logs import log_line
from hotctl.view.module import module
from hotctl.view.modules import modules
from hotctl.view.page import Block
from hotctl.view.status import status
from hotctl.view.why import blocking, why
from hotctl.view.words import left, located
from hotd.contract import views
from tests.unit.hotctl_view import samples as given

BAD = views.Condition("CrashLooping", "QuickEnds", f"ends at once {given.HOSTILE}", given.before(3))


def test_status_shows_the_daemon_every_module_its_notes_and_a_summary() -> None:
    """One look tells what runs which generation, what is wrong, and what to type."""
    view = given.status(given.module(), given.ingest(), given.mailer())
    assert plain.draw(status(view, given.NOW)) == (
        "hotd 0.1.0  pid 812  up 3h12m  watch inotify, 14 folders  /run/hotd/control.sock\n"
        "\n"
        "MODULE   HEALTH   GEN  INSTANCES              LOADED    RELOADS  ERR  ENTRY\n"
        "long_op  Healthy  g7   g7 ×1, g6 ×1 draining  12s ago         6    0  long_op:LongOp\n"  # noqa: RUF001 - the sign
        "ingest   Healthy  g7   g7 ×2                  2h1m ago        6    0  ingest:LongOp\n"  # noqa: RUF001 - the sign
        "    out of sync: ingest.py was edited and watching is paused  hotctl resume ingest\n"
        "mailer   Healthy  g7   g7 ×2                  12s ago         6    3  mailer:LongOp\n"  # noqa: RUF001 - the sign
        "    rejected 1m ago: mailer.py:41: NameError: name 'smpt'; g7 stays current  hotctl errors mailer\n"
        "\n"
        "3 modules · 6 instances, 1 on older generations · 1 rejected · 2 out of sync · 1 paused"
        " · last change seen 3s ago\n"
    )


def test_how_changes_are_seen_is_told_where_it_is_out_of_the_ordinary() -> None:
    """How near the limit is, what has been lost, what waits; and not a line where there is nothing to know."""

    def told(**facts: object) -> str:
        view = given.status(given.module(), watching={**given.WATCHING, **facts})
        return plain.draw(status(view, given.NOW)).splitlines()[1]

    assert told() == told(last_event=None) == told(limit=18) == told(limit=None) == ""
    assert told(limit=17) == "    14 of at most 17 folders watched"
    assert told(unwatched=2, pending=1, overflows=1) == (
        "    2 folders not watched, 1 file not settled yet, 1 overflow"
    )
    assert told(round=12.0, polled={"/srv/ops": "nfs4"}) == "    polled every 12s: /srv/ops (nfs4)"
    assert told(backend="polling", limit=None, round=0.3) == "    polled every 300ms"
    assert plain.draw(status(given.status(given.module(), watching={}), given.NOW)).splitlines()[1] == ""


def test_when_the_last_change_was_seen_is_told_once_there_was_one() -> None:
    """Who wonders whether a save was noticed looks at the end."""
    view = given.status(given.module())
    assert plain.draw(status(view, given.NOW)).endswith("on older generations · last change seen 3s ago\n")
    quiet = given.status(given.module(), watching={**given.WATCHING, "last_event": None})
    assert "last change" not in plain.draw(status(quiet, given.NOW))


def test_that_nobody_watches_is_told() -> None:
    """``[watch] enabled = false``: zero folders would look like a defect."""
    view = given.status(given.module(), watching={**given.WATCHING, "backend": "off", "folders": 0})
    assert "watch off" in plain.draw(status(view, given.NOW)).splitlines()[0]


def test_a_paused_daemon_says_so_first_and_names_the_way_back() -> None:
    """Nobody wonders for an hour why saving a file does nothing."""
    text = plain.draw(status(given.status(given.ingest(), watch="paused"), given.NOW))
    assert "auto-watch paused  hotctl resume" in text.split("\n")[0]
    assert "hotctl resume ingest" not in text, "one module cannot be resumed while the daemon is paused"


def test_a_pause_that_ends_by_itself_says_how_much_is_left_of_it() -> None:
    """Of the daemon, of a module at a glance and in full."""
    soon = given.before(-492)
    assert "auto-watch paused, 8m12s left  hotctl resume" in plain.draw(
        status(given.status(given.module(), watch="paused", paused_until=soon), given.NOW)
    )
    held = given.status(given.module(watch="paused", paused_until=soon))
    text = plain.draw(status(held, given.NOW))
    assert "paused: file changes are recorded, not acted on (8m12s left)  hotctl resume long_op" in text
    assert "paused, 8m12s left" in plain.draw(module(held, given.NOW))
    assert left(given.NOW.isoformat(), given.NOW) == "about to end"
    assert left("in a while", given.NOW) == "until in a while"


def test_fewer_instances_than_wanted_are_visible() -> None:
    """A module that crash-loops shows how many of its replicas are there."""
    lone = given.module(serving=views.Serving(0, 0), generations=(views.GenerationCount(7, "current", 0),))
    assert "g7 ×0 of 2" in plain.draw(status(given.status(lone), given.NOW))  # noqa: RUF001 - that sign is meant


def test_a_module_that_never_loaded_names_its_cure() -> None:
    """``generation: null`` is words on a screen."""
    text = plain.draw(status(given.status(given.module(generation=None, health="Degraded")), given.NOW))
    assert "nothing has been loaded yet  hotctl reload long_op" in text


def test_a_rejection_does_not_hide_that_the_module_is_paused() -> None:
    """Correcting the file would do nothing until it is resumed."""
    text = plain.draw(status(given.status(replace(given.mailer(), watch="paused")), given.NOW))
    assert "rejected 1m ago" in text
    assert "hotctl resume mailer" in text


def test_what_was_decided_at_run_time_is_marked() -> None:
    """With the verb that takes it back."""
    decided = given.module(pinned=True, replicas=3, overrides={"replicas": 2, "stopped": False}, stopped=True)
    text = plain.draw(status(given.status(decided), given.NOW))
    assert "pinned: only a forced reload changes it  hotctl unpin long_op" in text
    assert "scaled: 3 replicas, hotd.toml says 2  hotctl reset long_op" in text
    assert "stopped  hotctl start long_op" in text


def test_other_versions_below_current_are_shown() -> None:
    """For as long as it runs over them."""
    moved = given.module(moved="pydantic 2.7 -> 2.9 since g3")
    for text in (
        plain.draw(status(given.status(moved), given.NOW)), plain.draw(module(given.status(moved), given.NOW)),
    ):  # fmt: skip
        assert "\n    over other versions: pydantic 2.7 -> 2.9 since g3\n" in text


def test_a_place_is_told_once() -> None:
    """The daemon's message may begin with it, in its own way."""
    for message in ("mailer.py line 41: invalid syntax", "/srv/mailer.py:41: invalid syntax", "invalid syntax"):
        assert located(message, "/srv/mailer.py", 41) == "/srv/mailer.py:41: invalid syntax"
    assert located("gone", None, None) == "gone"


def test_an_empty_daemon_says_how_to_host_something() -> None:
    """No bare header over nothing."""
    assert "no modules are hosted: add a [modules.NAME] to hotd.toml" in plain.draw(status(given.status(), given.NOW))


def test_at_80_columns_no_line_is_longer_and_nothing_is_cut() -> None:
    """The most common terminal: notes wrap, nothing important ends in dots."""
    view = given.status(*(given.module(f"module_{n}") for n in range(28)), given.ingest(), given.mailer())
    text = given.painted(status(view, given.NOW), colour=False)
    assert max(map(len, text.split("\n"))) <= 80
    assert "…" not in text
    assert "hotctl errors mailer" in text
    assert sum(line.startswith("module_") for line in text.split("\n")) == 28, "one line a module"


def test_at_120_columns_the_entry_is_there_too() -> None:
    """What was left out for want of room comes back with it."""
    assert "long_op:LongOp" in given.painted(status(given.status(given.module()), given.NOW), width=120)
    assert "long_op:LongOp" in plain.draw(status(given.status(given.module()), given.NOW))


def test_one_module_in_full_shows_conditions_with_reason_age_and_way_out() -> None:
    """``status MODULE`` keeps nothing back."""
    text = plain.draw(module(given.status(given.ingest()), given.NOW))
    assert text.startswith("ingest is Healthy: g7 is current, 2 of 2 instances run it\n")
    assert "  digest     " + given.DIGEST in text
    assert "    OutOfSync (paused)  since 4s ago\n      ingest.py was edited" in text
    assert "      hotctl resume ingest\n" in text


def test_instances_tell_old_code_age_and_progress() -> None:
    """Who still runs what was replaced is visible without comparing columns."""
    old = given.instance("long_op-3", generation=6, current=False, progress=None, age_s=11520.0)
    view = views.Instances((given.instance(), old))
    assert plain.draw(instances(view)) == (
        "INSTANCE   MODULE   GEN     STATE      AGE  PROGRESS\n"
        "long_op-7  long_op  g7      running    12s  40% (4/10) step four\n"
        "long_op-3  long_op  g6 old  running  3h12m  -\n"
    )
    assert "████░░░░░░" in given.painted(instances(view), colour=False)
    assert waiting_for((old,)) == "long_op-3 (g6, 3h12m)"


def test_progress_past_its_total_or_without_one_is_drawn_all_the_same() -> None:
    """A user's numbers are not ours to trust."""
    for done, total, shown in ((15, 10, "100% (15/10)"), (3, 0, "3"), (2.5, None, "2.5"), (-1, 4, "0% (-1/4)")):
        view = views.Instances((given.instance(progress=views.ProgressView(done, total, "")),))
        assert shown in plain.draw(instances(view))
        given.painted(instances(view))


def test_generations_list_rejected_loads_with_their_place() -> None:
    """A load that never got a number is in the list."""
    text = plain.draw(generations(given.generations(), given.NOW))
    assert " g6  draining     1  2m10s ago  38 ms  9f86d081884c  superseded  root   hotctl reload  -\n" in text
    assert "\n  -  rejected " in text
    assert "\n    /srv/ops/long_op.py:18: NameError: name 'smpt' is not defined\n" in text


def test_history_shows_every_module_of_a_rollout() -> None:
    """One revision may have touched several."""
    text = plain.draw(history(given.history(), given.NOW))
    assert "long_op g6→g7, mailer g1" in text and "executed" not in text


def test_what_was_executed_is_told_to_who_asks() -> None:
    """Below its rollout, or its generation."""
    assert plain.draw(history(given.history(), given.NOW, parts=True)).endswith(
        "\n    long_op executed helper, long_op\n"
    )
    (seven, *_) = given.generations().generations
    listed = views.Generations("long_op", (replace(seven, reloaded=("helper", "long_op")),))
    assert plain.draw(generations(listed, given.NOW, parts=True)).endswith("\n    executed helper, long_op\n")
    assert "executed" not in plain.draw(generations(listed, given.NOW))


def test_an_event_is_one_line_with_its_number() -> None:
    """``--since`` wants the number that the line shows."""
    assert plain.draw([event(given.event(), given.NOW)]) == (
        "  1839  14:02:11.204  reload.promoted       long_op g7 is current after 41 ms  (deploy, by root)\n"
    )


def test_an_event_of_another_day_has_its_date() -> None:
    """14:02 yesterday is not 14:02."""
    assert "  2026-11-22 14:02:11.000  " in plain.draw([event(given.event(at="2026-11-22T14:02:11Z"), given.NOW)])


def test_an_event_without_a_sentence_shows_its_fields() -> None:
    """A newer daemon's events are not blank."""
    one = given.event(message="", fields={"why": "overflow"}, module="mailer", actor=None, cause=None)
    assert plain.draw([event(one, given.NOW)]).endswith("mailer g7  why=overflow\n")


def test_lost_entries_are_counted_in_words() -> None:
    """A hole in a stream is never silent."""
    assert "1 event was dropped" in plain.draw([lost(1, "event")])
    assert "17 lines were dropped" in plain.draw([lost(17, "line")])


def test_a_log_line_names_instance_and_generation() -> None:
    """Old and new code print side by side and can be told apart."""
    assert plain.draw([log_line(given.log_line(), width=14)]) == "long_op-7 g2   | Op 7: step 4\n"


def test_an_error_shows_place_traceback_and_cure() -> None:
    """``errors`` shows the traceback as Python printed it."""
    text = plain.draw(failures(given.failures(), given.NOW))
    assert text.startswith("long_op-7 g7  12s ago\n  /srv/ops/long_op.py:18: NameError")
    assert '\n      File "/srv/ops/long_op.py", line 18, in <module>\n        smpt.connect()\n' in text
    assert text.endswith("  hint: save the file again\n")


def test_a_load_that_failed_tells_why_it_was_tried() -> None:
    """Cause, actor and how long it took, as the history has them."""
    (first,) = given.failures().errors
    for cause, actor, said in (
        ("watch: 3 files", "watch", "(watch: 3 files, after 12 ms)"),
        ("hotctl reload: fix timeout", "root", "(hotctl reload: fix timeout, by root, after 12 ms)"),
    ):
        failed = replace(first, instance=None, generation=None, cause=cause, actor=actor, duration_ms=12.0)
        text = plain.draw(failures(views.Failures((failed,)), given.NOW))
        assert text.startswith(f"load of long_op  12s ago  {said}\n")


def test_modules_tell_parts_and_roots() -> None:
    """What a module is made of."""
    assert "long_op  long_op:LongOp  g7   9f86d081884c      2  /srv/ops, /srv/lib\n" in plain.draw(
        modules(given.hosted())
    )


def test_hostile_names_are_harmless_on_every_screen_both_ways() -> None:
    """No name, message or printed line reaches the terminal as anything but letters."""
    evil = given.HOSTILE
    view = given.status(given.module(evil, entry=evil, conditions=(BAD,)))
    error = views.ErrorView(evil, evil, evil, evil, 1, evil)
    pages: list[list[Block]] = [
        status(view, given.NOW),
        module(view, given.NOW),
        instances(views.Instances((given.instance(evil, module=evil, progress=views.ProgressView(1, 2, evil)),))),
        [event(given.event(message=evil, event=evil, actor=evil, at=evil), given.NOW)],
        [log_line(given.log_line(text=evil, instance=evil))],
        failures(views.Failures((views.FailureView(evil, evil, 1, evil, error),)), given.NOW),
    ]
    for page in pages:
        for text in (plain.draw(page), given.painted(page, colour=False), given.painted(page, width=40, colour=False)):
            assert "[/red]" in text.replace("\n", "").replace(" ", ""), "markup is not interpreted, only shown"
            assert not any(char < " " for char in text.replace("\n", ""))
            assert not {"\x9b", "\u202e", "\x7f"} & set(text)


def test_why_tells_each_reason_with_its_evidence_and_what_to_type() -> None:
    """The sentence, then the trace, the stack or the holders, then the command."""
    assert plain.draw(why(given.why(), given.NOW)) == (
        "long_op is Degraded: g7 is current, 1 instance runs it\n"
        "  rejected: long_op.py:18: NameError  since 1m ago\n"
        "      Traceback (most recent call last):\n"
        '        File "/srv/ops/long_op.py", line 18, in <module>\n'
        "          smpt.connect()\n"
        "      NameError: name 'smpt' is not defined\n"
        "    hotctl reload long_op\n"
        "  stalled: long_op-3 runs g6 for 3h12m\n"
        '        File "/srv/ops/long_op.py", line 12, in poll\n'
        "          step()\n"
        "    hotctl restart long_op-3\n"
        "  leaked: g3 left code in memory\n"
        "    held by logging filter 'AuditFilter' on logger 'root'\n"
        "    held by running thread 'poller[/red]\\x1b[2J\\x9b1m\\u202elive\\x07', "
        "which stands in poll (/srv/ops/long_op.py:12)\n"
        '        File "/srv/ops/long_op.py", line 12, in poll\n'
        "          step()\n"
        "    hint: take it back\n"
        "    hotctl why long_op 3\n"
    )


def test_blocking_names_who_holds_up_a_drain_and_where_he_stands() -> None:
    """One sentence, then each with the next command to type."""
    assert plain.draw(blocking(given.blocking(), given.NOW)) == (
        "1 instance holds up a drain\n"
        "  stalled: long_op-3 runs g6 for 3h12m\n"
        '        File "/srv/ops/long_op.py", line 12, in poll\n'
        "          step()\n"
        "    hotctl restart long_op-3\n"
    )
    twice = views.Blocking(given.blocking().reasons * 2)
    assert plain.draw(blocking(twice, given.NOW)).startswith("2 instances hold up a drain\n")
    gone = replace(given.blocking().reasons[0], type="Abandoned")
    assert plain.draw(blocking(views.Blocking((gone,)), given.NOW)).startswith(
        "nothing holds up a drain; 1 instance was abandoned and not ended since\n"
    )
    assert plain.draw(blocking(views.Blocking((*twice, gone, gone)), given.NOW)).startswith(
        "2 instances hold up a drain; 2 instances were abandoned and not ended since\n"
    )
    assert plain.draw(blocking(views.Blocking(()), given.NOW)) == "nothing holds up a drain\n"


def test_why_of_a_generation_that_is_gone_says_so() -> None:
    """Nothing in its way is an answer, too."""
    view = views.Why("long_op", 3, "retired", "it is gone from memory", ())
    assert plain.draw(why(view, given.NOW)) == (
        "long_op g3 is retired: it is gone from memory\n  nothing is in its way\n"
    )


def test_generations_show_what_is_left_of_a_retired_one() -> None:
    """And the command that tells who holds it."""
    first = given.generations().generations[1]
    left = replace(first, state="retired", leaked=("helper", "long_op"))
    text = plain.draw(generations(views.Generations("long_op", (left,)), given.NOW))
    assert "    still in memory: helper, long_op  hotctl why long_op 6\n" in text


def test_a_failed_hook_is_no_failed_load() -> None:
    """``long_op g3`` failed to say goodbye."""
    failed = replace(given.failures().errors[0], instance=None, error=replace(given.ERROR, code="hook-failed"))
    assert plain.draw(failures(views.Failures((failed,)), given.NOW)).startswith("long_op g7  12s ago\n")
