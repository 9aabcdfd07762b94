"""Paths: what a written one means, and where the socket and the state are when none is written."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from hotd.config.accounts import Accounts
from hotd.config.section import Section
from hotd.contract.address import LONGEST_SOCKET_PATH
from hotd.contract.quoting import shown, shown_whole

SYSTEM_SOCKET = "/run/hotd/control.sock"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a configuration is read in."""

    env: Mapping[str, str]
    uid: int
    base: Path
    """What relative paths start from: the config's folder, absolute."""
    accounts: Accounts


def absolute(text: str, base: Path) -> str:
    """``..`` is taken off the text and links are kept: /srv/current/ops follows when ``current`` moves on."""
    return os.path.normpath(base / text)


def unusable(text: str) -> str | None:
    """Why a text cannot be a path at all."""
    if not text:
        return "is empty; write a path"
    return f"{shown(text)} holds a NUL, which no path may" if "\0" in text else None


class Unseen(NamedTuple):
    """Nothing that could be looked at."""

    missing: bool
    sentence: str


def looked_at(path: str) -> os.stat_result | Unseen:
    """What lies there, links followed."""
    try:
        return Path(path).stat()
    except FileNotFoundError:
        tilde = "; ~ is not expanded here, write the whole path" if "/~" in path else ""
        return Unseen(True, f"{shown_whole(path)} does not exist{tilde}")
    except OSError as error:
        return Unseen(False, f"{shown_whole(path)} cannot be looked at: {error.strerror}")


def world_writable(mode: int) -> bool:
    """Sticky or not: whoever may add a file to a folder of sources runs code as the daemon's user."""
    return bool(mode & stat.S_IWOTH)


# --- the state folder ------------------------------------------------------------------------------------------------


def read_state_dir(daemon: Section, around: Surroundings, config: Path | None, roots: tuple[str, ...]) -> Path | None:
    """None: a throw-away folder, which only the command line has."""
    if "state_dir" in daemon:
        text = daemon.text("state_dir", "state")
        if problem := unusable(text):
            daemon.error("state_dir", problem)
            return None
        place = absolute(text, around.base)
    elif config is None:
        return None
    else:
        found = default_state_dir(config, around)
        if found is None:
            daemon.error("state_dir", "no default: $HOME is not known either; write a folder")
            return None
        place = found
    if problem := _no_state_at(looked_at(place), place):
        daemon.error("state_dir", problem)
    if any(Path(place).is_relative_to(root) for root in roots):
        key = (*daemon.key, "state_dir")
        daemon.report.warn(key, f"{shown_whole(place)} lies in a source root, so every write of state is watched too")
    return Path(place)


def _no_state_at(there: os.stat_result | Unseen, place: str) -> str | None:
    if isinstance(there, Unseen):
        return None if there.missing else there.sentence  # the daemon makes it
    if not stat.S_ISDIR(there.st_mode):
        return f"{shown_whole(place)} is not a folder"
    return f"{shown_whole(place)} may be written by everyone: chmod o-w it" if world_writable(there.st_mode) else None


def default_state_dir(config: Path, around: Surroundings) -> str | None:
    """$STATE_DIRECTORY of systemd, else the user's state folder, by the name of the config and a hash of its path."""
    if given := _first(around.env.get("STATE_DIRECTORY", "")):
        return given
    state_home = around.env.get("XDG_STATE_HOME", "")
    if not state_home.startswith("/"):  # the XDG specification: relative ones are to be ignored
        home = around.env.get("HOME", "")
        home = home if home.startswith("/") else around.accounts.home(around.uid) or ""
        if not home:
            return None
        state_home = f"{home}/.local/state"
    name = config.parent.name if config.stem == "hotd" else config.stem
    digest = hashlib.blake2s(os.fsencode(config), digest_size=4).hexdigest()
    return os.path.normpath(f"{state_home}/hotd/{name or 'root'}-{digest}")


# --- the control socket ----------------------------------------------------------------------------------------------


def read_socket(control: Section, around: Surroundings) -> Path:
    """The socket's path; ``""`` and no path at all are the default."""
    text = control.text("socket", "")
    place = absolute(text, around.base)
    problem: str | None
    if text.startswith(("@", "\0")):
        problem = f"{shown(text)} is an abstract socket: those have no permissions at all; write a path"
    elif text:
        problem = unusable(text) or _too_long(place) or _no_socket_at(place)
    else:
        place = default_socket(around) or ""
        problem = _too_long(place) if place else "no default: $RUNTIME_DIRECTORY and $XDG_RUNTIME_DIR name no folder"
        problem = problem and f"{problem}; write a path"
    if problem:
        control.error("socket", problem)
    return Path(place)


def default_socket(around: Surroundings) -> str | None:
    """systemd's runtime folder, the user's, /run/hotd for root or where systemd hands a socket over."""
    if given := _first(around.env.get("RUNTIME_DIRECTORY", "")):
        return f"{given}/control.sock"
    runtime = around.env.get("XDG_RUNTIME_DIR", "").rstrip("/")
    if around.uid != 0 and runtime.startswith("/") and not isinstance(looked_at(runtime), Unseen):
        return f"{runtime}/hotd/control.sock"
    return SYSTEM_SOCKET if around.uid == 0 or "LISTEN_FDS" in around.env else None


def _too_long(place: str) -> str | None:
    length = len(os.fsencode(place))
    if length <= LONGEST_SOCKET_PATH:
        return None
    return f"{shown_whole(place)} is {length} bytes long, and a socket's path may have {LONGEST_SOCKET_PATH}"


def _no_socket_at(place: str) -> str | None:
    folder = looked_at(os.path.dirname(place))  # noqa: PTH120  (a str in, a str out, as everything here)
    if isinstance(folder, Unseen):
        return f"its folder {folder.sentence}"
    if not stat.S_ISDIR(folder.st_mode):
        return f"{shown_whole(place)} is in no folder"
    there = looked_at(place)
    if isinstance(there, os.stat_result) and not stat.S_ISSOCK(there.st_mode):
        return f"{shown_whole(place)} exists and is no socket; hotd overwrites nothing"
    return None


def _first(folders: str) -> str:
    """systemd writes several folders as one list."""
    return folders.partition(":")[0].rstrip("/")
