"""The client of hotd: ``hotctl`` on the command line, ``connect()`` in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hotctl.client import Daemon, connect
    from hotctl.following import Stream

__all__ = ["connect", "Daemon", "Stream"]


def __getattr__(name: str) -> Any:
    """``connect`` is imported when it is asked for: ``hotctl --help`` has no use for it."""
    if name in __all__:
        from hotctl import client

        return getattr(client, name)
    raise AttributeError(f"module 'hotctl' has no attribute {name!r}")
