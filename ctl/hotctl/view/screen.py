"""Where output goes: data to standard output, notices to standard error, each drawn as its stream can show it."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, TextIO

from hotctl.view import plain
from hotctl.view.page import Block
from hotd.contract import codec

if TYPE_CHECKING:
    from rich.console import Console

_ASCII = str.maketrans(
    {"→": "->", "\u00d7": "x", "·": "-", "…": "...", "●": "*", "◐": "~", "✗": "x", "○": "o", "█": "#", "░": "."}
)
"""Our own signs, for a terminal that is not UTF-8."""


class Stream:
    """One output stream that may be a terminal, a pipe, closed, or not there at all."""

    def __init__(self, file: TextIO | None, env: Mapping[str, str]) -> None:
        self._file = file
        self._env = env
        self._console: Console | None = None
        self.closed = file is None
        """Whether nobody reads any more."""
        self.terminal = file is not None and file.isatty() and env.get("TERM") != "dumb"

    def show(self, *blocks: Block) -> None:
        self.write(self._drawn(blocks))

    def write(self, text: str) -> None:
        """Write now. A closed pipe is remembered and no error; a full disk is one (OSError)."""
        if self._file is None or self.closed or not text:
            return
        encoding = self._file.encoding or "utf-8"
        if encoding.lower().replace("-", "") != "utf8":
            text = text.translate(_ASCII).encode(encoding, "backslashreplace").decode(encoding)
        try:
            self._file.write(text)
            self._file.flush()
        except OSError as error:
            self.closed = True
            if error.errno not in (errno.EPIPE, errno.EBADF):
                raise

    def spinner(self, text: str) -> AbstractContextManager[Callable[[str], None]]:
        """Only for a terminal."""
        from hotctl.view.busy import spinning

        assert self._file is not None, "a terminal is a file"
        return spinning(self._file, self._env, text)

    @property
    def console(self) -> Console:
        if self._console is None:
            from hotctl.view import paint

            self._console = paint.console_for(self._env, colour=not self._env.get("NO_COLOR"))
        return self._console

    def _drawn(self, blocks: tuple[Block, ...]) -> str:
        if not self.terminal:
            return plain.draw(blocks)
        from hotctl.view import paint

        return paint.draw(self.console, blocks)


class Screen:
    """Both streams and the choice between screens and JSON."""

    def __init__(
        self,
        out: TextIO | None,
        err: TextIO | None,
        *,
        env: Mapping[str, str],
        json: bool = False,
        now: Callable[[], datetime],
    ) -> None:
        self.out = Stream(out, env)
        self.err = Stream(err, env)
        self.json = json
        self.now = now
        """The reader's wall clock, with its zone."""

    def show(self, *blocks: Block) -> None:
        """Data."""
        self.out.show(*blocks)

    def tell(self, *blocks: Block) -> None:
        """A notice: anything that is not what was asked for."""
        self.err.show(*blocks)

    def document(self, value: Any) -> None:
        """The one JSON document of a command."""
        self.out.write(_json(value, indent=2) + "\n")

    def json_lines(self, values: Iterable[Any]) -> None:
        """JSON objects, each on a line of its own."""
        self.out.write("".join(_json(value, indent=None) + "\n" for value in values))

    @contextmanager
    def busy(self, text: str) -> Iterator[Callable[[str], None]]:
        """Show on a terminal that something lasts; gives the function that changes the words."""
        if self.json or not self.err.terminal or self.err.closed:
            yield lambda _: None
            return
        with self.err.spinner(text) as say:
            yield say


def _json(value: Any, *, indent: int | None) -> str:
    """Printable ASCII: a terminal that shows JSON is as safe as one that shows a table."""
    separators = None if indent else (",", ":")
    return json.dumps(codec.encode(value), ensure_ascii=True, allow_nan=False, indent=indent, separators=separators)
