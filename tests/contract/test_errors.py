"""Every error has a code of its own, an exit status that the interface lists, and a way across the wire."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hotd.contract import errors
from hotd.contract.errors import BY_CODE, HotdError, LoadRejected, Refused, UnknownModule, UsageError, from_wire

STATUSES = {1, 2, 3, 4, 5, 66, 69, 76, 77, 78}
"""The exit codes of the interface that stand for an error (0 is success, 6 and 7 are no errors)."""


def every_error(root: type[HotdError] = HotdError) -> Iterator[type[HotdError]]:
    yield root
    for child in root.__subclasses__():
        yield from every_error(child)


OURS = [kind for kind in every_error() if kind.__module__ == errors.__name__]


def test_no_two_errors_share_a_code() -> None:
    """A script that asks for the code means one thing."""
    assert len({kind.code for kind in OURS}) == len(OURS)
    assert set(BY_CODE.values()) >= set(OURS)


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.__name__)
def test_an_error_has_a_kebab_code_a_listed_status_and_a_promise(kind: type[HotdError]) -> None:
    """``rejected``, exit 3, "A candidate could not be loaded." """
    assert kind.code == kind.code.lower()
    assert set(kind.code) <= set("abcdefghijklmnopqrstuvwxyz-")
    assert kind.exit_status in STATUSES
    assert (kind.__doc__ or "").strip().endswith((".", "``--force``."))


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.__name__)
def test_an_error_stands_in_the_tree_that_the_page_draws(kind: type[HotdError]) -> None:
    """The drawing at the top of the module is the tree."""
    assert kind.__name__ in (errors.__doc__ or "")


def test_families_share_an_exit_status() -> None:
    """All rejections exit 3, all refusals 5, all usage errors 2."""
    for family in (LoadRejected, Refused, UsageError):
        assert {kind.exit_status for kind in every_error(family)} == {family.exit_status}


def test_an_error_is_its_sentence() -> None:
    """Nothing but the sentence is printed by whoever prints the exception."""
    error = UnknownModule("no module 'x'", hint="did you mean 'y'?")

    assert str(error) == "no module 'x'"
    assert error.hint == "did you mean 'y'?"


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.__name__)
def test_every_error_comes_back_from_the_wire_as_itself(kind: type[HotdError]) -> None:
    """By its code, with all its fields."""
    fields = {"code": kind.code, "message": "m", "hint": "h", "file": "f", "line": 7, "traceback": "t"}

    error = from_wire(fields)

    assert type(error) is kind
    assert (error.message, error.hint, error.file, error.line, error.traceback) == ("m", "h", "f", 7, "t")


def test_fields_of_a_wrong_type_are_dropped() -> None:
    """A hostile daemon cannot make the client fail on its error."""
    error = from_wire({"code": ["x"], "message": 1, "hint": {}, "file": 2, "line": "3", "traceback": []})

    assert type(error) is HotdError
    assert error.message == "the daemon reported an error without a message"
    assert (error.hint, error.file, error.line, error.traceback) == (None, None, None, None)
