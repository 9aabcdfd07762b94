"""pdb, driven through its standard input."""

from __future__ import annotations

import re

from tests.integration.tools.conftest import Project

SOURCE = """\
def f(x):
    y = x + 1  # ONE
    return y


def g():
    return f(1)
"""


def stops(said: str) -> list[tuple[str, int, str]]:
    """File name, line and function of each place where pdb stopped, and the line it showed there."""
    found = re.findall(r"^(?:\(Pdb\) )*> .*/([^/(]+)\((\d+)\)(\S+)\(\)", said, re.MULTILINE)
    return list(dict.fromkeys((name, int(line), function) for name, line, function in found))  # `where` says it again


def test_breakpoints_by_function_stop_in_both_generations(project: Project) -> None:
    """The text that pdb lists, and the lines it counts, are those of the generation that runs."""
    project.write("ops/m.py", SOURCE)
    project.script("breakpoint()\nold.g()\nnew.g()")

    said = project.python(
        "script.py",
        stdin="break old.f\nbreak new.f\ncontinue\nwhere\nlist\np x\ncontinue\nlist .\ncontinue\n",
    )

    old, new = said.split("# TWO", 1)[0], said.split("# ONE")[-1]
    assert "2  ->\t    y = x + 1  # ONE" in old
    assert re.search(r"m\.py@\w+\(7\)g\(\)\n-> return f\(1\)", old)
    assert "4  ->\t    y = x + 1  # TWO" in new
    assert [(line, function) for _, line, function in stops(said)][1:3] == [(2, "f"), (4, "f")]


def test_breakpoints_by_line_of_the_file_that_is_shown(project: Project) -> None:
    """``break 3`` means the file where pdb stands, also when that is old code; ``step`` and ``next`` go on in it."""
    project.write("ops/m.py", SOURCE)
    project.script("breakpoint()\nold.g()")

    said = project.python(
        "script.py", stdin="tbreak old.g\ncontinue\nbreak 3\ncontinue\np y\nnext\nnext\nq\n", status=1
    )

    assert [(line, function) for _, line, function in stops(said)][1:3] == [(7, "g"), (3, "f")]
    assert "-> return y" in said
    assert "--Return--" in said


def test_a_file_and_a_line_need_plain_names(project: Project) -> None:
    """``break ops/m.py:4`` is a line of the file on disk: with plain names code of that file stops there."""
    project.write("ops/m.py", SOURCE)
    project.script("breakpoint()\nnew.g()")
    commands = "break ops/m.py:4\ncontinue\nlist\nwhere\ncontinue\n"

    plain, marked = project.python("script.py", "plain", stdin=commands), project.python("script.py", stdin=commands)

    assert ("m.py", 4, "f") in stops(plain)
    assert "4 B->\t    y = x + 1  # TWO" in plain
    assert "m.py@" not in plain
    assert [function for _, _, function in stops(marked)] == ["<module>"]


def test_post_mortem_shows_old_code(project: Project) -> None:
    """An exception of old code is looked at where it was raised."""
    project.write("ops/m.py", "def f(x):\n    return 1 / x  # ONE\n")
    project.script("import pdb\ntry: old.f(0)\nexcept ZeroDivisionError as error: pdb.post_mortem(error.__traceback__)")

    said = project.python("script.py", stdin="list\np x\n")

    assert "2  ->\t    return 1 / x  # ONE" in said
