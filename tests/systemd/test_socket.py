"""The control socket is systemd's: it starts the service, and outlives it."""

from __future__ import annotations

import json
import subprocess
import threading

import pytest

from tests.support.eventually import eventually
from tests.systemd.box import Service

pytestmark = pytest.mark.systemd

CONFIG = """
roots = ["ops"]
[control]
viewers = ["*"]
[modules.long_op]
entry = "long_op:work"
on_change = "stop"
"""
OP = """
from hotd import api

def work():
    while not api.wait(60):
        pass
"""

# Asks on a new connection each time, on four threads, until the file /etc/hotd/enough is there; every fourth asks for a
# change. Prints how many were answered, what the others were told, and how many daemons answered.
CALLERS = """
import collections, json, os, threading
from hotctl import connect
from hotd.contract.errors import HotdError

answered, told, pids = collections.Counter(), [], set()

def call(number):
    while not os.path.exists("/etc/hotd/enough"):
        try:
            with connect(timeout=30) as daemon:
                if number:
                    pids.add(daemon.hello().pid)
                else:
                    daemon.scale("long_op", 1)
            answered[number] += 1
        except HotdError as error:
            told.append(str(error))

threads = [threading.Thread(target=call, args=(number,)) for number in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(json.dumps([sum(answered.values()), told, len(pids)]))
"""


@pytest.fixture
def activated(service: Service) -> Service:
    """The socket listens, and nothing else has happened."""
    service.configure(CONFIG)
    service.write_op(OP)
    service.box.must("systemctl", "start", "hotd.socket")
    return service


def test_the_first_who_connects_starts_the_service_and_is_answered(activated: Service) -> None:
    """`systemctl enable --now hotd.socket`: the service costs nothing until somebody asks for it."""
    assert activated.show("ActiveState")["ActiveState"] == "inactive"

    asked = activated.box.run("runuser", "-u", "alice", "--", "hotctl", "status", "--json")

    assert asked.returncode == 0, asked.stderr
    assert json.loads(asked.stdout)["daemon"]["socket"] == "/run/hotd/control.sock"
    # It answers before it has told systemd that it is ready.
    eventually(lambda: activated.show("ActiveState")["ActiveState"] == "active", what="the service is active")
    assert activated.box.must("stat", "-c", "%U %G %a", "/run/hotd/control.sock").split() == ["root", "hotctl", "660"]


def test_a_restart_refuses_nobody(activated: Service) -> None:
    """Four callers without a pause, one of them changing things: over three restarts each call is done, by one or the
    next."""
    activated.start()
    said: list[subprocess.CompletedProcess[str]] = []

    def call() -> None:
        said.append(activated.box.run("/opt/hotd/bin/python3", "-c", CALLERS, timeout=120))

    callers = threading.Thread(target=call)
    callers.start()
    for _ in range(3):
        restarted = activated.systemctl("restart")
        assert restarted.returncode == 0, restarted.stderr
    (activated.etc / "enough").touch()
    callers.join(120)

    answered, told, daemons = json.loads(said[0].stdout)
    assert told == [] and answered > 50, (answered, told, said[0].stderr)
    assert daemons >= 3


def test_a_stop_leaves_the_socket_and_its_own_stop_takes_it_away(activated: Service) -> None:
    """What hotd never removes, systemd does."""
    activated.start()

    activated.systemctl("stop")

    assert activated.show("ActiveState")["ActiveState"] == "inactive"
    assert activated.box.run("test", "-S", "/run/hotd/control.sock").returncode == 0
    activated.box.must("systemctl", "stop", "hotd.socket")
    eventually(lambda: activated.box.run("test", "-e", "/run/hotd/control.sock").returncode == 1)
