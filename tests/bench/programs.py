"""Programs to measure with: modules of a hundred lines, in the shapes that real closures have."""

from __future__ import annotations

import graphlib
from collections.abc import Iterable
from pathlib import Path

LINES = 100

_BODY = '''\
class Account{n}:
    """Something of the size that people write."""

    limit = {n}

    def __init__(self, owner, balance=0):
        self.owner = owner
        self.balance = balance
        self.history = []

    def deposit(self, amount):
        if amount <= 0:
            raise ValueError(f"cannot deposit {{amount}}")
        self.balance += amount
        self.history.append(("deposit", amount))
        return self.balance

    def withdraw(self, amount):
        if amount > self.balance + self.limit:
            raise ValueError(f"{{self.owner}} has only {{self.balance}}")
        self.balance -= amount
        self.history.append(("withdraw", amount))
        return self.balance


def total{n}(accounts):
    return sum(one.balance for one in accounts)


'''


def hundred_lines(imports: Iterable[str] = (), edit: int = 0) -> str:
    """A module of `LINES` lines that imports those names; every ``edit`` is another content."""
    lines = [f'"""Edit {edit}."""', *(f"import {name}" for name in imports), "", f"EDIT = {edit}", "", ""]
    lines += "".join(_BODY.format(n=n) for n in range(3)).splitlines()
    lines += [f"FIELD_{n} = ({n}, 'field', {n}.5)" for n in range(LINES - len(lines))]
    return "\n".join(lines) + "\n"


class Program:
    """A program below a folder: module -> what it imports. The entry is ``m``; what has names below is a package."""

    def __init__(self, root: Path, imports: dict[str, list[str]]) -> None:
        self.root = root
        self.imports = imports
        self.edits = 0
        self._packages = {name.rpartition(".")[0] for name in imports}
        for name, targets in imports.items():
            self.path(name).parent.mkdir(parents=True, exist_ok=True)
            self.path(name).write_text(hundred_lines(targets))

    def path(self, name: str) -> Path:
        path = self.root / name.replace(".", "/")
        return path / "__init__.py" if name in self._packages else path.with_suffix(".py")

    def edit(self, name: str) -> Path:
        """Give the module a content it never had."""
        self.edits += 1
        path = self.path(name)
        path.write_text(hundred_lines(self.imports[name], self.edits))
        return path

    def users(self, name: str) -> list[str]:
        """Who imports the module, directly or not, imported ones first; the module itself not included."""
        order = graphlib.TopologicalSorter(self.imports).static_order()
        touched = {name}
        for one in order:
            if not touched.isdisjoint(self.imports[one]):
                touched.add(one)
        return [one for one in self.imports if one in touched and one != name]


def single() -> dict[str, list[str]]:
    return {"m": []}


def flat(size: int) -> dict[str, list[str]]:
    """The entry imports every other module."""
    leaves = [f"leaf{n}" for n in range(size - 1)]
    return {"m": leaves, **{leaf: [] for leaf in leaves}}


def tree(size: int, fan: int = 10) -> dict[str, list[str]]:
    """Every module imports ten more: a leaf has as many dependents as the tree is deep."""
    names = ["m", *(f"n{n}" for n in range(1, size))]
    return {name: names[n * fan + 1 : n * fan + fan + 1] for n, name in enumerate(names)}


def popular(size: int, dependents: int = 62) -> dict[str, list[str]]:
    """One helper with so many dependents, the entry included, among modules that do not care."""
    users = [f"user{n}" for n in range(dependents - 1)]
    others = [f"other{n}" for n in range(size - dependents - 1)]
    return {
        "m": [*users, *others],
        **{user: ["helper"] for user in users},
        **{other: [] for other in others},
        "helper": [],
    }
