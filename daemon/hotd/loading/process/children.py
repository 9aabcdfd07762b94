"""Children of multiprocessing run the code of the generation that started them.

A forked child has it in memory (`forks`). One by ``spawn`` or ``forkserver`` is a new interpreter, which would import
whatever the disk holds by then. It is sent, with what multiprocessing tells it anyway, the sources of whoever starts
it, and `arrival` to import them by. Nothing of that is ever on disk: nobody can change it there, and nothing is left.
"""

from __future__ import annotations

import contextlib
import functools
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from hotd.loading.generation import Generation
from hotd.loading.imports.asking import HEADS, scopes, single
from hotd.loading.imports.part import Part, Scope, reach
from hotd.loading.patches import Patch
from hotd.loading.process import arrival
from hotd.loading.sources.disk import Kind


def _text() -> str:
    """Our own, read when we are imported ourselves: later it may be that of another version."""
    spec = arrival.__spec__
    text = spec.loader.get_source(arrival.__name__) if spec is not None and spec.loader is not None else None  # type: ignore[attr-defined] # of an InspectLoader, as all are that load from a file or an archive
    assert isinstance(text, str), "hotd is installed from sources"
    return text


_TEXT = _text()


def known_to(asked: Iterable[Scope]) -> dict[str, Part]:
    """What names mean to code that asks these, who knows best first; to nobody's code, what they mean at the head."""
    found: dict[str, Part] = {}
    known = list(single(asked))
    if not known:
        lines = (reference() for reference in reversed(HEADS.lines))
        known = [head for line in lines if line is not None and (head := line.head()) is not None]
    for scope in known:
        table = scope.table() if isinstance(scope, Generation) else reach([scope]) if isinstance(scope, Part) else {}
        for name, part in table.items():
            found.setdefault(name, part)
    return found


def packed(parts: Iterable[Part]) -> bytes:
    """The parts as a child needs them."""
    modules: dict[str, tuple[str, tuple[str, ...] | None]] = {}
    files: dict[str, bytes] = {}
    absent: set[str] = set()
    roots: dict[str, None] = {}
    for part in parts:
        place = part.location
        modules[part.name] = place.path, None if place.kind is Kind.MODULE else place.folders
        if part.source is not None:
            files[place.path] = part.source.data
        if part.data is not None:
            files.update((one.path, one.data) for one in part.data.files.values())
        absent |= part.outside
        # Of where packages are installed nothing else is ours: there a child looks as any Python does.
        roots.update(dict.fromkeys(part.roots.plain))
    return arrival.pack(modules, files, absent.difference(modules), tuple(roots))


class Outfit:
    """What a child of the code that asks these knows. Once it is packed it holds text, and no generation in memory."""

    def __init__(self, asked: Iterable[Scope]) -> None:
        parts = known_to(asked)
        self.digests = {name: part.digest for name, part in parts.items()}
        """Name -> closure digest of the part that it means there."""
        self.places = [(part.location.path, part.roots.folders, len(part.outside)) for part in parts.values()]
        self._parts = parts
        self._code = b""

    def pack(self, *, code: bool = True) -> bytes:
        """The code, as `arrival` wants it; without ``code`` none, for good."""
        parts, self._parts = self._parts, {}
        if parts and code:
            self._code = packed(parts.values())
        return self._code


_sending = threading.local()


@contextlib.contextmanager
def sent(outfit: Outfit | None) -> Iterator[None]:
    """Children that this thread starts here get that outfit, whoever asks."""
    before = getattr(_sending, "outfit", None)
    _sending.outfit = outfit
    try:
        yield
    finally:
        _sending.outfit = before


def _send(prepare: Callable[[str], dict[str, Any]]) -> Callable[[str], dict[str, Any]]:
    latest = Outfit(())  # a pool starts many children with the same code

    @functools.wraps(prepare)
    def get_preparation_data(name: str) -> dict[str, Any]:
        nonlocal latest
        data = prepare(name)
        outfit: Outfit = getattr(_sending, "outfit", None) or Outfit(scopes(sys._getframe(1)))
        if (before := latest).digests == outfit.digests and before.places == outfit.places:
            outfit = before
        if outfit.digests:
            data[arrival.KEY] = arrival.Parcel(_TEXT, outfit.pack())
            latest = outfit
        return data

    return get_preparation_data


# The one door for both start methods: what it returns is the first thing that a child unpickles.
PATCHES = (Patch("multiprocessing.spawn", "get_preparation_data", _send),)
