"""hmr: modules are signals; a change invalidates what depends on it, which runs again when it is asked for.

Its own entry file, which it runs again after each change, asks for all names of the case's entry.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from reactivity.hmr.api import HMR_CONTEXT, BaseReloader

from tests.bench.engines.engine import Engine


class Adapter(Engine):
    distribution = "hmr"
    note = "reloads what is asked for"

    def __init__(self, roots: Sequence[Path]) -> None:
        super().__init__(roots)
        self._folder = tempfile.TemporaryDirectory()
        self._failed = False

    def load(self, name: str) -> ModuleType:
        main = Path(self._folder.name) / "entry_of_the_comparison.py"
        main.write_text(f"import {name} as entry\nfor name in dir(entry):\n    getattr(entry, name, None)\n")
        self._reloader = BaseReloader(str(main), includes=[str(root) for root in (*self.roots, main.parent)])
        self._effect = HMR_CONTEXT.effect(self._reloader.run_entry_file)
        return importlib.import_module(name)

    def reload(self, changed: Sequence[Path]) -> bool:
        self._failed, hook = False, sys.excepthook
        sys.excepthook = self._note
        try:
            self._reloader.on_changes({path.resolve() for path in changed})
        except BaseException:  # noqa: BLE001 - whatever user code raised
            return False
        finally:
            sys.excepthook = hook
        return not self._failed

    def _note(self, *of_error: object) -> None:
        self._failed = True

    def close(self) -> None:
        self._folder.cleanup()
