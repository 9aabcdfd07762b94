"""A hotd.toml that is being written is not applied by halves."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from hotd.config.steady import steadily
from hotd.contract.errors import BadConfig

WHOLE = "[modules.one]\n[modules.two]\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "hotd.toml"
    path.write_text(WHOLE)
    return path


def nothing(_: float) -> None:
    pass


def refused(path: Path, *, read: Callable[[], object], wait: Callable[[float], object] = nothing) -> None:
    with pytest.raises(BadConfig) as caught:
        steadily(path, read, wait)
    assert caught.value.message == f"{path}: is being written"
    assert caught.value.hint == "nothing was changed; say `hotctl apply` again when it is whole"


def test_a_file_that_nobody_writes_is_read_a_moment_later(file: Path) -> None:
    """That moment is all that it costs."""
    waited: list[float] = []

    assert steadily(file, file.read_text, waited.append) == WHOLE

    assert waited == [0.05]


def test_half_of_a_file_is_not_taken_for_all_of_it(file: Path) -> None:
    """It may be as valid as the whole one, and would end every module that is not in it yet."""
    file.write_text(WHOLE[:14])
    refused(file, read=file.read_text, wait=lambda _: file.write_text(WHOLE))


def test_what_is_written_while_it_is_read_is_found_too(file: Path) -> None:
    """After the moment as within it; and the same bytes written again may be followed by others."""
    refused(file, read=lambda: file.write_text("[modules.one]\n"))
    refused(file, read=lambda: os.utime(file, ns=(1, 1)))


def test_half_of_a_file_is_not_said_to_be_wrong(file: Path) -> None:
    """Nobody should look for a mistake that is none."""

    def read() -> None:
        file.write_text(WHOLE)
        raise BadConfig("hotd.toml:1: not TOML")

    refused(file, read=read)


def test_what_is_wrong_with_a_whole_file_is_said(tmp_path: Path, file: Path) -> None:
    """Also where there is none, and where it is no file: a pipe can be read once."""
    gone, pipe = tmp_path / "gone.toml", tmp_path / "pipe"
    os.mkfifo(pipe)

    def read() -> None:
        raise BadConfig("hotd.toml:1: not TOML")

    for path in (file, gone, pipe):
        with pytest.raises(BadConfig, match="not TOML"):
            steadily(path, read, nothing)
