"""What the control port is made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotd.app.port import socket_group
from hotd.config import Control
from hotd.contract.errors import BadConfig


def control(group: str | None, *, written: bool) -> Control:
    return Control(Path("/run/x.sock"), True, 0o660, group, written, (), {}, ())


@pytest.mark.parametrize(
    ("group", "written", "uid", "gids", "given"),
    [
        (None, False, 1000, {1000}, None),
        ("root", True, 1000, {1000}, 0),  # to fail at: it was asked for
        ("root", False, 1000, {1000}, None),
        ("root", False, 1000, {1000, 0}, 0),
        ("root", False, 0, {1}, 0),
        ("4711", True, 1000, {1000}, 4711),
    ],
)
def test_a_default_group_that_cannot_be_given_keeps_nobody_from_trying_hotd(
    group: str | None, written: bool, uid: int, gids: set[int], given: int | None
) -> None:
    """On a machine where hotd is installed, a user outside its group runs one by hand."""
    assert socket_group(control(group, written=written), uid=uid, gids=gids) == given


def test_a_group_that_went_since_the_config_was_read_is_a_sentence() -> None:
    """And not the KeyError of a look-up."""
    with pytest.raises(BadConfig, match="no group 'gone-since' on this machine any more"):
        socket_group(control("gone-since", written=True), uid=0, gids=())
