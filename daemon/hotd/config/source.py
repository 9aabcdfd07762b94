"""A file -> its TOML, with the line of every key. What cannot be read or is no TOML is one sentence."""

from __future__ import annotations

import codecs
import os
import re
import stat
import tomllib
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from hotd.config.lines import Key, lines_of
from hotd.contract.errors import BadConfig
from hotd.contract.quoting import shown

_PLACE = re.compile(r"(?P<what>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)", re.DOTALL)
_TWICE = ("Cannot declare", "Cannot overwrite", "Cannot mutate", "Duplicate inline table key", "Cannot redefine")


class Source(NamedTuple):
    document: dict[str, Any]
    lines: dict[Key, int]
    marked: bool
    """Begins with a byte order mark."""
    world_writable: bool


def read_source(path: Path, label: str) -> Source:
    """Raises BadConfig, whose sentence calls the file ``label``."""
    raw, mode = _read(path, label)
    if not raw and stat.S_ISREG(mode):
        # Whoever writes it in place empties it first, and an apply in that moment would take all modules away.
        hint = "somebody may just be writing it; for a daemon without modules write at least a comment"
        raise BadConfig(f"{label}: is empty", hint=hint, file=str(path))
    text = _decode(raw, path, label)
    marked = text.startswith("\ufeff")
    # As tomllib does before it counts: Windows' line ends are one character.
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    document = _parse(text, path, label)
    return Source(document, lines_of(text), marked, stat.S_ISREG(mode) and bool(mode & stat.S_IWOTH))


def _read(path: Path, label: str) -> tuple[bytes, int]:
    try:
        with path.open("rb") as file:
            # The mode of what is read, not of what lies there a moment later.
            return file.read(), os.fstat(file.fileno()).st_mode
    except FileNotFoundError:
        raise BadConfig(
            f"{label}: there is no such file",
            hint="`hotd init` writes one; `hotd serve MODULE:ENTRY` needs none",
            file=str(path),
        ) from None
    except IsADirectoryError:
        raise BadConfig(
            f"{label}: is a folder, not a file", hint=f"did you mean {label}/hotd.toml?", file=str(path)
        ) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise BadConfig(f"{label}: cannot be read: {reason}", file=str(path)) from None


def _decode(raw: bytes, path: Path, label: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            what = "is UTF-16"
        else:
            what = f"byte 0x{raw[error.start]:02x} is not UTF-8"
        _refuse(path, label, line, f"{what}; save the file as UTF-8")


def _parse(text: str, path: Path, label: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        _refuse(path, label, None, "lists or tables are nested too deeply")
    except tomllib.TOMLDecodeError as error:
        found = _PLACE.fullmatch(str(error))
        what = found["what"] if found else str(error)
        lines = text.split("\n")
        if found is None or found["line"] is None:
            _refuse(path, label, len(lines), f"not TOML: {what} at the end of the file; is something left open?")
        line = int(found["line"])
        _refuse(path, label, line, _in_words(what, lines[line - 1], int(found["column"])))
    except ValueError:  # an integer of thousands of digits
        _refuse(path, label, None, "holds a number of more than 64 bits")


def _in_words(what: str, line: str, column: int) -> str:
    """tomllib's message, or a better one where the mistake is a common one."""
    if what.startswith(_TWICE):
        written = line.strip() if line.strip().startswith("[") else line.partition("=")[0].strip()
        return f"{shown(written)} stands here a second time; keep one"
    sentence = f"not TOML: {what} (column {column})"
    if re.search(r"=\s*0[0-9]", line):
        return f"{sentence}; a number with a leading zero is written in quotes"
    if what == "Invalid value":
        return f"{sentence}; text is written in quotes, true and false in lower case"
    return sentence


def _refuse(path: Path, label: str, line: int | None, sentence: str) -> NoReturn:
    where = label if line is None else f"{label}:{line}"
    raise BadConfig(f"{where}: {sentence}", file=str(path), line=line)
