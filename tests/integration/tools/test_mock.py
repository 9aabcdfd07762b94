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
