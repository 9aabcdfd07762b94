"""A daemon behind a command: ``exec:COMMAND``."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from collections.abc import Mapping

from hotctl.transport.child import Child
from hotctl.transport.kept import MAYBE_DONE, KeptTransport
from hotd.contract.errors import HotdError, NotPermitted, ProtocolMismatch, Unreachable

FOR_A_PERSON = 60.0
"""Seconds more for a first answer where there is a terminal: the command may ask somebody for a password there."""
MOST_LINES = 6
OURS = "hotctl: "
"""How every sentence of hotctl's on standard error begins."""


class CommandTransport(KeptTransport):
    """See ``Transport``. The command is ended with the connection, and started again with the next."""

    ELSEWHERE = "start a daemon there, or say where its socket is: … proxy --socket PATH"
    """What to do where the far side has no daemon."""

    def __init__(
        self, argv: tuple[str, ...], where: str, timeout: float, *, env: Mapping[str, str], asks: bool
    ) -> None:
        """``asks``: there is a terminal, at which the command may wait for somebody."""
        super().__init__(where, timeout)
        self._argv = argv
        self._asks = asks
        # Where *this* hotctl finds its daemon; a `hotctl proxy` that read it would go round in circles.
        self._env = {name: value for name, value in env.items() if name != "HOTCTL_HOST"}
        self._child: Child | None = None
        self._status: int | None = None
        self._said = ""

    def _dialled(self, deadline: float) -> socket.socket:
        try:
            self._child = Child(self._argv, self._env)
        except FileNotFoundError:
            raise Unreachable(
                f"there is no command {self._argv[0]} here, for {self._where}",
                hint="install it, or give its whole path",
            ) from None
        except OSError as error:
            raise Unreachable(
                f"{self._argv[0]} cannot be run: {error.strerror}, for {self._where}",
                hint="run it by hand in a terminal: it must be a program that this user may run",
            ) from None
        return self._child.sock

    def _first_deadline(self, deadline: float) -> float:
        return deadline + FOR_A_PERSON if self._asks else deadline

    def _hung_up(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            try:
                self._status = child.end()
            finally:
                self._said = child.said

    # --- why there is no answer -------------------------------------------------------------------------------------

    def _ended(self, error: EOFError) -> HotdError:
        said = _lines(self._said)
        if own := _own_words(said):
            sentence, hint = own
            if self._status == NotPermitted.exit_status:
                return NotPermitted(f"{self._where}: {sentence}", hint=hint)
            if sentence.startswith("there is no command "):
                return ProtocolMismatch(
                    f"{self._where}: the hotctl there is too old to be spoken to from elsewhere",
                    hint="install the same hotd on both sides",
                )
            return Unreachable(f"{self._where}: {sentence}", hint=self.ELSEWHERE)
        return self._explained(self._status, said)

    def _explained(self, status: int | None, said: list[str]) -> HotdError:
        """From its status and its words, none of which are hotctl's."""
        if not said and status == 0:
            return Unreachable(
                f"{self._where}: the command ended without a word before there was an answer",
                hint=f"it must speak for a daemon, as hotctl proxy does; the daemon may be ending; {MAYBE_DONE}",
            )
        if status == 127:
            return Unreachable(
                told(f"{self._where}: a command was not found (exit status 127)", said),
                hint="give the whole path of the command, or of the hotctl that it runs",
            )
        ended = (
            f"was ended by {_signal(-status)}" if status is not None and status < 0 else f"ended with status {status}"
        )
        return Unreachable(
            told(f"{self._where}: the command {ended} before there was an answer", said),
            hint="run it by hand in a terminal, to see what it says",
        )

    def _silent(self, seconds: float) -> HotdError:
        said = _lines(self._child.said) if self._child is not None else []
        return Unreachable(
            told(f"{self._where}: no answer within {seconds:.3g} s; the command hangs or is slow", said),
            hint=f"run it by hand in a terminal, to see what it waits for; {MAYBE_DONE}",
        )

    def _garbled(self, what: str) -> HotdError:
        return ProtocolMismatch(
            f"what the command of {self._where} prints is no word of a daemon: {what}",
            hint="it must print nothing else: no greeting of a shell, no terminal (docker and kubectl: -i, not -it)",
        )


def has_terminal() -> bool:
    """Whether there is one that a command could ask at, whatever our own streams are."""
    with contextlib.suppress(OSError):
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))
        return True
    return False


def _lines(said: str) -> list[str]:
    """What can be shown of it: the last lines, without what drives a terminal."""
    lines = ("".join(sign for sign in line if sign.isprintable()).rstrip() for line in said.splitlines())
    return [line for line in lines if line][-MOST_LINES:]


def _own_words(said: list[str]) -> tuple[str, str | None] | None:
    """The sentence of a hotctl on the far side, and its hint."""
    for place in range(len(said) - 1, -1, -1):
        if said[place].startswith(OURS):
            hint = " ".join(line.strip().removeprefix("hint: ") for line in said[place + 1 :])
            return said[place].removeprefix(OURS), hint or None
    return None


def told(sentence: str, said: list[str]) -> str:
    return "\n".join([sentence, *said])


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
