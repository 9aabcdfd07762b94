"""``hotd tls``: a private authority, the daemon's certificate and those of its callers, for a start.

Made by the ``openssl`` program: it is where TLS is used at all, and what an operator knows to look at the result with.
Who has an authority already does not need any of this.
"""

from __future__ import annotations

import ipaddress
import os
import re
import secrets
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hotd.contract.errors import Refused, UsageError
from hotd.contract.quoting import shown

CA, CA_KEY, SERVER, CLIENTS, REVOKED = "ca.pem", "ca-key.pem", "server", "clients", "revoked"
_CA_DAYS, _DAYS = 3650, 825
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._@-]{0,63}")


@dataclass(frozen=True, slots=True)
class Made:
    """The files that were written, and those left as they were."""

    written: tuple[Path, ...]
    kept: tuple[Path, ...]


def make_certificates(folder: Path, hosts: Sequence[str], clients: Sequence[str]) -> Made:
    """What is missing of: an authority, a certificate of the daemon for ``hosts``, one for each of ``clients``.

    Overwrites nothing: an authority that is there signs the new ones, a certificate that is there is kept. Keys are
    the owner's alone. Raises UsageError, Refused.
    """
    for name in (*hosts, *clients):
        if not (_NAME.fullmatch(name) or _is_ip(name)):
            raise UsageError(f"{shown(name)} is no name for a certificate", hint="letters, digits and . _ @ -")
    if (folder / CA).exists() != (folder / CA_KEY).exists():
        raise Refused(
            f"{folder} has one of {CA} and {CA_KEY}, and not the other", hint="put it back, or name another folder"
        )
    authority = _Authority(folder)
    try:
        authority.found()
        authority.certify(folder / SERVER, hosts[0], f"serverAuth\nsubjectAltName = {_alternatives(hosts)}")
        for name in clients:
            authority.certify(folder / CLIENTS / name, name, "clientAuth")
    except OSError as error:
        raise UsageError(
            f"cannot write to {error.filename or folder}: {error.strerror}", hint="name another folder"
        ) from None
    return Made(tuple(authority.written), tuple(authority.kept))


def revoke(folder: Path, name: str) -> tuple[str, Path]:
    """Add a client's certificate (its name, or a file) to the list that the daemon reads: (serial, the list).

    Twice is fine. Raises UsageError where there is none.
    """
    path = folder / CLIENTS / name / "cert.pem"
    if not path.is_file():
        path = Path(name)
    if not path.is_file():
        raise UsageError(
            f"there is no certificate of {shown(name)} in {folder / CLIENTS}", hint="give its name, or the file"
        )
    serial = _openssl("x509", "-in", str(path), "-noout", "-serial").strip().partition("=")[2].lower()
    listed = folder / REVOKED
    try:
        before = listed.read_text("utf-8") if listed.exists() else ""
        if serial not in (line.partition("#")[0].strip().lower() for line in before.splitlines()):
            with listed.open("a", encoding="utf-8") as file:
                file.write("" if not before or before.endswith("\n") else "\n")
                file.write(f"{serial}  # {name}\n")
    except OSError as error:
        raise UsageError(f"cannot write {listed}: {error.strerror}", hint="run this as its owner") from None
    return serial, listed


class _Authority:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.written: list[Path] = []
        self.kept: list[Path] = []

    def found(self) -> None:
        """Make the authority itself, if there is none."""
        ca, key = self._folder / CA, self._folder / CA_KEY
        if ca.exists():
            self.kept.append(ca)
            return
        uses = "basicConstraints = critical, CA:TRUE, pathlen:0\nkeyUsage = critical, keyCertSign, cRLSign"
        # A name of its own: two authorities of one name would be told apart by nobody.
        with _Workshop(f"hotd {secrets.token_hex(4)}", uses) as shop:
            shop.run("req", "-x509", "-days", str(_CA_DAYS), *shop.new_key, "-out", shop.path("cert"))
            self._write(key, shop.read("key"), 0o600)
            self._write(ca, shop.read("cert"), 0o644)

    def certify(self, folder: Path, name: str, use: str) -> None:
        """A key, and a certificate for it, in a folder of their own beside a copy of the authority's."""
        if folder.exists():
            self.kept.append(folder)
            return
        uses = f"basicConstraints = critical, CA:FALSE\nkeyUsage = critical, digitalSignature\nextendedKeyUsage = {use}"
        with _Workshop(name, f"{uses}\nauthorityKeyIdentifier = keyid") as shop:
            shop.run("req", "-new", *shop.new_key, "-out", shop.path("request"))
            serial = f"0x{secrets.randbits(126) | 1 << 120:x}"
            signer = ("-CA", str(self._folder / CA), "-CAkey", str(self._folder / CA_KEY), "-set_serial", serial)
            extensions = ("-extfile", shop.path("conf"), "-extensions", "uses")
            request = ("-in", shop.path("request"), "-out", shop.path("cert"), "-days", str(_DAYS))
            shop.run("x509", "-req", "-sha256", *request, *signer, *extensions)
            self._write(folder / "key.pem", shop.read("key"), 0o600)
            self._write(folder / "cert.pem", shop.read("cert"), 0o644)
            self._write(folder / CA, (self._folder / CA).read_bytes(), 0o644)

    def _write(self, path: Path, data: bytes, mode: int) -> None:
        """Created, never truncated, and never readable by more than in the end."""
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(data)
        self.written.append(path)


class _Workshop:
    """A folder of ours alone, where openssl writes what may be half done."""

    _KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-sha256")

    def __init__(self, name: str, uses: str) -> None:
        """``name``: the subject; ``uses``: the extensions of the certificate."""
        self._conf = (
            f"[req]\ndistinguished_name = subject\nprompt = no\nx509_extensions = uses\n"
            f"[subject]\nCN = {name}\n[uses]\nsubjectKeyIdentifier = hash\n{uses}\n"
        )

    def __enter__(self) -> _Workshop:
        self._folder = tempfile.TemporaryDirectory(prefix="hotd-tls-")
        Path(self.path("conf")).write_text(self._conf, "utf-8")
        self.new_key: tuple[str, ...] = (*self._KEY, "-config", self.path("conf"), "-keyout", self.path("key"))
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def path(self, name: str) -> str:
        return f"{self._folder.name}/{name}"

    def read(self, name: str) -> bytes:
        return Path(self.path(name)).read_bytes()

    def run(self, *arguments: str) -> None:
        _openssl(*arguments)


def _openssl(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["openssl", *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
        )
    except FileNotFoundError:
        raise Refused(
            "there is no openssl program here, which makes the certificates", hint="apt install openssl, or its like"
        ) from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise Refused(f"openssl {arguments[0]} failed: {last}", hint="openssl 1.1.1 or newer is needed")
    return done.stdout


def _alternatives(hosts: Sequence[str]) -> str:
    return ", ".join(f"{'IP' if _is_ip(host) else 'DNS'}:{host}" for host in dict.fromkeys(hosts))


def _is_ip(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
