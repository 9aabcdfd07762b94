"""jurigged: functions of the changed files are patched in place. Its registry, without its watcher's thread."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from jurigged import registry

from tests.bench.engines.engine import Engine


class Adapter(Engine):
    distribution = "jurigged"
    note = "patches in place"

    def __init__(self, roots: Sequence[Path]) -> None:
        super().__init__(roots)
        registry.auto_register(filter=lambda name: any(Path(name).is_relative_to(root) for root in self.roots))

    def load(self, name: str) -> ModuleType:
        module = super().load(name)
        for one in self.ours().values():  # as its `watch` does for what is imported already
            registry.prepare(one.__name__, one.__file__)
        return module

    def reload(self, changed: Sequence[Path]) -> bool:
        try:
            for path in changed:
                file = registry.get(str(path.resolve()))
                if file is not None and path.is_file():
                    file.refresh()
        except BaseException:  # noqa: BLE001 - whatever user code raised
            return False
        return True
