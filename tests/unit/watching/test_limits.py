"""What the kernel says when it will not watch."""

from __future__ import annotations

import errno
import os

from hotd.watching.limits import closed, no_instance, refused, too_many


def failure(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def test_a_limit_is_named_with_its_cure() -> None:
    """ "No space left on device" and "too many open files" would send everybody to the wrong place."""
    (watches,) = too_many({"/ops/a": errno.ENOSPC, "/ops/b": errno.ENOSPC, "/ops/c": errno.EACCES}, 9)
    instances = no_instance(failure(errno.EMFILE))

    assert "2 of 9 folders are polled, as /ops/a: the user's limit fs.inotify.max_user_watches" in watches.message
    assert "sysctl -w fs.inotify.max_user_watches=" in watches.message
    assert "sysctl -w fs.inotify.max_user_instances=" in instances.message
    assert not list(too_many({"/ops/c": errno.EACCES}, 9))


def test_other_reasons_are_passed_on() -> None:
    """Where no limit is the reason, none is blamed."""
    error = refused("/srv/ops", failure(errno.EACCES))

    assert error.message == "source root /srv/ops cannot be watched: permission denied"
    assert error.hint is None
    assert "odd" in refused("/srv/ops", OSError("odd")).message
    assert "function not implemented" in no_instance(failure(errno.ENOSYS)).message


def test_folders_that_are_closed_are_told_by_reason() -> None:
    """One sentence for a reason, however many folders it is true of."""
    those = {"/ops/a": errno.EACCES, "/ops/b": errno.EACCES, "/ops/c": errno.EIO, "/ops/d": errno.ENOSPC}
    found = {trouble.subject: trouble.message for trouble in closed(those)}

    assert found.keys() == {"Permission denied", "Input/output error"}
    assert found["Permission denied"].startswith("changes below /ops/a and 1 more folder go unseen: permission denied")
    assert found["Input/output error"] == "changes below /ops/c go unseen: input/output error"
    (many,) = closed({f"/ops/{name}": errno.EACCES for name in "abc"})
    assert "/ops/a and 2 more folders" in many.message
