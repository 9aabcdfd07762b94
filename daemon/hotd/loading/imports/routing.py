"""The ``__import__`` of managed code: every part resolves imports by its own edges.

CPython takes ``__import__`` from the builtins of the running frame, so this steers each import statement of a part,
those in functions, generators, coroutines, threads and ``exec`` included, whenever it runs; code that does not import
pays nothing, and unmanaged code is not touched.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

from hotd.core import names
from hotd.loading.imports.asking import scopes
from hotd.loading.imports.execution import execute, execute_chain
from hotd.loading.imports.internal import internal
from hotd.loading.imports.part import DONE, EXECUTING, NEW, Part, Scope
from hotd.loading.imports.standin import known
from hotd.loading.imports.submodules import adopt, is_others


@internal
def import_function(part: Part) -> Callable[..., ModuleType]:
    """The ``__import__`` for the builtins of this part.

    A plain function, because calling one costs a third of calling an object; what an import statement comes to once
    everything on its way is executed, is remembered, because from then on it is always that.
    """
    edges = part.edges
    settled: dict[object, ModuleType | Foreign] = {}

    def __import__(
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        key: object = None
        found: Part | None = None
        outcome: ModuleType | Foreign | None = None
        try:  # nothing of anybody else's is called in here
            if level:
                key = name, fromlist, level, globals.get("__package__") if globals is not None else None
            elif fromlist:
                key = name, fromlist
            else:
                found = edges.get(name)
                if found is not None and (ready := found.ready) is not None:
                    return ready
                key = name
            outcome = settled.get(key)
        except TypeError:  # a list of names, or no name at all: only an explicit call of __import__ has such
            key = None
        if outcome is not None:
            if not isinstance(outcome, Foreign):
                return outcome
            if not known(outcome.top):
                return builtins.__import__(name, globals, locals, fromlist or (), level)
        if found is not None and "." not in name:
            return execute(found)
        return Importer(part, settled).statement(key, name, globals, locals, fromlist, level)

    return __import__


class Foreign:
    """A statement that is none of our business, unless somebody else's modules get the top-level name it asks for."""

    __slots__ = ("top",)

    def __init__(self, top: str) -> None:
        self.top = top


