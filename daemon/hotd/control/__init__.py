"""The control port: a Unix socket that speaks RPyC, of which it allows one thing, to call a verb with one text."""

from hotd.control.roles import Roles
from hotd.control.server import ControlServer
from hotd.control.tls import Door

__all__ = ["ControlServer", "Door", "Roles"]
