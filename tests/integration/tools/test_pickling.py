"""pickle, cloudpickle and copy, across processes and generations."""

from __future__ import annotations

import pytest

from tests.integration.tools.conftest import Project

SOURCE = """
import pkg, pkg.sub
class Job:
    version = "ONE"
    def __init__(self, n): self.n = n
def run(job): return job.version, job.n, pkg.sub.k
def make(k):
    class Local:
        def get(self): return k, run(Job(k))
    return lambda: Local().get()
"""
WRITE = """
import {module} as pickle, pathlib
for name, m in (("old", old), ("new", new)):
    data = pickle.dumps({what}) if name == "new" else first.run(pickle.dumps, {what})
    (pathlib.Path(__file__).parent / name).write_bytes(data)
"""


@pytest.mark.parametrize("module", ["pickle", "cloudpickle"])
def test_what_was_pickled_by_name_loads_anywhere(project: Project, module: str) -> None:
    """Old or new, by whatever pickler: a plain process, or another loader, finds the classes of its own text."""
    project.write("ops/m.py", SOURCE)
    project.write("ops/pkg/__init__.py", "")
    project.write("ops/pkg/sub.py", "k = 1\n")
    project.script(WRITE.format(module=module, what="[m.Job(3), m.run]"))
    project.python("script.py")

    read = "import pathlib, pickle, sys\nsys.path.insert(0, 'ops')\n"
    for name in ("old", "new"):
        said = project.python("-c", f"{read}j, run = pickle.loads(pathlib.Path('{name}').read_bytes())\nprint(run(j))")
        assert said == "('TWO', 3, 1)\n"


def test_cloudpickle_ships_old_code_by_value(project: Project) -> None:
    """What has no name in a module (closures, lambdas, local classes) takes its code along; modules go by name."""
    project.write("ops/m.py", SOURCE)
    project.write("ops/pkg/__init__.py", "")
    project.write("ops/pkg/sub.py", "k = 1\n")
    project.script(WRITE.format(module="cloudpickle", what="m.make(5)"))
    project.python("script.py")

    read = "import pathlib, cloudpickle, sys\nsys.path.insert(0, 'ops')\n"
    for name in ("old", "new"):
        said = project.python("-c", f"{read}print(cloudpickle.loads(pathlib.Path('{name}').read_bytes())())")
        assert said == "(5, ('TWO', 5, 1))\n"


def test_an_old_function_that_its_name_does_not_mean_any_more(project: Project) -> None:
    """From outside, pickle refuses it, as ever; cloudpickle sees that too, and ships it by value."""
    project.write("ops/m.py", SOURCE)
    project.write("ops/pkg/__init__.py", "")
    project.write("ops/pkg/sub.py", "k = 1\n")
    project.script(
        """
        import cloudpickle, copy, pickle
        try: pickle.dumps(old.run)
        except pickle.PicklingError as error: print("not the same object" in str(error))
        print(cloudpickle.loads(cloudpickle.dumps(old.run))(old.Job(1)))
        print(type(copy.deepcopy([old.Job(1)])[0]) is old.Job)
        """
    )

    assert project.python("script.py") == "True\n('ONE', 1, 1)\nTrue\n"
