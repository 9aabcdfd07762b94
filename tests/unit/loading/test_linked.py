"""Where a module would lie that no event would tell of."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotd.loading.sources.linked import places, places_behind_links


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """With a folder, a link to one elsewhere, and links that lead nowhere yet."""
    (tmp_path / "elsewhere" / "deep").mkdir(parents=True)
    root = tmp_path / "root"
    (root / "plain").mkdir(parents=True)
    (root / "linked").symlink_to(tmp_path / "elsewhere")
    (root / "plain" / "dangling.py").symlink_to(tmp_path / "nothing.py")
    (root / "nowhere").symlink_to(tmp_path / "nowhere")
    return root


def found(root: Path, *names: str) -> list[str]:
    return [str(Path(path).relative_to(root)) for path in places_behind_links([str(root)], names)]


def test_a_module_behind_a_link_is_a_file_or_a_package(root: Path) -> None:
    assert found(root, "linked.new") == ["linked/new.py", "linked/new/__init__.py"]
    assert found(root, "linked.deep.new") == ["linked/deep/new.py", "linked/deep/new/__init__.py"]


def test_what_lies_in_a_plain_folder_makes_events(root: Path) -> None:
    assert found(root, "new", "plain", "plain.new") == []


def test_a_link_that_leads_nowhere_is_a_place(root: Path) -> None:
    """What appears at its end makes no event here."""
    assert found(root, "plain.dangling", "nowhere") == ["plain/dangling.py", "nowhere/__init__.py"]
    assert found(root, "nowhere.new") == ["nowhere/new.py", "nowhere/new/__init__.py"]


def test_below_a_folder_that_is_not_there_lies_nothing(root: Path) -> None:
    """When it comes that makes an event; unless it lies behind a link itself."""
    assert found(root, "absent.new", "absent.deep.new") == []
    assert found(root, "linked.absent.new") == ["linked/absent/new.py", "linked/absent/new/__init__.py"]


def test_a_module_may_lie_in_any_root_as_a_file_or_a_package() -> None:
    assert list(places(["/a", "/b"], ["x.y"])) == ["/a/x/y.py", "/a/x/y/__init__.py", "/b/x/y.py", "/b/x/y/__init__.py"]
