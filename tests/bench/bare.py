"""What has to be done whatever the engine: read, digest, compile, execute. Without any engine."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, ModuleType

from tests.bench.programs import Program


def load(path: Path) -> ModuleType:
    """Read, digest, compile and execute one source."""
    data = path.read_bytes()
    hashlib.sha256(data).hexdigest()
    return execute(compile(data, str(path), "exec", dont_inherit=True))


def execute(code: CodeType) -> ModuleType:
    """Execute code that is compiled already."""
    module = ModuleType("bare")
    exec(code, module.__dict__)
    return module


@contextmanager
def dependents(program: Program, name: str) -> Iterator[list[CodeType]]:
    """The code of all modules that import this one, to be executed bare: what they import is there, and is empty.

    The names in their import statements get a prefix of the same kind, so that no loader's modules are met.
    """
    found = {f"bare_{one}": ModuleType(one) for one in program.imports}
    sys.modules.update(found)
    try:
        yield [
            compile(program.path(user).read_text().replace("import ", "import bare_"), user, "exec")
            for user in program.users(name)
        ]
    finally:
        for one in found:
            del sys.modules[one]
