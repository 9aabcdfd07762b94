"""What can be seen of a socket from this side: whether one is there, whether somebody listens, whether one may."""

from __future__ import annotations

import grp
import os
import pwd
import socket
import stat
from collections.abc import Sequence
from pathlib import Path

from hotd.contract.views import Finding

PATIENCE = 2.0
"""Seconds for somebody who listens to let us in."""


def looked_at(path: str, others: Sequence[str] = ()) -> Finding:
    """Of the socket at ``path``; ``others`` were looked at before, in vain."""
    try:
        there = Path(path).stat()
    except PermissionError:
        return Finding("socket", "wrong", f"{path} lies in a folder that {me()} may not enter", _folder_cure(path))
    except OSError:
        also = f" (nor at {', '.join(one for one in others if one != path)})" if len(others) > 1 else ""
        cure = "start it: systemctl start hotd, or hotd serve; if it runs elsewhere, give --socket or set $HOTCTL_HOST"
        return Finding("socket", "wrong", f"no daemon has a socket at {path}{also}", cure)
    if not stat.S_ISSOCK(there.st_mode):
        return Finding("socket", "wrong", f"{path} is no socket", "give the socket of a daemon: --socket PATH")
    with socket.socket(socket.AF_UNIX) as dialled:
        dialled.settimeout(PATIENCE)
        try:
            dialled.connect(path)
        except PermissionError:
            return _locked_out(path, there)
        except ConnectionRefusedError:
            cure = "start the daemon: it clears away what one that was killed left behind"
            return Finding("socket", "wrong", f"nobody listens at {path}: its daemon has ended", cure)
        except OSError as error:
            cure = "systemctl status hotd, and the daemon's log"
            return Finding("socket", "wrong", f"nobody lets us in at {path}: {error.strerror or error}", cure)
    return Finding("socket", "ok", f"{path}: somebody listens, and {me()} may connect")


def me() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"uid {os.geteuid()}"


def _locked_out(path: str, there: os.stat_result) -> Finding:
    try:
        group, members = grp.getgrgid(there.st_gid).gr_name, grp.getgrgid(there.st_gid).gr_mem
    except KeyError:
        group, members = f"gid {there.st_gid}", []
    message = f"{me()} may not connect to {path}: its mode is {stat.S_IMODE(there.st_mode):04o}, its group {group}"
    if me() in members and there.st_gid not in os.getgroups():
        cure = f"log in again: {me()} belongs to {group} by now, this session does not"
    elif there.st_mode & stat.S_IWGRP:
        cure = f"usermod -aG {group} {me()} as root, then log in again"
    else:
        cure = 'mode = "0660" under [control] in hotd.toml lets the group in'
    return Finding("socket", "wrong", message, cure)


def _folder_cure(path: str) -> str:
    return f"chmod o+x {Path(path).parent} as its owner; the socket's own mode decides who may connect"
