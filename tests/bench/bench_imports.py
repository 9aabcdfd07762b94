"""What imports and calls cost in managed code, beside the interpreter's own. Not collected by itself: `make bench`."""

from __future__ import annotations

import gc
import importlib
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from hotd.loading import Loader
from tests.bench.conftest import Tell
from tests.bench.programs import Program, flat, tree

STATEMENTS = {
    "module": "import @x",
    "dotted": "import @pk.b",
    "aliased": "import @pk.b as it",
    "name": "from @x import NAME",
    "submodule": "from @pk import b",
    "submodule_relative": "from . import b",
    "name_relative": "from .b import NAME",
    "name_deep": "from @pk.b import NAME",
    "re_export": "from @pk import SHOWN",
    "unmanaged": "import os",
    "unmanaged_dotted": "import os.path",
    "unmanaged_name": "from os import path",
}
CALLS = {"through_module": "@x.f()", "through_package": "@pk.shown()", "of_submodule": "@pk.b.f()", "of_name": "f()"}
TIMED = """
def {name}():
    start = thread_time()
    for _ in range(5_000):
        {statement}
    return (thread_time() - start) / 5_000
"""

Timed = dict[str, tuple[float, float]]


def write(root: Path, prefix: str) -> str:
    """A program with a function for each statement; the name of its module. Each side has names of its own."""
    body = "".join(TIMED.format(name=name, statement=text) for name, text in (STATEMENTS | CALLS).items())
    files = {
        "@x.py": "NAME = 1\ndef f(): pass\n",
        "@pk/__init__.py": "SHOWN = 1\ndef shown(): pass\n",
        "@pk/b.py": "NAME = 1\ndef f(): pass\n",
        "@pk/timed.py": f"from time import thread_time\nimport @x, @pk.b\nfrom @x import f\n{body}",
    }
    for name, text in files.items():
        path = root / name.replace("@", prefix)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("@", prefix))
    return f"{prefix}pk.timed"


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Timed]:
    """Seconds of each statement: run by the interpreter itself, and in managed code."""
    plain_root, root = tmp_path_factory.mktemp("plain"), tmp_path_factory.mktemp("managed")
    plain = _imported(plain_root, write(plain_root, "plain_"))
    with Loader([root]) as loader:
        name = write(root, "managed_")
        managed = loader.load(name).module(name)
        taken: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in STATEMENTS | CALLS}
        for _ in range(40):
            for function, (theirs, ours) in taken.items():
                theirs.append(vars(plain)[function]())
                ours.append(vars(managed)[function]())
            gc.collect()
        yield {name: (statistics.median(theirs), statistics.median(ours)) for name, (theirs, ours) in taken.items()}
    for name in [name for name in sys.modules if name.startswith("plain_")]:
        del sys.modules[name]


def _imported(root: Path, name: str) -> ModuleType:
    sys.path.insert(0, str(root))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(root))


@pytest.mark.parametrize("statement", STATEMENTS)
def test_an_import_statement(statement: str, timed: Timed, holds: Tell) -> None:
    """At most a microsecond over the interpreter's own, in a function that runs it again and again."""
    plain, managed = timed[statement]
    what = f"µs over the interpreter's own: {STATEMENTS[statement].replace('@', '')}"
    holds(what, (managed - plain) * 1e6, 1, f"plain {plain * 1e6:.2f} µs, managed {managed * 1e6:.2f} µs")


@pytest.mark.parametrize("call", CALLS)
def test_a_call_across_parts(call: str, timed: Timed, holds: Tell) -> None:
    """Nothing extra: what is found in a module is the function itself. A tenth is for the noise."""
    plain, managed = timed[call]
    what = f"call across parts, managed / plain: {CALLS[call].replace('@', '')}"
    holds(what, managed / plain, 1.1, f"plain {plain * 1e9:.0f} ns, managed {managed * 1e9:.0f} ns")


UNMANAGED = """
import importlib, statistics, sys, tempfile, time, pathlib
sys.path.insert(0, {tests!r})
from hotd.loading import Loader
root = pathlib.Path(tempfile.mkdtemp())
(root / "m.py").write_text("import x\\n")
(root / "x.py").write_text("")

def timed():
    start = time.thread_time()
    for _ in range(20_000):
        import os
        from os import path
    return (time.thread_time() - start) / 20_000

def median():
    return statistics.median(timed() for _ in range(15))

median()
pairs = []
for _ in range(5):
    without = median()
    with Loader([root]) as loader:
        loader.load("m")
        pairs.append((without, median()))
print(statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs))
"""


def test_unmanaged_code(holds: Tell) -> None:
    """Imports of code that is not managed cost what they cost without a loader: they never meet it."""
    without, with_loader = _floats(UNMANAGED.format(tests=str(Path(__file__).parents[2])))
    how = f"without {without * 1e6:.3f} µs, with {with_loader * 1e6:.3f} µs"
    holds("import statements of unmanaged code: with a loader / without", with_loader / without, 1.05, how)


PLAIN = """
import sys, time
sys.dont_write_bytecode = True
sys.path.insert(0, {root!r})
start = time.process_time()
import m
print(time.process_time() - start)
"""
LOADED = """
import sys, time
from hotd.loading import Loader
loader = Loader([{root!r}])
start = time.process_time()
loader.load("m")
print(time.process_time() - start)
"""


@pytest.mark.timeout(600)
@pytest.mark.parametrize("shape", ["tree", "flat", "packages"])
def test_the_first_load(shape: str, tmp_path: Path, holds: Tell) -> None:
    """A thousand modules: at most 1.3 times plain import without bytecode, each in a fresh process."""
    program = Program(tmp_path, {"tree": tree, "flat": flat, "packages": packages}[shape](1_000))
    plain, loaded = [], []
    for _ in range(9):
        plain += _floats(PLAIN.format(root=str(program.root)))
        loaded += _floats(LOADED.format(root=str(program.root)))
    theirs, ours = statistics.median(plain), statistics.median(loaded)
    how = f"plain {theirs * 1e3:.0f} ms, loader {ours * 1e3:.0f} ms"
    holds(f"first load of 1,000 modules, {shape}: loader / plain import", ours / theirs, 1.3, how)


def packages(size: int) -> dict[str, list[str]]:
    """Packages of nine modules each, whose ``__init__`` imports none of them; the entry imports all modules."""
    names = [f"pk{n // 10}.mod{n}" if n % 10 else f"pk{n // 10}" for n in range(size - 1)]
    return {"m": names, **{name: [] for name in names}}


def _floats(program: str) -> list[float]:
    said = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    return [float(word) for word in said.split()]
