"""All modules below the roots taken out of ``sys.modules``, and the entry imported again; put back where that fails."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from tests.bench.engines.engine import Engine


class Adapter(Engine):
    note = "all modules of the program"

    def __init__(self, roots: Sequence[Path]) -> None:
        super().__init__(roots)
        self._entry = ""

    def load(self, name: str) -> ModuleType:
        self._entry = name
        return super().load(name)

    def _program(self) -> dict[str, ModuleType]:
        ours = tuple(f"{root}/" for root in self.roots)
        modules = list(sys.modules.items())
        return {name: one for name, one in modules if (getattr(one, "__file__", None) or "").startswith(ours)}

    def reload(self, changed: Sequence[Path]) -> bool:
        importlib.invalidate_caches()
        before = self._program()
        for name in before:
            del sys.modules[name]
        try:
            importlib.import_module(self._entry)
        except BaseException:  # noqa: BLE001 - whatever user code raised
            for name in self._program():
                del sys.modules[name]
            sys.modules.update(before)
            return False
        return True
