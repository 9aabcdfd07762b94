"""``hotd tls``: an authority, certificates signed by it, and the list of those that are let in no more."""

from __future__ import annotations

import os
import ssl
import stat
from pathlib import Path

import pytest

from hotd.config.authority import make_certificates, revoke
from hotd.contract.errors import Refused, UsageError
from tests.support.daemons import hotd


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_first_one_is_complete_and_keys_are_their_owners_alone(tmp_path: Path) -> None:
    """Whatever the umask: two folders to hand out, and what stays at home."""
    before = os.umask(0)
    try:
        made = make_certificates(tmp_path / "tls", ["web1.example.org", "192.0.2.7", "::1"], ["laptop"])
    finally:
        os.umask(before)

    assert made.kept == ()
    assert names(tmp_path / "tls") == [
        "ca-key.pem", "ca.pem",
        "clients/laptop/ca.pem", "clients/laptop/cert.pem", "clients/laptop/key.pem",
        "server/ca.pem", "server/cert.pem", "server/key.pem",
    ]  # fmt: skip
    for path in made.written:
        assert stat.S_IMODE(path.stat().st_mode) == (0o600 if "key" in path.name else 0o644)
    server = ssl._ssl._test_decode_cert(os.fspath(tmp_path / "tls/server/cert.pem"))  # type: ignore[attr-defined]
    assert server["subjectAltName"] == (
        ("DNS", "web1.example.org"), ("IP Address", "192.0.2.7"), ("IP Address", "0:0:0:0:0:0:0:1"),
    )  # fmt: skip


def test_a_second_time_makes_what_is_missing_and_touches_nothing(tmp_path: Path) -> None:
    """``hotd tls init --client tablet``: one more, signed by the same authority."""
    make_certificates(tmp_path, ["web1"], ["laptop"])
    before = {name: (tmp_path / name).read_bytes() for name in names(tmp_path)}
    made = make_certificates(tmp_path, ["web2"], ["laptop", "tablet"])

    assert made.kept == (tmp_path / "ca.pem", tmp_path / "server", tmp_path / "clients/laptop")
    assert {path.parent for path in made.written} == {tmp_path / "clients/tablet"}
    assert {name: (tmp_path / name).read_bytes() for name in before} == before
    assert (tmp_path / "clients/tablet/ca.pem").read_bytes() == before["ca.pem"]


def test_an_authority_without_its_key_makes_nothing(tmp_path: Path) -> None:
    """It was put where the daemon cannot read it, as it should be; a second authority would be nobody's friend."""
    make_certificates(tmp_path, ["web1"], [])
    (tmp_path / "ca-key.pem").unlink()

    with pytest.raises(Refused, match=r"one of ca\.pem and ca-key\.pem"):
        make_certificates(tmp_path, ["web1"], ["laptop"])


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a b", "a\nb", "$HOME", "-x", "x" * 65])
def test_what_is_no_name_is_refused_before_anything_is_made(tmp_path: Path, name: str) -> None:
    """It becomes part of a path and of a file that openssl reads."""
    for hosts, clients in (([name], ["laptop"]), (["web1"], [name])):
        with pytest.raises(UsageError, match="is no name for a certificate"):
            make_certificates(tmp_path / "tls", hosts, clients)
    assert not (tmp_path / "tls").exists()


def test_a_folder_that_cannot_be_made_says_why() -> None:
    """With the reason of the system."""
    with pytest.raises(UsageError, match="cannot write to /proc"):
        make_certificates(Path("/proc/none/tls"), ["web1"], [])


def test_no_openssl_is_told_with_a_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And one that fails, with what it says."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Refused, match="no openssl program"):
        make_certificates(tmp_path / "tls", ["web1"], [])

    (tmp_path / "openssl").write_text("#!/bin/sh\necho out of entropy >&2\nexit 1\n", "utf-8")
    (tmp_path / "openssl").chmod(0o755)
    with pytest.raises(Refused, match="openssl req failed: out of entropy"):
        make_certificates(tmp_path / "tls", ["web1"], [])


def test_a_certificate_is_revoked_by_name_or_by_file_and_once(tmp_path: Path) -> None:
    """A line of the list that the daemon reads."""
    make_certificates(tmp_path, ["web1"], ["laptop", "tablet"])
    (tmp_path / "revoked").write_text("# ours", "utf-8")
    serial, listed = revoke(tmp_path, "laptop")
    revoke(tmp_path, "laptop")
    other, _ = revoke(tmp_path, str(tmp_path / "clients/tablet/cert.pem"))

    assert listed.read_text("utf-8").splitlines() == [
        "# ours", f"{serial}  # laptop", f"{other}  # {tmp_path}/clients/tablet/cert.pem"
    ]  # fmt: skip
    with pytest.raises(UsageError, match="no certificate of"):
        revoke(tmp_path, "laptopp")


def test_what_was_taken_off_the_list_is_revoked_again(tmp_path: Path) -> None:
    """A serial number behind a # is for people; the daemon lets such a one in, so it is not on the list."""
    make_certificates(tmp_path, ["web1"], ["laptop"])
    serial, listed = revoke(tmp_path, "laptop")
    listed.write_text(f"# {serial}  found again, it lay under the sofa\n", "utf-8")
    revoke(tmp_path, "laptop")

    assert listed.read_text("utf-8").splitlines()[-1] == f"{serial}  # laptop"


def test_the_commands_say_what_was_done_and_what_is_next(tmp_path: Path) -> None:
    """``hotd tls init`` and ``hotd tls revoke``, from the folder of the config."""
    made = hotd("tls", "init", "--host", "web1", "--client", "laptop", cwd=tmp_path)
    assert made.status == 0, made.err
    assert "wrote tls/clients/laptop/key.pem" in made.out
    assert '"cert:laptop"' in made.out and "copy tls/clients/laptop to ~/.config/hotd/tls" in made.out

    again = hotd("tls", "init", "--host", "web1", "--client", "laptop", cwd=tmp_path)
    assert again.out.splitlines()[:3] == ["kept  tls/ca.pem", "kept  tls/server", "kept  tls/clients/laptop"]

    revoked = hotd("tls", "revoke", "laptop", cwd=tmp_path)
    assert revoked.status == 0 and "in tls/revoked" in revoked.out
    assert hotd("tls", "revoke", "nobody", cwd=tmp_path).status == 2
    assert "did you mean 'revoke'" in hotd("tls", "revok", cwd=tmp_path).err
