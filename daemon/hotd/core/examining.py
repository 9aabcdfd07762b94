"""What is wrong with the installation: judged from what was found, which somebody else looks up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hotd.contract.views import Condition, Finding
from hotd.core.wording import listed

SHORT = 0.8
"""Of the folders that may be watched: from here on it is told that they run out."""

SOON = 30
"""Days before the end of a certificate from which on it is told."""

OTHERS_WRITE, GROUP_WRITES, OTHERS_READ, STICKY = 0o002, 0o020, 0o044, 0o1000
CONNECTS = 0o002
"""To connect to a socket is to write to it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A file or folder, and who may do what with it."""

    role: str
    """``source root``, ``configuration``, ``state``, ``socket``; ``above`` lies on the way to one of them."""
    path: str
    mode: int | None
    """None: it is not there."""
    owner: str = ""
    group: str = ""
    members: tuple[str, ...] = ()
    """Of the group."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A certificate that the door for other machines needs."""

    path: str
    days: float | None
    """That it is still good for; None: nobody can read it."""


@dataclass(frozen=True, slots=True)
class Installation:
    """What was looked up."""

    user: str
    """Whom the daemon runs as."""
    root: bool
    """Whether that is root."""
    about: str
    """Versions and interpreter, one line."""
    watches: bool
    paused: bool
    watching: Mapping[str, Any] = field(default_factory=dict)
    """As the watcher describes itself."""
    places: tuple[Place, ...] = ()
    inherited: bool = False
    """Whether somebody else made the socket."""
    missing_group: str | None = None
    """The group that the socket would have, if there were one of that name."""
    strangers: bool = False
    """Whether users of this machine look like nobody to the daemon."""
    conditions: tuple[Condition, ...] = ()
    """Of the daemon."""
    papers: tuple[Paper, ...] = ()


def examined(found: Installation) -> tuple[Finding, ...]:
    """The gravest first."""
    every = [*_daemon(found), *_conditions(found), *_watching(found), *_places(found), *_socket(found)]
    every += _papers(found)
    order = ("wrong", "note", "ok")
    return tuple(sorted(every, key=lambda one: order.index(one.state)))


def _daemon(found: Installation) -> Iterator[Finding]:
    yield Finding("daemon", "ok", f"{found.about}; runs as {found.user}")
    if found.root:
        message = "the daemon runs as root, and so does all code that it hosts"
        yield Finding("user", "note", message, "run it as a user of its own, as systemd/hotd.service does")
    if found.strangers:
        message = "callers look like nobody to the daemon: it runs in a user namespace that knows them not"
        yield Finding("user", "wrong", message, "take PrivateUsers= out of the unit, or map the users")


def _conditions(found: Installation) -> Iterator[Finding]:
    for one in found.conditions:
        if one.type == "RestartRequired":
            yield Finding(one.type, "note", one.message, "restart the daemon when that is convenient")
        else:
            yield Finding(one.type, "wrong", one.message)
    if not any(one.type == "StoreDegraded" for one in found.conditions):
        yield Finding("store", "ok", "keeps what it is given")


def _watching(found: Installation) -> Iterator[Finding]:
    if not found.watches:
        cure = "enabled = true under [watch], then `hotctl apply`"
        yield Finding("watching", "note", "[watch] enabled = false: nobody notices that a file changes", cure)
        return
    if found.paused:
        yield Finding("watching", "note", "paused: file changes are recorded, not acted on", "`hotctl resume`")
    watching = found.watching
    folders, limit, overflows = watching.get("folders", 0), watching.get("limit"), watching.get("overflows", 0)
    those = f"{folders} of at most {limit} folders" if limit else f"{folders} folder{'s' * (folders != 1)}"
    message = f"{watching.get('backend', 'nobody')} watches {those}; {overflows} overflow{'s' * (overflows != 1)}"
    message += f"; last event {watching.get('last_event') or 'none so far'}, {watching.get('pending', 0)} pending"
    yield Finding("watching", "ok", message)
    if limit and folders > SHORT * limit:
        cure = f"sysctl fs.inotify.max_user_watches={2 * limit}, and in /etc/sysctl.d to keep it"
        yield Finding("watching", "note", f"{folders} of {limit} folders are watched: they run out", cure)
    if overflows:
        message = f"the kernel dropped events {overflows} time{'s' * (overflows != 1)}; everything was looked at then"
        yield Finding("watching", "note", message, "raise fs.inotify.max_queued_events if it happens often")


def _places(found: Installation) -> Iterator[Finding]:
    code = f"and so run code as {found.user}"
    fine = True
    for one in found.places:
        if one.role == "socket":
            continue
        if one.mode is None:
            fine = False
            yield Finding(one.role, "wrong", f"{one.path} is not there", "make it again, or take it out of hotd.toml")
            continue
        shared = one.role == "above" and one.mode & STICKY  # as /tmp: nobody can take away what is another's
        if one.mode & OTHERS_WRITE and not shared:
            fine = False
            yield Finding(one.role, "wrong", f"everyone may write {one.path}, {code}", f"chmod o-w {one.path}")
        elif one.mode & GROUP_WRITES and not shared and one.group != "root":
            fine = False
            who = f"members of the group {one.group} ({listed(one.members) or 'nobody now'})"
            cure = f"chmod g-w {one.path}, unless they are meant to"
            yield Finding(one.role, "note", f"{who} may write {one.path}, {code}", cure)
        if one.owner not in (found.user, "root"):
            fine = False
            message = f"{one.owner} owns {one.path}, may write it, {code}"
            yield Finding(one.role, "note", message, f"chown {found.user} {one.path}, unless that is meant")
        if one.role == "state" and one.mode & OTHERS_READ:
            fine = False
            message = f"{one.path} has the sources of all generations, and others may read it"
            yield Finding(one.role, "note", message, f"chmod go-rwx {one.path}")
    if fine:
        yield Finding("files", "ok", f"only {_rulers(found)} may write source roots, configuration and state")


def _rulers(found: Installation) -> str:
    return "root" if found.user == "root" else f"{found.user} and root"


def _socket(found: Installation) -> Iterator[Finding]:
    for one in found.places:
        if one.role != "socket":
            continue
        if one.mode is None:
            message = f"{one.path} is gone: who is connected stays, nobody else can connect"
            yield Finding("socket", "wrong", message, "restart the daemon")
            continue
        who = f"{one.path}, {one.mode & 0o777:04o} {one.owner}:{one.group}"
        if one.mode & CONNECTS:
            cure = "SocketMode=0660 in its unit" if found.inherited else 'mode = "0660" under [control]'
            yield Finding("socket", "wrong", f"{who}: everyone on this machine can connect", cure)
        else:
            yield Finding("socket", "ok", f"{who} ({listed(one.members) or 'no further members'})")
    if found.missing_group is not None and not found.inherited:
        message = f"there is no group {found.missing_group}: only {_rulers(found)} can connect"
        yield Finding("socket", "note", message, f"groupadd --system {found.missing_group}, then restart the daemon")


def _papers(found: Installation) -> Iterator[Finding]:
    renewed = "put a new one in its place, then `hotctl apply`"
    for one in found.papers:
        if one.days is None:
            yield Finding("certificate", "wrong", f"{one.path} cannot be read", renewed)
        elif one.days <= 0:
            message = f"{one.path} has expired: nobody comes in from other machines"
            yield Finding("certificate", "wrong", message, renewed)
        elif one.days < SOON:
            yield Finding("certificate", "note", f"{one.path} expires in {one.days:.0f} days", renewed)
        else:
            yield Finding("certificate", "ok", f"{one.path} is good for {one.days:.0f} days")
