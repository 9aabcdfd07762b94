"""Imports read off bytecode."""

from __future__ import annotations

from textwrap import dedent

from hotd.loading.sources.scan import Mention, Scan, scan


def read(text: str) -> Scan:
    return scan(compile(dedent(text), "<test>", "exec", dont_inherit=True))


def test_every_form_of_import_is_seen() -> None:
    """Plain, dotted, aliased, from, star and relative imports."""
    found = read("""
        import a, b.c as d
        from e import f, g
        from h import *
        from . import i
        from ..j import k
    """)

    assert [(one.name, one.level, one.names) for one in found.mentions] == [
        ("a", 0, ()), ("b.c", 0, ()), ("e", 0, ("f", "g")), ("h", 0, ("*",)), ("", 1, ("i",)), ("j", 2, ("k",)),
    ]  # fmt: skip
    assert [one.line for one in found.mentions] == [2, 2, 3, 4, 5, 6]


def test_imports_inside_functions_classes_and_comprehensions_are_seen() -> None:
    """What runs later is part of the closure now."""
    found = read("""
        def f():
            import a
            class C:
                import b
                async def g(self):
                    return [__import__("c.d") for _ in (lambda: 1, 2)]
    """)

    assert {one.name for one in found.mentions} == {"a", "b"}
    assert Mention("a", 0, (), 3) in found.mentions
    assert "c.d" in found.strings


def test_more_constants_than_one_byte_can_count() -> None:
    """A file of a thousand constants and names uses extended arguments."""
    lines = [f"x{number} = {number}.5" for number in range(1000)]

    found = read("\n".join([*lines, "from last import name"]))

    assert [(one.name, one.names, one.line) for one in found.mentions] == [("last", ("name",), 1001)]


def test_strings_count_only_where_something_is_imported_by_string() -> None:
    """A text that happens to be a module's name is no import."""
    assert read("x = 'plugins.a'").strings == ()
    assert read("""
        import importlib
        NAMES = ['plugins.a', 'not a name', '.relative', 'b']
        for name in NAMES: importlib.import_module(name)
    """).strings == ("plugins.a", ".relative", "b")


def test_names_in_all_are_told() -> None:
    """``from package import *`` imports the submodules that ``__all__`` names."""
    assert read("__all__ = ['a', 'b']").exports == ("a", "b")
    assert read("x = ['a', 'b']").exports == ()
