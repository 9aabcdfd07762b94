"""Certificates for tests: what ``hotd tls init`` makes, and those that it never would."""

from __future__ import annotations

import atexit
import functools
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from hotctl.transport.tls import TlsTransport
from hotd.config.authority import make_certificates
from hotd.contract.address import TlsAddress
from hotd.control import Door

_EXPIRED, _EARLY = ("20200101000000Z", "20210101000000Z"), ("20990101000000Z", "20991231000000Z")


class Certificates:
    """A folder as ``hotd tls init`` makes it; whatever is asked for is made when it is."""

    def __init__(self, folder: Path, *, hosts: Sequence[str] = ("localhost", "127.0.0.1")) -> None:
        self.folder = folder
        make_certificates(folder, hosts, ["laptop"])

    def client(self, name: str) -> Path:
        make_certificates(self.folder, ["localhost"], [name])
        return self.folder / "clients" / name

    def door(self, server: Path | None = None, **changes: object) -> Door:
        server = server or self.folder / "server"
        fields = {
            "host": "127.0.0.1",
            "port": 0,
            "ca": self.folder / "ca.pem",
            "certificate": server / "cert.pem",
            "key": server / "key.pem",
            "revoked": self.folder / "revoked",
            "revoked_needed": False,
        }
        return Door(**{**fields, **changes})  # type: ignore[arg-type] # the fields of Door, as keywords

    def dated(self, name: str, *, early: bool = False, use: str = "clientAuth") -> Path:
        """A certificate whose time is over, or has not come: only ``openssl ca`` makes them."""
        folder = self.folder / name
        folder.mkdir()
        (folder / "index").touch()
        (folder / "conf").write_text(
            "[req]\ndistinguished_name = dn\nprompt = no\n[dn]\n"
            f"CN = {name}\n[ca]\ndefault_ca = it\n[it]\ndatabase = {folder}/index\nnew_certs_dir = {folder}\n"
            f"rand_serial = yes\ndefault_md = sha256\npolicy = any\n[any]\ncommonName = supplied\n[uses]\n"
            f"basicConstraints = critical, CA:FALSE\nextendedKeyUsage = {use}\nsubjectAltName = IP:127.0.0.1\n",
            "utf-8",
        )
        start, end = _EARLY if early else _EXPIRED
        conf = ("-config", str(folder / "conf"))
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(folder / "key.pem"))
        signer = ("-cert", str(self.folder / "ca.pem"), "-keyfile", str(self.folder / "ca-key.pem"))
        request = ("-in", str(folder / "request"), "-out", str(folder / "cert.pem"), "-notext", "-batch")
        _openssl("req", "-new", *key, *conf, "-out", str(folder / "request"))
        _openssl("ca", *conf, *signer, *request, "-extensions", "uses", "-startdate", start, "-enddate", end)
        (folder / "ca.pem").write_bytes((self.folder / "ca.pem").read_bytes())
        return folder


@functools.cache
def certificates() -> Certificates:
    """One authority for all the tests of a run that only read it."""
    return Certificates(Path(_scratch().name))


@functools.cache
def strangers() -> Certificates:
    """Another authority, with the same names."""
    return Certificates(Path(_scratch().name) / "other")


@functools.cache
def _scratch() -> tempfile.TemporaryDirectory[str]:
    folder = tempfile.TemporaryDirectory(prefix="hotd-tls-")
    atexit.register(folder.cleanup)
    return folder


@contextmanager
def over_tls(papers: Path, port: int, host: str = "127.0.0.1", timeout: float = 20) -> Iterator[TlsTransport]:
    address = TlsAddress(host, port, f"tls://{host}:{port}")
    transport = TlsTransport(address, timeout, {"HOTCTL_TLS": str(papers)})
    try:
        yield transport
    finally:
        transport.close()


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, stdin=subprocess.DEVNULL)
