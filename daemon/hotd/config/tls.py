"""``[control.tls]``: another door to the control port, for callers from other machines. Opt-in: there, or not."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from hotd.config import keys
from hotd.config.authority import CA, REVOKED, SERVER
from hotd.config.places import Surroundings, Unseen, absolute, looked_at, unusable, world_writable
from hotd.config.section import Section
from hotd.config.values import Tls
from hotd.contract.address import TLS_PORT
from hotd.contract.quoting import shown, shown_whole

_LISTEN = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]:\s]+)(?::(?P<port>[0-9]{1,5}))?")
_PLACES = {
    "ca": (f"tls/{CA}", "ca.pem"),
    "certificate": (f"tls/{SERVER}/cert.pem", "cert.pem"),
    "key": (f"tls/{SERVER}/key.pem", "key.pem"),
    "revoked": (f"tls/{REVOKED}", "revoked"),
}
"""Where a file is when nothing is written: where `hotd tls init` puts it; what it is called as systemd's credential."""


def read_tls(control: Section, around: Surroundings) -> Tls | None:
    """None where the table is not written."""
    if "tls" not in control:
        return None
    tls = control.section("tls", keys.TLS)
    host, port = _listen(tls)
    return Tls(
        host=host,
        port=port,
        ca=_file(tls, "ca", around),
        certificate=_file(tls, "certificate", around),
        key=_file(tls, "key", around, secret=True),
        revoked=_file(tls, "revoked", around, needed="revoked" in tls),
        revoked_written="revoked" in tls,
    )


def _listen(tls: Section) -> tuple[str, int]:
    text = tls.text("listen", f"127.0.0.1:{TLS_PORT}")
    found = _LISTEN.fullmatch(text)
    port = int(found["port"] or TLS_PORT) if found else 0
    if found is None or port > 65535:
        tls.error(
            "listen", f'{shown(text)} is no address; write one of this machine and a port, like "0.0.0.0:{TLS_PORT}"'
        )
        return "127.0.0.1", TLS_PORT
    return found["host"].strip("[]"), port


def _file(tls: Section, name: str, around: Surroundings, *, needed: bool = True, secret: bool = False) -> Path:
    beside, credential = _PLACES[name]
    text = tls.text(name, "")
    if text and (problem := unusable(text)):
        tls.error(name, problem)
    given = around.env.get("CREDENTIALS_DIRECTORY", "")
    place = absolute(text or beside, around.base)
    if not text and given and not isinstance(looked_at(f"{given}/{credential}"), Unseen):
        return Path(given) / credential  # systemd's, which has seen to who may read it
    if problem := _unusable_file(looked_at(place), place, needed=needed, secret=secret):
        tls.error(name, problem)
    return Path(place)


def _unusable_file(there: os.stat_result | Unseen, place: str, *, needed: bool, secret: bool) -> str | None:
    if isinstance(there, Unseen):
        if there.missing and not needed:
            return None
        return f"{there.sentence}; `hotd tls init` makes a first one" if there.missing else there.sentence
    if not stat.S_ISREG(there.st_mode):
        return f"{shown_whole(place)} is no file"
    if world_writable(there.st_mode):
        return f"{shown_whole(place)} may be written by everyone, who so says whom to trust: chmod o-w it"
    if secret and _readable_by_others(there):
        return f"{shown_whole(place)} may be read by others than its owner, and is a secret: chmod 600 it"
    return None


def _readable_by_others(there: os.stat_result) -> bool:
    """A key of root's may be lent to a group, as Debian's ssl-cert: there it is root who chose."""
    return bool(there.st_mode & (0o037 if there.st_uid == 0 else 0o077))
