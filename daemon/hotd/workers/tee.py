"""What users find as ``sys.stdout`` and ``sys.stderr`` while output is captured."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

from hotd.workers.stream import Stream, as_bytes


class Tee(io.TextIOBase):
    """What ``sys.stdout`` is while output is captured; for code of no instance it is the original in all but name."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self._buffer = RawTee(stream)

    def write(self, text: str, /) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        context = self.stream.owner()
        if context is None:
            original = self.stream.original
            if original is not None:
                self.stream.straight(lambda: original.write(text))
        else:
            self.stream.put(context, as_bytes(text))
        return str.__len__(text)

    def writelines(self, lines: Iterable[str], /) -> None:  # type: ignore[override]  # the stubs take no generator
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        _flush(self.stream, self.stream.original)

    @property
    def buffer(self) -> RawTee:
        return self._buffer

    def detach(self) -> Any:
        """The usual ``TextIOWrapper(sys.stdout.detach(), ...)`` gets its bytes stream, and nothing is taken away."""
        return self._buffer

    def reconfigure(self, **_: Any) -> None:
        """One instance must not change the stream of all."""

    def close(self) -> None:
        """One instance must not close the stream of all."""

    @property
    def closed(self) -> bool:
        return False

    @property
    def encoding(self) -> str:  # type: ignore[override]  # a plain attribute in the stubs, read-only in CPython
        return getattr(self.stream.original, "encoding", None) or "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]  # as encoding
        return getattr(self.stream.original, "errors", None) or "backslashreplace"

    @property
    def line_buffering(self) -> bool:
        return True

    @property
    def write_through(self) -> bool:
        return False

    @property
    def name(self) -> str:
        return f"<{self.stream.name}>"

    @property
    def mode(self) -> str:
        return "w"

    def isatty(self) -> bool:
        return _isatty(self.stream.original)

    def fileno(self) -> int:
        return _fileno(self.stream.original)

    def writable(self) -> bool:
        return True


class RawTee(io.BufferedIOBase):
    """``sys.stdout.buffer``: bytes find their place among the text, and need not be text."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream

    def write(self, data: Any, /) -> int:
        held = memoryview(data).tobytes()
        context = self.stream.owner()
        if context is not None:
            self.stream.put(context, held)
        elif (raw := self._raw()) is not None:
            self.stream.straight(lambda: raw.write(held))
        return len(held)

    def flush(self) -> None:
        _flush(self.stream, self._raw())

    def close(self) -> None:
        """A TextIOWrapper made around it closes it when collected, and must not."""

    @property
    def closed(self) -> bool:
        return False

    @property
    def raw(self) -> Any:
        return self

    @property
    def name(self) -> str:
        return f"<{self.stream.name}>"

    @property
    def mode(self) -> str:
        return "wb"

    def isatty(self) -> bool:
        return _isatty(self._raw())

    def fileno(self) -> int:
        return _fileno(self._raw())

    def writable(self) -> bool:
        return True

    def _raw(self) -> Any:
        return getattr(self.stream.original, "buffer", None)


def _flush(stream: Stream, original: Any) -> None:
    context = stream.owner()
    if context is not None:
        stream.flush(context)
    elif original is not None:
        original.flush()


def _isatty(original: Any) -> bool:
    return original is not None and bool(original.isatty())


def _fileno(original: Any) -> int:
    if original is None:
        raise io.UnsupportedOperation("fileno")
    return int(original.fileno())
