"""Dotted names, and the paths below a source root that spell them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

PACKAGE_FILE = "__init__"


def prefixes(name: str) -> tuple[str, ...]:
    """``a.b.c`` -> ``a``, ``a.b``, ``a.b.c``: what an import of it passes through, in order."""
    found = [name]
    while (cut := found[-1].rfind(".")) > 0:
        found.append(name[:cut])
    return tuple(reversed(found))


def top(name: str) -> str:
    """``a.b.c`` -> ``a``."""
    return name.partition(".")[0]


def parent(name: str) -> str:
    """``a.b.c`` -> ``a.b``; empty for a top-level name."""
    return name.rpartition(".")[0]


def absolute(name: str, package: str, level: int) -> str | None:
    """The name that an import of ``level`` leading dots means inside ``package``; None beyond the top."""
    if level == 0:
        return name
    steps = package.split(".") if package else []
    if level > len(steps):
        return None
    base = ".".join(steps[: len(steps) - level + 1])
    return f"{base}.{name}" if name else base


def covered(name: str, by: Collection[str]) -> bool:
    """Whether it is one of those names, or lives in a package that is."""
    return any(prefix in by for prefix in prefixes(name))


def covering(names: Iterable[str], parts: Collection[str]) -> tuple[str, ...]:
    """Those of the names that are one of the parts, or a package around one."""
    return tuple(name for name in names if any(covered(part, (name,)) for part in parts))


def is_dotted(text: str) -> bool:
    """Whether the text could be written in an import statement: identifiers between single dots."""
    return all(step.isidentifier() for step in text.split("."))


def spelled(steps: Sequence[str], suffixes: Sequence[str]) -> str | None:
    """The name that a path of these steps below a root spells: ``pkg/sub.py``, ``pkg/__init__.py``, or a folder.

    None where no import could ask for it: a step that has a dot in it and is not a file of one of the suffixes.
    """
    if not steps:
        return None
    *folders, last = steps
    stem = next((last.removesuffix(s) for s in suffixes if last.endswith(s)), last)
    inner = [*folders] if stem == PACKAGE_FILE and stem != last else [*folders, stem]
    if not inner or any(not step or "." in step for step in inner):
        return None
    return ".".join(inner)


def below(name: str, known: Sequence[str]) -> Iterator[str]:
    """Those of the known names that live in the package ``name``."""
    start = name + "."
    return (other for other in known if other.startswith(start))
