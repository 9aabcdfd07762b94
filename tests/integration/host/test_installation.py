"""What the doctor looks up on a real machine."""

from __future__ import annotations

import getpass
from pathlib import Path

from hotd.app.doctor import about, above, group_of, paper, place, user_name
from tests.support.authority import Certificates


def test_a_place_says_who_may_do_what_with_it(tmp_path: Path) -> None:
    """By names, where there are any."""
    tmp_path.chmod(0o2775)
    found = place("source root", str(tmp_path))
    assert (found.mode, found.owner) == (0o2775, getpass.getuser()) and found.group == tmp_path.group()
    assert place("state", str(tmp_path / "gone")).mode is None
    assert user_name(4_000_000_000) == "uid 4000000000" and group_of(4_000_000_000) == ("gid 4000000000", ())
    assert "rpyc" in about() and "watchdog" in about()


def test_what_lies_above_is_told_where_others_may_write_it(tmp_path: Path) -> None:
    """Who can rename a folder decides what lies in it."""
    (tmp_path / "open" / "ops").mkdir(parents=True)
    (tmp_path / "open").chmod(0o777)
    found = {one.path: one.mode for one in above([str(tmp_path / "open" / "ops")])}
    assert found[str(tmp_path / "open")] == 0o777 and str(tmp_path) not in found


def test_a_certificate_says_how_long_it_is_good_for(tmp_path: Path) -> None:
    """Of what is none that is said."""
    made = Certificates(tmp_path)
    assert 800 < (paper(tmp_path / "server" / "cert.pem").days or 0) < 830
    assert (paper(made.dated("old") / "cert.pem").days or 0) < -365
    (tmp_path / "none").write_text("nonsense")
    assert paper(tmp_path / "none").days is None and paper(tmp_path / "gone").days is None
