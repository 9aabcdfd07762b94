"""The bytes of one file at one moment: read once, digested, compiled from exactly those bytes. Never a ``.pyc``."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import linecache
import weakref
from types import CodeType

from hotd.core.marks import marked
from hotd.loading.sources.scan import Scan, scan


class Text(str):
    """A source as text, whose lines are those that the compiler counts.

    ``linecache`` asks it for ``splitlines()``, and a plain str ends lines at form feeds, U+2028 and a few more
    characters too: behind one of those every line of a traceback would be another one.
    """

    __slots__ = ()

    def splitlines(self, keepends: bool = False) -> list[str]:
        lines = self.split("\n")
        last = lines.pop()
        return [line + "\n" * keepends for line in lines] + [last] * bool(last)


class Source:
    """One content of one path. Equal ones are shared, so that equal code is one code object."""

    __slots__ = ("__weakref__", "_code", "_scan", "alone", "data", "digest", "filename", "path", "shown")

    def __init__(self, path: str, data: bytes, digest: str | None = None, *, plain_name: bool = False) -> None:
        """``plain_name``: code compiled from it says that it comes from ``path``, not from this content of it."""
        self.path = path
        self.data = data
        self.digest = digest or digest_of(data)
        self.filename = path if plain_name else marked(path, self.digest)
        self._code: CodeType | None = None
        self._scan: Scan | None = None
        self.shown = plain_name
        """Whether `show` has nothing to do: a plain name means the file, as it is on disk now, to whoever looks."""
        self.alone = False
        """Whether it is known to be code whose imports nothing else decides (`sources.scan.Scan.alone`)."""

    @property
    def code(self) -> CodeType:
        """Compiled once. SyntaxError, ValueError, RecursionError, MemoryError, OverflowError as ``compile`` raises."""
        if self._code is None:
            self._code = compile(self.data, self.filename, "exec", dont_inherit=True)
        return self._code

    @property
    def scan(self) -> Scan:
        """What the code may import. Raises what ``code`` raises."""
        if self._scan is None:
            self._scan = scan(self.code)
            self.alone = self._scan.alone
        return self._scan

    @property
    def text(self) -> str:
        """Decoded as Python would. UnicodeDecodeError, or SyntaxError for a coding cookie nobody knows."""
        return Text(importlib.util.decode_source(self.data))

    @property
    def has_statements(self) -> bool:
        """Whether running it would do anything. Raises what ``code`` raises."""
        return (self.code.co_code, self.code.co_consts) != _NOTHING

    def show(self, name: str) -> None:
        """Let tracebacks, ``inspect`` and the debugger find these lines for as long as somebody uses the source.

        linecache would ask ``__loader__`` by itself, but only while it knows the module's globals: for a traceback,
        not for ``inspect.getsource`` of a function whose module has a newer generation. And inspect finds the module of
        a frame, here ``name``, by its file: it would look for this one among the files of ``sys.modules`` in vain.
        """
        if self.shown:
            return
        self.shown = True
        data = self.data

        def lines() -> str:
            return Text(importlib.util.decode_source(data))

        # The one-tuple is linecache's own lazy entry, which its type stubs do not know.
        linecache.cache[self.filename] = (lines,)
        inspect.modulesbyfile[self.filename] = name
        for known in (linecache.cache, inspect.modulesbyfile):
            weakref.finalize(self, known.pop, self.filename, None).atexit = False


def digest_of(data: bytes) -> str:
    """The identity of a content."""
    return hashlib.sha256(data).hexdigest()


def _nothing() -> tuple[bytes, tuple[object, ...]]:
    code = compile(b"", "<nothing>", "exec", dont_inherit=True)
    return code.co_code, code.co_consts


_NOTHING = _nothing()
