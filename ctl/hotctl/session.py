"""What every command shares: where the daemon is, one client that connects when it is first needed."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from hotctl.client import Daemon
    from hotd.contract.requests import Request

INTERRUPTED = 130
"""What a shell says of a program that Ctrl-C ended."""


class Session:
    """One run of hotctl. A mistake in the arguments is told before anybody waits for a daemon."""

    def __init__(self, address: str | None = None) -> None:
        """``address`` as chosen by ``chosen_address``; None looks at $HOTCTL_HOST and the usual places."""
        self._address = address
        self._daemon: Daemon | None = None

    @property
    def daemon(self) -> Daemon:
        """Raises UsageError for what is no address; its calls raise Unreachable and NotPermitted."""
        if self._daemon is None:
            from hotctl.client import connect

            self._daemon = connect(self._address)
        return self._daemon

    def ask(self, request: Request) -> Any:
        """The view that answers; a rejected reload is an answer too."""
        return self.daemon.ask(request)

    def close(self) -> None:
        if self._daemon is not None:
            self._daemon.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def chosen_address(socket: str | None, host: str | None) -> str | None:
    """What ``--socket`` and ``--host`` say together; None where they say nothing. Raises UsageError."""
    from hotd.contract.errors import UsageError

    if socket is not None and host is not None:
        raise UsageError("--socket and --host both say where the daemon is", hint="give one of them")
    if socket is not None and "://" in socket:
        raise UsageError(f"--socket takes a path, not {socket!r}", hint=f"write --host {socket}")
    return host if socket is None else socket
