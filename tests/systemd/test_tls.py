"""The port for callers from other machines, under the unit as it is shipped and the drop-ins that its comments give."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.systemd.box import Service
from tests.systemd.test_service import CONFIG, FIRST
from tests.systemd.test_unit import INSTALLED, drop_ins

pytestmark = pytest.mark.systemd

DROP_INS = f"{INSTALLED}.d"
CONTROL = '\n[control]\nviewers = ["cert:ann"]\n[control.tls]\nlisten = "127.0.0.1:7463"\n'


@pytest.fixture
def dropped_in(service: Service) -> Iterator[Service]:
    """The service, with net.conf and tls.conf in place; nothing is started."""
    box = service.box
    box.must("mkdir", "-p", DROP_INS)
    for name in ("net.conf", "tls.conf"):
        box.must("sh", "-c", 'printf %s "$1" >"$2"', "sh", drop_ins()[name], f"{DROP_INS}/{name}")
    try:
        box.must("systemctl", "daemon-reload")
        yield service
    finally:
        service.end()
        box.must("rm", "-r", DROP_INS)
        box.must("systemctl", "daemon-reload")


def test_a_caller_with_a_certificate_is_answered_and_the_key_stays_root_s(dropped_in: Service) -> None:
    """`hotd tls init`, the two drop-ins, a start: nothing else is to be done, and no other user may read the key."""
    box = dropped_in.box
    box.must("hotd", "tls", "init", "--host", "localhost", "--client", "ann", "/etc/hotd/tls")
    dropped_in.configure(CONFIG + CONTROL)
    dropped_in.write_op(FIRST)
    dropped_in.start()

    asked = box.run(
        "env", "HOTCTL_TLS=/etc/hotd/tls/clients/ann", "hotctl", "--host", "tls://localhost:7463", "status", "--json"
    )
    mode = box.must("stat", "-c", "%U %a", "/etc/hotd/tls/server/key.pem").split()

    assert asked.returncode == 0, asked.stderr + dropped_in.journal()
    assert [module["name"] for module in json.loads(asked.stdout)["modules"]] == ["long_op"]
    assert mode == ["root", "600"]
