"""Where a daemon is: a socket path, ``ssh://user@host[:port][/socket]``, ``exec:COMMAND``, ``tls://host[:port]``.

Pure: whether a path exists is for the caller to say.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from hotd.contract.errors import UsageError
from hotd.contract.nearest import nearest
from hotd.contract.quoting import shown

LONGEST_SOCKET_PATH = 107
"""Bytes; the kernel's ``sun_path`` holds 108 with its closing zero."""

TLS_PORT = 7463
"""Where ``[control.tls]`` listens, and ``tls://host`` connects to, where neither says another."""

FORMS = "a socket's path, ssh://user@host, tls://host, or exec:COMMAND"

_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)(?P<slashes>:(?://)?)(?P<rest>.*)", re.DOTALL)
_AUTHORITY = re.compile(r"(?:(?P<user>[^@/]*)@)?(?P<host>\[[^\]/]*\]|[^:/@\[\]]*)(?::(?P<port>[^/]*))?(?P<path>/.*)?")
_FOREIGN = ("tcp", "http", "https", "ws", "wss")
"""What a daemon of another make would speak here."""


@dataclass(frozen=True, slots=True)
class UnixAddress:
    path: str

    def __str__(self) -> str:
        return self.path


@dataclass(frozen=True, slots=True)
class ExecAddress:
    """A daemon behind a command that speaks for it on its standard input and output, as ``hotctl proxy`` does."""

    argv: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class SshAddress:
    """A daemon on another machine, to which the user has a login."""

    host: str
    user: str | None
    port: int | None
    socket: str | None
    """On that machine; None: where one is usually found there."""
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class TlsAddress:
    """A daemon on another machine, to which the user has a certificate."""

    host: str
    port: int
    text: str

    def __str__(self) -> str:
        return self.text


Address = UnixAddress | ExecAddress | SshAddress | TlsAddress


def parse_address(text: str) -> Address:
    """Raises UsageError with the forms that exist."""
    if not text:
        raise UsageError("the address of the daemon is empty", hint="give --socket PATH or unset $HOTCTL_HOST")
    found = _SCHEME.fullmatch(text)
    if found is None:
        return _unix(text)
    scheme, slashes, rest = found["scheme"], found["slashes"], found["rest"]
    match scheme:
        case "exec":
            return _exec(text, text.removeprefix("exec:"))
        case "unix":
            return _unix(text.removeprefix("unix:").removeprefix("//"))
        case "ssh" | "tls" if slashes != "://":
            raise UsageError(
                f"{shown(text)} is no address of a daemon",
                hint=f"write {_meant(scheme, rest)}, or ./{text} for a socket of that name",
            )
        case "ssh":
            return _ssh(text, rest)
        case "tls":
            return _tls(text, rest)
    if slashes != "://":
        return _unix(text)
    if scheme in _FOREIGN:
        hint = f"hotd speaks neither HTTP nor plain TCP; write ssh://{rest} or tls://{rest}"
    elif near := nearest(scheme, ("ssh", "tls", "exec", "unix")):
        hint = f"did you mean {near}:{'' if near in ('exec', 'unix') else '//'}{rest}?"
    else:
        hint = f"write {FORMS}"
    raise UsageError(f"{shown(text)} is no address of a daemon", hint=hint)


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


def _meant(scheme: str, rest: str) -> str:
    """What somebody may have meant who wrote too few slashes, or too many; always an address."""
    try:
        return str(parse_address(f"{scheme}://{rest.lstrip('/')}"))
    except UsageError:
        return f"{scheme}://host"


def _unix(path: str) -> UnixAddress:
    if not path:
        raise UsageError("unix: names no socket", hint="write its path")
    if path.startswith(("@", "\0")):
        raise UsageError(
            f"{path!r} is an abstract socket: those have no permissions at all, so hotd does not use them",
            hint="give a path in the file system",
        )
    if (length := len(path.encode("utf-8", "surrogateescape"))) > LONGEST_SOCKET_PATH:
        raise UsageError(
            f"the socket path is {length} bytes long, the kernel takes {LONGEST_SOCKET_PATH}: {path}",
            hint="use a shorter path",
        )
    return UnixAddress(path)


def _exec(text: str, command: str) -> ExecAddress:
    example = "exec:docker exec -i NAME hotctl proxy"
    try:
        argv = shlex.split(command)
    except ValueError as error:
        raise UsageError(
            f"{shown(text)} cannot be taken apart: {str(error).lower()}", hint=f"quote as a shell does, as in {example}"
        ) from None
    if not argv or not argv[0]:
        raise UsageError(f"{shown(text)} names no command", hint=f"write {example}")
    if "\0" in command:
        raise UsageError(f"{shown(text)} holds a NUL, which no argument may", hint=f"write {example}")
    return ExecAddress(tuple(argv), text)


def _ssh(text: str, rest: str) -> SshAddress:
    host, port, user, path = _authority(text, rest)
    if user is not None and ":" in user:
        raise UsageError("an ssh address takes no password", hint="let ssh ask for it, or use a key")
    for word in (host, user or ""):
        if word.startswith("-"):  # ssh would read it as an option of its own, and some of those run commands
            raise UsageError(f"{shown(word)} in {shown(text)} begins with a dash", hint="write ssh://user@host")
    return SshAddress(host, user, port, unquote(path) if path and path != "/" else None, text)


def _tls(text: str, rest: str) -> TlsAddress:
    host, port, user, path = _authority(text, rest)
    if user is not None:
        raise UsageError(
            f"{shown(text)} names a user; over TLS the certificate says who you are", hint=f"write tls://{host}"
        )
    if path not in (None, "/"):
        raise UsageError(f"{shown(text)} names a path; a port leads to one daemon", hint=f"write tls://{host}:PORT")
    return TlsAddress(host, port or TLS_PORT, text)


def _authority(text: str, rest: str) -> tuple[str, int | None, str | None, str | None]:
    """Host, port, user, path. The host as it is written: the aliases of ssh know upper case."""
    scheme = text.partition(":")[0]
    found = _AUTHORITY.fullmatch(rest)
    if found is None or any(not sign.isprintable() or sign.isspace() for sign in rest):
        raise UsageError(
            f"{shown(text)} is no address of a daemon", hint=f"write {scheme}://host or {scheme}://host:22"
        )
    host = found["host"].strip("[]")
    if not host:
        raise UsageError(f"{shown(text)} names no host", hint=f"write {scheme}://host")
    if found["user"] == "":
        raise UsageError(f"{shown(text)} names no user before the @", hint=f"write {scheme}://{host}")
    port = found["port"]
    if port is None:
        return host, None, found["user"], found["path"]
    if not (port.isascii() and port.isdecimal() and len(port) < 6 and 0 < int(port) < 65536):
        raise UsageError(f"{shown(port)} in {shown(text)} is no port", hint="write a number from 1 to 65535, or none")
    return host, int(port), found["user"], found["path"]
