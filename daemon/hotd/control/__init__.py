"""The control port: a Unix socket that speaks RPyC, of which it allows one thing, to call a verb with one text."""

from hotd.control.roles import Roles
from hotd.control.server import ControlServer

__all__ = ["ControlServer", "Roles"]
