"""pytest."""

from __future__ import annotations

from tests.integration.tools.conftest import Project

OPTIONS = ("-m", "pytest", "-q", "-p", "no:cacheprovider")


def test_tests_of_hosted_modules_run_in_a_plain_process(project: Project) -> None:
    """A module that hotd hosts is a module like any other: its tests import it, and patch it."""
    project.write(
        "ops/m.py", "from hotd import api\nimport helper\ndef f():\n    api.checkpoint()\n    return helper.k\n"
    )
    project.write("ops/helper.py", "k = 1\n")
    project.write("pytest.ini", "[pytest]\npythonpath = ops\n")
    project.write(
        "tests/test_m.py",
        """
        import m
        def test_it(monkeypatch):
            assert m.f() == 1
            monkeypatch.setattr("helper.k", 2)
            assert m.f() == 2
        """,
    )

    assert "1 passed" in project.python(*OPTIONS)


def test_asserts_are_explained_in_tests_that_import_through_an_open_loader(project: Project) -> None:
    """pytest rewrites the asserts of tests as ever, though a loader is open; generations follow reloads."""
    project.write("ops/m.py", "def f(): return 'ONE'\n")
    project.write(
        "conftest.py",
        """
        import pathlib, pytest
        from hotd.loading import Loader
        OPS = pathlib.Path(__file__).parent / "ops"
        LOADER = Loader([OPS])
        LOADER.load("m")
        @pytest.fixture
        def reloaded():
            def save(text):
                (OPS / "m.py").write_text(text)
                return LOADER.reload()
            return save
        def pytest_unconfigure():
            LOADER.close()
        """,
    )
    project.write(
        "test_m.py",
        """
        import m
        from helpers import both
        def test_head(reloaded, monkeypatch):
            old = reloaded("def f(): return 'ONE'\\n").module("m")
            assert m.f() == "ONE"
            new = reloaded("def f(): return 'TWO'\\n").module("m")
            assert m.f() == new.f() == "TWO" and old.f() == "ONE"
            with monkeypatch.context() as patch:
                patch.setattr("m.f", lambda: "patched")
                assert both(m, old) == ["patched", "ONE"]
            assert both(m, old) == ["TWO", "ONE"]
        def test_explained():
            numbers = [1, 2, 3]
            assert sum(numbers) == len(m.f())
        """,
    )
    project.write("helpers.py", "def both(*modules): return [m.f() for m in modules]\n")

    said = project.python(*OPTIONS, status=1)

    assert "1 failed, 1 passed" in said
    assert "assert 6 == 3\n" in said
    assert "+  where 6 = sum([1, 2, 3])" in said
    assert "3 = len('TWO')" in said


def test_tests_may_lie_beside_the_modules_they_test(project: Project) -> None:
    """In a root, collected while a loader is open: tests are pytest's, what they import is managed."""
    project.write("ops/m.py", "import n\ndef f(): return n.k\n")
    project.write("ops/n.py", "k = 1\n")
    project.write(
        "ops/test_m.py",
        """
        import m, n
        def test_it(): assert m.f() == n.k == 1
        def test_wrong(): assert m.f() == 2
        """,
    )
    project.write(
        "conftest.py",
        """
        import pathlib
        from hotd.loading import Loader
        LOADER = Loader([pathlib.Path(__file__).parent / "ops"])
        LOADER.load("m")
        def pytest_unconfigure(): LOADER.close()
        """,
    )

    said = project.python(*OPTIONS, status=1)

    assert "1 failed, 1 passed" in said
    assert "assert 1 == 2" in said
    assert "where 1 = <function f" in said


def test_an_error_in_old_code_is_shown_with_its_lines(project: Project) -> None:
    """pytest's own tracebacks, long and short, show the text that ran."""
    project.write(
        "test_m.py",
        """
        import pathlib
        from hotd.loading import Loader
        OPS = pathlib.Path(__file__).parent
        def test_old():
            (OPS / "m.py").write_text("def f(x):\\n    return 1 / x  # ONE\\n")
            with Loader([OPS]) as loader:
                old = loader.load("m").module("m")
                (OPS / "m.py").write_text("# moved\\ndef f(x):\\n    return 2 / x  # TWO\\n")
                loader.reload()
                old.f(0)
        """,
    )

    long, short = (project.python(*OPTIONS, f"--tb={style}", status=1) for style in ("long", "short"))

    for said in (long, short):
        assert "return 1 / x  # ONE" in said
        assert ">           old.f(0)" in long
    assert ">       return 1 / x  # ONE\n" in long
