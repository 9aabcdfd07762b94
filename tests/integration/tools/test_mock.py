"""unittest.mock."""

from __future__ import annotations

from tests.integration.tools.conftest import Project


def test_patch_by_name_means_the_head_from_outside_and_its_own_from_within(project: Project) -> None:
    """``mock.patch("m.f")`` replaces and restores in the generation of whoever asks, and in no other."""
    project.write(
        "ops/m.py",
        """
        from unittest import mock
        def f(): return "ONE"
        def g(): return f()
        def patched():
            late = mock.patch("m.late", 1, create=True)
            with mock.patch("m.f", return_value="mine"), mock.patch.dict("m.__dict__", extra=1), late as value:
                return g(), extra, value
        """,
    )
    project.script(
        """
        from unittest import mock
        with mock.patch("m.f", return_value="patched") as double:
            assert (new.g(), old.g()) == ("patched", "ONE")
            double.assert_called_once_with()
        assert (new.g(), old.g()) == ("TWO", "ONE")
        with mock.patch.object(old, "f", return_value="patched"):
            assert (new.g(), old.g()) == ("TWO", "patched")
        assert old.patched() == ("mine", 1, 1) == new.patched()
        assert (new.g(), old.g()) == ("TWO", "ONE")
        assert not any(hasattr(one, name) for one in (old, new) for name in ("extra", "late"))

        @mock.patch("m.g")
        @mock.patch.multiple("m", f=mock.DEFAULT)
        def decorated(g, f):
            import m
            assert m.g is g and m.f is f and old.g() == "ONE"
        decorated()
        assert mock.create_autospec(new).f.return_value is not None
        """
    )

    project.python("script.py")


RELOADED = """
def reload():
    global newest
    (ops / "m.py").write_text("def f(): return 'THREE'")
    newest = loader.reload().module("m")
"""


def test_a_patch_that_lasts_over_a_reload_ends_in_the_generation_in_which_it_began(project: Project) -> None:
    """The new generation is not patched, and gets nothing of the old one; the old one is whole again."""
    project.write("ops/m.py", "def f(): return 'ONE'\n")
    project.script(
        RELOADED
        + """
from unittest import mock
with mock.patch("m.f", return_value="patched"), mock.patch("m.late", 1, create=True):
    reload()
    assert (newest.f(), new.f(), old.f(), new.late) == ("THREE", "patched", "ONE", 1)
assert (newest.f(), new.f(), old.f()) == ("THREE", "TWO", "ONE")
assert not any(hasattr(one, "late") for one in (old, new, newest))

again = mock.patch("m.f", return_value="again")
for _ in range(2):
    with again:
        assert (newest.f(), new.f()) == ("again", "TWO")
    assert newest.f() == "THREE"
"""
    )
    project.python("script.py")


def test_a_monkeypatch_that_lasts_over_a_reload_is_undone_where_it_was_done(project: Project) -> None:
    """Attributes that were set, set twice, or taken away; a generation that is gone took its doubles along."""
    project.write("ops/m.py", "def f(): return 'ONE'\nDEBUG = False\n")
    project.script(
        RELOADED
        + """
import gc
import pytest
gone = pytest.MonkeyPatch()
gone.setattr("m.DEBUG", "gone")
patch = pytest.MonkeyPatch()
patch.setattr("m.f", lambda: "first")
patch.setattr("m.f", lambda: "second")
patch.delattr("m.DEBUG")
reload()
newest.DEBUG = "newest"
assert (newest.f(), new.f(), hasattr(new, "DEBUG")) == ("THREE", "second", False)
patch.undo()
assert (newest.f(), new.f(), new.DEBUG, newest.DEBUG) == ("THREE", "TWO", "gone", "newest")
del new, old, first
gc.collect()
gone.undo()
assert newest.DEBUG == "newest"
"""
    )
    project.python("script.py")
