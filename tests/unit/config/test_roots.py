"""Source roots are looked at before anything is loaded from them."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest

from hotd.config import load_config
from hotd.config.roots import NEEDED_BY_HOTD
from hotd.contract.errors import BadConfig
from tests.unit.config.projects import MODULE, Project


@pytest.mark.parametrize(
    ("roots", "error"),
    [
        ('["nowhere"]', '"…/nowhere" does not exist'),
        ('["~/ops"]', '"…/~/ops" does not exist; ~ is not expanded here, write the whole path'),
        ('["hotd.toml"]', '"…/hotd.toml" is not a folder'),
        ('["hotd.toml/x"]', '"…/hotd.toml/x" cannot be looked at: Not a directory'),
        ('["loop"]', '"…/loop" cannot be looked at: Too many levels of symbolic links'),
        ('["a\\u0000b"]', '"a\\u0000b" holds a NUL, which no path may'),
        ('["ops", "./ops/"]', '"./ops/" is the same folder as "…/ops"; keep one'),
        ('["ops", "link"]', '"link" is the same folder as "…/ops"; keep one'),
        ('["/"]', '"/" is the whole file system; name the folder that your modules lie in'),
        ('["open"]', 'everyone may write "…/open", and so run code as the daemon\'s user: chmod o-w it'),
        ('["sticky"]', 'everyone may write "…/sticky", and so run code as the daemon\'s user: chmod o-w it'),
        ("[]", 'is empty; write at least one folder, like ["ops"]'),
        ('"ops"', 'must be a list of texts in quotes, not "ops"'),
        ('["ops", 3]', "each must be text in quotes, not 3"),
        ('["ops", ""]', 'each must be text in quotes, not ""'),
    ],
)
def test_an_unusable_root_is_refused(project: Project, roots: str, error: str) -> None:
    """A root that is missing, no folder, written twice or open to everyone stops the start, in one sentence."""
    (project.folder / "loop").symlink_to("loop")
    (project.folder / "link").symlink_to("ops")
    for name, mode in (("open", 0o777), ("sticky", 0o1777)):
        (project.folder / name).mkdir()
        (project.folder / name).chmod(mode)
    assert project.errors(f"roots = {roots}\n") == [f"hotd.toml:1: roots: {error}"]


def test_each_wrong_root_is_told_on_its_own_line(project: Project) -> None:
    """In a list over several lines, every line has its error."""
    assert project.errors('roots = [\n  3,\n  "ops",\n  "nowhere",\n]\n') == [
        "hotd.toml:2: roots: each must be text in quotes, not 3",
        'hotd.toml:4: roots: "…/nowhere" does not exist',
    ]


def test_a_root_that_may_not_be_read_is_refused(nobody: None) -> None:
    """What the daemon's user cannot list, it cannot watch."""
    folder = Path(tempfile.mkdtemp())
    try:
        (folder / "ops").mkdir(mode=0)
        (folder / "hotd.toml").write_text('roots = ["ops"]\n')
        with pytest.raises(BadConfig, match=r'roots: ".*/ops" may not be read by the user of this process'):
            load_config(folder / "hotd.toml", env={"HOME": "/", "LISTEN_FDS": "1"}, uid=1000, cwd=folder)
    finally:
        (folder / "ops").chmod(0o700)
        shutil.rmtree(folder)


def test_a_folder_below_everyones_folder_is_fine(project: Project) -> None:
    """/tmp/mine is nobody else's, whatever /tmp is."""
    (project.folder / "shared").mkdir()
    (project.folder / "shared").chmod(0o1777)
    project.write("shared/mine/long_op.py")
    assert project.load(MODULE.replace('"ops"', '"shared/mine"')).warnings == ()


@pytest.mark.parametrize(
    ("place", "error"),
    [
        ("queue.py", '"…/ops/queue.py" has the name of a standard module: rename it'),
        ("json/__init__.py", '"…/ops/json" has the name of a standard module: rename it'),
        *(
            (f"{name}.py", f'"…/ops/{name}.py" has the name of a package that hotd itself needs: rename it')
            for name in sorted(NEEDED_BY_HOTD)
        ),
        ("rich/__init__.py", '"…/ops/rich" has the name of a package that hotd itself needs: rename it'),
    ],
)
def test_a_source_may_not_take_the_name_of_what_others_import(project: Project, place: str, error: str) -> None:
    """A queue.py of the user's would be the queue of nobody else; it is told before it is a riddle."""
    project.write(f"ops/{place}")
    assert project.errors(MODULE) == [f"hotd.toml:1: roots: {error}"]


def test_every_taken_name_is_told(project: Project) -> None:
    """Two such files are two lines."""
    project.write("ops/queue.py")
    project.write("ops/types.py")
    assert [error.split('"')[1] for error in project.errors(MODULE)] == ["…/ops/queue.py", "…/ops/types.py"]


@pytest.mark.parametrize("place", ["logging/app.log", "pkg/queue.py", "queue.txt", "test/test_x.py", "queue.py/x"])
def test_only_modules_at_the_top_take_names(project: Project, place: str) -> None:
    """A folder of logs called logging, or a queue inside a package, is nobody's business."""
    project.write(f"ops/{place}")
    assert project.load(MODULE).warnings == ()


def test_an_entry_found_in_two_roots_is_an_error(project: Project) -> None:
    """Which of two files runs is not left to the order of a list."""
    project.write("more/long_op/__init__.py")
    assert project.errors(MODULE.replace('["ops"]', '["ops", "more"]')) == [
        'hotd.toml:3: modules.long_op.entry: "long_op" is found in "…/ops" and in "…/more"; rename one'
    ]


def test_an_entry_found_in_no_root_is_left_to_the_load(project: Project) -> None:
    """A missing file is a rejected load, healed by writing it; the daemon starts."""
    config = project.load(MODULE.replace('"long_op:', '"not_yet:'))
    assert config.modules[0].entry == "not_yet:LongOp"


def test_a_root_within_a_root_is_warned_of(project: Project) -> None:
    """One file under two module names is two modules, which surprises everybody."""
    project.write("ops/inner/x.py")
    assert project.load(MODULE.replace('["ops"]', '["ops", "ops/inner"]')).warnings == (
        f'hotd.toml:1: roots: "{project.folder}/ops/inner" lies in "{project.folder}/ops": '
        "its files can be imported under two names",
    )
