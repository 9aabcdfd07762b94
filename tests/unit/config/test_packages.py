"""``packages``: where the import system finds them."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotd.config import load_config
from hotd.contract.errors import BadConfig

TOML = '[daemon]\nstate_dir = "state"\n[control]\nsocket = "s"\n[modules.job]\nentry = "zz_pkg.job:work"\n'


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    site = tmp_path / "site"
    (site / "zz_pkg").mkdir(parents=True)
    (site / "zz_pkg" / "__init__.py").write_text("raise RuntimeError('to look is not to import')\n")
    monkeypatch.syspath_prepend(str(site))
    return site


def written(folder: Path, head: str) -> Path:
    path = folder / "hotd.toml"
    path.write_text(head + TOML)
    return path


def test_a_package_is_found_where_the_interpreter_has_it(site: Path, tmp_path: Path) -> None:
    """Without a root beside it where none is written; every module has it."""
    config = load_config(written(tmp_path, 'packages = ["zz_pkg"]\n'), env={}, uid=0, cwd=tmp_path)
    assert config.packages == (str(site / "zz_pkg"),) and config.roots == ()
    (spec,) = config.modules
    assert spec.watched == (str(site / "zz_pkg"),) and spec.folders == (str(site),)
    (tmp_path / "ops").mkdir()
    both = load_config(written(tmp_path, 'roots = ["ops"]\npackages = ["zz_pkg"]\n'), env={}, uid=0, cwd=tmp_path)
    assert both.roots == (str(tmp_path / "ops"),)
    assert both.modules[0].folders == (str(tmp_path / "ops"), str(site))


def test_a_package_that_a_root_has_too_is_ambiguous(site: Path, tmp_path: Path) -> None:
    """Nobody should have to know which one runs."""
    (tmp_path / "ops" / "zz_pkg").mkdir(parents=True)
    (tmp_path / "ops" / "zz_pkg" / "__init__.py").write_text("")
    with pytest.raises(BadConfig, match=r"is found in .*ops\" and in .*site\"; rename one"):
        load_config(written(tmp_path, 'roots = ["ops"]\npackages = ["zz_pkg"]\n'), env={}, uid=0, cwd=tmp_path)


def test_a_package_is_one_folder_that_not_everybody_may_write(site: Path, tmp_path: Path) -> None:
    """Each mistake with its line."""
    (site / "zz_open").mkdir()
    (site / "zz_open" / "__init__.py").write_text("")
    (site / "zz_open").chmod(0o777)
    with pytest.raises(BadConfig) as raised:
        load_config(written(tmp_path, 'packages = ["zz_pkg", "zz_pkg", "zz_open", 7]\n'), env={}, uid=0, cwd=tmp_path)
    told = raised.value.message.splitlines()
    assert all("hotd.toml:1: packages: " in one for one in told) and len(told) == 3
    words = ("stands here twice", "everyone may write", "each must be text")
    assert all(any(said in one for one in told) for said in words)
