"""What a module's closure is, by reading the sources as text: a second opinion on what the loader finds in bytecode."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from tests.oracle.spelling import COMPUTED

Key = frozenset[tuple[str, str, str]]
"""What makes a closure what it is: (name, path, text), and (name, "", "") for what was looked for in vain."""


class Closures:
    """The closures of one version: path -> text."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = files
        self.names: dict[str, str] = {}
        """Name -> path; a folder without a file of its own has an empty one."""
        for path in files:
            steps = path.removesuffix(".py").split("/")
            steps = steps[:-1] if steps[-1] == "__init__" else steps
            for depth in range(1, len(steps)):
                self.names.setdefault(".".join(steps[:depth]), "")
        for path in sorted(files):  # where a package and a module have the same name, the package wins
            name = path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
            if not self.names.get(name, "").endswith("__init__.py"):
                self.names[name] = path
        self._edges: dict[str, tuple[str, ...]] = {}

    def of(self, entry: str) -> Key:
        """The closure of a module."""
        reached = self._reach(entry)
        return frozenset((name, self.names.get(name, ""), self.text(name)) for name in reached)

    def text(self, name: str) -> str:
        """The source of a module; empty where it has no file."""
        return self._files.get(self.names.get(name, ""), "")

    def modules(self, entry: str) -> set[str]:
        """The names in it that exist."""
        return {name for name in self._reach(entry) if name in self.names}

    def absent(self, entry: str) -> set[str]:
        """The names that something in it imports in vain."""
        return {name for name in self._reach(entry) if name not in self.names}

    def guesses(self, entry: str) -> bool:
        """Whether something in it imports a name that no reading finds."""
        return any(COMPUTED in self.text(name) for name in self._reach(entry))

    def _reach(self, entry: str) -> set[str]:
        found: set[str] = set()
        work = [entry]  # not the packages above it: what it does not import does not matter to it
        while work:
            name = work.pop()
            if name not in found:
                found.add(name)
                work += self._imports(name)
        return found

    def _imports(self, name: str) -> tuple[str, ...]:
        if name not in self._edges:
            path = self.names.get(name, "")
            text = self._files.get(path, "")
            try:
                tree = ast.parse(text)
            except (SyntaxError, ValueError):
                tree = ast.Module([], [])
            package = name if not path or path.endswith("__init__.py") else name.rpartition(".")[0]
            mentioned = (prefix for one in self._mentions(tree, package) for prefix in _prefixes(one))
            self._edges[name] = tuple(dict.fromkeys(mentioned))
        return self._edges[name]

    def _mentions(self, tree: ast.Module, package: str) -> Iterator[str]:
        dynamic = any(isinstance(node, ast.Name | ast.Attribute) and _name(node) in _DYNAMIC for node in ast.walk(tree))
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = _absolute(node.module or "", package, node.level)
                yield base
                for alias in node.names:
                    yield from self._exports(base) if alias.name == "*" else (f"{base}.{alias.name}",)
            elif dynamic and isinstance(node, ast.Constant) and node.value in self.names:
                yield str(node.value)  # any text may be what a dynamic import is given

    def _exports(self, package: str) -> Iterator[str]:
        text = self.text(package)
        for line in text.splitlines():
            if line.startswith("__all__ = "):
                for name in ast.literal_eval(line.removeprefix("__all__ = ")):
                    if f"{package}.{name}" in self.names:
                        yield f"{package}.{name}"


_DYNAMIC = frozenset({"import_module", "__import__"})


def _name(node: ast.Name | ast.Attribute) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr


def _prefixes(name: str) -> list[str]:
    steps = name.split(".")
    return [".".join(steps[: depth + 1]) for depth in range(len(steps))]


def _absolute(name: str, package: str, level: int) -> str:
    if not level:
        return name
    steps = package.split(".")
    base = ".".join(steps[: len(steps) - level + 1])
    return f"{base}.{name}" if name else base
