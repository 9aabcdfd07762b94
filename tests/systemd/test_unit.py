"""The files in systemd/, as systemd itself reads them."""

from __future__ import annotations

import re

import pytest

from tests.systemd.box import REPO, Service

pytestmark = pytest.mark.systemd

UNIT = REPO / "systemd" / "hotd.service"
INSTALLED = "/etc/systemd/system/hotd.service"


def drop_ins() -> dict[str, str]:
    """The drop-ins that the unit's comments describe: file name -> contents."""
    _, _, comments = UNIT.read_text().partition("# Drop-ins,")
    named = re.findall(r"^# (\w+\.conf): .*\n((?:#   .*\n)+)", comments, re.MULTILINE)
    return {name: re.sub(r"^#   ", "", block, flags=re.MULTILINE) for name, block in named}


@pytest.mark.parametrize("unit", [INSTALLED, INSTALLED.replace("hotd.service", "hotd.socket")])
def test_systemd_understands_every_line_of_the_units(booted: Service, unit: str) -> None:
    """No key is misspelt or too new for the systemd it runs on."""
    verified = booted.box.run("systemd-analyze", "verify", "--man=no", unit)

    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")


def test_the_unit_gives_the_service_next_to_no_rights(booted: Service) -> None:
    """Exposure is at most 0.5 of 10, as `systemd-analyze security` counts it."""
    scored = booted.box.run("systemd-analyze", "security", "--offline=yes", "--threshold=5", "--no-pager", INSTALLED)

    assert scored.returncode == 0, "\n".join(line for line in scored.stdout.splitlines() if "✓" not in line)


@pytest.mark.parametrize("name", ["net.conf", "tls.conf", "jit.conf", "home.conf"])
def test_the_drop_ins_of_the_comments_can_be_copied_as_they_stand(booted: Service, name: str) -> None:
    """What the unit's comments tell to type is valid, and takes back no more than it says."""
    folder = f"{INSTALLED}.d"
    booted.box.must("mkdir", "-p", folder)
    try:
        booted.box.must("sh", "-c", 'printf %s "$1" >"$2"', "sh", drop_ins()[name], f"{folder}/{name}")
        verified = booted.box.run("systemd-analyze", "verify", "--man=no", INSTALLED)
        scored = booted.box.run("systemd-analyze", "security", "--offline=yes", "--threshold=14", INSTALLED)
    finally:
        booted.box.must("rm", "-r", folder)

    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")
    assert scored.returncode == 0, scored.stdout


def test_the_group_that_the_unit_names_is_made_by_sysusers(booted: Service) -> None:
    """A unit with a missing group does not start at all: 216/GROUP."""
    (group,) = re.findall(r"^SupplementaryGroups=(\w+)$", UNIT.read_text(), re.MULTILINE)

    assert booted.box.must("getent", "group", group).startswith(f"{group}:")


def test_the_shipped_configuration_is_accepted_as_it_stands(booted: Service) -> None:
    """The commented hotd.toml needs no edit to be valid."""
    place = "/usr/local/etc/hotd"
    booted.box.must("install", "-D", "-m", "0644", "/usr/share/hotd/systemd/hotd.toml", f"{place}/hotd.toml")
    booted.box.must("install", "-d", "-m", "0755", f"{place}/ops")

    checked = booted.box.run("hotd", "check", "-c", f"{place}/hotd.toml")

    assert checked.returncode == 0, checked.stdout + checked.stderr
