"""``[control]``: the socket, its mode and group, and who may do what."""

from __future__ import annotations

import re
import stat
from collections.abc import Mapping
from typing import Any

from hotd.config.lines import Key
from hotd.config.modules import name_problem
from hotd.config.places import Surroundings, read_socket
from hotd.config.section import Section
from hotd.config.tls import read_tls
from hotd.config.values import Control
from hotd.contract.quoting import shown

DEFAULT_GROUP = "hotctl"
_OCTAL = re.compile(r"(?:0o?)?[0-7]{3}")
_WILD = re.compile(r"[*?]|\[!?[^\[\]]+\]")
"""What in a pattern stands for something else than itself."""


def read_control(control: Section, around: Surroundings, *, from_file: bool) -> Control:
    group = _group(control, around, from_file=from_file)
    if "tls" not in control:
        _warn_of_certificates(control)
    return Control(
        socket=read_socket(control, around),
        socket_written=bool(control.get("socket")),
        mode=_mode(control),
        group=group,
        group_written="group" in control,
        admins=_people(control, "admins", ("root", f"%{DEFAULT_GROUP}"), around),
        operators=_operators(control, around),
        viewers=_people(control, "viewers", ("*",), around),
        tls=read_tls(control, around),
    )


def _mode(control: Section) -> int:
    text = control.text("mode", "0660")
    if not _OCTAL.fullmatch(text):
        control.error("mode", f'{shown(text)} is no mode; write three octal digits, like "0660"')
        return 0o660
    mode = int(text.removeprefix("0o"), 8)
    if mode & stat.S_IWOTH:
        control.error("mode", f"{shown(text)} lets everyone on this machine connect; give a group instead")
    if mode & 0o600 != 0o600:
        control.error("mode", f"{shown(text)} keeps out the daemon's own user; begin with 6")
    return mode


def _group(control: Section, around: Surroundings, *, from_file: bool) -> str | None:
    """``""`` leaves the daemon's own group."""
    name = control.text("group", DEFAULT_GROUP)
    if not name or name.isdecimal() or around.accounts.has_group(name):
        return name or None
    if control.get("group") == name:
        control.error("group", f"there is no group {shown(name)} on this machine")
    elif from_file and "group" not in control:  # whoever tries one module from the command line is alone with it
        control.report.warn(
            (*control.key, "group"),
            f"there is no group {shown(name)} on this machine: the socket keeps the daemon's own group",
        )
    return None


def _operators(control: Section, around: Surroundings) -> Mapping[str, tuple[str, ...]]:
    written = control.get("operators", {})
    if not isinstance(written, dict):
        control.error("operators", f'must be a table, like {{"long_op" = ["%ops"]}}, not {shown(written)}')
        return {}
    patterns = control.section("operators", tuple(written))
    for pattern in written:
        if problem := _pattern_problem(pattern):
            patterns.error(pattern, problem)
    return {pattern: _people(patterns, pattern, (), around) for pattern in written}


def _pattern_problem(pattern: str) -> str | None:
    """Why no module can be meant. Without its wildcards it is to read like a name."""
    if problem := name_problem(_WILD.sub("x", pattern)):
        return f"{problem} (* stands for any text, ? for one character, [ab] for one of these)"
    return None


def _people(section: Section, name: str, default: tuple[str, ...], around: Surroundings) -> tuple[str, ...]:
    """Each as text; a uid may be written as a number."""
    written = section.get(name, default)
    if not isinstance(written, list | tuple):
        section.error(name, f'must be a list, like ["root", "%hotctl"], not {shown(written)}')
        return default
    people = []
    for position, who in enumerate(written):
        key = (*section.key, name, position)
        if isinstance(who, int) and not isinstance(who, bool) and 0 <= who < 2**32:
            people.append(str(who))
        elif not isinstance(who, str):
            section.report.error(key, f"each must be a user's name, a uid, %group, cert:CN or *, not {shown(who)}")
        elif problem := _unknown(who, around):
            section.report.error(key, problem)
        else:
            people.append(who)
            _doubt(section, name, position, around)
    return tuple(people)


def _unknown(who: str, around: Surroundings) -> str | None:
    if who in ("", "%", "cert:"):
        return f"{shown(who)} names nobody"
    if who in ("*", "root") or who.startswith(("%", "cert:")) or (who.isascii() and who.isdecimal()):
        return None
    if around.accounts.has_user(who):
        return None
    meant = f'; did you mean the group "%{who}"?' if around.accounts.has_group(who) else ""
    return f"there is no user {shown(who)} on this machine{meant}"


def _warn_of_certificates(control: Section) -> None:
    """Of each that is named where there is no door to show one at."""
    operators = control.get("operators", {})
    lists: dict[Key, Any] = {(name,): control.get(name, ()) for name in ("admins", "viewers")}
    lists |= (
        {("operators", pattern): people for pattern, people in operators.items()} if isinstance(operators, dict) else {}
    )
    for key, people in lists.items():
        for position, who in enumerate(people if isinstance(people, list) else ()):
            if isinstance(who, str) and who.startswith("cert:"):
                where = (*control.key, *key, position)
                control.report.warn(where, f"{shown(who)} lets nobody in where there is no [control.tls]")


def _doubt(section: Section, name: str, position: int, around: Surroundings) -> None:
    """Warn of what is allowed and hardly meant. Only of what was written."""
    who = section.get(name, ())[position] if name in section else ""
    key = (*section.key, name, position)
    if who == "*" and name == "admins":
        section.report.warn(key, '"*" lets everyone who can connect run code as the daemon\'s user')
    if who.startswith("%") and not (who[1:].isdecimal() or around.accounts.has_group(who[1:])):
        section.report.warn(key, f"there is no group {shown(who[1:])} on this machine: {shown(who)} lets nobody in")
