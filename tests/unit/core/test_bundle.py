"""Tests of `hotd.core.bundle`."""

from __future__ import annotations

from hotd.core.bundle import Bundle, BundleFile


def test_a_bundle_knows_its_size() -> None:
    """Bounds of the store are in bytes."""
    files = (BundleFile("a.py", b"x = 1\n"), BundleFile("b.py", b""))
    assert Bundle("d", ("a",), files).size == 6


def test_files_sort_by_path() -> None:
    """The same closure is the same value, in whatever order it was walked."""
    assert sorted([BundleFile("b.py", b""), BundleFile("a.py", b"z")])[0].path == "a.py"
