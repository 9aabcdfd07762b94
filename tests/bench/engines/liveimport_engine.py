"""liveimport: changed modules and those that import them are reloaded in order, into the same module objects."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import liveimport

from tests.bench.engines.engine import Engine


class Adapter(Engine):
    distribution = "liveimport"
    note = "reloads dependents too"

    def load(self, name: str) -> ModuleType:
        liveimport.workspace(*self.roots)
        module = super().load(name)
        self._space = {name.partition(".")[0]: module}
        liveimport.register(self._space, f"import {name}")
        return module

    def reload(self, changed: Sequence[Path]) -> bool:
        try:
            liveimport.sync()
        except BaseException:  # noqa: BLE001 - whatever user code raised
            return False
        return True
