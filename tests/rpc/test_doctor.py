"""``hotctl doctor`` against a real daemon, and where there is none any more."""

from __future__ import annotations

import signal

from tests.support.daemons import running
from tests.support.ops import hosted, waiter


def test_the_doctor_looks_at_both_sides() -> None:
    """Who may write the roots runs code; whoever is gone is not reached."""
    with running({"long_op.py": waiter("one")}, hosted()) as daemon:
        (daemon.folder / "ops").chmod(0o777)
        said = daemon.hotctl("doctor")
        assert said.status == 7 and f"everyone may write {daemon.folder}/ops" in said.out
        assert f"cure: chmod o-w {daemon.folder}/ops" in said.out
        assert "inotify watches 1 of at most" in said.out and f"{daemon.socket}, 0660" in said.out
        (daemon.folder / "ops").chmod(0o755)
        found = daemon.hotctl("doctor", "--json")
        assert found.status == 0 and "wrong" not in {one["state"] for one in found.json["findings"]}
        daemon.stop(signal.SIGKILL)
        gone = daemon.hotctl("doctor")
        assert gone.status == 69 and "a daemon that was killed left it there" in gone.out
