"""``hotctl shutdown``: returns when the daemon has ended."""

from __future__ import annotations

import pytest

from hotd.contract.errors import NotPermitted, Unreachable
from hotd.contract.requests import Events, Shutdown
from hotd.contract.views import Change
from hotd.contract.views import Events as Page
from tests.unit.hotctl_cli.desk import hotctl

ENDS = Change(None, (), "done", "the daemon ends: 1 instance asked to end within 2h")
BEFORE, MEANWHILE, LAST = Page((), 7, 0), Page((), 9, 0), Page((), 9, 0, closing=True)


@pytest.mark.parametrize("end", [LAST, Unreachable("gone")])
def test_it_is_waited_for_until_there_is_nobody_any_more(end: object) -> None:
    """By the last page of its events, or by its absence."""
    ran = hotctl(
        "shutdown", "--drain", "--timeout", "2h", "--reason", "why",
        answers={Events: [BEFORE, MEANWHILE, end], Shutdown: ENDS},
    )  # fmt: skip

    assert (ran.status, ran.out) == (0, "the daemon ends: 1 instance asked to end within 2h\n")
    assert ran.err == "the daemon has ended\n"
    assert ran.asked[1] == Shutdown(True, 7200.0, "why")
    assert [one.after for one in ran.asked if isinstance(one, Events)] == [None, 7, 9]


def test_ctrl_c_ends_the_wait_and_not_the_end() -> None:
    """And says so."""
    ran = hotctl("shutdown", answers={Events: [BEFORE, KeyboardInterrupt()], Shutdown: ENDS})

    assert ran.status == 130
    assert "the daemon goes on to end" in ran.err


def test_who_may_not_is_told() -> None:
    """Exit 77, nothing is waited for."""
    ran = hotctl("shutdown", answers={Events: BEFORE, Shutdown: NotPermitted("uid 7 may not shutdown")})

    assert (ran.status, ran.out) == (77, "")
