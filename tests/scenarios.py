"""The scenarios that a life of a generation was designed by, each with what is expected and the tests that prove it.

A proof is ``folder/file.py::test``, below ``tests``; or a case of ``tests/conformance``, by its name. A test looks
whether all of them are there.
"""

from __future__ import annotations

from typing import NamedTuple


class Scenario(NamedTuple):
    """One of them."""

    happens: str
    expected: str
    proofs: tuple[str, ...]


LATER = {
    37: "old and new write the same table: the version of a schema comes with hand-over",
    44: "a hand-over raises: comes with hand-over",
    45: "one of twenty cannot be suspended: comes with hand-over",
    53: "a canary gets no work: comes with canaries",
    54: "the source of a metric is broken: comes with canaries",
    55: "both generations fail of one cause: comes with canaries",
    59: "an undo skips the way down of the state: comes with hand-over",
}
"""Not proven yet, and what they wait for."""

SCENARIOS = {
    # --- detection ---
    1: Scenario("an editor truncates, then writes", "never promoted empty", (
        "integration/watching/test_saving.py::test_a_file_that_is_being_written_is_told_when_it_is_closed",
        "E08-empty-file",
    )),
    2: Scenario("two edits in one second, of the same size", "identity is the content", (
        "M11-same-size-same-mtime-other-bytes",
    )),
    3: Scenario("mtime moves backwards; a touch changes nothing", "reloaded; unchanged", (
        "M10-same-bytes-moved-mtime", "E12-touch-only", "unit/core/test_watch.py::test_a_touched_file_is_no_reload",
    )),
    4: Scenario("saved by a rename; a link is pointed elsewhere", "all detected", (
        "integration/watching/test_saving.py::test_a_save_is_one_batch_with_the_file_and_nothing_else",
        "rpc/test_saving.py::test_one_save_is_one_generation_however_it_is_written",
        "integration/watching/test_folders.py::test_a_link_to_a_folder_that_is_swapped_brings_the_files_behind_it",
        "P21-deploy-by-link",
    )),
    5: Scenario("a burst of many files", "one rollout after quiet", (
        "integration/watching/test_saving.py::test_a_checkout_of_hundreds_of_files_is_one_batch",
        "rpc/test_saving.py::test_a_checkout_of_a_thousand_files_is_one_rollout",
        "unit/core/test_watch.py::test_a_helper_of_several_modules_is_one_rollout",
    )),
    6: Scenario("a writer that never rests", "loaded at the latest after settle_max; patterns ignore it", (
        "integration/watching/test_watcher.py::test_a_file_that_is_written_for_ever_does_not_hold_up_the_others",
        "unit/core/test_settling.py::test_a_file_that_is_written_for_ever_holds_up_nobody_longer_than_the_cap",
        "integration/watching/test_folders.py::test_patterns_of_the_user_are_kept",
        "unit/core/test_churn.py::test_a_file_that_is_written_all_the_time_is_named_with_the_cure",
    )),
    7: Scenario("a file is deleted", "SourceMissing, current serves on", (
        "rpc/test_bad_input.py::test_a_vanished_source_leaves_current_serving",
        "unit/core/test_conditions.py::test_a_vanished_source_is_called_by_its_name",
    )),
    8: Scenario("a missing dependency appears", "what was rejected is tried again", (
        "rpc/test_bad_input.py::test_a_missing_dependency_heals_when_it_appears",
    )),
    9: Scenario("watching is lost", "a condition; polled, and looked at anew when it is back", (
        "integration/watching/test_folders.py::test_a_root_that_comes_back_is_watched_again",
        "integration/watching/test_folders.py::test_a_root_that_is_removed_is_said_to_go_unseen",
        "integration/watching/test_limits.py::test_folders_beyond_the_limit_are_polled_until_it_is_raised",
        "integration/watching/test_limits.py::test_without_an_instance_all_is_polled_until_there_is_one",
        "integration/watching/test_mounts.py::test_one_root_is_watched_and_another_polled",
        "integration/watching/test_mounts.py::test_what_is_mounted_over_a_root_later_is_polled_from_then_on",
    )),
    10: Scenario("a change while paused", "OutOfSync; at the resume one rollout to the newest", (
        "rpc/test_story.py::test_changes_while_paused_are_shown_and_applied_at_resume",
        "unit/core/test_pausing.py::test_a_resume_loads_the_newest_once",
    )),
    # --- load ---
    11: Scenario("a syntax error", "rejected with file and line, heals on the next save", (
        "rpc/test_story.py::test_a_broken_edit_changes_nothing_but_the_news",
    )),
    12: Scenario("an exception on the last line", "rejected, nothing mutated", (
        "E02-raises-midway", "rpc/test_refusals.py::test_every_refusal_is_total",
    )),
    13: Scenario("sys.exit() at import", "rejected, the daemon lives", (
        "E06-system-exit", "rpc/test_refusals.py::test_every_refusal_is_total",
    )),
    14: Scenario("an import hangs", "given up at its deadline; everybody else is served", (
        "rpc/test_bad_input.py::test_an_import_that_hangs_is_abandoned_and_nothing_else_waits",
        "unit/core/test_outcomes.py::test_an_import_that_hangs_is_given_up_at_the_deadline",
    )),
    15: Scenario("a rejected candidate leaves things behind", "taken away or told; Tainted", (
        "rpc/test_refusals.py::test_what_a_refused_load_left_behind_is_told_everywhere",
        "integration/loading/test_residue.py::test_a_refusal_takes_away_what_was_registered_and_tells",
    )),
    16: Scenario("no entry, or of another signature", "rejected", (
        "unit/loading/test_entry.py::test_a_bad_entry_is_told_with_its_cure",
        "rpc/test_refusals.py::test_every_refusal_is_total",
    )),
    17: Scenario("__hot_check__ says no", "rejected: vetoed", (
        "integration/loading/test_clearing.py::test_what_loads_and_is_refused_for_its_entry_is_cleared",
    )),
    18: Scenario("no text, null bytes, half copied", "rejected with a reason, tried again on a change", (
        "L01-null-byte", "L02-not-utf-8", "rpc/test_refusals.py::test_every_refusal_is_total",
    )),
    19: Scenario("no memory for a load", "rejected, current alive", (
        "integration/loading/test_refusals.py::test_whatever_a_module_raises_is_a_refusal_with_a_sentence",
    )),
    20: Scenario("native code changes", "shared; RestartRequired names it", (
        "rpc/test_restart_required.py"
        "::test_a_change_of_what_is_imported_for_good_is_told_and_makes_no_generation",
        "integration/loading/test_extensions.py::test_native_code_that_changes_makes_no_generation",
    )),
    21: Scenario("a file of hotd's own changes", "RestartRequired, never reloaded", (
        "unit/core/test_stale.py::test_hotd_s_own_files_are_the_daemon_s_condition",
    )),
    # --- dependencies ---
    22: Scenario("a helper changes that is imported by name", "its importers are executed again", ("D01-from-import",)),
    23: Scenario("two change together, one is broken", "neither swaps", (
        "rpc/test_verbs.py::test_reload_all_atomic_promotes_everything_or_nothing",
        "unit/core/test_concluding.py::test_one_broken_member_keeps_all_of_an_atomic_rollout_back",
    )),
    24: Scenario("the graph itself changes", "loaded by the new graph", (
        "D11-import-dropped", "P35-cycles-that-come-and-go",
    )),
    25: Scenario("a circular import", "loaded as one", ("D05-cycle",)),
    26: Scenario("who invalidates whom in a circle", "each part once a rollout", (
        "unit/core/test_graph.py::test_a_cycle_is_touched_once", "D04-diamond-once",
    )),
    27: Scenario("a helper of many modules changes", "one rollout, and a plan before it", (
        "unit/core/test_watch.py::test_a_helper_of_several_modules_is_one_rollout",
        "integration/loading/test_pool.py::test_one_moves_on_while_the_other_stays",
        "integration/loading/test_keeping.py"
        "::test_a_plan_of_the_daemon_tells_refusal_strangers_and_shared_parts",
    )),
    28: Scenario("a module is new", "loaded, not skipped", ("D09-new-helper-file",)),
    29: Scenario("a dependency is not imported any more", "its hook runs, and it goes", (
        "D11-import-dropped",
        "integration/loading/test_reclaim.py::test_a_retired_generation_says_goodbye_once_and_leaves_memory",
    )),
    30: Scenario("old code imports late", "it gets its own generation's", (
        "D15-lazy-import-in-old-code",
        "integration/loading/races/test_imports.py::test_old_code_imports_late_while_new_code_comes",
    )),
    31: Scenario("a data file changes what code does", "part of the digest, where declared", (
        "rpc/test_data_files.py::test_an_edited_query_is_a_new_generation_and_old_instances_read_the_old_one",
    )),
    # --- swap ---
    32: Scenario("two reload at once", "one joins the other, or has a turn of its own", (
        "rpc/test_races.py::test_two_clients_who_reload_get_what_each_of_them_saved",
        "unit/core/test_rollouts.py::test_whoever_asks_for_what_waits_already_gets_its_outcome",
    )),
    33: Scenario("a change during a load", "the newest wins, nothing stale is queued", (
        "unit/core/test_outcomes.py::test_newer_content_supersedes_a_candidate",
    )),
    34: Scenario("an instance is born at the swap", "wholly old or wholly new", (
        "unit/engine/test_engine.py::test_whoever_sees_a_generation_as_current_can_already_get_it",
        "integration/loading/races/test_busy.py::test_no_step_is_of_two_generations",
    )),
    35: Scenario("a candidate waits, and newer content comes", "the way back leads to what was stable", (
        "unit/core/test_staging.py::test_other_changes_wait_for_that_word",
        "unit/core/test_rollback.py::test_three_failures_at_once_bring_the_last_stable_one_back",
    )),
    36: Scenario("old and new would share a port", "without surge the old end before the new begin", (
        "unit/core/test_instances.py::test_old_and_new_never_exceed_the_replicas",
        "unit/core/test_instances.py::test_on_change_stop_asks_the_old_code_to_end_a_few_at_a_time",
    )),
    38: Scenario("a new generation cannot run", "taken back once, quarantined, exit 6", (
        "rpc/test_by_hand.py::test_a_generation_whose_instances_all_fail_is_taken_back",
    )),
    39: Scenario("killed between intent and swap", "not done", (
        "integration/store/test_store.py::test_what_had_no_outcome_when_the_daemon_died_was_not_done",
        "integration/store/test_dying.py::test_a_daemon_killed_at_a_statement_finds_what_it_was_told_is_kept",
    )),
    # --- instances and drain ---
    40: Scenario("an instance never ends", "Stalled, listed with its stack", (
        "unit/core/test_reconcile.py::test_a_drain_past_its_deadline_is_told_once_and_goes_on",
        "unit/core/test_reasons.py::test_a_drain_names_its_blockers_with_age_and_stack",
    )),
    41: Scenario("it ignores being asked", "abandoned, Tainted, never called killed", (
        "rpc/test_policies.py::test_an_instance_that_never_ends_is_abandoned_where_the_config_says_so",
        "unit/core/test_conditions.py::test_an_abandoned_instance_taints_the_module_until_the_daemon_ends",
    )),
    42: Scenario("many reloads with long work", "refused at the cap, blockers named", (
        "unit/core/test_rollouts.py::test_at_the_cap_a_reload_is_refused_and_names_who_holds_it_up",
        "unit/core/test_rollouts.py::test_an_edit_at_the_cap_is_told_once_and_loaded_as_soon_as_there_is_room",
        "chaos/test_chaos.py::test_chaos_finds_every_promise_kept",
    )),
    43: Scenario("an instance dies during a drain", "it counts as drained", (
        "unit/core/test_reconcile.py::test_a_drain_is_over_however_its_last_instance_ended",
    )),
    46: Scenario("all old instances shall end", "a few at a time", (
        "unit/core/test_instances.py::test_on_change_stop_asks_the_old_code_to_end_a_few_at_a_time",
        "unit/core/test_switches.py::test_a_restart_asks_everybody_a_few_at_a_time",
    )),
    47: Scenario("work is queued during the swap", "all of it done, once", (
        "integration/loading/test_pools.py::test_a_backlog_is_worked_off_in_the_code_that_piled_it_up",
    )),
    48: Scenario("old code queued a closure", "it runs old code, which stays", (
        "integration/loading/test_pools.py::test_an_idle_worker_keeps_nobody_and_queued_work_does",
        "C09-stored-callback",
    )),
    # --- objects across generations ---
    49: Scenario("isinstance across generations", "false; types of a module that does not change are shared", (
        "B28-dataclass-eq-across", "D22-shared-interface-module", "H09-exceptions-across-generations",
    )),
    50: Scenario("an old object is pickled after the swap", "as its own class, or a clear error", (
        "G02-pickle-across", "H07-pickle-and-copy-of-old-instances",
    )),
    51: Scenario("a traceback of old code", "shows the lines that ran", (
        "G04-traceback-of-old-code",
        "integration/tools/test_tracebacks.py::test_old_code_is_shown_with_the_lines_that_ran",
    )),
    52: Scenario("a registry holds old code", "Leaked, with who holds it", (
        "rpc/test_why.py"
        "::test_a_retired_generation_that_does_not_leave_memory_is_named_with_its_holder_until_it_does",
    )),
    # --- undo ---
    56: Scenario("what was gone back to fails, too", "it stays: no ping-pong", (
        "unit/core/test_rollback.py::test_a_rollback_is_not_on_trial_itself",
    )),
    57: Scenario("the file of what was undone is still there", "not loaded by the watcher", (
        "rpc/test_story.py::test_undo_goes_back_at_once_and_the_watcher_does_not_redo_it",
        "chaos/test_chaos.py::test_chaos_finds_every_promise_kept",
    )),
    58: Scenario("an undo beyond what is kept", "NoHistory or Expired, nothing changes", (
        "rpc/test_verbs.py::test_an_undo_without_history_is_refused",
        "unit/core/test_undoing.py::test_what_is_kept_no_more_has_expired",
    )),
    # --- control plane ---
    60: Scenario("hotctl goes in the middle of a reload", "it goes on, and the history has it", (
        "rpc/test_bad_input.py::test_ctrl_c_during_a_reload_leaves_it_to_the_daemon",
        "integration/control/test_attacker.py::test_a_caller_that_goes_before_its_answer_leaves_nothing_behind",
    )),
    61: Scenario("a client would hold on to an object", "there are plain values only", (
        "integration/control/test_attacker.py"
        "::test_references_to_anything_but_root_and_verbs_are_refused",
    )),
    62: Scenario("status while a module holds the import lock", "answered in time", (
        "rpc/test_races.py::test_status_answers_while_an_import_stands_still",
    )),
    63: Scenario("only a part succeeded", "never called a success", (
        "unit/core/test_concluding.py::test_success_is_told_only_where_every_part_succeeded",
        "unit/hotctl_cli/test_endings.py::test_the_outcome_is_the_exit_status",
    )),
    64: Scenario("an attempt failed", "nothing of it is used again, and a retry works", (
        "integration/loading/test_residue.py::test_nothing_of_a_refused_candidate_is_kept",
        "unit/core/test_staging.py::test_retry_tries_once_more_what_was_rejected_or_undone",
    )),
    65: Scenario("the clock is set", "deadlines do not move", (
        "unit/core/test_values.py::test_a_stepped_wall_clock_moves_nothing",
    )),
    66: Scenario("a module starts threads of its own", "they are told with their generation", (
        "integration/loading/test_leaks.py::test_a_running_thread_shows_its_stack",
        "integration/loading/test_residue.py::test_a_thread_is_told_until_it_ends",
    )),
    67: Scenario("a tool has little time", "--timeout, exit 4, and a number to ask with", (
        "unit/hotctl_cli/test_reload.py::test_after_the_timeout_it_says_where_the_result_will_be",
    )),
    # --- restart and resources ---
    68: Scenario("a start with broken source on disk", "what is permanent runs, OutOfSync", (
        "rpc/test_restarts.py::test_a_start_runs_what_is_permanent_and_then_tries_the_disk",
    )),
    69: Scenario("two daemons want one state folder", "the second is refused", (
        "rpc/test_bad_input.py::test_a_second_daemon_is_refused_with_the_pid_of_the_first",
        "integration/host/test_lock.py::test_the_second_daemon_is_told_who_the_first_is",
    )),
    70: Scenario("the store is broken, the disk full", "serves on, promotes nothing, says so", (
        "rpc/test_restarts.py::test_a_full_disk_keeps_nothing_from_serving",
        "rpc/test_restarts.py::test_a_store_that_cannot_be_read_is_begun_anew_and_told_of",
    )),
    71: Scenario("a thousand reloads", "nothing grows", (
        "rpc/test_soak.py::test_a_daemon_that_reloads_keeps_nothing",
        "integration/loading/test_hooks.py::test_a_thousand_reloads_leave_nothing_behind",
    )),
    72: Scenario("a module makes resources when it is loaded", "every generation makes and returns its own", (
        "integration/loading/test_reclaim.py::test_a_retired_generation_says_goodbye_once_and_leaves_memory",
    )),
}  # fmt: skip
