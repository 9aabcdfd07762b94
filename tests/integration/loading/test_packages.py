"""An installed package as the only managed thing where it lies."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hotd.loading import Loader
from hotd.loading.sources.roots import Roots

FILES = {
    "myops/__init__.py": "",
    "myops/job.py": "import zz_neighbour\nfrom myops import part\nVALUE = part.VALUE\n",
    "myops/part.py": "VALUE = 1\n",
    "zz_neighbour.py": "COUNT = []\n",
    "zz_other/__init__.py": "",
}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in [one for one in sys.modules if one.partition(".")[0] in ("myops", "zz_neighbour", "zz_other")]:
        del sys.modules[name]


def test_only_the_package_is_loaded_anew(site: Path) -> None:
    """Its neighbours are shared by all generations, and by everybody else."""
    with Loader([], packages=[site / "myops"]) as loader:
        first = loader.load("myops.job")
        (site / "myops" / "part.py").write_text("VALUE = 2\n")
        (site / "zz_neighbour.py").write_text("COUNT = None\n")
        second = loader.reload()
        assert (first.module("myops.job").VALUE, second.module("myops.job").VALUE) == (1, 2)
        neighbours = {id(one.module("myops.job").zz_neighbour) for one in (first, second)}
        assert neighbours == {id(sys.modules["zz_neighbour"])}
        assert loader.touched_by([site / "myops" / "part.py"])
        assert not loader.touched_by([site / "zz_neighbour.py"])
        bundle = loader.bundle(second)
        assert {one.path for one in bundle.files} == {"myops/__init__.py", "myops/job.py", "myops/part.py"}
    with Loader([], packages=[site / "myops"]) as later:
        (site / "myops" / "part.py").write_text("VALUE = 3\n")
        assert later.promote(later.restore(bundle)).module("myops.job").VALUE == 2


def test_the_folder_it_lies_in_is_no_root(site: Path, tmp_path: Path) -> None:
    """Whatever is asked about it; a root that is one stays one."""
    package = str(site / "myops")
    roots = Roots([], packages=[package])
    assert roots.folders == (str(site),) and roots.plain == ()
    assert roots.contain(f"{package}/job.py") and roots.contain(package)
    assert not roots.contain(str(site)) and not roots.contain(f"{site}/zz_neighbour.py")
    assert roots.place(f"{package}/job.py") == (0, "myops/job.py")
    with pytest.raises(ValueError, match="under none"):
        roots.place(f"{site}/zz_neighbour.py")
    assert roots.spellings(f"{site}/zz_neighbour.py") == []
    assert roots.names_for(f"{package}/job.py") == ("myops.job",)
    assert roots.hold_up(str(site)) and roots.disk().modules() == ["myops"]
    assert roots.disk_now().locate("zz_neighbour") is None and roots.disk_now().locate("myops") is not None
    both = Roots([site], packages=[package])
    assert both.folders == both.plain == (str(site),) and both.contain(f"{site}/zz_neighbour.py")
