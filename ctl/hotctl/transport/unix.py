"""A daemon behind a Unix socket of this machine."""

from __future__ import annotations

import socket

from hotctl.transport.dialling import dialled
from hotctl.transport.kept import KeptTransport


class UnixTransport(KeptTransport):
    """See ``Transport``."""

    _dials_again = True

    def __init__(self, path: str, timeout: float, *, looked_at: tuple[str, ...] = ()) -> None:
        super().__init__(path, timeout)
        self._path = path
        self._looked_at = looked_at

    def _dialled(self, deadline: float) -> socket.socket:
        return dialled(self._path, deadline, looked_at=self._looked_at)
