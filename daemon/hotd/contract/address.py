"""Where a daemon is: a socket path, ``ssh://user@host[:port][/socket]``, ``exec:COMMAND``, ``tls://host:port``.

Pure: whether a path exists is for the caller to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from hotd.contract.errors import UsageError

LONGEST_SOCKET_PATH = 107
"""Bytes; the kernel's ``sun_path`` holds 108 with its closing zero."""


@dataclass(frozen=True, slots=True)
class UnixAddress:
    path: str

    def __str__(self) -> str:
        return self.path


@dataclass(frozen=True, slots=True)
class RemoteAddress:
    """A daemon elsewhere: understood, and reached by a later version."""

    scheme: str
    text: str

    def __str__(self) -> str:
        return self.text


Address = UnixAddress | RemoteAddress


def parse_address(text: str) -> Address:
    """Raises UsageError with the forms that exist."""
    scheme = text.partition(":")[0]
    if scheme == "exec" or (scheme in ("ssh", "tls") and "://" in text):
        if scheme != "exec" and not urlsplit(text).hostname:
            raise UsageError(f"{text!r} names no host", hint=f"write {scheme}://host")
        return RemoteAddress(scheme, text)
    if "://" in text:
        raise UsageError(
            f"{text!r} is no address of a daemon",
            hint="write a socket's path",
        )
    if not text:
        raise UsageError("the address of the daemon is empty", hint="give --socket PATH or unset $HOTCTL_HOST")
    if text.startswith(("@", "\0")):
        raise UsageError(
            f"{text!r} is an abstract socket: those have no permissions at all, so hotd does not use them",
            hint="give a path in the file system",
        )
    if (length := len(text.encode("utf-8", "surrogateescape"))) > LONGEST_SOCKET_PATH:
        raise UsageError(
            f"the socket path is {length} bytes long, the kernel takes {LONGEST_SOCKET_PATH}: {text}",
            hint="use a shorter path",
        )
    return UnixAddress(text)


def find_address(
    *, given: str | None, env: Mapping[str, str], uid: int, exists: Callable[[str], bool]
) -> tuple[Address, list[str]]:
    """The daemon to speak to, and the paths that were looked at where none was given.

    Order: what was given, ``$HOTCTL_HOST``, the user's runtime folder (not for root), ``/run/hotd``. Never the
    current folder. Where no candidate exists, the last one is returned: connecting to it tells what is wrong.
    """
    if given is not None:
        return parse_address(given), []
    if env.get("HOTCTL_HOST"):
        return parse_address(env["HOTCTL_HOST"]), []
    candidates = []
    if uid != 0 and env.get("XDG_RUNTIME_DIR"):
        candidates.append(env["XDG_RUNTIME_DIR"].rstrip("/") + "/hotd/control.sock")
    candidates.append("/run/hotd/control.sock")
    for path in candidates:
        if exists(path):
            return parse_address(path), candidates
    return UnixAddress(candidates[-1]), candidates
