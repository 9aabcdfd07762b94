"""What `systemctl` and `journalctl` show of hotd, on a real systemd."""

from __future__ import annotations

import re

import pytest

from tests.support.eventually import eventually
from tests.systemd.box import Service

pytestmark = pytest.mark.systemd

CONFIG = """
roots = ["ops"]
[modules.long_op]
entry = "long_op:work"
args = ["{instance}"]
replicas = 1
on_change = "stop"
watch = "manual"
"""

# Asked to end, an instance goes on until the file /etc/hotd/release is there: drains last as long as the test wants.
GOOD = """
import time
from pathlib import Path
from hotd import api

def work(instance):
    print(f"instance {instance} runs SECOND-EDITION" if EDITION == 2 else f"instance {instance} runs", flush=True)
    while not api.stopping():
        api.wait(60)
    while not Path("/etc/hotd/release").exists():
        time.sleep(0.02)
    print(f"instance {instance} finished its work", flush=True)
"""
FIRST, SECOND = GOOD + "\nEDITION = 1\n", GOOD + "\nEDITION = 2\n"
BAD = GOOD + "\n\ndef broken(:\n    pass\n"
BAD_LINE = BAD.splitlines().index("def broken(:") + 1


@pytest.fixture
def running(service: Service) -> Service:
    """The service, started, with one instance of the first edition at work."""
    service.configure(CONFIG)
    service.write_op(FIRST)
    service.start()
    eventually(lambda: "instance 1 runs" in service.journal(), what="the first instance is at work")
    return service


def test_start_returns_when_the_service_answers(service: Service) -> None:
    """`systemctl start hotd && hotctl status` works, without a pause in between."""
    service.configure(CONFIG)
    service.write_op(FIRST)

    started = service.systemctl("start")

    assert started.returncode == 0, started.stderr
    assert service.module()["generation"] == 1
    shown = service.show("ActiveState", "SubState", "StatusText", "NRestarts")
    assert (shown["ActiveState"], shown["SubState"], shown["NRestarts"]) == ("active", "running", "0")
    assert "1 module" in shown["StatusText"]


def test_the_control_socket_is_for_root_and_the_group_hotctl(running: Service) -> None:
    """An operator needs no sudo, only the group; others do not even reach the daemon, which is not root either."""
    box = running.box

    assert box.must("stat", "-c", "%G %a", "/run/hotd/control.sock").split() == ["hotctl", "660"]
    assert box.run("runuser", "-u", "alice", "--", "hotctl", "status").returncode == 0
    assert box.run("runuser", "-u", "bob", "--", "hotctl", "status").returncode in (69, 77)
    pid = running.show("MainPID")["MainPID"]
    assert box.must("ps", "-o", "uid=", "-p", pid).strip() != "0"


def test_reload_returns_when_the_new_code_is_current(running: Service) -> None:
    """`systemctl reload hotd` is the deploy: after it new work runs new code."""
    running.write_op(SECOND)

    reloaded = running.systemctl("reload")

    assert reloaded.returncode == 0, reloaded.stderr + running.journal()
    assert running.module()["generation"] == 2
    (running.etc / "release").touch()
    eventually(lambda: "runs SECOND-EDITION" in running.journal(), what="an instance of g2 is at work")
    assert running.show("ActiveState", "NRestarts") == {"ActiveState": "active", "NRestarts": "0"}


def test_a_reload_of_broken_code_fails_and_changes_nothing(running: Service) -> None:
    """A typo costs a red line in the deploy and one in the journal, with file and line; the service goes on."""
    pid = running.show("MainPID")
    running.write_op(BAD)

    reloaded = running.systemctl("reload")

    assert reloaded.returncode != 0
    module = running.module()
    assert module["generation"] == 1
    assert module["serving"] == {"current": 1, "old": 0}
    assert (module["rejected"]["line"], module["rejected"]["file"].endswith("long_op.py")) == (BAD_LINE, True)
    assert running.show("ActiveState", "SubState") == {"ActiveState": "active", "SubState": "running"}
    assert running.show("MainPID") == pid
    errors = eventually(lambda: running.journal("--priority=err"), what="an error in the journal")
    assert f"long_op.py:{BAD_LINE}" in errors


def test_a_repaired_edit_reloads_after_a_broken_one(running: Service) -> None:
    """After the typo is corrected the same command works; nothing has to be reset."""
    running.write_op(BAD)
    assert running.systemctl("reload").returncode != 0
    running.write_op(SECOND)

    reloaded = running.systemctl("reload")

    assert reloaded.returncode == 0, reloaded.stderr + running.journal()
    assert running.module()["rejected"] is None


def test_stop_lets_instances_finish_and_tells_how_many_are_left(running: Service) -> None:
    """`systemctl stop hotd` loses no work: who looks meanwhile sees what it waits for, and it ends as a success."""
    asked = running.systemctl("stop", "--no-block")
    assert asked.returncode == 0, asked.stderr

    def waits_for_one() -> bool:
        shown = running.show("SubState", "StatusText")
        return shown["SubState"] == "stop-sigterm" and re.search(r"\b1 instance\b", shown["StatusText"]) is not None

    eventually(waits_for_one, what="STATUS names the one instance that is left")
    assert "finished its work" not in running.journal()

    (running.etc / "release").touch()

    eventually(lambda: running.show("ActiveState")["ActiveState"] == "inactive", what="the service has stopped")
    assert running.show("Result", "ExecMainStatus") == {"Result": "success", "ExecMainStatus": "0"}
    assert "instance 1 finished its work" in running.journal()


def test_a_killed_daemon_is_back_with_the_same_code(running: Service) -> None:
    """kill -9 costs a restart and nothing else: no stale socket or lock is in the way, the generation is the same."""
    killed = running.show("MainPID")["MainPID"]
    before = running.module()

    running.box.must("kill", "-KILL", killed)

    def is_back() -> bool:
        shown = running.show("ActiveState", "MainPID", "NRestarts")
        return shown["ActiveState"] == "active" and shown["MainPID"] not in ("0", killed) and shown["NRestarts"] == "1"

    eventually(is_back, what="systemd has restarted the service")
    after = running.module()
    assert (after["generation"], after["digest"]) == (before["generation"], before["digest"])
    eventually(lambda: running.module()["serving"]["current"] == 1, what="an instance is at work again")


def test_a_bad_configuration_is_told_once_and_not_tried_again(service: Service) -> None:
    """A daemon that cannot start says why and stays down: no crash loop fills the journal."""
    service.configure('roots = ["ops"]\n[modules.long_op]\nentri = "long_op:work"\n')

    started = service.systemctl("start")

    assert started.returncode != 0
    assert service.show("ActiveState", "NRestarts", "ExecMainStatus") == {
        "ActiveState": "failed",
        "NRestarts": "0",
        "ExecMainStatus": "78",
    }
    assert "entri" in service.journal()
