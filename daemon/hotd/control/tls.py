"""The door for callers from other machines: mutual TLS 1.3, trusting one private authority and nobody else.

Python's own defaults would trust every authority of the system beside it; ours are built from nothing.
"""

from __future__ import annotations

import contextlib
import logging
import re
import socket
import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hotd.contract.errors import BadConfig
from hotd.contract.handshakes import accuses_us, disagreement, fault
from hotd.control.peers import Certificate, Peer

_GOODBYE = 1.0
"""Seconds for a refused caller to read why: a close with words of its own unread would throw ours away."""
_SERIAL = re.compile(r"[0-9a-f]{1,40}")


@dataclass(frozen=True, slots=True)
class Door:
    """Where it is, and the files that say whom it lets in."""

    host: str
    port: int
    ca: Path
    certificate: Path
    key: Path
    revoked: Path
    revoked_needed: bool


@dataclass(frozen=True, slots=True)
class Papers:
    """What the files of a door said when they were read."""

    context: ssl.SSLContext
    revoked: frozenset[int]


def read_papers(door: Door) -> Papers:
    """All that is in the files, or BadConfig with everything that is wrong with them."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    context.num_tickets = 0  # nobody resumes: a certificate that is revoked meanwhile would be let in by a ticket
    context.options |= ssl.OP_IGNORE_UNEXPECTED_EOF  # frames say themselves where they end; no alert at a plain end
    wrong: list[str] = []
    try:
        context.load_verify_locations(cafile=door.ca)
    except (OSError, ssl.SSLError) as error:
        wrong.append(f"{door.ca}: {_unreadable(error, 'no certificate in PEM form')}")
    try:
        context.load_cert_chain(door.certificate, door.key, password=_no_password)
    except _Encrypted:
        wrong.append(f"{door.key}: is encrypted, and a daemon cannot ask for its password")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            wrong.append(f"{door.key}: does not belong to {door.certificate}")
        else:
            wrong.append(
                f"{door.certificate} and {door.key}: {_unreadable(error, 'no certificate and key in PEM form')}"
            )
    except OSError as error:
        wrong.append(f"{door.certificate} and {door.key}: {error.strerror}")
    revoked = _revoked(door, wrong)
    if wrong:
        raise BadConfig("\n".join(wrong), hint="`hotd tls init` makes a first authority and its certificates")
    return Papers(context, revoked)


def open_door(door: Door, queue: int) -> socket.socket:
    """A listening socket, for which the kernel keeps ``queue`` connections. Raises BadConfig."""
    try:
        family, _, _, _, address = socket.getaddrinfo(
            door.host, door.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        sock = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise _cannot_listen(door, error) from error
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # those that are accepted have it from here
        sock.bind(address)
        sock.listen(queue)
    except OSError as error:
        sock.close()
        raise _cannot_listen(door, error) from error
    return sock


def meet(sock: ssl.SSLSocket, seconds: float, log: logging.Logger) -> Peer | None:
    """Shake hands, within ``seconds``: who it is, or None for one that is refused, told on both sides."""
    address = _address(sock)
    try:
        sock.settimeout(seconds)
        sock.do_handshake()
        shown: dict[str, Any] = sock.getpeercert() or {}
        return Peer(None, frozenset(), None, Certificate(_names(shown), address, int(str(shown["serialNumber"]), 16)))
    except (OSError, ValueError) as error:
        clause = why(error)
        log.warning(
            "%s is refused: %s", address, clause, extra={"event": "control.tls", "address": address, "reason": clause}
        )
        _part(sock)
        return None


def why(error: Exception) -> str:
    """What went wrong in a handshake, as a clause on the caller."""
    match error:
        case ssl.SSLCertVerificationError():
            return f"its certificate {fault(error.verify_code, error.verify_message)}"
        case TimeoutError():
            return "it began a handshake and did not end it"
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError() | ConnectionError():
            return "it went in the middle of the handshake"
        case ssl.SSLError(reason=str(reason)) if reason == "PEER_DID_NOT_RETURN_A_CERTIFICATE":
            return "it shows no certificate"
        case ssl.SSLError(reason=str(reason)):
            return f"it {disagreement(reason)}" + ("; is it of another authority?" if accuses_us(reason) else "")
    return f"it broke the handshake off ({error})"


def _part(sock: ssl.SSLSocket) -> None:
    """Let it read what was said, then go: it may have sent its first request already, which nobody reads."""
    with contextlib.suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_WR)
        deadline = time.monotonic() + _GOODBYE
        while (left := deadline - time.monotonic()) > 0:
            sock.settimeout(left)
            if not socket.socket.recv(sock, 65536):
                return


def _names(shown: dict[str, Any]) -> tuple[str, ...]:
    """The common name first, then the alternative names; at least the serial number."""
    subject = [value for part in shown.get("subject", ()) for name, value in part if name == "commonName"]
    others = [str(value) for _, value in shown.get("subjectAltName", ()) if isinstance(value, str)]
    return tuple(dict.fromkeys([*subject, *others])) or (f"serial {shown['serialNumber'].lower()}",)


def _address(sock: socket.socket) -> str:
    try:
        host, port, *_ = sock.getpeername()
    except (OSError, ValueError):
        return "a caller that went"
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _revoked(door: Door, wrong: list[str]) -> frozenset[int]:
    """One serial number a line, as openssl prints them; what follows a # is for people."""
    try:
        text = door.revoked.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        if door.revoked_needed or not isinstance(error, FileNotFoundError):
            wrong.append(f"{door.revoked}: {_unreadable(error, 'no text')}")
        return frozenset()
    found = set()
    for number, line in enumerate(text.splitlines(), 1):
        serial = line.partition("#")[0].strip().lower().replace(":", "").removeprefix("serial=").removeprefix("0x")
        if not serial:
            continue
        if _SERIAL.fullmatch(serial):
            found.add(int(serial, 16))
        else:
            wrong.append(f"{door.revoked}:{number}: no serial number of a certificate; `hotd tls revoke` writes them")
    return frozenset(found)


class _Encrypted(Exception):
    """A key that wants a password."""


def _no_password() -> str:
    raise _Encrypted


def _unreadable(error: Exception, otherwise: str) -> str:
    return (
        error.strerror
        if isinstance(error, OSError) and not isinstance(error, ssl.SSLError) and error.strerror
        else otherwise
    )


def _cannot_listen(door: Door, error: OSError) -> BadConfig:
    return BadConfig(
        f"cannot listen at {door.host}:{door.port}: {error.strerror or error}",
        hint="set another listen under [control.tls], or end who has it; hotd.service needs its drop-in net.conf",
    )
