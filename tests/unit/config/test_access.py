"""[control]: mode, group, and people who exist."""

from __future__ import annotations

import pytest

from hotd.config.accounts import SYSTEM
from tests.unit.config.projects import MODULE, FewAccounts, Project


@pytest.mark.parametrize(
    ("written", "error"),
    [
        ('mode = "0668"', 'mode: "0668" is no mode; write three octal digits, like "0660"'),
        ('mode = "rw-rw----"', 'mode: "rw-rw----" is no mode; write three octal digits, like "0660"'),
        ('mode = ""', 'mode: "" is no mode; write three octal digits, like "0660"'),
        ('mode = "4660"', 'mode: "4660" is no mode; write three octal digits, like "0660"'),
        ("mode = 660", "mode: must be text in quotes, not 660"),
        ("mode = 0o660", "mode: must be text in quotes, not 432"),
        ('mode = "0662"', 'mode: "0662" lets everyone on this machine connect; give a group instead'),
        ('mode = "0060"', 'mode: "0060" keeps out the daemon\'s own user; begin with 6'),
        ('group = "hotctrl"', 'group: there is no group "hotctrl" on this machine'),
        ("group = 20", "group: must be text in quotes, not 20"),
        ('admins = ["anne"]', 'admins: there is no user "anne" on this machine'),
        ('admins = ["ops"]', 'admins: there is no user "ops" on this machine; did you mean the group "%ops"?'),
        ('viewers = ["an\\u0000n"]', 'viewers: there is no user "an\\u0000n" on this machine'),
        ('viewers = [""]', 'viewers: "" names nobody'),
        ('viewers = ["%"]', 'viewers: "%" names nobody'),
        ('viewers = ["cert:"]', 'viewers: "cert:" names nobody'),
        (
            "viewers = [4294967296]",
            "viewers: each must be a user's name, a uid, %group, cert:CN or *, not 4294967296",
        ),
        ("viewers = [-1]", "viewers: each must be a user's name, a uid, %group, cert:CN or *, not -1"),
        ("viewers = [true]", "viewers: each must be a user's name, a uid, %group, cert:CN or *, not true"),
        ('admins = "root"', 'admins: must be a list, like ["root", "%hotctl"], not "root"'),
        ('operators = ["ann"]', 'operators: must be a table, like {"long_op" = ["%ops"]}, not a list'),
        ('operators = {long_op = ["anne"]}', 'operators.long_op: there is no user "anne" on this machine'),
        ('operators = {"" = ["ann"]}', 'operators."": a module needs a name'),
        (
            'operators = {"long op" = ["ann"]}',
            'operators."long op": "long op" is no name for a module: use letters, digits, _, - and .',
        ),
        (
            'operators = {"feed[12" = ["ann"]}',
            'operators."feed[12": "feed[12" is no name for a module: use letters, digits, _, - and .',
        ),
        (
            'operators = {long_op = "ann"}',
            'operators.long_op: must be a list, like ["root", "%hotctl"], not "ann"',
        ),
    ],
)
def test_a_door_that_would_not_close_or_open_is_refused(project: Project, written: str, error: str) -> None:
    """Who may connect is exactly who was meant: a slip is an error, never an open or a dead door."""
    (told,) = project.errors(f"{MODULE}[control]\n{written}\n")
    told, _, _ = told.partition(" (* stands for")
    assert told == f"hotd.toml:5: control.{error}"


def test_operators_are_given_by_patterns_of_modules(project: Project) -> None:
    """As in the shell, and whatever will be hosted one day."""
    patterns = ("long_op", "feed-*", "feed?", "feed[12]", "[!a]*", "*", "a.b-*")
    config = project.load(f"{MODULE}[control.operators]\n" + "\n".join(f'"{one}" = ["ann"]' for one in patterns))
    assert config.control.operators == dict.fromkeys(patterns, ("ann",))
    assert config.warnings == () and config.later == ()


@pytest.mark.parametrize(("written", "mode"), [("0660", 0o660), ("600", 0o600), ("0o640", 0o640), ("0700", 0o700)])
def test_a_mode_is_octal(project: Project, written: str, mode: int) -> None:
    """The mode is written as chmod takes it."""
    assert project.load(f'{MODULE}[control]\nmode = "{written}"').control.mode == mode


def test_every_unknown_user_is_told(project: Project) -> None:
    """Two slips in one list are two lines, each on its own."""
    assert [line.split(":")[1] for line in project.errors(f'{MODULE}[control]\nadmins = [\n"x",\n"root",\n"y"]')] == [
        "6",
        "8",
    ]


def test_a_missing_default_group_is_a_warning(project: Project) -> None:
    """A machine without the group works; the socket is then for the daemon's own user and root."""
    project.accounts = FewAccounts(groups=())
    config = project.load(f"{MODULE}[control]\n")
    assert config.control.group is None
    assert config.warnings == (
        'hotd.toml:4: control.group: there is no group "hotctl" on this machine: '
        "the socket keeps the daemon's own group",
    )


@pytest.mark.parametrize(("written", "group"), [("", None), ("20", "20"), ("ops", "ops")])
def test_a_group_is_a_name_a_number_or_none(project: Project, written: str, group: str | None) -> None:
    """An empty group leaves the socket the daemon's own."""
    config = project.load(f'{MODULE}[control]\ngroup = "{written}"')
    assert (config.control.group, config.control.group_written) == (group, True)


def test_what_is_allowed_and_hardly_meant_is_warned_of(project: Project) -> None:
    """Everyone as admin, and a group that nobody is in, are told and taken."""
    config = project.load(f'{MODULE}[control]\nadmins = ["*"]\nviewers = ["%nobodys"]')
    assert config.control.admins == ("*",)
    assert config.warnings == (
        'hotd.toml:5: control.admins: "*" lets everyone who can connect run code as the daemon\'s user',
        'hotd.toml:6: control.viewers: there is no group "nobodys" on this machine: "%nobodys" lets nobody in',
    )


def test_the_system_knows_its_accounts() -> None:
    """Names are asked of the system's name service, and odd ones are no accident."""
    assert SYSTEM.has_user("root") and SYSTEM.has_group("root") and SYSTEM.home(0)
    assert not SYSTEM.has_user("no such user") and not SYSTEM.has_group("no such group")
    assert not SYSTEM.has_user("a\0b") and not SYSTEM.has_group("a\0b")
    assert SYSTEM.home(2**31 - 7) is None
