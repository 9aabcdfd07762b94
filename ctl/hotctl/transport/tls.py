"""A daemon behind a port, to which the user has a certificate: ``tls://host[:port]``."""

from __future__ import annotations

import os
import socket
import ssl
import stat
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hotctl.transport.kept import KeptTransport
from hotd.contract.address import TlsAddress
from hotd.contract.errors import BadConfig, HotdError, NotPermitted, Unreachable
from hotd.contract.handshakes import accuses_us, disagreement, fault

if TYPE_CHECKING:
    from hotctl.transport.connection import DaemonConnection

FOLDER = "HOTCTL_TLS"
"""The variable that names the folder with ``ca.pem``, ``cert.pem`` and ``key.pem``."""
MAKE_ONE = (
    "hotd tls init --client NAME, on the daemon's machine, makes such a folder; $HOTCTL_TLS says where it is here"
)


@dataclass(frozen=True, slots=True)
class Papers:
    """Whom we trust, and what we show."""

    ca: Path
    certificate: Path
    key: Path


class TlsTransport(KeptTransport):
    """See ``Transport``."""

    def __init__(self, address: TlsAddress, timeout: float, env: Mapping[str, str]) -> None:
        super().__init__(address.text, timeout)
        self._host, self._port = address.host, address.port
        folder = papers_folder(env)
        self._papers = Papers(folder / "ca.pem", folder / "cert.pem", folder / "key.pem")
        self._context: ssl.SSLContext | None = None

    def _dialled(self, deadline: float) -> socket.socket:
        if self._context is None:
            self._context = trusting(self._papers)
        try:
            sock = socket.create_connection((self._host, self._port), max(0.001, deadline - time.monotonic()))
        except OSError as error:
            raise self._no_way(error) from error
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(max(0.001, deadline - time.monotonic()))
            return self._context.wrap_socket(sock, server_hostname=self._host)
        except BaseException as error:
            sock.close()
            if isinstance(error, OSError | ValueError):
                raise self._refused(error) from error
            raise

    def _spoken_over(self, sock: socket.socket) -> DaemonConnection:
        from hotctl.transport.connection import DaemonConnection

        return DaemonConnection(sock, wait=_wait_until)

    def _ended(self, error: EOFError) -> HotdError:
        # Over TLS 1.3 a client has finished its handshake before the other side has looked at its certificate: what
        # that thinks of it comes in the place of the first answer.
        cause = error.__cause__
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLEOFError):
            return self._refused(cause)
        return super()._ended(error)

    # --- why not ----------------------------------------------------------------------------------------------------

    def _no_way(self, error: OSError) -> Unreachable:
        match error:
            case socket.gaierror():
                return Unreachable(f"{self._where}: no host of that name is known", hint="is the name spelt right?")
            case ConnectionRefusedError():
                why = "nobody listens there"
            case TimeoutError():
                why = "it does not take the connection: behind a firewall, down, or very busy"
            case _:
                why = error.strerror or str(error)
        return Unreachable(
            f"no daemon at {self._where}: {why}", hint="its hotd.toml needs a [control.tls] that listens here"
        )

    def _refused(self, error: Exception) -> HotdError:
        match error:
            case ssl.SSLCertVerificationError():
                return Unreachable(
                    f"{self._where} is not trusted: its certificate {fault(error.verify_code, error.verify_message)}",
                    hint=f"who is trusted says {self._papers.ca}, which names it goes by the daemon's certificate",
                )
            case ssl.SSLError(reason=str(reason)) if accuses_us(reason):
                return NotPermitted(
                    f"the daemon at {self._where} {disagreement(reason)}",
                    hint=f"what was shown is {self._papers.certificate}; {MAKE_ONE}",
                )
            case TimeoutError():
                return Unreachable(
                    f"{self._where} takes the connection and does not shake hands",
                    hint="is it the daemon's port? one that is very busy answers later: ask again",
                )
            case ssl.SSLEOFError() | ConnectionError():
                return Unreachable(
                    f"{self._where} closed the connection in the middle of the handshake",
                    hint="it may be ending, have too many callers, or be another program",
                )
            case ssl.SSLError(reason=str(reason)):
                return Unreachable(
                    f"what listens at {self._where} {disagreement(reason)}", hint="is it the daemon's port?"
                )
        return Unreachable(f"{self._where} cannot be spoken to: {error}", hint="is it the daemon's port?")


def papers_folder(env: Mapping[str, str]) -> Path:
    """$HOTCTL_TLS, else ``hotd/tls`` in the user's config folder."""
    if given := env.get(FOLDER):
        return Path(given)
    config = env.get("XDG_CONFIG_HOME", "")
    base = Path(config) if config.startswith("/") else Path(env.get("HOME") or Path.home()) / ".config"
    return base / "hotd" / "tls"


def trusting(papers: Papers) -> ssl.SSLContext:
    """TLS 1.3, our authority and nobody of the system's, the host's name checked. Raises BadConfig."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    for path in (papers.ca, papers.certificate, papers.key):
        if not path.is_file():
            raise BadConfig(f"there is no {path}, and without it no tls://", hint=MAKE_ONE)
    found = papers.key.stat()
    if found.st_mode & (stat.S_IRWXO | stat.S_IRWXG) and found.st_uid == os.geteuid():
        raise BadConfig(
            f"{papers.key} may be read by others than its owner, and is a secret", hint=f"chmod 600 {papers.key}"
        )
    try:
        context.load_verify_locations(cafile=papers.ca)
        context.load_cert_chain(papers.certificate, papers.key)
    except ssl.SSLError as error:
        why = (
            "key.pem does not belong to cert.pem" if error.reason == "KEY_VALUES_MISMATCH" else "no PEM, or half of one"
        )
        raise BadConfig(f"the certificates in {papers.ca.parent} cannot be used: {why}", hint=MAKE_ONE) from error
    except OSError as error:
        raise BadConfig(
            f"the certificates in {papers.ca.parent} cannot be read: {error.strerror}",
            hint=f"they must be this user's own; ${FOLDER} says where others are",
        ) from error
    return context


def _wait_until(sock: socket.socket, direction: int, deadline: float) -> None:
    """As ``patience.wait_until``. OpenSSL would try again where the kernel's own timeout has passed; Python's counts
    over all it tries."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the deadline has passed")
    sock.settimeout(left)
