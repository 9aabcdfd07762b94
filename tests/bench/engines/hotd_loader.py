"""hotd.loading, as this repository has it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from hotd.contract.errors import LoadRejected
from hotd.loading import Generation, Loader
from tests.bench.engines.engine import Engine


class Adapter(Engine):
    distribution = "hotd"
    note = "reloads dependents too, aside"

    def __init__(self, roots: Sequence[Path]) -> None:
        self._loader = Loader(roots)

    def load(self, name: str) -> ModuleType:
        return self._loader.load(name).module(name)

    def reload(self, changed: Sequence[Path]) -> bool:
        try:
            self._loader.reload(changed=changed)
        except LoadRejected:
            return False
        return True

    def current(self, name: str) -> ModuleType:
        current: Generation | None = self._loader.current
        assert current is not None
        return current.module(name)

    def close(self) -> None:
        self._loader.close()
