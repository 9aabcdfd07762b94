"""Test doubles that are put into what stands in ``sys.modules``, and taken out again after a reload.

``mock.patch("m.f")`` and pytest's ``monkeypatch`` keep hold of the stand-in, which is the current generation's module
whenever somebody asks. Of two that ask with a reload between them, the second would give the new generation a function
of the old one, and the old one would keep the double. So a double that goes, goes from where it came to.
"""

from __future__ import annotations

import contextlib
import weakref
from types import FrameType, ModuleType

_COME = {
    ("unittest.mock", "__enter__"),
    ("_pytest.monkeypatch", "setattr"),
    ("_pytest.monkeypatch", "delattr"),
}
_GO = {("unittest.mock", "__exit__"), ("_pytest.monkeypatch", "undo")}

Place = weakref.ref[ModuleType]

_places: weakref.WeakKeyDictionary[object, dict[tuple[str, str], list[Place]]] = weakref.WeakKeyDictionary()
"""Patcher -> name of a module, and attribute -> the modules it was put into, the last one last."""


def came_to(frame: FrameType, name: str, attribute: str) -> Place | None:
    """Where the double was put that the code of this frame takes out; None when it does no such thing."""
    patcher = _patcher(frame, _GO)
    places = _places.get(patcher, {}).get((name, attribute)) if patcher is not None else None
    if not places:
        return None
    # The last stays known: mock first takes the attribute away, and may then set it.
    return places.pop() if len(places) > 1 else places[0]


def comes_to(frame: FrameType, name: str, attribute: str, module: ModuleType) -> None:
    """Remember where a double is put, if it is one that the code of this frame puts there."""
    patcher = _patcher(frame, _COME)
    if patcher is not None:
        with contextlib.suppress(TypeError):  # what a module put in its own place need not be weakly referable
            _places.setdefault(patcher, {}).setdefault((name, attribute), []).append(weakref.ref(module))


def _patcher(frame: FrameType, does: set[tuple[str, str]]) -> object | None:
    if (frame.f_globals.get("__name__"), frame.f_code.co_name) not in does:
        return None
    return frame.f_locals.get("self")
