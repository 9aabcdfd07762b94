"""Dotted names."""

from __future__ import annotations

import pytest

from hotd.core import names

SUFFIXES = (".cpython-311.so", ".so", ".py")


def test_an_import_passes_through_the_packages_above() -> None:
    """``import a.b.c`` imports a, then a.b, then a.b.c."""
    assert names.prefixes("a.b.c") == ("a", "a.b", "a.b.c")
    assert names.prefixes("a") == ("a",)
    assert (names.top("a.b.c"), names.parent("a.b.c"), names.parent("a")) == ("a", "a.b", "")


@pytest.mark.parametrize(
    ("name", "package", "level", "meant"),
    [
        ("x", "pkg", 0, "x"),
        ("x", "pkg.sub", 1, "pkg.sub.x"),
        ("x", "pkg.sub", 2, "pkg.x"),
        ("", "pkg.sub", 2, "pkg"),
        ("x", "pkg", 2, None),
        ("x", "", 1, None),
    ],
)
def test_dots_climb_from_the_package(name: str, package: str, level: int, meant: str | None) -> None:
    """Relative imports mean what they mean to Python, and nothing beyond the top."""
    assert names.absolute(name, package, level) == meant


def test_a_package_covers_what_is_in_it() -> None:
    """And a name only itself; ``models`` has nothing to do with ``models_old``."""
    assert names.covered("models.big", ["models"]) and names.covered("models", ["x", "models"])
    assert not names.covered("models_old", ["models"]) and not names.covered("models", ["models.big"])
    assert names.covering(["models", "x", "lib.a"], ["models.big", "lib.a"]) == ("models", "lib.a")


def test_only_what_an_import_could_say_is_a_dotted_name() -> None:
    """Identifiers between single dots."""
    assert names.is_dotted("pkg.größe")
    assert not any(names.is_dotted(text) for text in ("", ".", "a..b", "a-b", "a.", "1a", "a b"))


@pytest.mark.parametrize(
    ("steps", "name"),
    [
        (["m.py"], "m"),
        (["pkg", "sub.py"], "pkg.sub"),
        (["pkg", "__init__.py"], "pkg"),
        (["pkg"], "pkg"),
        (["fast.cpython-311.so"], "fast"),
        (["pkg", "__init__"], "pkg.__init__"),
        ([], None),
        (["__init__.py"], None),
        (["notes.txt"], None),
        ([".git", "config"], None),
        (["a.b", "c.py"], None),
        ([".py"], None),
    ],
)
def test_a_path_below_a_root_spells_a_name(steps: list[str], name: str | None) -> None:
    """Files, packages and folders have names; what no import could ask for has none."""
    assert names.spelled(steps, SUFFIXES) == name


def test_below_is_what_lives_in_the_package() -> None:
    """A package's name followed by a dot, not merely its letters."""
    assert list(names.below("pkg", ["pkg", "pkg.a", "pkgs.b", "pkg.a.b"])) == ["pkg.a", "pkg.a.b"]
