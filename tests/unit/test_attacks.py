"""The table of attacks in SECURITY.md against the tests there are."""

from __future__ import annotations

from tests.attacks import PAGE, attacks, table, written

ROWS = {
    # What a connected client could do to RPyC.
    "its own object": "test_what_is_answered_is_a_text_and_not_the_daemons_own_object",
    "format": "test_no_text_is_formatted_with_a_reference",
    "eval": "test_no_attribute_but_a_verb_can_be_named",
    "value bombs": "test_methods_of_values_cannot_be_called",
    "dir, str, hash": "test_objects_tell_nothing_of_themselves",
    "pickle, setattr": "test_nothing_is_pickled_set_deleted_or_iterated",
    "tracebacks and attributes of exceptions": "test_an_error_carries_a_code_and_a_sentence_and_nothing_else",
    "isinstance and callbacks": "test_no_object_of_the_callers_is_taken",
    "classes of exceptions": "test_unsolicited_exceptions_make_no_classes",
    "what brine cannot say": "test_no_answer_breaks_the_connection_that_it_goes_over",
    "many references": "test_a_caller_cannot_make_the_daemon_keep_anything_for_it",
    # What slow and big peers could do to it.
    "4 GiB": "test_a_frame_is_refused_by_its_header",
    "zlib bomb": "test_a_bomb_is_not_inflated",
    "deep tuples": "test_no_nesting_of_values_ends_more_than_its_connection",
    "slow-loris": "test_five_hundred_clients_that_say_nothing_keep_nobody_out",
    "idle": "test_who_says_nothing_is_let_go",
    "descriptors": "test_a_daemon_with_few_descriptors_serves_on",
    "long operations": "test_calls_that_wait_are_counted",
    "stopped followers": "test_a_stopped_follower_holds_up_nothing",
}
"""Each row of the tables that the control port was designed by, and the test that answers it."""


def test_the_table_is_what_the_suite_says() -> None:
    """Whoever adds, renames or loses a test of an attack is told; ``make security`` writes it anew."""
    page = PAGE.read_text("utf-8")
    assert page == written(page, table(attacks()))


def test_every_row_of_the_design_is_attacked() -> None:
    """None is lost by renaming."""
    tests = {attack.proof.partition("::")[2] for attack in attacks()}
    assert {what: test for what, test in ROWS.items() if test not in tests} == {}
