"""What tells one generation's source from another's, as a person and as a pipe get it."""

from __future__ import annotations

from dataclasses import replace

from hotctl.view import plain
from hotctl.view.diff import diff
from hotd.contract import views
from tests.unit.hotctl_view import samples as given


def test_a_pipe_gets_what_patch_takes() -> None:
    """Tabs and blanks at the ends of lines are there; what cannot be shown line by line tells its sizes."""
    assert plain.draw(diff(given.diff())) == (
        "long_op g6 → g7: 2 files changed, 2 added, 2 removed\n"
        "over other versions: pydantic 2.7 -> 2.9 since g6\n"
        "--- g6/long_op.py\n"
        "+++ g7/long_op.py\n"
        "@@ -1,2 +1,2 @@\n"
        " def run():\n"
        "-\treturn 1 \n"
        "+\treturn 2\n"
        "--- /dev/null\n"
        "+++ g7/late.py\n"
        "@@ -0,0 +1 @@\n"
        "+x = 1\n"
        "\\ No newline at end of file\n"
        "none.py added, 0 bytes\n"
        "--- g6/old.py\n"
        "+++ /dev/null\n"
        "@@ -1 +0,0 @@\n"
        "-x = '[/red]\\x1b[2J\\x9b1m\\u202elive\\x07'\n"
        "words.bin differs, 12 -> 34 bytes\n"
        "more.bin removed, 1 byte\n"
    )


def test_a_terminal_gets_colours_and_nothing_that_moves_it() -> None:
    """Red and green; a source is data like any other."""
    text = given.painted(diff(given.diff()))
    assert "\x1b[32m+   return 2" in text and "\x1b[1;31m-   return 1" in text
    assert "\x1b[2J" not in text and "\\x1b[2J" in text
    assert "\x1b[" not in given.painted(diff(given.diff()), colour=False)


def test_roots_are_named_where_there_are_several() -> None:
    """Paths are below them."""
    first = given.diff().files[4]
    other = replace(first, root="/srv/lib", before=None, after=2, change="added")
    gone = replace(first, root=None)
    text = plain.draw(diff(views.Diff("long_op", 1, 2, (first, other, gone))))
    assert text == (
        "long_op g1 → g2: 2 files changed, 1 added\n"
        "in /srv/ops\nwords.bin differs, 12 -> 34 bytes\n"
        "in /srv/lib\nwords.bin added, 2 bytes\n"
        "in a root that the module has no more\nwords.bin differs, 12 -> 34 bytes\n"
    )


def test_nothing_that_differs_is_a_sentence_too() -> None:
    """Not an empty screen."""
    assert plain.draw(diff(views.Diff("long_op", 1, 2, ()))) == "long_op g1 → g2: no file differs\n"
