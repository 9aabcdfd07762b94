"""The sweep: what makes no event is found by looking, twice, and by its content."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from hotd.core.values import Instant
from hotd.watching.sweep import RECENT, Sweep, content
from tests.support.eventually import eventually


class Clock:
    """Monotonic time stands still unless told; wall time is that of the files."""

    def __init__(self) -> None:
        self.wall = 0.0
        self.mono = 0.0

    def now(self) -> Instant:
        return Instant(self.mono, self.wall)


class Loaded:
    """Files on disk and what is loaded from there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = Clock()
        self.modules: tuple[dict[str, str], ...] = ({},)
        self.sweep = Sweep(lambda: self.modules, self.clock)

    def path(self, name: str = "m.py") -> Path:
        return self.folder / name

    def save(self, text: str, name: str = "m.py") -> Path:
        path = self.path(name)
        path.write_text(text)
        self.clock.wall = max(self.clock.wall, path.stat().st_ctime)
        return path

    def load(self, *names: str) -> None:
        """What is on disk serves."""
        self.modules = ({str(self.path(name)): content(str(self.path(name))) for name in names or ("m.py",)},)

    def told(self, path: Path) -> None:
        """The receiver is told of it now."""
        self.sweep.told([str(path)], self.clock.wall)

    def look(self) -> list[str]:
        return [Path(path).name for path in self.sweep.look()]


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    loaded = Loaded(tmp_path)
    loaded.save("VERSION = 1\n")
    loaded.load()
    assert loaded.look() == []
    return loaded


def large(folder: Path) -> tuple[Loaded, list[str]]:
    """A program of twenty files, and their names."""
    loaded = Loaded(folder)
    names = [f"m{number}.py" for number in range(20)]
    for name in names:
        loaded.save("VERSION = 1\n", name)
    loaded.load(*names)
    return loaded, names


def test_two_equal_looks_make_a_change(loaded: Loaded) -> None:
    """A file that looks another way each time is being written; once it rests, it is told once."""
    for version in range(2, 5):
        loaded.save(f"VERSION = {version * '1'}\n")
        assert loaded.look() == []
    assert loaded.look() == ["m.py"]
    assert loaded.look() == loaded.look() == []


def test_it_is_no_more_hasty_than_the_watcher(loaded: Loaded) -> None:
    """Two looks that agree are not enough where the cap of a batch has not come."""
    loaded.sweep = Sweep(lambda: loaded.modules, loaded.clock, patience=5.0)
    loaded.look()
    loaded.save("VERSION = 2\n")
    for loaded.clock.mono in (0.0, 1.0, 4.9):
        assert loaded.look() == []
    loaded.clock.mono = 5.0
    assert loaded.look() == ["m.py"]


def test_the_content_decides(loaded: Loaded) -> None:
    """Touched, or written with the same bytes: nothing changed."""
    os.utime(loaded.path())
    assert loaded.look() == loaded.look() == []
    loaded.save("VERSION = 1\n")
    assert loaded.look() == loaded.look() == []


def test_a_file_that_is_gone_is_told_once(loaded: Loaded) -> None:
    """And told again when it is back."""
    loaded.path().unlink()
    assert [loaded.look(), loaded.look(), loaded.look()] == [[], ["m.py"], []]
    loaded.save("VERSION = 1\n")
    assert [loaded.look(), loaded.look(), loaded.look()] == [[], ["m.py"], []]


@pytest.mark.parametrize("is_there", (False, True), ids=["appears", "appeared before the first look"])
def test_what_was_missed_and_is_there_is_told_once(loaded: Loaded, *, is_there: bool) -> None:
    """Whatever became of its event; and not again when it is loaded."""
    if is_there:
        loaded.save("LATE = True\n", "late.py")
    loaded.modules = ({**loaded.modules[0], str(loaded.path("late.py")): ""},)
    assert loaded.look() == []
    if not is_there:
        loaded.save("LATE = True\n", "late.py")
        assert loaded.look() == []
    assert loaded.look() == ["late.py"]
    loaded.told(loaded.path("late.py"))
    loaded.load("m.py", "late.py")
    assert loaded.look() == loaded.look() == []


