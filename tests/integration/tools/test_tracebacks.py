"""Old code explains itself, whoever prints the traceback."""

from __future__ import annotations

import pytest

from tests.integration.tools.conftest import Project

SOURCE = """
import logging, threading, warnings

def boom():
    raise ValueError("boom")  # ONE

def log():
    try: boom()
    except ValueError: logging.getLogger("m").exception("it failed")

class Dies:
    def __del__(self):
        boom()

def warn():
    warnings.warn("careful")  # ONE

def stack():
    logging.getLogger("m").warning("here", stack_info=True)  # ONE
"""

CATCH = """
try: old.boom()
except ValueError as caught: error = caught
"""
PRINTERS = {
    "traceback": f"import traceback{CATCH}traceback.print_exception(error)",
    "its causes": "import traceback\ntry:\n    try: old.boom()\n    except ValueError as e: raise KeyError from e\n"
    "except KeyError: traceback.print_exc()",
    "its locals": f"import traceback{CATCH}"
    "print(*traceback.TracebackException.from_exception(error, capture_locals=True).format())",
    "logging": "import logging\nlogging.basicConfig()\nold.log()",
    "logging a stack": "import logging\nlogging.basicConfig()\nold.stack()",
    "rich": "import rich.console\nconsole = rich.console.Console(width=250)\n"
    "try: old.boom()\nexcept ValueError: console.print_exception(show_locals=True)",
    "rich as a hook": f"import rich.traceback, sys\nrich.traceback.install(width=250){CATCH}"
    "sys.excepthook(ValueError, error, error.__traceback__)",
    "a thread": "import threading\nt = threading.Thread(target=old.boom); t.start(); t.join()",
    "__del__": "old.Dies()",
    "the program": f"import sys{CATCH}sys.excepthook(ValueError, error, error.__traceback__)",
    "a warning": "old.warn()",
    "a future": "import traceback\nfrom concurrent.futures import ThreadPoolExecutor\n"
    "with ThreadPoolExecutor() as pool: traceback.print_exception(pool.submit(old.boom).exception())",
    "asyncio": "import asyncio, logging\nlogging.basicConfig()\nasync def main():\n"
    "    asyncio.get_running_loop().call_soon(old.boom)\n    await asyncio.sleep(0.01)\nasyncio.run(main())",
    "inspect": f"import inspect{CATCH}frame = inspect.getinnerframes(error.__traceback__)[-1]\n"
    "print(frame.filename, frame.code_context)",
}


FORKS = """
import os, sys
for name, text in PRINTERS.items():
    if (child := os.fork()) == 0:
        said = os.open(ops.parent / name, os.O_CREAT | os.O_WRONLY)
        os.dup2(said, 1), os.dup2(said, 2)
        exec(text, {"old": old})
        sys.stdout.flush(), sys.stderr.flush()
        os._exit(0)
    os.waitpid(child, 0)
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each printer prints, in a process of its own, of code whose file is another one by now."""
    project = Project(tmp_path_factory.mktemp("printers"))
    project.write("ops/m.py", SOURCE)
    project.script(f"PRINTERS = {PRINTERS!r}\n{FORKS}")
    project.python("script.py")
    texts = {printer: (project.folder / printer).read_text() for printer in PRINTERS}
    return {printer: text.replace(str(project.folder), "…") for printer, text in texts.items()}


@pytest.mark.parametrize("printer", PRINTERS)
def test_old_code_is_shown_with_the_lines_that_ran(said: dict[str, str], printer: str) -> None:
    """Not with those that stand in the file now."""
    assert "  # ONE" in said[printer]
    assert "  # TWO" not in said[printer]
    # rich leaves out the names of files that do not exist, and so marked ones.
    assert "…/ops/m.py" in said[printer] or printer.startswith("rich")


@pytest.mark.parametrize("printer", ["a thread", "__del__", "the program"])
def test_what_python_prints_by_itself_has_plain_names(said: dict[str, str], printer: str) -> None:
    """And looks as it always does."""
    text = said[printer]
    assert "m.py@" not in text
    assert '  File "…/ops/m.py", line 5, in boom\n    raise ValueError("boom")  # ONE\n' in text
    assert text.startswith(("Exception in thread Thread-", "Exception ignored in: <function Dies.__del__ at", "Trace"))
    assert text.endswith("ValueError: boom\n")


def test_hooks_of_the_program_are_left_alone(project: Project) -> None:
    """Whoever prints uncaught exceptions himself goes on to; and Python prints what is none of managed code."""
    project.write("ops/m.py", SOURCE)
    project.script(
        """
        import sys, threading
        def fail(): raise KeyError("mine")
        t = threading.Thread(target=fail, name="own"); t.start(); t.join()
        threading.excepthook = lambda args: print("hooked", args.exc_type.__name__)
        t = threading.Thread(target=old.boom); t.start(); t.join()
        loader.close()
        print(sys.excepthook is sys.__excepthook__, sys.unraisablehook is sys.__unraisablehook__)
        """
    )

    said = project.python("script.py")

    assert "hooked ValueError\nTrue True\n" in said
    assert "Exception in thread own:\n" in said
    assert 'raise KeyError("mine")' in said


def test_with_plain_names_old_lines_are_those_of_the_file_now(project: Project) -> None:
    """The documented price of the switch: numbers of the old text, lines of the new file, and nothing breaks."""
    project.write("ops/m.py", SOURCE)
    project.script(f"import traceback{CATCH}traceback.print_exception(error)\nold.log()\nold.warn()\nold.Dies()")

    said = project.python("script.py", "plain")

    assert "m.py@" not in said
    assert f'"{project.folder}/ops/m.py", line 5, in boom\n' in said
    assert "ONE" not in said


def test_profiles_and_dumps_tell_generations_apart(project: Project) -> None:
    """cProfile counts old and new code apart, by the marked name; faulthandler names it too."""
    project.write("ops/m.py", "import faulthandler, sys\ndef f(): faulthandler.dump_traceback(sys.stderr)  # ONE\n")
    project.script(
        """
        import cProfile, pstats, sys
        profile = cProfile.Profile()
        for m in (old, old, new): profile.runcall(m.f)
        stats = pstats.Stats(profile).strip_dirs()
        print(sorted((line, calls[0]) for (file, line, name), calls in stats.stats.items() if name == "f"))
        """
    )

    said = project.python("script.py")

    assert "[(2, 2), (4, 1)]" in said
    assert said.count(f'File "{project.folder}/ops/m.py@') == 3
