"""Which names matter."""

from __future__ import annotations

import pytest

from hotd.core.interest import Interest


@pytest.mark.parametrize(
    "path", ["m.py", "pkg/sub/m.py", "fast.cpython-311-x86_64-linux-gnu.so", "venvs/m.py", ".x/m.py"]
)
def test_sources_and_extension_modules_matter(path: str) -> None:
    """Whatever Python can import below a root is watched."""
    assert Interest().wants(path)


@pytest.mark.parametrize("path", ["m.pyc", "notes.txt", "py", "m.py.bak", "data.sql", ""])
def test_nothing_else_matters_by_itself(path: str) -> None:
    """Logs and databases beside the code cause nothing."""
    assert not Interest().wants(path)


@pytest.mark.parametrize(
    "folder", [".git", "__pycache__", ".venv", "venv", "node_modules", ".tox", ".mypy_cache", "a/.git/b", "a/venv"]
)
def test_nothing_matters_where_no_sources_are_kept(folder: str) -> None:
    """Version control, caches and environments are never entered."""
    interest = Interest(also=["*"])

    assert not interest.enters(folder)
    assert not interest.wants(f"{folder}/m.py")


@pytest.mark.parametrize(
    "name",
    ["m.py~", ".m.py.swp", ".m.py.swx", "4913", ".#m.py", "#m.py#", "m.py.tmp", "m.py___jb_tmp___", "m.py___jb_old___"],
)
def test_what_editors_drop_never_matters(name: str) -> None:
    """Not even to somebody who wants every file."""
    assert not Interest(also=["*"]).wants(f"pkg/{name}")


def test_data_files_matter_by_name_or_by_path() -> None:
    """``also`` adds files to the sources."""
    interest = Interest(also=["*.sql", "conf/*.toml"])

    assert interest.wants("a/b/query.sql")
    assert interest.wants("conf/x.toml")
    assert not interest.wants("x.toml")


@pytest.mark.parametrize("glob", ["gen_*", "pkg/gen_*", "./pkg/gen_*", "*/gen_m.py"])
def test_ignored_files_do_not_matter(glob: str) -> None:
    """``ignore`` is held against the name and against the path below the root."""
    interest = Interest(ignore=[glob])

    assert not interest.wants("pkg/gen_m.py")
    assert interest.wants("pkg/m.py")


@pytest.mark.parametrize("glob", ["build", "build/", "pkg/build", "pkg/build/*"])
def test_an_ignored_folder_hides_what_is_in_it(glob: str) -> None:
    """Ignoring a folder means all of it."""
    interest = Interest(ignore=[glob])

    assert not interest.wants("pkg/build/deep/m.py")
    assert not interest.enters("pkg/build/deep")
    assert interest.enters("pkg")


def test_ignored_beats_also() -> None:
    """Who ignores a file means it."""
    assert not Interest(ignore=["secret.sql"], also=["*.sql"]).wants("secret.sql")


def test_the_root_itself_is_always_entered() -> None:
    """A glob for everything hides files, but the root stays watched."""
    assert Interest(ignore=["*"]).enters("")


def test_declared_data_are_never_code_or_droppings() -> None:
    """A glob that fits everything still declares no source, no bytecode and no backup."""
    interest = Interest(ignore=["*.log", "old"], also=["*"])

    assert [p for p in ("a.sql", "pkg/deep/a.txt") if not interest.declares(p)] == []
    for path in ("m.py", "m.pyc", "a.sql~", "__pycache__/x.sql", "a.log", "old/a.sql", ".git/config"):
        assert not interest.declares(path)
        assert not interest.could_be_data(path)


def test_what_is_not_declared_may_still_be_data() -> None:
    """Code that reads everything beside it asks for more than the configuration names."""
    interest = Interest(also=["*.sql"])

    assert not interest.declares("a.txt")
    assert interest.could_be_data("a.txt")
