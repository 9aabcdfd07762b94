"""What a changing verb tells."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from hotctl.view import plain
from hotctl.view.change import change
from hotd.contract import views
from tests.unit.hotctl_view import samples as given


def told(view: views.Change) -> tuple[str, str]:
    both = change(view)
    return plain.draw(both.done), plain.draw(both.failed)


def test_a_promote_says_what_was_executed_and_who_runs_what() -> None:
    """The sentence of the main promise."""
    assert told(given.change(given.changed())) == (
        "long_op: g1 → g2 promoted in 41 ms; executed again: helper, long_op; 0 instances run g2, "
        "2 still run g1 until they end (hotctl restart long_op asks them to)\n",
        "",
    )


def test_a_first_load_comes_from_nowhere() -> None:
    """No arrow from a generation that never was."""
    first = given.changed(generation=1, previous=None, serving=views.Serving(2, 0))
    assert told(given.change(first))[0] == "long_op: g1 promoted in 41 ms; 2 instances run g1\n"


def test_the_daemons_own_sentence_replaces_ours() -> None:
    """NotServing names the instances; the same advice is not given twice."""
    done, _ = told(given.change(given.changed(note="`hotctl restart long_op` asks them to")))
    assert done.count("hotctl restart long_op") == 1


def test_a_rejection_goes_to_standard_error_with_place_traceback_and_cure() -> None:
    """The current generation stays, and says so first."""
    done, failed = told(given.change(given.changed("rejected", generation=1, error=given.ERROR)))
    assert done == ""
    assert failed.startswith(
        "long_op: rejected, g1 stays current\n"
        "  /srv/ops/long_op.py:18: NameError: name 'smpt' is not defined\n"
        "    Traceback (most recent call last):\n"
    )
    assert failed.endswith("  hint: save the file again\n")


LEFT = ("atexit function 'bye': taken away", "thread 'poller', in /srv/ops/long_op.py:5 poll: still there")


def test_what_a_rejected_load_left_behind_is_told_before_the_cure() -> None:
    """A line each: what is gone, and what is not."""
    error = replace(given.ERROR, left=LEFT)
    failed = told(given.change(given.changed("rejected", generation=1, error=error)))[1]
    assert failed.endswith(
        "  left behind: atexit function 'bye': taken away\n"
        "  left behind: thread 'poller', in /srv/ops/long_op.py:5 poll: still there\n"
        "  hint: save the file again\n"
    )


def test_a_check_that_leaves_something_does_not_say_that_nothing_was_changed() -> None:
    """It passed all the same, and what it left is told where it passed."""
    done, failed = told(given.change(given.changed("checked", left=LEFT)))
    assert failed == "" and "nothing was changed" not in done
    assert done.startswith(
        "long_op: check passed in 41 ms; executed: helper, long_op; thrown away\n  left behind: atexit"
    )


def test_a_rejected_first_load_does_not_claim_that_something_runs() -> None:
    """Nothing stays current where nothing was."""
    failed = told(given.change(given.changed("rejected", generation=None, previous=None, error=given.ERROR)))[1]
    assert failed.startswith("long_op: rejected, nothing is current yet\n")


def test_a_dry_run_shows_each_part_with_its_reason_and_what_is_kept() -> None:
    """The plan, before anything is executed."""
    plan = (views.PlannedPart("helper", "helper.py changed"), views.PlannedPart("long_op", "imports helper"))
    view = given.change(given.changed("planned", plan=plan, kept=("model",)), revision=None)
    assert told(view)[0] == (
        "long_op: a reload would execute 2 parts again, 1 kept\n"
        "PART     WHY\nhelper   helper.py changed\nlong_op  imports helper\nkept: model\n"
    )


def test_a_dry_run_of_what_would_be_refused_shows_the_plan_and_says_so_as_an_error() -> None:
    """The plan is data, the refusal is not; the kept part is marked, shared ones are named with their module."""
    plan = (
        views.PlannedPart("settings", "settings.py changed"),
        views.PlannedPart("model", "it imports settings, and settings.py changed", True),
    )
    error = views.ErrorView("would-rebuild", "model would be executed again", "allow it", "/srv/ops/model.py", 3)
    shared = (views.SharedParts("batch", ("lib",)),)
    one = given.changed("refused", plan=plan, kept=("lib",), error=error, shared=shared, note="keep names x")
    assert told(given.change(one, revision=None)) == (
        "long_op: a reload would execute 2 parts again, 1 kept\n"
        "PART      WHY\nsettings  settings.py changed\n"
        "model     it imports settings, and settings.py changed; in keep\n"
        "kept: lib\nshared with batch: lib\n",
        "long_op: a reload would be refused\n  /srv/ops/model.py:3: model would be executed again\n"
        "  hint: allow it\n  keep names x\n",
    )


def test_a_dry_run_without_news_still_tells_what_is_wrong_with_keep() -> None:
    """A misspelt name is found before it is needed."""
    one = given.changed("planned", note="keep names modle, which is no part of long_op")
    assert told(given.change(one, revision=None))[0] == (
        "long_op: nothing to do: g2 is what is on disk\n  keep names modle, which is no part of long_op\n"
    )


def test_thirty_unchanged_modules_are_one_line() -> None:
    """``reload --all`` tells the news, not the silence."""
    same = tuple(given.changed("unchanged", module=f"m{n}") for n in range(30))
    done, _ = told(given.change(given.changed(), *same))
    assert done.count("\n") == 2
    assert "30 modules unchanged: m0, m1, " in done


def test_a_partial_outcome_is_never_called_done() -> None:
    """Each stream has its half, and the count says how much."""
    done, failed = told(
        given.change(given.changed(), given.changed("rejected", module="mailer", error=given.ERROR), outcome="partial")
    )
    assert "promoted" in done
    assert failed.endswith("partial: 1 of 2 modules done\n")


def test_pausing_the_whole_daemon_is_one_sentence() -> None:
    """Not the same sentence for each of thirty modules."""
    note = "file changes are recorded, not acted on"
    view = replace(given.change(*(given.changed("done", module=n, note=note) for n in "abc")), note=note)
    assert told(view)[0] == f"all 3 modules: {note}\n"


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("unchanged", "unchanged, g2 is what is on disk"),
        ("undone", "undone, g1 → g2; 0 instances run g2"),
        ("checked", "check passed in 41 ms; executed: helper, long_op; nothing was changed"),
        ("staged", "g2 is loaded and waits"),
        ("skipped", "skipped: no reason was given"),
        ("in-flight", "still in flight as revision 12; hotctl outcome 12 tells its result"),
        ("rolled-back", "rolled back, g2 is current again"),
        ("from-the-future", "from-the-future"),
    ],
)
def test_every_outcome_has_a_sentence(outcome: str, words: str) -> None:
    """Also one that this version does not know."""
    assert words in "".join(told(given.change(given.changed(outcome))))


def test_an_apply_shows_what_hotd_toml_says_otherwise_and_when_that_takes_effect() -> None:
    """Before what was loaded; values as the file has them, none where they are not shown."""
    settings = (
        views.SettingChange("daemon.state_dir", "restart", "/srv/state", "/var/lib/hotd"),
        views.SettingChange("control.admins", "now", ["root"], ["root", "%ops"]),
        views.SettingChange("modules.late", "added", None, "late:Op"),
        views.SettingChange("modules.long_op.args", "new-instances"),
    )
    told = change(views.Change(None, (), "planned", "1 module added, 2 settings changed", settings=settings))
    assert plain.draw(told.done) == (
        "1 module added, 2 settings changed\n"
        "HOTD.TOML             WHEN             BEFORE      NOW\n"
        "daemon.state_dir      after a restart  /srv/state  /var/lib/hotd\n"
        'control.admins        now              ["root"]    ["root", "%ops"]\n'
        "modules.late          added            -           late:Op\n"
        "modules.long_op.args  new instances    -           -\n"
    )
    failed = change(views.Change(3, (), "rejected", "nothing of hotd.toml was applied", settings=settings))
    assert not failed.done and "nothing of hotd.toml was applied" in plain.draw(failed.failed)


def test_a_table_of_hotd_toml_is_told_by_what_is_another_in_it() -> None:
    """A whole dictionary fills the screen and says less."""
    door = {"listen": "127.0.0.1:7463", "ca": "/srv/ca.pem", "certificate": "/srv/cert.pem", "key": "/srv/key.pem"}
    settings = (
        views.SettingChange("control.tls", "restart", None, door),
        views.SettingChange("control.tls", "restart", door, {**door, "listen": "0.0.0.0:7463"}),
        views.SettingChange("control.operators", "now", {}, {"a": ["%ops"]}),
    )
    page = change(views.Change(None, (), "planned", "", settings=settings)).done
    assert [re.split(" {2,}", text)[2:] for text in plain.draw(page).splitlines()[2:]] == [
        ["-", '{"listen": "127.0.0.1:7463", …}'],
        ['{"listen": "127.0.0.1:7463"}', '{"listen": "0.0.0.0:7463"}'],
        ["{}", '{"a": ["%ops"]}'],
    ]
