from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from tests.systemd.box import REPO, Box, Service, install, why_not


@pytest.fixture(scope="session")
def booted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A box with hotd installed as an administrator would; one for all tests, because it takes seconds to furnish."""
    if reason := why_not():
        # Where the machine was made for this, a test that does not run is a test that fails.
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
    units, etc, venv = (tmp_path_factory.mktemp(name) for name in ("units", "etc", "venv"))
    for folder in (etc, venv):
        folder.chmod(0o755)
    for unit in ("hotd.service", "hotd.socket"):
        shutil.copy(REPO / "systemd" / unit, units)
    install(venv)
    box = Box(f"hotd-{os.getpid()}")
    box.start(
        units,
        {
            venv: "/opt/hotd",
            etc: "/etc/hotd",  # a bind: edits of the host's side are events inside
            REPO / "systemd": "/usr/share/hotd/systemd",
            REPO / "systemd" / "hotd.sysusers.conf": "/usr/lib/sysusers.d/hotd.conf",
        },
    )
    try:
        box.must("systemd-sysusers")
        box.must("ln", "-s", "/opt/hotd/bin/hotd", "/opt/hotd/bin/hotctl", "/usr/bin/")
        box.must("useradd", "--groups=hotctl", "alice")
        box.must("useradd", "bob")
        yield Service(box, etc)
    finally:
        box.stop()


@pytest.fixture
def service(booted: Service) -> Iterator[Service]:
    """hotd.service, never started so far. Its journal is printed, which pytest shows where the test failed."""
    booted.begin()
    yield booted
    print(booted.journal())  # noqa: T201 - captured; the only thing that tells why a service did not do its work
    booted.end()
