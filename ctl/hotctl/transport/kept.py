"""One connection that is kept from call to call, whatever it goes over."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from hotd.contract.errors import BadRequest, HotdError, ProtocolMismatch, Unreachable
from hotd.contract.protocol import LONGEST_REQUEST
from hotd.contract.verbs import VERBS

if TYPE_CHECKING:
    from hotctl.transport.connection import DaemonConnection

MAYBE_DONE = "a change may have happened all the same: hotctl history"


class KeptTransport(ABC):
    """See ``Transport``; a subclass dials. May be used from several threads: their calls are made one after another."""

    _dials_again = False
    """Whether a connection that ends before it has taken anything may be followed by another at once."""

    def __init__(self, where: str, timeout: float) -> None:
        """``where`` the daemon is, as sentences have it; ``timeout`` in seconds is for connecting."""
        self._where = where
        self._timeout = timeout
        self._turn = threading.Lock()
        self._connection: DaemonConnection | None = None

    def call(self, verb: str, text: str, *, deadline: float) -> str:
        """The daemon's answer. An answer that does not come in time is told as Unreachable: the daemon's own waits
        are shorter, so one that is well has answered by then, if only that it is not done yet.
        """
        if len(text) > LONGEST_REQUEST - 1024:  # room for RPyC's wrapping
            raise BadRequest(f"the request is {len(text)} bytes long, a daemon takes {LONGEST_REQUEST}")
        with self._turn:
            try:
                return self._called(verb, text, deadline)
            except EOFError as error:
                self._drop()
                raise self._ended(error) from None
            except BaseException:
                # Also after Ctrl-C: the answer that is still on its way must not be taken for the next one's.
                self._drop()
                raise

    def _called(self, verb: str, text: str, deadline: float) -> str:
        from hotctl.transport.connection import Untaken

        held = self._held()
        if held is not None and not VERBS[verb].changes:
            # The daemon may be cutting it this very moment, for having been idle: a question is asked twice.
            with contextlib.suppress(EOFError):
                return self._asked(held, verb, text, deadline)
            self._drop()
            held = None
        if held is not None or self._dials_again:
            # A daemon that ends takes nothing more; where it left its socket to the next one, that is asked: a change,
            # too, for it has not been begun.
            with contextlib.suppress(Untaken):
                return self._asked_over(held, verb, text, deadline)
            self._drop()
        return self._asked_over(None, verb, text, deadline)

    def close(self) -> None:
        with self._turn:
            self._drop()

    def _asked_over(self, held: DaemonConnection | None, verb: str, text: str, deadline: float) -> str:
        if held is None:
            held, deadline = self._connected(deadline)
        return self._asked(held, verb, text, deadline)

    # --- what a way to a daemon says for itself ---------------------------------------------------------------------

    @abstractmethod
    def _dialled(self, deadline: float) -> socket.socket:
        """A connected socket, by ``deadline`` on the monotonic clock. Raises Unreachable, NotPermitted."""

    def _spoken_over(self, sock: socket.socket) -> DaemonConnection:
        from hotctl.transport.connection import DaemonConnection

        return DaemonConnection(sock)

    def _first_deadline(self, deadline: float) -> float:
        """Until when the first answer over a new connection may take."""
        return deadline

    def _hung_up(self) -> None:  # noqa: B027 - most ways stand on nothing but their socket
        """The connection is closed: let go of what it stood on. Twice is fine."""

    def _ended(self, error: EOFError) -> HotdError:
        """Why the connection ended before there was an answer."""
        return Unreachable(
            f"the daemon at {self._where} closed the connection before it answered",
            hint=f"it may be ending, have too many callers, or be another program; {MAYBE_DONE}",
        )

    def _silent(self, seconds: float) -> HotdError:
        return Unreachable(
            f"the daemon at {self._where} did not answer within {seconds:.3g} s: busy or hung",
            hint=f"ask again; {MAYBE_DONE}",
        )

    def _garbled(self, what: str) -> HotdError:
        return ProtocolMismatch(
            f"what listens on {self._where} is no hotd of this protocol: {what}",
            hint="install the same hotd on both sides, or give the daemon's socket: --socket PATH",
        )

    # --- the connection ---------------------------------------------------------------------------------------------

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        try:
            if connection is not None:
                connection.close()
        finally:
            self._hung_up()

    def _held(self) -> DaemonConnection | None:
        """The connection of an earlier call, if the daemon still keeps its end."""
        if self._connection is not None and self._connection.spoken_to:
            self._drop()
        return self._connection

    def _connected(self, deadline: float) -> tuple[DaemonConnection, float]:
        sock = self._dialled(min(deadline, time.monotonic() + self._timeout))
        self._connection = self._spoken_over(sock)
        return self._connection, self._first_deadline(deadline)

    def _asked(self, connection: DaemonConnection, verb: str, text: str, deadline: float) -> str:
        from hotctl.transport.connection import Garbled

        began = time.monotonic()
        try:
            return connection.ask(verb, text, deadline)
        except TimeoutError:
            raise self._silent(time.monotonic() - began) from None
        except Garbled as error:
            raise self._garbled(str(error)) from None
