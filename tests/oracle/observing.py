"""What is seen of a generation, and of a version alone: the same questions to both. Knows nothing of hotd."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

Call = Callable[[Callable[..., Any]], Any]
"""Calls a thunk on behalf of the one that is observed."""


class Lives:
    """What the probes of some modules started, to be asked again and again."""

    def __init__(self, modules: Iterable[ModuleType], call: Callable[[ModuleType], Call]) -> None:
        self._looks: list[tuple[str, Call, Any]] = []
        self._n = 0
        for module in modules:
            for name, factory in module.__dict__["_probes"]:
                how = call(module)
                try:
                    look = how(factory)
                except BaseException as error:  # noqa: BLE001 - what the program raises is an observation
                    look = _raises(type(error))
                self._looks.append((f"{module.__name__} {name}", how, look))

    def look(self) -> dict[str, Any]:
        """What every probe answers now: plain values, and names of exceptions."""
        found: dict[str, Any] = {}
        for name, how, look in self._looks:
            found[name] = how(lambda look=look: _asked(look, self._n))
        self._n += 1
        return found


def _asked(look: Any, n: int) -> Any:
    try:
        return look(n)
    except BaseException as error:  # noqa: BLE001 - what the program raises is an observation
        return f"raised {type(error).__name__}"


def _raises(kind: type[BaseException]) -> Any:
    def look(n: int) -> Any:
        raise kind

    return look


def told(value: Any, root: str) -> Any:
    """The same observation in words that do not know where the program lies."""
    if isinstance(value, str):
        return value.replace(root, "ROOT")
    if isinstance(value, (list, tuple)):
        return [told(one, root) for one in value]
    if isinstance(value, dict):
        return {key: told(one, root) for key, one in value.items()}
    return value
