"""Which users and groups this machine knows."""

from __future__ import annotations

import grp
import pwd
from typing import Protocol


class Accounts(Protocol):
    def has_user(self, name: str) -> bool: ...
    def has_group(self, name: str) -> bool: ...
    def home(self, uid: int) -> str | None:
        """The home folder of a user, None for one that is not known."""


class SystemAccounts:
    """As the name service has it; a name that it cannot even be asked for is not known."""

    def has_user(self, name: str) -> bool:
        try:
            pwd.getpwnam(name)
        except (KeyError, ValueError):  # ValueError: a NUL in the name
            return False
        return True

    def has_group(self, name: str) -> bool:
        try:
            grp.getgrnam(name)
        except (KeyError, ValueError):
            return False
        return True

    def home(self, uid: int) -> str | None:
        try:
            return pwd.getpwuid(uid).pw_dir or None
        except KeyError:
            return None


SYSTEM = SystemAccounts()
