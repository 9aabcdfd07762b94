"""doctest."""

from __future__ import annotations

import pytest

from tests.integration.tools.conftest import Project

SOURCE = '''
"""A module.

>>> f()
'ONE'
"""
import helper
from helper import same
def f():
    """
    >>> import helper
    >>> helper.k, f()
    (1, 'ONE')
    >>> g()
    """
    return "ONE"
class C:
    def wrong(self):
        """
        >>> C().wrong()
        'right'
        """
        return "wrong"
def g(): ...
'''
HELPER = 'k = 1\ndef same():\n    """\n    >>> 1\n    2\n    """\n'


@pytest.mark.parametrize("which", ["old", "new", "newer", "sys.modules['m']"])
def test_the_examples_of_each_generation_are_its_own(project: Project, which: str) -> None:
    """Run on the module of a generation, or by name on the head; what a module imported is not its own."""
    project.write("ops/m.py", SOURCE)
    project.write("ops/helper.py", HELPER)
    project.script(
        f"""
        import doctest, sys
        (ops / "helper.py").write_text((ops / "helper.py").read_text().replace("k = 1", "k = 2"))
        newer = loader.reload().module("m")
        print(doctest.testmod({which}))
        """
    )

    said = project.python("script.py")

    wrong = 1 if which in ("old", "new") else 2  # in the newest generation helper.k is 2
    assert f"TestResults(failed={wrong}, attempted=5" in said
    assert "in m.C.wrong" in said
    assert f'File "{project.folder}/ops/m.py"' in said


def test_a_plain_process_tests_hosted_modules(project: Project) -> None:
    """``python -m doctest`` needs no loader at all."""
    project.write("ops/m.py", SOURCE.replace("'right'", "'wrong'"))
    project.write("ops/helper.py", HELPER)

    assert project.python("-m", "doctest", "ops/m.py") == ""
