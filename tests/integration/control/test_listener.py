"""Who waits for callers, where the system has no room for one more who does."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from hotd.control.listener import Listener
from tests.support.eventually import eventually


def ears() -> int:
    """How many epoll descriptors this process has."""
    found = 0
    for link in Path("/proc/self/fd").iterdir():
        try:
            found += str(link.readlink()) == "anon_inode:[eventpoll]"
        except FileNotFoundError:  # the one that listed the folder
            continue
    return found


def test_who_cannot_wait_for_callers_leaves_nothing_open(tmp_path: Path) -> None:
    """The user's limit of watches may be reached for hours: a daemon that tries again must not use up descriptors."""
    listener = Listener(str(tmp_path / "socket"), starved=lambda _: None, log=logging.getLogger("test"))
    listener.listen()
    first = threading.Thread(target=listener.accept, daemon=True)
    first.start()
    eventually(lambda: not listener._unused, what="the first to wait")
    before, listens = ears(), listener.listener
    with (tmp_path / "file").open("w") as refused:
        # Which epoll takes no more than one for which there is no room.
        listener.listener = refused  # type: ignore[assignment]
        assert [listener.accept() for _ in range(3)] == [None] * 3
        listener.listener = listens

    assert ears() == before
    listener.stop()
    first.join()
    listener.close()
    assert ears() == before - 1