class Importer:
    """Resolves names for the code of one part."""

    __slots__ = ("_settled", "part")

    def __init__(self, part: Part, settled: dict[object, ModuleType | Foreign] | None = None) -> None:
        self.part = part
        self._settled = settled if settled is not None else {}
        """What statements that were executed before come to from now on."""

    @internal
    def statement(
        self,
        key: object,
        name: str,
        globals: Mapping[str, Any] | None,
        locals: Mapping[str, Any] | None,
        fromlist: Sequence[str] | None,
        level: int,
    ) -> ModuleType:
        """What an import statement gives. It is remembered under ``key``, if that is one, when it will stay that."""
        absolute = self._absolute(name, globals, level)
        chain = self.chain(absolute, 3) if absolute else None
        if absolute is None or chain is None:
            if absolute is not None:
                self.refuse_strangers(top := names.top(absolute))
                if key is not None and top in self.part.outside:
                    self._settled[key] = Foreign(top)
            return builtins.__import__(name, globals, locals, fromlist or (), level)
        module = execute_chain(chain)
        if chain[-1].name != absolute:  # something below a managed package that is not managed: an extension, a fake
            self.refuse_strangers(absolute)
            rest = builtins.__import__(absolute, None, None, fromlist or (), 0)
            adopt(chain[-1], names.prefixes(absolute)[len(chain)])
            return rest if fromlist else self._first(chain, level, name)
        if not fromlist:
            module = self._first(chain, level, name)
        elif hasattr(module, "__path__"):
            self._submodules(module, absolute, fromlist)
            if not all(self._stays(module, absolute, item) for item in fromlist):
                return module
        if key is not None and all(self._static(part) for part in chain):
            self._settled[key] = module
        return module

    def _static(self, part: Part) -> bool:
        """Whether this code means that part by its name for ever, and the part is executed."""
        found = self.part
        return (
            found.edges.get(part.name) is part
            and (part.name not in found.runtime or part.name in found.carried)
            and part.state is DONE
        )

    def _stays(self, package: ModuleType, absolute: str, item: str) -> bool:
        """Whether ``from package import item`` needs nothing imported any more."""
        sub = self.part.edges.get(f"{absolute}.{item}")
        if item == "*" or (sub is not None and sub.state is EXECUTING):
            return False
        return hasattr(package, item) if sub is None or sub.state is NEW else self._static(sub)

    def chain(self, absolute: str, depth: int) -> list[Part] | None:
        """The parts that an import of ``absolute`` by this code passes through.

        None when it is not managed; shorter than the name when only packages on the way are.
        """
        edges = self.part.edges
        if absolute in edges:
            return [edges[prefix] for prefix in names.prefixes(absolute) if prefix in edges]
        top = names.top(absolute)
        if top in self.part.outside or (top not in edges and not known(top) and top in sys.modules):
            return None
        found: list[Part] = []
        for prefix in names.prefixes(absolute):
            part = self._seek(prefix, depth + 1)
            if part is None:
                break
            found.append(part)
        return found or None

    @internal
    def module(self, absolute: str, depth: int = 2) -> ModuleType | None:
        """What ``importlib.import_module`` gives to this code; None when the name is not managed.

        ModuleNotFoundError for a managed name that is not this code's; and whatever the module raises.
        """
        chain = self.chain(absolute, depth)
        if chain is None:
            self.refuse_strangers(names.top(absolute))
            return None
        module = execute_chain(chain)
        if chain[-1].name != absolute:
            self.refuse_strangers(absolute)
            return None
        return module

    def refuse_strangers(self, name: str) -> None:
        """Raise ModuleNotFoundError for a managed name that this code's generation does not have.

        ``sys.modules`` has it for others: an older generation whose file is gone by now, or a loader with other roots.
        """
        if known(name):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    def _seek(self, name: str, depth: int) -> Part | None:
        """A name that the code gave away only now."""
        part = self.part
        found = part.find(name)
        if found is not None or name in part.outside:
            return found
        asked: tuple[Scope, ...] = tuple(scopes(sys._getframe(depth)))
        for scope in asked:
            found = scope.find(name)
            if found is not None:
                break
        else:
            found = part.home.load_now(part, name, asked)
        if found is not None:
            part.home.given(found, asked)
        return found

    def _absolute(self, name: str, globals: Mapping[str, Any] | None, level: int) -> str | None:
        if not isinstance(name, str) or (not name and not level):
            return None  # let the real one raise what it raises
        if not level:
            return name
        package = self.part.package
        if globals is not None and isinstance(given := globals.get("__package__"), str):
            package = given
        return names.absolute(name, package, level)

    @internal
    def _first(self, chain: Sequence[Part], level: int, name: str) -> ModuleType:
        """``import a.b.c`` binds ``a``; a relative one, which only ``__import__`` itself can ask for, what it names."""
        first = chain[0] if not level else chain[max(0, len(chain) - 1 - name.count("."))]
        return execute_chain([first])

    @internal
    def _submodules(self, package: ModuleType, absolute: str, fromlist: Sequence[str]) -> None:
        """``from package import a, b``: what is no attribute of the package yet may be a submodule."""
        for item in fromlist:
            if item == "*":
                everything = getattr(package, "__all__", None)
                if everything is not None:
                    self._submodules(
                        package, absolute, [one for one in everything if isinstance(one, str) and one != "*"]
                    )
                continue
            full = f"{absolute}.{item}"
            sub = self.part.edges.get(full)
            if hasattr(package, item) and (sub is not None or not is_others(package, full)):
                continue
            chain = self.chain(full, 4) if sub is None else [sub]
            if chain is not None and chain[-1].name == full:
                execute_chain([self._package(absolute), chain[-1]])
                continue
            if known(full):
                # Of another generation: the interpreter would find that in the package, or in ``sys.modules``.
                raise ImportError(f"cannot import name {item!r} from {absolute!r}", name=absolute)
            try:
                builtins.__import__(full)
                adopt(self._package(absolute), full)
            except ModuleNotFoundError as error:
                if error.name != full:
                    raise

    def _package(self, absolute: str) -> Part:
        found = self._seek(absolute, 4)
        assert found is not None, "its submodule was just found through it"
        return found
