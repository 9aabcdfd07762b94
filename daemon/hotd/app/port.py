"""What the control port is made of, as the config has it: its group, who may call, the door for other machines."""

from __future__ import annotations

import grp
import logging
import os
from collections.abc import Collection

from hotd.config import Control, Tls
from hotd.contract.errors import BadConfig
from hotd.control import Door, Roles

log = logging.getLogger("hotd.app")


def roles_of(control: Control) -> Roles:
    """Who may call, and for what."""
    return Roles(control.admins, control.viewers, control.operators, os.getuid())


def given_group(control: Control) -> int | None:
    """As ``socket_group``, for the user and the groups of this process."""
    return socket_group(control, uid=os.geteuid(), gids={os.getegid(), *os.getgroups()})


def socket_group(control: Control, *, uid: int, gids: Collection[int]) -> int | None:
    """The group to give the socket; None leaves it the daemon's own. Raises BadConfig.

    ``uid`` and ``gids`` are the daemon's: a group that nobody wrote down and that it may not give is passed over.
    """
    if control.group is None:
        return None
    gid = _group_id(control.group)
    if control.group_written or uid == 0 or gid in gids:
        return gid
    log.warning(
        "the socket keeps the daemon's own group: its user does not belong to the default one, %s",
        control.group,
        extra={"event": "config.warning"},
    )
    return None


def door_of(tls: Tls | None) -> Door | None:
    """The door for callers from other machines, if there is to be one."""
    if tls is None:
        return None
    return Door(tls.host, tls.port, tls.ca, tls.certificate, tls.key, tls.revoked, tls.revoked_written)


def _group_id(name: str) -> int:
    """The configuration has looked it up already; between then and now it may have gone."""
    try:
        return int(name) if name.isdecimal() else grp.getgrnam(name).gr_gid
    except KeyError:
        raise BadConfig(
            f"there is no group {name!r} on this machine any more", hint="make it, or name another under [control]"
        ) from None
