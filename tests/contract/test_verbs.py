"""The table of verbs, and the small words around it."""

from __future__ import annotations

import dataclasses

from hotd.contract.events import EventName
from hotd.contract.nearest import nearest
from hotd.contract.quoting import LONGEST_QUOTE, shown
from hotd.contract.verbs import VERBS, Role
from hotd.contract.views import Change


def test_every_verb_has_a_request_of_its_own() -> None:
    """So that a request alone says which verb it is for."""
    assert len({verb.request for verb in VERBS.values()}) == len(VERBS)
    assert all(dataclasses.is_dataclass(verb.request) for verb in VERBS.values())


def test_what_changes_answers_with_a_change_and_takes_more_than_a_viewer() -> None:
    """Nobody changes anything with the right to look."""
    for verb in VERBS.values():
        assert not verb.changes or (verb.answer is Change and verb.role > Role.VIEWER), verb.name


def test_events_are_noun_dot_verb() -> None:
    """One form, so that ``reload.*`` means something."""
    assert all(name.value.count(".") == 1 and name.value.islower() for name in EventName)


def test_the_nearest_word_is_offered_and_a_far_one_is_not() -> None:
    """``stauts`` is status; ``xyzzy`` is nothing."""
    assert nearest("stauts", VERBS) == "status"
    assert nearest("xyzzy", VERBS) is None


def test_what_users_wrote_is_quoted_short_and_on_one_line() -> None:
    """No value can break a sentence apart."""
    assert shown("a\nb") == '"a\\nb"'
    assert shown("ü") == '"ü"'
    assert shown(True) == "true"
    assert shown(7) == "7"
    assert shown(16**100) == "a number of more than 64 bits"
    assert shown([1]) == "a list"
    assert shown({}) == "a table"
    assert len(shown("x" * 1000)) == LONGEST_QUOTE
