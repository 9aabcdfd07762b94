"""What the comparison asks of an engine. One adapter a file; each runs alone, in a process that imported no other."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType


class Engine:
    """Modules as the interpreter imports them; what an adapter overrides is how they are reloaded."""

    distribution = ""
    """Whose version the table tells; empty for what comes with the interpreter, or from here."""
    note = ""

    def __init__(self, roots: Sequence[Path]) -> None:
        self.roots = [root.resolve() for root in roots]
        sys.path[:0] = map(str, self.roots)

    def load(self, name: str) -> ModuleType:
        """Load an entry. It is reloaded from now on."""
        return importlib.import_module(name)

    def reload(self, changed: Sequence[Path]) -> bool:
        """These files were written or deleted. Whether the engine took the change; False is a refusal."""
        raise NotImplementedError

    def current(self, name: str) -> ModuleType:
        """The module that new work would use."""
        return importlib.import_module(name)

    def close(self) -> None:
        """Let go of threads and the like."""

    def loaded(self, paths: Sequence[Path]) -> list[ModuleType]:
        """The imported modules that come from these files."""
        files = {str(path.resolve()) for path in paths}
        modules = list(sys.modules.values())
        return [module for module in modules if getattr(module, "__file__", None) in files]

    def ours(self) -> dict[str, ModuleType]:
        """All imported modules that come from below the roots."""
        found = {}
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if file and any(Path(file).is_relative_to(root) for root in self.roots):
                found[name] = module
        return found