def test_what_the_receiver_was_told_is_no_news(loaded: Loaded) -> None:
    """An event came first, and whatever became of it (here it was refused), the sweep does not repeat it."""
    loaded.save("def (\n")
    loaded.clock.wall += 1.0
    loaded.told(loaded.path())
    assert loaded.look() == loaded.look() == []
    loaded.save("VERSION = 1\n")
    loaded.clock.wall += 1.0
    assert [loaded.look(), loaded.look()] == [[], ["m.py"]], "what serves is on disk again, and nobody knows"


def test_what_the_receiver_was_told_right_after_a_load_is_no_news(loaded: Loaded) -> None:
    """A new file is loaded and broken within a second: it is refused once, and the sweep has not looked in between."""
    loaded.save("VERSION = 1\n", "new.py")
    loaded.load("m.py", "new.py")
    path = loaded.save("def (\n", "new.py")
    loaded.clock.wall += 1.0
    loaded.told(path)

    assert [loaded.look() for _ in range(3)] == [[], [], []]


def test_what_nobody_used_when_it_was_told_is_news_once_it_is_used(loaded: Loaded) -> None:
    """Nobody acted on what he was told of then."""
    path = loaded.save("VERSION = 2\n", "new.py")
    loaded.clock.wall += 1.0
    loaded.told(path)
    loaded.modules = ({**loaded.modules[0], str(path): "of what was there before"},)

    assert [loaded.look() for _ in range(3)] == [[], ["new.py"], []]


def test_what_is_written_while_the_receiver_is_told_is_news(loaded: Loaded) -> None:
    """What it reads may have been the bytes before."""
    loaded.clock.wall = loaded.path().stat().st_ctime - 1.0
    loaded.told(loaded.path())
    loaded.path().write_text("VERSION = 2\n")
    assert [loaded.look(), loaded.look()] == [[], ["m.py"]]


def test_what_was_told_and_is_loaded_is_no_news(loaded: Loaded) -> None:
    """The usual case: an event, a reload, and the look after it."""
    loaded.save("VERSION = 2\n")
    loaded.told(loaded.path())
    loaded.load()
    assert loaded.look() == loaded.look() == loaded.look() == []


def test_a_folder_that_was_told_is_told_with_all_that_is_in_it(loaded: Loaded) -> None:
    """``rm -r pkg`` is one change, not two."""
    (loaded.folder / "pkg").mkdir()
    loaded.save("A = 1\n", "pkg/a.py")
    loaded.load("m.py", "pkg/a.py")
    loaded.look()
    loaded.path("pkg/a.py").unlink()
    loaded.clock.wall = time.time() + 0.05  # a batch settles before it is told
    loaded.told(loaded.folder / "pkg")
    assert loaded.look() == loaded.look() == []


def test_a_file_that_goes_after_it_was_told_is_found(loaded: Loaded) -> None:
    """Somebody was told of an edit and looked; what went a moment later, and made no event, is news."""
    loaded.save("VERSION = 2\n")
    loaded.told(loaded.path())
    loaded.load()
    loaded.clock.wall += 0.1
    eventually(lambda: loaded.clock.wall < time.time())
    loaded.path().unlink()
    assert [loaded.look(), loaded.look(), loaded.look()] == [[], ["m.py"], []]


def test_an_edit_between_a_load_and_the_first_look_is_found(tmp_path: Path) -> None:
    """A second is long."""
    loaded = Loaded(tmp_path)
    loaded.save("VERSION = 1\n")
    loaded.load()
    loaded.save("VERSION = 2\n")
    assert [loaded.look(), loaded.look(), loaded.look()] == [[], ["m.py"], []]


def test_an_edit_long_before_the_first_look_is_found(tmp_path: Path) -> None:
    """Where others compute, a file's first turn may come a minute after it was loaded."""
    loaded, _ = large(tmp_path)
    loaded.sweep.look(spent=0.0)
    loaded.save("VERSION = 2\n", "m19.py")
    loaded.clock.wall += 2 * RECENT

    assert [Path(path).name for _ in range(50) for path in loaded.sweep.look(spent=0.0)] == ["m19.py"]


def test_an_older_generation_may_serve_on_purpose(tmp_path: Path) -> None:
    """What was undone lies on disk since long: nobody is told of it by a sweep that begins later."""
    loaded = Loaded(tmp_path)
    loaded.save("VERSION = 1\n")
    loaded.load()
    loaded.save("VERSION = 2\n")
    loaded.clock.wall += 2 * RECENT
    assert loaded.look() == loaded.look() == []


