"""Who may do what: the lists of ``[control]``, asked about one caller."""

from __future__ import annotations

import grp
import time
from collections.abc import Iterable, Mapping

from hotd.contract.errors import NotPermitted
from hotd.contract.requests import Request
from hotd.contract.verbs import Role, Verb
from hotd.control.peers import NAMED_FOR, Peer
from hotd.core.permission import check_request, refused
from hotd.core.values import Actor


class Roles:
    """``admins``, ``viewers`` and ``operators`` hold user names, uids as digits, ``%group``, ``%gid``, ``cert:NAME``
    and ``*``, which is whoever can connect; ``operators`` for each pattern of modules.

    ``own_uid``, the daemon's, is always an admin: who can signal and trace the process needs no socket for harm.
    root is one by the list only. Names are looked up again and again, so that a user created later needs no restart.
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
        self._hint = (
            f"ask one of the admins ({', '.join(self._admins) or 'the user the daemon runs as'}), "
            "or to be listed under [control] in hotd.toml"
        )

    def of(self, peer: Peer) -> Role:
        """The greatest that the caller has; an operator of some modules is a viewer of all."""
        return self._standing(peer)[0]

    def actor(self, peer: Peer) -> Actor:
        """The caller as the engine knows it: who, what it may be, and of which modules."""
        role, only = self._standing(peer)
        return Actor(peer.name, peer.uid, role.name.lower(), only)

    def permit(self, peer: Peer, verb: Verb) -> Actor:
        """The caller, if there is any module of which it may ask that. Raises NotPermitted."""
        if peer.certificate is not None and peer.certificate.revoked:
            raise NotPermitted(
                f"the certificate of {peer.name}, serial number {peer.certificate.serial:x}, is revoked here",
                hint="ask an admin of the daemon for another one",
            )
        role, only = self._standing(peer)
        actor = Actor(peer.name, peer.uid, role.name.lower(), only)
        if role >= verb.role:
            return actor
        raise refused(actor, verb.name, verb.role.name.lower(), self._hint)

    def check(self, actor: Actor, verb: Verb, request: Request) -> None:
        """Whether all modules that the request is about are the caller's. Raises NotPermitted."""
        check_request(actor, verb, request, self._hint)

    def _standing(self, peer: Peer) -> tuple[Role, tuple[str, ...] | None]:
        """The role, and the patterns of modules that are the caller's; None is all there is."""
        if peer.certificate is not None and peer.certificate.revoked:
            return Role.NONE, ()
        if (peer.uid is not None and peer.uid == self._own_uid) or _among(peer, self._admins):
            return Role.ADMIN, None
        if patterns := tuple(pattern for pattern, people in self._operators.items() if _among(peer, people)):
            return Role.OPERATOR, patterns
        return (Role.VIEWER if _among(peer, self._viewers) else Role.NONE), ()


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
    now = time.monotonic()
    gid, until = _gids.get(group, (0, 0.0))
    if now < until:
        return gid
    try:
        gid = grp.getgrnam(group).gr_gid
    except (KeyError, ValueError):  # ValueError: a NUL in the name
        return None
    _gids[group] = gid, now + NAMED_FOR
    return gid


_gids: dict[str, tuple[int, float]] = {}
"""By the groups' names, as users' are kept and for the same reason: no more than hotd.toml has."""
