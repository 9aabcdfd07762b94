"""IPython's autoreload extension, in the mode that reloads all modules; first its patcher of single definitions."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from IPython.extensions.autoreload import ModuleReloader

from tests.bench.engines.engine import Engine


class Adapter(Engine):
    distribution = "ipython"
    note = "deduper, then superreload"
    deduper = True

    def __init__(self, roots: Sequence[Path]) -> None:
        super().__init__(roots)
        self._reloader = ModuleReloader()
        self._reloader.enabled = True
        self._reloader.deduper_reloader.enabled = self.deduper

    def load(self, name: str) -> ModuleType:
        module = super().load(name)
        self._reloader.check(check_all=True, do_reload=False)
        if self.deduper:
            self._reloader.deduper_reloader.update_sources()
        return module

    def reload(self, changed: Sequence[Path]) -> bool:
        failed = dict(self._reloader.failed)
        try:
            with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
                self._reloader.check(check_all=True)
        except BaseException:  # noqa: BLE001 - whatever user code raised
            return False
        return all(failed.get(file) == mtime for file, mtime in self._reloader.failed.items())
