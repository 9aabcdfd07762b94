"""The control port: binds, accepts, and ends in order."""

from __future__ import annotations

import logging
import resource
import select
import socket
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from hotd.contract.frames import BadFrame
from hotd.control.attendants import Attendants
from hotd.control.callers import Caller, Callers
from hotd.control.channel import FrameChannel, TlsChannel
from hotd.control.connection import ControlConnection, Cut
from hotd.control.doorkeeper import Doorkeeper
from hotd.control.gate import Gate
from hotd.control.limits import Limits, Patience
from hotd.control.listener import Listener
from hotd.control.peers import Peer, known
from hotd.control.remarks import Remark, Remarks
from hotd.control.roles import Roles
from hotd.control.socket_file import SocketFile
from hotd.control.tls import Door
from hotd.control.turns import Turns
from hotd.ports import Desk

CROWD = 8
"""So many callers as may be there before it is looked whether the next one is still there: to look takes a system call,
and each is a wait for the interpreter."""
_GRACE = 1.0
"""Seconds for threads to end once their connections are cut. Who takes longer stands in a call."""


class ControlServer:
    """Answers callers on a Unix socket, each on a thread of its own, between ``start`` and ``close``."""

    def __init__(
        self,
        socket_path: str,
        *,
        mode: int,
        gid: int | None,
        desk: Desk,
        roles: Roles,
        version: str,
        log: logging.Logger | None = None,
        patience: Patience | None = None,
        limits: Limits | None = None,
        inherited: socket.socket | None = None,
        door: Door | None = None,
        hurry: Callable[[], None] = lambda: None,
    ) -> None:
        """``gid=None`` leaves the socket the daemon's own group.

        ``inherited`` listens at the path already and is somebody else's: its file is neither given away nor removed.
        ``door`` is for callers from other machines. ``hurry`` is called when somebody with a role
        comes, and when he asks.
        """
        self._hurry = hurry
        self._file = SocketFile(socket_path, mode=mode, gid=gid, inherited=inherited)
        self._log = log or logging.getLogger("hotd.control")
        self._remarks = Remarks(self._log)
        self._gate = Gate(desk, roles, version, self._log, self._remarks)
        self._patience = patience or Patience()
        self._limits = limits or Limits()
        self._callers = Callers(min(self._limits.callers, _descriptors() // 4))
        self._turns = Turns(self._limits)
        self._full = False
        """Whether the last caller had to be turned away: told once, not for each of a flood."""
        self._listener: Listener | None = None
        self._doorkeeper: Doorkeeper | None = None
        if door is not None:
            self._doorkeeper = Doorkeeper(door, starved=self._starved, log=self._log, queue=self._limits.door_queue)
        self._attendants: list[tuple[Attendants, Listener | Doorkeeper]] = []
        """Who accepts, and where."""

    def start(self) -> None:
        """Returns when callers can connect. Raises BadConfig, or AlreadyRunning where the path is taken.

        A left-over socket file is for the caller to clear away first (``hotd.host.lock.claim_socket``).
        """
        self._listener = listener = self._file.bound(starved=self._starved, log=self._log, queue=self._limits.queue)
        try:
            self._file.open()
            if self._doorkeeper is not None:
                self._doorkeeper.open()
            listener.listen()
        except BaseException:
            if self._doorkeeper is not None:
                self._doorkeeper.close()
            listener.close()
            self._file.unlink()
            raise
        self._attend("hotd-control", listener)
        if self._doorkeeper is not None:
            self._doorkeeper.listen()
            self._attend("hotd-control-tls", self._doorkeeper)

    def _attend(self, name: str, door: Listener | Doorkeeper) -> None:
        attendants = Attendants(name, accept=lambda: self._accept(door), serve=self._serve)
        self._attendants.append((attendants, door))
        attendants.start()

    @property
    def tls_port(self) -> int | None:
        """The port of the door that is open; None: there is none."""
        return None if self._doorkeeper is None else self._doorkeeper.port

    def reload_certificates(self) -> None:
        """Read again whom to let in from other machines, and cut who is let in no more.

        All or nothing: raises BadConfig where a file cannot be used, and what was read last still holds.
        """
        if self._doorkeeper is not None:
            self._doorkeeper.read()
            self._callers.cut(self._doorkeeper.revoked)

    def permit(self, roles: Roles) -> None:
        """From now on these may call; who is connected and may not any more is cut off at its next call."""
        self._gate.roles = roles

    def give(self, *, mode: int, gid: int | None) -> None:
        """Give the socket another mode and group. Raises BadConfig, and then it has those it had.

        One that is somebody else's is left as it is.
        """
        self._file.give(mode=mode, gid=gid)

    def close(self, deadline: float) -> None:
        """Accept nobody more, let calls in flight finish for ``deadline`` seconds, then cut them. Twice is fine.

        What is parked (a followed event stream) counts as in flight: let its readers go first. Threads are joined,
        but for those whose call does not return; they are logged.
        """
        if not self._attendants:
            return
        doors, self._attendants = self._attendants, []
        self._file.unlink()
        for attendants, door in doors:
            attendants.leave_door(door.stop)
            door.close()
        self._callers.close(deadline)
        until = time.monotonic() + _GRACE
        if left := sorted(name for attendants, _ in doors for name in attendants.join(until)):
            self._log.warning(
                "%d calls did not return and were left: %s", len(left), ", ".join(left), extra={"event": "control.left"}
            )
        self._remarks.close()

    def forget(self) -> None:
        """In a forked child: close our copies of every socket, else callers of a dead daemon wait on the child's."""
        if self._listener is not None:
            self._listener.forget()
        if self._doorkeeper is not None:
            self._doorkeeper.forget()
        self._callers.forget()
        self._attendants = []

    # --- callers --------------------------------------------------------------------------------------------------

    def _accept(self, door: Listener | Doorkeeper) -> Caller | None:
        """The next to be served; None where nobody is, after all."""
        sock = None
        try:
            sock = door.accept()
            return None if sock is None else self._welcomed(sock)
        except Exception:  # noqa: BLE001 - see the next line
            # One caller that cannot be served must not end the port for all.
            self._log.exception("cannot serve a caller", extra={"event": "control.defect"})
            if sock is not None:
                sock.close()
            return None

    def _welcomed(self, sock: socket.socket) -> Caller | None:
        """None for one that is not served; its connection is closed."""
        try:
            peer, owner = known(sock)
        except OSError:
            sock.close()
            return None
        if peer is not None:
            self._hurry_for(peer)
        if len(self._callers) >= CROWD and _hung_up(sock):
            sock.close()  # a storm of such would cost a turn each, and whoever comes after it the time for all
            return None
        caller, gone = self._callers.admit(sock, owner)
        if caller is None:
            sock.close()
        else:
            caller.peer = peer
        self._tell_full(caller is None or gone is not None, "as many callers as there may be")
        return caller

    def _starved(self, error: OSError) -> None:
        self._callers.make_room()
        self._tell_full(True, f"a caller cannot be accepted ({error.strerror})")

    def _tell_full(self, full: bool, what: str) -> None:
        if full and not self._full:
            self._log.warning("%s: who is idle longest is cut off", what, extra={"event": "control.full"})
        self._full = full

    def _serve(self, caller: Caller) -> None:
        """The life of one connection, to its end."""
        try:
            self._converse(caller)
        except Exception:  # noqa: BLE001 - see the next line
            # The connection ends here, whatever it was; its thread serves others.
            self._log.exception("a defect while serving a caller", extra={"event": "control.defect"})
        finally:
            self._callers.see_off(caller)

    def _converse(self, caller: Caller) -> None:
        try:
            peer = self._met(caller)
            if peer is None:
                return
            kind = FrameChannel if peer.certificate is None else TlsChannel
            channel = kind(caller.sock, self._patience)
        except OSError:
            return  # gone before it said anything
        caller.first = self._gate.goes_first(peer)
        if peer.certificate is not None:
            caller.owner = peer.name
        connection = ControlConnection(
            channel,
            call=lambda name, text: self._gate.answer(name, text, peer, lambda: self._turns.waits(caller)),
            stays=lambda: self._gate.admits(peer),
            place=lambda: self._placed(caller, peer),
            turn=lambda: self._callers.turn(caller),
        )
        try:
            connection.serve_all()
        except EOFError:
            pass
        except (Cut, BadFrame) as reason:
            fields = {"event": "control.cut", **peer.fields}
            remark = Remark(logging.INFO, f"{peer} was cut off: {reason}", fields)
            self._remarks.say((peer.identity, type(reason)), remark)
        finally:
            connection.close()

    def _placed(self, caller: Caller, peer: Peer) -> AbstractContextManager[None]:
        self._hurry_for(peer)
        return self._turns.place(caller)

    def _hurry_for(self, peer: Peer) -> None:
        """Not for who may ask nothing: haste takes time of the instances, and strangers have none to give away."""
        if self._gate.admits(peer):
            self._hurry()

    def _met(self, caller: Caller) -> Peer | None:
        """Who it is; None for one that was refused at the door, and told why."""
        if caller.peer is not None:
            return caller.peer
        assert self._doorkeeper is not None
        caller.peer = peer = self._doorkeeper.meet(caller.sock, self._patience.begun)
        if peer is not None and self._doorkeeper.revoked(peer):
            return peer.turned_away()
        return peer


def _hung_up(sock: socket.socket) -> bool:
    """Whether nobody would hear an answer any more, whatever was asked."""
    end = select.poll()
    end.register(sock, 0)  # the end of both directions is told in any case
    return bool(end.poll(0))


def _descriptors() -> int:
    """How many there may be; connections are a part of them, so that they alone never use them up."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
