"""[control.tls]: where it listens, whom it trusts, and files that are fit for that."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hotd.contract.address import TLS_PORT
from tests.unit.config.projects import MODULE, Project

FILES = ("tls/ca.pem", "tls/server/cert.pem", "tls/server/key.pem")


@pytest.fixture
def certified(project: Project) -> Project:
    """With the files of ``hotd tls init`` beside its hotd.toml; what is in them is not looked at here."""
    for name in FILES:
        project.write(name, "PEM").chmod(0o600)
    return project


def test_there_is_no_such_door_unless_it_is_written(certified: Project) -> None:
    """Opt-in: not by files that happen to be there."""
    assert certified.load(f"{MODULE}[control]\n").control.tls is None


def test_the_table_alone_is_enough(certified: Project) -> None:
    """This machine's own address, and the files where `hotd tls init` puts them."""
    tls = certified.load(f"{MODULE}[control.tls]\n").control.tls

    assert tls is not None
    assert (tls.host, tls.port) == ("127.0.0.1", TLS_PORT)
    assert [tls.ca, tls.certificate, tls.key] == [certified.folder / name for name in FILES]
    assert tls.revoked == certified.folder / "tls/revoked"


@pytest.mark.parametrize(
    ("listen", "place"),
    [
        ("0.0.0.0:9000", ("0.0.0.0", 9000)),
        ("web1", ("web1", TLS_PORT)),
        ("[::1]:0", ("::1", 0)),
    ],
)
def test_where_it_listens(certified: Project, listen: str, place: tuple[str, int]) -> None:
    """Host and port, or a host."""
    tls = certified.load(f'{MODULE}[control.tls]\nlisten = "{listen}"\n').control.tls

    assert tls is not None
    assert (tls.host, tls.port) == place


def test_credentials_of_systemd_come_before_files_beside_the_config(certified: Project) -> None:
    """``LoadCredential=key.pem:/etc/…``; what is written comes before both."""
    given = certified.write("creds/key.pem")
    given.chmod(0o440)
    certified.env["CREDENTIALS_DIRECTORY"] = str(given.parent)

    tls = certified.load(f'{MODULE}[control.tls]\nca = "tls/ca.pem"\n').control.tls
    assert tls is not None
    assert (tls.key, tls.ca) == (given, certified.folder / "tls/ca.pem")
    assert tls.certificate == certified.folder / "tls/server/cert.pem"


def test_every_mistake_is_told_at_once_with_its_line(certified: Project) -> None:
    """Address, files, keys that nobody knows."""
    certified.write("tls/folder/x")
    certified.write("tls/loose.pem").chmod(0o602)
    told = certified.errors(
        f'{MODULE}[control.tls]\nlisten = "web1:http"\nca = "tls/loose.pem"\ncertificate = "tls/folder"\nkey = "none"\n'
        'revoked = "none"\nport = 1\n'
    )

    assert told == [
        'hotd.toml:5: control.tls.listen: "web1:http" is no address; write one of this machine and a port, like '
        f'"0.0.0.0:{TLS_PORT}"',
        'hotd.toml:6: control.tls.ca: "…/tls/loose.pem" may be written by everyone, who so says whom to trust: '
        "chmod o-w it",
        'hotd.toml:7: control.tls.certificate: "…/tls/folder" is no file',
        'hotd.toml:8: control.tls.key: "…/none" does not exist; `hotd tls init` makes a first one',
        'hotd.toml:9: control.tls.revoked: "…/none" does not exist; `hotd tls init` makes a first one',
        "hotd.toml:10: control.tls.port: no such key; known here: listen, ca, certificate, key, revoked",
    ]


@pytest.mark.parametrize(
    ("mode", "owner", "refused"),
    [
        (0o600, None, False),
        (0o400, None, False),
        (0o644, None, True),
        (0o640, 65534, True),
        pytest.param(0o640, 0, False, marks=pytest.mark.skipif(os.geteuid() != 0, reason="a file of root's")),
        pytest.param(0o660, 0, True, marks=pytest.mark.skipif(os.geteuid() != 0, reason="a file of root's")),
    ],
)
def test_a_key_is_its_owners_secret(certified: Project, mode: int, owner: int | None, refused: bool) -> None:
    """root may lend one to a group."""
    key = certified.folder / "tls/server/key.pem"
    key.chmod(mode)
    if owner is not None and os.geteuid() == 0:
        os.chown(key, owner, -1)
    text = f"{MODULE}[control.tls]\n"

    if refused:
        (told,) = certified.errors(text)
        assert told.endswith("may be read by others than its owner, and is a secret: chmod 600 it")
    else:
        assert certified.load(text).control.tls


def test_a_certificate_that_nobody_can_show_is_told(certified: Project) -> None:
    """Where there is no door for it; with one, no word."""
    people = 'admins = ["cert:ann"]\noperators = {"m*" = ["cert:bob"]}\nviewers = ["*"]\n'

    warnings = certified.load(f"{MODULE}[control]\n{people}").warnings
    assert [warning.partition(": ")[2] for warning in warnings] == [
        'control.admins: "cert:ann" lets nobody in where there is no [control.tls]',
        'control.operators."m*": "cert:bob" lets nobody in where there is no [control.tls]',
    ]
    assert certified.load(f"{MODULE}[control]\n{people}[control.tls]\n").warnings == ()


def test_a_key_in_the_wrong_table_is_sent_home(project: Project) -> None:
    """``listen`` under [control]."""
    assert project.errors(f'{MODULE}[control]\nlisten = "x"\n') == [
        "hotd.toml:5: control.listen: no such key here; it belongs in [control.tls]"
    ]


def test_a_link_is_followed(certified: Project) -> None:
    """certbot and its like point at the newest."""
    target = certified.folder / "tls/server/cert.pem"
    link = certified.folder / "live.pem"
    link.symlink_to(target)

    tls = certified.load(f'{MODULE}[control.tls]\ncertificate = "live.pem"\n').control.tls
    assert tls is not None
    assert tls.certificate == Path(link)
