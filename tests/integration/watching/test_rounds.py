"""The polling backend's rounds over real folders, in a time of their own."""

from __future__ import annotations

import os
import shutil
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from watchdog.events import FileSystemEvent, FileSystemEventHandler

from hotd.core.interest import Interest
from hotd.watching.allowance import LONGEST, SHARE, SLICES
from hotd.watching.looking import mark, mark_of
from hotd.watching.places import Places
from hotd.watching.rounds import RUSH, WARM, Rounds
from hotd.watching.suspects import DOUBT

INTERVAL = 1.0
ENTRIES = 2000 + 201
"""Of the crowd: a folder is one where it stands, and one more to open it."""


def whole_seconds(path: str) -> int:
    """What a file looks like on a file system of another age."""
    found = os.stat(path)  # noqa: PTH116 - as `mark_of`
    return mark(found.st_ino, found.st_size, *(ns // 10**9 * 10**9 for ns in (found.st_mtime_ns, found.st_ctime_ns)))


class Told(FileSystemEventHandler):
    """What was told, as ``kind name``."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.said: list[str] = []

    def dispatch(self, event: FileSystemEvent) -> None:
        self.said.append(f"{event.event_type} {os.path.relpath(os.fsdecode(event.src_path), self._root)}")

    def take(self) -> list[str]:
        said, self.said = sorted(self.said), []
        return said


class Table:
    """A tree, rounds over it, and a clock that only moves when it is told to."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "ops"
        self.root.mkdir()
        self.told = Told(self.root)
        self.now = 1000.0
        self.looks: list[str] = []
        self.mark: Callable[[str], int | None] = mark_of
        self.spent = 0.0
        """Seconds of a core."""
        self.each = 1e-5
        """What a look takes."""
        self.passed = 0.0
        self.slow = 0.0
        """Seconds for which a look waits for the disk."""

    def begin(self) -> Rounds:
        places = Places([self.root], Interest())
        self.rounds = Rounds(places, INTERVAL, self._look, lambda: self.spent, lambda: self.passed)
        self.rounds.begin(str(self.root), self.told)
        self.looks.clear()
        return self.rounds

    def _look(self, path: str) -> int | None:
        self.looks.append(path)
        self.spent += self.each
        self.passed += self.slow
        return self.mark(path)

    def go(self, seconds: float) -> list[int]:
        """Every slice that is due in that time; how much each of them looked at."""
        until, each = self.now + seconds, []
        while self.now < until:
            before = len(self.looks)
            self.rounds.slice(self.now)
            each.append(len(self.looks) - before)
            self.now = min(until, self.rounds.next_wake(self.now))
        return each

    def write(self, name: str, text: str = "VERSION = 1\n") -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table(tmp_path)


@pytest.fixture
def crowd(table: Table) -> Table:
    """2,000 files, 20 in a folder."""
    for folder in range(100):
        for file in range(20):
            table.write(f"p{folder}/m{file}.py")
    table.begin()
    return table


def test_no_second_costs_more_than_a_tenth_of_everything_and_no_slice_much_of_that(crowd: Table) -> None:
    """The cost of polling is bounded, and even: never a burst at the end of an interval."""
    crowd.go(2)
    for _ in range(30):
        crowd.looks.clear()
        slices = crowd.go(INTERVAL)
        assert len(crowd.looks) <= ENTRIES / SHARE * 1.1  # one slice too many, as seconds are cut here
        assert max(slices) <= ENTRIES / SHARE / SLICES + 1
        assert sum(count > 0 for count in slices) >= 5


def test_no_second_takes_more_than_a_tenth_of_what_everything_takes_at_once(crowd: Table) -> None:
    """A file that is looked at after a pause takes twice the time: then the round is longer, and as even as before."""
    whole = 2000 * crowd.each
    crowd.each *= 2
    crowd.go(2)
    for _ in range(30):
        before = crowd.spent
        slices = crowd.go(INTERVAL)
        assert crowd.spent - before <= whole / SHARE * 1.1  # as above
        assert max(slices) <= ENTRIES / SHARE / SLICES + 1
        assert sum(count > 0 for count in slices) >= 3
    assert 2 * SHARE <= crowd.rounds.length <= 2.5 * SHARE


def test_however_long_a_look_takes_a_round_comes_to_its_end(crowd: Table) -> None:
    """Nobody waits for minutes, because a computer sleeps deeply."""
    crowd.each *= 100
    longest = crowd.rounds.length
    assert longest == LONGEST * SHARE

    crowd.write("p99/m3.py", "VERSION = 'another'\n")
    crowd.go(longest + INTERVAL)

    assert crowd.told.take() == ["modified p99/m3.py"]


def test_everything_is_looked_at_within_the_time_that_is_told(crowd: Table) -> None:
    """Who asks how late a change may be seen gets a number that holds."""
    for number in (0, 37, 99):
        crowd.write(f"p{number}/m3.py", "VERSION = 'another'\n")
        crowd.go(crowd.rounds.length + INTERVAL)
        assert crowd.told.take() == [f"modified p{number}/m3.py"]
    crowd.go(WARM + 2 * crowd.rounds.length)  # until no folder is looked at more often than another
    assert SHARE <= crowd.rounds.length <= 2 * SHARE
    crowd.looks.clear()
    crowd.go(crowd.rounds.length + INTERVAL)
    assert len(set(crowd.looks)) == 2000


@pytest.mark.parametrize("slow", (0.0, 2 * RUSH / ENTRIES), ids=("rushing", "dear"))
@pytest.mark.parametrize("times", (1, 2, 100))
def test_while_somebody_edits_everything_is_looked_at_within_the_time_that_is_told(
    crowd: Table, times: int, slow: float
) -> None:
    """However many files he saves, and however long looks take: what he deploys elsewhere is not forgotten."""
    crowd.slow = slow
    crowd.begin()
    crowd.go(2 * SHARE)  # what a round takes while nobody edits
    crowd.each *= times
    for far in (7, 30, 60, 98):
        for number in range(20):
            crowd.write(f"p{number % 5}/m0.py", f"VERSION = {(far + number) * '!'}\n")
            crowd.go(INTERVAL)
        crowd.write(f"p{far}/m3.py", "VERSION = 'another'\n")
        told = crowd.rounds.length
        assert told <= LONGEST * SHARE
        wrote, crowd.told.said = crowd.now, []
        while f"modified p{far}/m3.py" not in crowd.told.said:
            crowd.write("p0/m1.py", f"VERSION = {int(crowd.now) * '!'}\n")
            crowd.go(INTERVAL)
        assert crowd.now - wrote <= (told if times > 1 else min(told, 2.2 * SHARE)) + INTERVAL


def test_what_a_look_takes_is_known_of_few_large_folders_too(table: Table) -> None:
    """Else the processor would be asked for more than a tenth where a look takes longer after a pause."""
    for folder in range(2):
        for file in range(1300):
            table.write(f"p{folder}/m{file}.py")
    table.begin()
    whole = 2600 * table.each
    table.each *= 2
    table.go(2)
    before = table.spent

    table.go(10 * INTERVAL)

    assert table.spent - before <= 10 * whole / SHARE * 1.1


def test_a_small_tree_is_looked_at_in_each_interval(table: Table) -> None:
    """Where everything costs next to nothing nobody waits for a round; and it is not looked at more often either."""
    table.write("m.py")
    table.begin()
    assert table.rounds.length == INTERVAL
    table.go(5)
    assert len(table.looks) <= 6

    table.write("m.py", "VERSION = 'another'\n")
    table.go(2 * INTERVAL)

    assert table.told.take() == ["modified m.py"]


def test_where_something_has_just_changed_the_next_change_is_seen_soon(crowd: Table) -> None:
    """Who edits waits for the round once, and then for an interval; a file that is new beside it is seen as soon."""
    crowd.write("p50/m0.py", "VERSION = 'another'\n")
    crowd.go(crowd.rounds.length + INTERVAL)
    assert crowd.told.take()

    for number in range(3):
        crowd.write("p50/m1.py", f"VERSION = 'another {number * '!'}'\n")
        crowd.write(f"p50/new{number}.py")
        crowd.write(f"p50/inner{number}/__init__.py")
        crowd.go(2 * INTERVAL)
        assert crowd.told.take() == [
            f"created p50/inner{number}/__init__.py",
            f"created p50/new{number}.py",
            "modified p50/m1.py",
        ]


def test_what_is_deployed_in_one_go_is_told_in_one_go(crowd: Table) -> None:
    """Else half of a release would be loaded, and the other half a round later."""
    for folder in range(100):
        crowd.write(f"p{folder}/m0.py", "VERSION = 'another'\n")

    until = crowd.now + crowd.rounds.length
    while not crowd.told.said and crowd.now < until:
        crowd.go(INTERVAL / SLICES)

    assert len(crowd.told.take()) == 100


def test_whatever_is_edited_the_cost_stays_bounded(crowd: Table) -> None:
    """After a deploy of everything no folder is any warmer than another."""
    for folder in range(100):
        crowd.write(f"p{folder}/m0.py", "VERSION = 'another'\n")
    crowd.go(crowd.rounds.length + INTERVAL)
    assert len(crowd.told.take()) == 100

    for _ in range(10):
        crowd.looks.clear()
        crowd.go(INTERVAL)
        assert len(crowd.looks) <= ENTRIES / SHARE * 1.1


def test_a_file_counts_when_two_looks_agree(table: Table) -> None:
    """A half-written file looks like any other: what has changed again by the second look is looked at once more."""
    path = table.write("m.py")
    table.begin()
    table.go(1)
    for number in range(3):
        path.write_text(f"VERSION = 'half {number * '!'}\n")
        table.go(INTERVAL / 2)
    assert table.told.take() == []

    path.write_text("VERSION = 2\n")
    table.go(2 * INTERVAL)

    assert table.told.take() == ["modified m.py"]


def test_a_file_that_never_rests_is_told_all_the_same(table: Table) -> None:
    """One that is written for ever must not go unseen for ever; and its end is told too."""
    path = table.write("m.py")
    table.begin()
    for number in range(20):
        path.write_text(f"VERSION = {number * '!'}\n")
        table.go(INTERVAL / 2)
    assert table.told.take()
    path.write_text("VERSION = 2\n")
    table.go(2 * INTERVAL)
    assert table.told.take() == ["modified m.py"]


def test_deleted_and_written_again_is_an_edit(table: Table) -> None:
    """A look in between finds nothing there, and nobody is told of that."""
    path = table.write("pkg/m.py")
    table.begin()
    table.go(1)
    shutil.rmtree(path.parent)
    table.rounds.slice(table.now)
    table.write("pkg/m.py", "VERSION = 'another'\n")

    table.go(3 * INTERVAL)

    assert table.told.take() == ["modified pkg/m.py"]


def test_a_folder_that_is_replaced_by_a_link_is_gone_and_the_link_is_there(table: Table, tmp_path: Path) -> None:
    """What the link leads to may be a circle: whoever is told walks it once."""
    table.write("pkg/m.py")
    table.begin()
    shutil.move(table.root / "pkg", tmp_path / "pkg")
    (table.root / "pkg").symlink_to(tmp_path / "pkg")

    table.go(3 * INTERVAL)

    assert table.told.take() == ["created pkg", "deleted pkg", "deleted pkg/m.py"]


def test_a_write_that_keeps_size_and_time_is_seen(table: Table) -> None:
    """`cp -p`, `rsync -t` and `touch -r` set the time that other watchers look at."""
    path = table.write("m.py", "VERSION = 1\n")
    table.begin()
    table.go(1)
    before = path.stat()
    path.write_text("VERSION = 2\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    table.go(2 * INTERVAL)

    assert table.told.take() == ["modified m.py"]


def test_a_server_that_is_down_changes_nothing(crowd: Table) -> None:
    """ "Cannot tell" is not "gone": nobody is told that all sources were deleted."""
    crowd.mark = lambda _: None
    crowd.go(crowd.rounds.length + INTERVAL)
    assert crowd.told.take() == []

    crowd.mark = mark_of
    crowd.write("p1/m0.py", "VERSION = 'another'\n")
    crowd.go(crowd.rounds.length + INTERVAL)
    assert crowd.told.take() == ["modified p1/m0.py"]


def test_a_whole_look_tells_at_once_all_that_is_there(crowd: Table) -> None:
    """A deploy's last words: nothing is left to be found by a later look."""
    crowd.write("p1/m0.py", "VERSION = 'another'\n")
    crowd.write("p2/new/m.py")
    crowd.write("p3/m1.py").unlink()
    shutil.rmtree(crowd.root / "p4")

    crowd.rounds.everything(crowd.now)

    gone = [f"deleted p4/m{number}.py" for number in range(20)]
    assert crowd.told.take() == sorted(
        ["created p2/new/m.py", "deleted p3/m1.py", "modified p1/m0.py", "deleted p4", *gone]
    )
    crowd.go(crowd.rounds.length + INTERVAL)
    assert crowd.told.take() == []


def test_what_is_no_root_any_more_is_not_looked_at(table: Table, tmp_path: Path) -> None:
    """A module that was removed costs nothing."""
    table.write("m.py")
    places = Places([table.root], Interest())
    rounds = Rounds(places, INTERVAL)
    rounds.begin(str(table.root), table.told)

    places.move([tmp_path / "other"])
    rounds.everything(table.now)

    assert rounds.folders() == 0


def test_a_root_that_comes_to_lie_in_another_is_looked_at_once(table: Table) -> None:
    """Not once for itself, and once more as a folder of the other."""
    table.write("pkg/m.py")
    rounds = Rounds(Places([table.root / "pkg", table.root], Interest()), INTERVAL)
    rounds.begin(str(table.root / "pkg"), table.told)

    rounds.begin(str(table.root), table.told)

    assert rounds.folders() == 2


def test_whole_seconds_are_not_trusted(table: Table) -> None:
    """Two writes within one second look the same there: what was told is told once more when that is over."""
    path = table.write("m.py")
    table.mark = whole_seconds
    table.begin()
    path.write_text("VERSION = 'another'\n")
    table.go(2 * INTERVAL)
    assert table.told.take() == ["modified m.py"]

    path.write_text("VERSION = 'thesame'\n")  # size
    table.go(DOUBT + INTERVAL)

    assert table.told.take() == ["modified m.py"]


def test_little_is_remembered_of_a_file(crowd: Table) -> None:
    """Of 100,000 files 10 MB would be too much."""
    tracemalloc.start()
    try:
        again = crowd.begin()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert again.folders() == 101
    assert taken / 2000 < 60
