"""What the kernel says when it will not watch."""

from __future__ import annotations

import errno
import os

import pytest

from hotd.watching.limits import blind, refused


def failure(number: int) -> OSError:
    return OSError(number, os.strerror(number))


@pytest.mark.parametrize(
    ("number", "limit"),
    [(errno.ENOSPC, "fs.inotify.max_user_watches"), (errno.EMFILE, "fs.inotify.max_user_instances")],
)
def test_a_limit_is_named_with_its_cure(number: int, limit: str) -> None:
    """ "No space left on device" would send everybody to the wrong place."""
    error = refused("/srv/ops", failure(number))

    assert error.message == f"source root /srv/ops cannot be watched: the user's limit {limit} is reached"
    assert f"sysctl -w {limit}=" in str(error.hint)
    assert limit in blind("/srv/ops/a", failure(number))


def test_other_reasons_are_passed_on() -> None:
    """Where no limit is the reason, none is blamed."""
    error = refused("/srv/ops", failure(errno.EACCES))

    assert error.message == "source root /srv/ops cannot be watched: permission denied"
    assert error.hint is None
    assert blind("/srv/ops/a", failure(errno.EACCES)) == "changes below /srv/ops/a go unseen: permission denied"
    assert "odd" in refused("/srv/ops", OSError("odd")).message
