"""Who may do what: the lists of ``[control]``, asked about one caller."""

from __future__ import annotations

import grp
from collections.abc import Iterable, Mapping

from hotd.contract.errors import NotPermitted
from hotd.contract.verbs import Role, Verb
from hotd.control.peers import Peer


class Roles:
    """``admins`` and ``viewers`` hold user names, uids as digits, ``%group``, ``%gid``, ``cert:NAME`` and ``*``.

    ``own_uid``, the daemon's, is always an admin: who can signal and trace the process needs no socket for harm.
    root is one by the list only. Names are looked up at each call, so that a user created later needs no restart.
    """

    def __init__(
        self,
        admins: Iterable[str] = (),
        viewers: Iterable[str] = (),
        operators: Mapping[str, Iterable[str]] | None = None,
        own_uid: int | None = None,
    ) -> None:
        self._admins = tuple(admins)
        self._viewers = tuple(viewers)
        self._operators = {pattern: tuple(people) for pattern, people in (operators or {}).items()}
        self._own_uid = own_uid

    def of(self, peer: Peer) -> Role:
        """What the caller may do everywhere. An operator of some modules may at least look at all of them."""
        if (peer.uid is not None and peer.uid == self._own_uid) or _among(peer, self._admins):
            return Role.ADMIN
        if _among(peer, self._viewers) or any(_among(peer, people) for people in self._operators.values()):
            return Role.VIEWER
        return Role.NONE

    def permit(self, peer: Peer, verb: Verb) -> Role:
        """The caller's role, if that is enough. Raises NotPermitted.

        TODO(operators): a verb on modules whose patterns name the caller is permitted once requests say their modules
        in one way.
        """
        role = self.of(peer)
        if role >= verb.role:
            return role
        has = f"has the role {role.name.lower()}" if role else "has no role at all"
        raise NotPermitted(
            f"{peer} may not {verb.name}: that needs the role {verb.role.name.lower()}, and this caller {has}",
            hint=f"ask one of the admins ({', '.join(self._admins) or 'the user the daemon runs as'}), "
            "or to be listed under [control] in hotd.toml",
        )


def _among(peer: Peer, people: tuple[str, ...]) -> bool:
    return any(_is(peer, who) for who in people)


def _is(peer: Peer, who: str) -> bool:
    if who == "*":
        return True
    if peer.certificate is not None:
        return who.startswith("cert:") and who.removeprefix("cert:") in peer.certificate.names
    if who.startswith("%"):
        return _gid(who[1:]) in peer.gids
    if who.isascii() and who.isdecimal():
        return int(who) == peer.uid
    return who == peer.name


def _gid(group: str) -> int | None:
    if group.isascii() and group.isdecimal():
        return int(group)
    try:
        return grp.getgrnam(group).gr_gid
    except (KeyError, ValueError):  # ValueError: a NUL in the name
        return None
