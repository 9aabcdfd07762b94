"""What tells one generation's sources from another's."""

from __future__ import annotations

import subprocess
from pathlib import Path

from hotd.contract.views import FileDiff
from hotd.core.bundle import Bundle, BundleFile
from hotd.core.diffs import LONGEST, diffs
from hotd.core.environment import Environment
from hotd.core.moving import moved_between
from tests.support.books import OP, promoted, serving


def bundle(**files: bytes | str) -> Bundle:
    named = {name.replace("__", "."): data for name, data in files.items()}
    return Bundle("d", ("op",), tuple(
        BundleFile(path, data if isinstance(data, bytes) else data.encode()) for path, data in named.items()
    ))  # fmt: skip


def told(before: Bundle, after: Bundle) -> tuple[FileDiff, ...]:
    return tuple(diffs((1, before), (3, after), ["/srv/ops"]))


def test_what_changed_is_told_line_by_line() -> None:
    """What is the same is not told at all."""
    (one,) = told(bundle(op__py="a = 1\nb = 2\n", same__py="x"), bundle(op__py="a = 1\nb = 3\n", same__py="x"))
    assert (one.path, one.root, one.change, one.before, one.after) == ("op.py", "/srv/ops", "changed", 12, 12)
    assert one.diff == "--- g1/op.py\n+++ g3/op.py\n@@ -1,2 +1,2 @@\n a = 1\n-b = 2\n+b = 3\n"


def test_what_came_and_what_went_is_told_whole() -> None:
    """An empty file is there, too."""
    empty, late, old = told(bundle(old__py="x\n"), bundle(late__py="y", empty__py=""))
    assert (empty.change, empty.after, empty.diff) == ("added", 0, "")
    assert (late.change, late.before, late.after) == ("added", None, 1)
    assert late.diff == "--- /dev/null\n+++ g3/late.py\n@@ -0,0 +1 @@\n+y\n\\ No newline at end of file\n"
    assert (old.change, old.before, old.after) == ("removed", 2, None)
    assert old.diff == "--- g1/old.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n"


def test_what_is_no_text_tells_its_sizes() -> None:
    """Bytes, an encoding that is none, and what is too long to be compared line by line."""
    for before, after in (
        (b"\0", b"\1\0"), (b"\xff", b"x"), ("x", "# coding: latin-0\n"), ("x", "y\n" * LONGEST), ("x", b"\xe9"),
    ):  # fmt: skip
        (one,) = told(bundle(op__py=before), bundle(op__py=after))
        assert one.diff is None and one.before == len(before) and one.after == len(after)


def test_sources_say_their_encoding_and_data_is_utf_8() -> None:
    """As Python reads them."""
    cookie = b"# coding: latin-1\n"
    (one,) = told(bundle(op__py=cookie + b"\xe9\n"), bundle(op__py=cookie + b"e\n"))
    assert one.diff is not None and "-é\n+e\n" in one.diff
    (one,) = told(bundle(op__txt=cookie + b"\xe9\n"), bundle(op__txt=cookie + b"e\n"))
    assert one.diff is None


def test_a_change_that_hides_is_seen() -> None:
    """Ends of lines, the mark at the beginning of a file, blanks."""
    for before, after in (("x\r\n", "x\n"), (b"\xef\xbb\xbfx\n", "x\n"), ("x \n", "x\n"), ("x\n", "x")):
        (one,) = told(bundle(op__py=before), bundle(op__py=after))
        assert one.diff is not None and "\n-" in one.diff and "\n+x" in one.diff


def test_files_stand_in_the_order_of_their_roots() -> None:
    """A root that the module has no more has no name."""
    new = Bundle("d", ("op",), (BundleFile("a.py", b"x", 1), BundleFile("b.py", b"x", 0)))
    assert [(one.path, one.root) for one in told(bundle(), new)] == [("b.py", "/srv/ops"), ("a.py", None)]


def test_patch_makes_the_one_of_the_other(tmp_path: Path) -> None:
    """Changed, added, removed, without a newline at the end: what is told is all there is."""
    before = bundle(op__py="a\nb\nc\nd\ne\nf\ng\nh", gone__py="x\n", tabs__py="\tx \n")
    after = bundle(op__py="a\nB\nc\nd\ne\nf\ng\nh\ni\n", late__py="y", tabs__py="\tx\n")
    for one in before.files:
        (tmp_path / one.path).write_bytes(one.data)
    text = "".join(one.diff or "" for one in told(before, after))
    subprocess.run(["patch", "-p1", "-s"], cwd=tmp_path, input=text.encode(), check=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {one.path: one.data for one in after.files}


def test_versions_that_moved_are_told_with_it() -> None:
    """What ran over what: an earlier daemon's generations over what they had, ours over what there is."""
    world = serving()
    world.shelf.over[OP, 1] = Environment("3.11.7", {"pydantic": "2.7"})
    world = world.reborn(over=Environment("3.11.7", {"pydantic": "2.9"}))
    world.begin()
    world.settle()
    promoted(world, "B")
    assert moved_between(world.book, world.module(), 1, 2) == "pydantic 2.7 -> 2.9 since g1"
    assert moved_between(world.book, world.module(), 2, 3) == "", "3 is a candidate"
