"""A project of a user on a machine with few accounts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hotd.config import Config, from_command_line, load_config
from hotd.contract.errors import BadConfig

USER = 1000


class FewAccounts:
    """The users root and ann, the groups hotctl and ops; without ``groups`` none."""

    def __init__(self, groups: tuple[str, ...] = ("hotctl", "ops"), home: str | None = None) -> None:
        self.groups = groups
        self._home = home

    def has_user(self, name: str) -> bool:
        return name in ("root", "ann")

    def has_group(self, name: str) -> bool:
        return name in self.groups

    def home(self, uid: int) -> str | None:
        return self._home


class Project:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.runtime = folder / "run"
        self.runtime.mkdir()
        self.file = folder / "hotd.toml"
        self.env = {"XDG_RUNTIME_DIR": str(self.runtime), "HOME": "/home/ann"}
        self.accounts = FewAccounts()
        self.write("ops/long_op.py", "class LongOp: ...\n")

    def write(self, place: str, text: str = "") -> Path:
        path = self.folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def load(self, text: str | bytes, *, uid: int = USER) -> Config:
        """Read the text as this project's hotd.toml."""
        self.file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_config(Path("hotd.toml"), env=self.env, uid=uid, cwd=self.folder, accounts=self.accounts)

    def errors(self, text: str | bytes, *, uid: int = USER) -> list[str]:
        """The lines of the error that the text gives; paths of this project as ``…``."""
        with pytest.raises(BadConfig) as refused:
            self.load(text, uid=uid)
        return str(refused.value).replace(str(self.folder), "…").split("\n")

    def serve(self, entry: str = "long_op:LongOp", **options: Any) -> Config:
        options = {"roots": ["ops"], **options}
        return from_command_line(entry, env=self.env, uid=USER, cwd=self.folder, accounts=self.accounts, **options)

    def serve_errors(self, entry: str = "long_op:LongOp", **options: Any) -> list[str]:
        with pytest.raises(BadConfig) as refused:
            self.serve(entry, **options)
        return str(refused.value).replace(str(self.folder), "…").split("\n")


MODULE = 'roots = ["ops"]\n[modules.long_op]\nentry = "long_op:LongOp"\n'
"""Three lines that load without a finding: what a test adds stands on line 4."""