def test_an_undo_is_no_change_of_the_disk(loaded: Loaded) -> None:
    """Version 2 was loaded and undone: that the disk has it still is known."""
    before = loaded.modules
    loaded.save("VERSION = 2\n")
    loaded.told(loaded.path())
    loaded.load()
    assert loaded.look() == loaded.look() == []
    loaded.modules = tuple(dict(module) for module in before)
    assert loaded.look() == loaded.look() == []


def test_two_modules_may_serve_two_contents_of_a_file(loaded: Loaded) -> None:
    """Either is what serves; a third content is news."""
    (old,) = loaded.modules
    loaded.save("VERSION = 2\n")
    loaded.told(loaded.path())
    loaded.load()
    loaded.modules = (old, *loaded.modules)
    assert loaded.look() == loaded.look() == []
    loaded.save("VERSION = 3\n")
    assert [loaded.look(), loaded.look()] == [[], ["m.py"]]


def test_a_link_is_looked_at_where_it_leads(tmp_path: Path) -> None:
    """An edit of the target makes no event in the root; nor does one through another hard link."""
    loaded = Loaded(tmp_path)
    target = loaded.save("VERSION = 1\n", "target")
    loaded.path("link.py").symlink_to(target)
    os.link(target, loaded.path("hard.py"))
    loaded.load("link.py", "hard.py")
    loaded.look()
    loaded.save("VERSION = 2\n", "target")
    assert [loaded.look(), sorted(loaded.look()), loaded.look()] == [[], ["hard.py", "link.py"], []]


def test_a_large_program_is_looked_at_in_turn(tmp_path: Path) -> None:
    """No look takes longer than it may, and every file has its turn."""
    loaded, names = large(tmp_path)
    for _ in range(21):
        assert loaded.sweep.look(spent=0.0) == []
    for name in names:
        loaded.save("VERSION = 2\n", name)
    found: list[str] = []
    for _ in range(45):
        found += loaded.sweep.look(spent=0.0)
    assert sorted(Path(path).name for path in found) == sorted(names)


def test_a_program_that_goes_is_not_looked_at(loaded: Loaded) -> None:
    """Nobody uses it any more."""
    loaded.path().unlink()
    loaded.look()
    loaded.modules = ()
    assert loaded.look() == loaded.look() == []


def test_what_a_deploy_wrote_a_moment_ago_is_no_news(loaded: Loaded) -> None:
    """It failed, and nobody will look at it: told in the very moment of the write it is not told once more."""
    path = loaded.save("VERSION = 2\n")
    loaded.told(path)
    loaded.sweep.known([str(path)])

    assert [loaded.look() for _ in range(3)] == [[], [], []]

    loaded.save("VERSION = 'another'\n")
    assert [loaded.look() for _ in range(2)] == [[], ["m.py"]]


def test_a_folder_that_is_known_stands_for_what_is_loaded_from_it(loaded: Loaded) -> None:
    """As in what is told."""
    loaded.path().unlink()
    loaded.sweep.known([str(loaded.folder)])

    assert [loaded.look() for _ in range(3)] == [[], [], []]


def test_what_was_loaded_since_the_last_look_is_known_too(loaded: Loaded) -> None:
    """A deploy may come right after a start."""
    loaded.save("VERSION = 1\n", "new.py")
    loaded.load("m.py", "new.py")
    loaded.save("VERSION = 2\n", "new.py")
    loaded.sweep.known([str(loaded.path("new.py"))])

    assert [loaded.look() for _ in range(3)] == [[], [], []]


def test_all_that_has_changed_is_found_in_one_look_when_somebody_says_that_it_is_written(loaded: Loaded) -> None:
    """At the end of a deploy: nothing of it is left for later, and what is as it was is not in it."""
    loaded.save("VERSION = 1\n", "new.py")
    loaded.load("m.py", "new.py")
    assert loaded.sweep.everything() == []

    loaded.save("VERSION = 1\n")
    path = loaded.save("VERSION = 2\n", "new.py")

    assert loaded.sweep.everything() == [str(path)]
    loaded.sweep.known([str(path)])
    assert loaded.sweep.everything() == []
