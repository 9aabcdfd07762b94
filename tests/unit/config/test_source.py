"""A file that is no readable TOML is one sentence."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from hotd.config import load_config
from hotd.contract.errors import BadConfig
from tests.unit.config.projects import MODULE, Project


def _refusal(project: Project, path: Path | None) -> BadConfig:
    with pytest.raises(BadConfig) as refused:
        load_config(path, env=project.env, uid=1000, cwd=project.folder, accounts=project.accounts)
    return refused.value


@pytest.mark.parametrize("path", [None, Path("hotd.toml"), Path("no/such/folder.toml")])
def test_a_missing_file_names_the_command_that_writes_one(project: Project, path: Path | None) -> None:
    """Whoever has no hotd.toml yet learns how to get one, or to do without."""
    error = _refusal(project, path)
    assert error.message == f"{path or 'hotd.toml'}: there is no such file"
    assert error.hint == "`hotd init` writes one; `hotd serve MODULE:ENTRY` needs none"


def test_a_folder_is_no_configuration(project: Project) -> None:
    """The file in the folder is named instead."""
    error = _refusal(project, Path("ops"))
    assert (error.message, error.hint) == ("ops: is a folder, not a file", "did you mean ops/hotd.toml?")


def test_an_empty_file_is_one_that_is_being_written(project: Project) -> None:
    """`sed … > hotd.toml` empties it first: an apply in that moment must not take every module away."""
    project.file.write_text("")
    error = _refusal(project, None)
    assert (error.message, error.hint) == (
        "hotd.toml: is empty",
        "somebody may just be writing it; for a daemon without modules write at least a comment",
    )
    assert load_config(Path("/dev/null"), env=project.env, uid=1000, cwd=project.folder).modules == ()


def test_an_unreadable_file_says_why(nobody: None) -> None:
    """A file that this user may not read is told as such."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "hotd.toml")
        path.write_text(MODULE)
        path.chmod(0)
        with pytest.raises(BadConfig, match=r"hotd\.toml: cannot be read: Permission denied"):
            load_config(path, env={}, uid=1000, cwd=Path("/"))


@pytest.mark.parametrize("name", ["loop.toml", "a\0b"])
def test_whatever_else_cannot_be_opened_says_why(project: Project, name: str) -> None:
    """No way of failing to open a file ends in a traceback."""
    (project.folder / "loop.toml").symlink_to("loop.toml")
    assert ": cannot be read: " in _refusal(project, Path(name)).message


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("a = 1\nb = [1,\n", "hotd.toml:3: not TOML: Invalid value at the end of the file; is something left open?"),
        (
            "a = 1\nb = long_op:LongOp\n",
            "hotd.toml:2: not TOML: Invalid value (column 5); text is written in quotes, true and false in lower case",
        ),
        (
            "mode = 0660\n",
            "hotd.toml:1: not TOML: Expected newline or end of document after a statement (column 9); "
            "a number with a leading zero is written in quotes",
        ),
        ("[modules.a]\nx = 1\n[modules.a]\n", 'hotd.toml:3: "[modules.a]" stands here a second time; keep one'),
        ("[daemon]\na = 1\na = 2\n", 'hotd.toml:3: "a" stands here a second time; keep one'),
        ("m = {a = 1, a = 2}\n", 'hotd.toml:1: "m" stands here a second time; keep one'),
        ("a = 1\r\n\r\n= 2\r\n", "hotd.toml:3: not TOML: Invalid statement (column 1)"),
        ('a = "\0"', "hotd.toml:1: not TOML: Illegal character '\\x00' (column 6)"),
        ("x = " + "[" * 5000 + "]" * 5000, "hotd.toml: lists or tables are nested too deeply"),
        ("x = " + "9" * 5000, "hotd.toml: holds a number of more than 64 bits"),
        ("a = 1\nb = 'ü'\n".encode("latin-1"), "hotd.toml:2: byte 0xfc is not UTF-8; save the file as UTF-8"),
        ("a = 1\n".encode("utf-16"), "hotd.toml:1: is UTF-16; save the file as UTF-8"),
    ],
)
def test_what_is_no_toml_is_told_with_its_line(project: Project, text: str | bytes, error: str) -> None:
    """A syntax error names line and column, and the usual slips their cure."""
    assert project.errors(text) == [error]


def test_a_byte_order_mark_is_passed_over_with_a_warning(project: Project) -> None:
    """A file that Notepad saved works, and its first line is still line 1."""
    assert project.load("\ufeff" + MODULE).warnings == (
        "hotd.toml: begins with a byte order mark, which is passed over; save it as plain UTF-8",
    )
    assert project.errors("\ufeffnonsense = 1\n" + MODULE)[0].startswith("hotd.toml:1: nonsense: ")


def test_windows_line_ends_are_no_matter(project: Project) -> None:
    """Lines are counted as every editor does."""
    text = f"{MODULE}surge = -1\n".replace("\n", "\r\n")
    assert project.errors(text) == ["hotd.toml:4: modules.long_op.surge: must be at least 0, not -1"]


def test_a_file_that_everyone_may_write_is_refused(project: Project) -> None:
    """Whoever writes the configuration decides what code runs as the daemon's user."""
    project.file.touch()
    project.file.chmod(0o666)
    assert project.errors(MODULE) == [
        "hotd.toml: may be written by everyone, who so runs code as the daemon's user: chmod o-w it"
    ]


def test_a_pipe_is_a_file_too(project: Project) -> None:
    """``hotd check -c <(generate)`` works, and what is wrong is told by the name it was given."""
    read, write = os.pipe()
    os.write(write, b"nonsense = 1\n")
    os.close(write)
    path = Path(f"/dev/fd/{read}")
    assert _refusal(project, path).message.startswith(f"{path}:1: nonsense: no such key")
    os.close(read)
