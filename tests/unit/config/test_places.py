"""Where the socket and the state are."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from hotd.config import load_config
from tests.unit.config.projects import MODULE, FewAccounts, Project


@pytest.mark.parametrize(
    ("env", "uid", "place"),
    [
        ({"RUNTIME_DIRECTORY": "/run/web", "XDG_RUNTIME_DIR": "RUN"}, 1000, "/run/web/control.sock"),
        ({"RUNTIME_DIRECTORY": "/run/web:/run/other"}, 0, "/run/web/control.sock"),
        ({"XDG_RUNTIME_DIR": "RUN"}, 1000, "RUN/hotd/control.sock"),
        ({"XDG_RUNTIME_DIR": "RUN/"}, 1000, "RUN/hotd/control.sock"),
        ({"XDG_RUNTIME_DIR": "RUN"}, 0, "/run/hotd/control.sock"),
        ({}, 0, "/run/hotd/control.sock"),
        ({"LISTEN_FDS": "1"}, 1000, "/run/hotd/control.sock"),
    ],
)
@pytest.mark.parametrize("written", ["", '[control]\nsocket = ""\n'])
def test_the_socket_has_a_default_place(
    project: Project, env: dict[str, str], uid: int, place: str, written: str
) -> None:
    """systemd's folder, then the user's (never root's), then /run/hotd for root; ``""`` is the default too."""
    project.env = {"HOME": "/"} | {key: value.replace("RUN", str(project.runtime)) for key, value in env.items()}
    control = project.load(MODULE + written, uid=uid).control
    assert str(control.socket) == place.replace("RUN", str(project.runtime))
    assert not control.socket_written


@pytest.mark.parametrize("env", [{}, {"XDG_RUNTIME_DIR": "relative"}, {"XDG_RUNTIME_DIR": "/no/such/folder"}])
def test_no_place_for_the_socket_names_the_cure(project: Project, env: dict[str, str]) -> None:
    """A user without a runtime folder is told what to write."""
    project.env = {"HOME": "/", **env}
    assert project.errors(MODULE) == [
        "hotd.toml: control.socket: no default: $RUNTIME_DIRECTORY and $XDG_RUNTIME_DIR name no folder; write a path"
    ]


@pytest.mark.parametrize(
    ("written", "error"),
    [
        ("@hotd", '"@hotd" is an abstract socket: those have no permissions at all; write a path'),
        ("\\u0000hotd", '"\\u0000hotd" is an abstract socket: those have no permissions at all; write a path'),
        ("a\\u0000b", '"a\\u0000b" holds a NUL, which no path may'),
        ("missing/control.sock", 'its folder "…/missing" does not exist'),
        ("hotd.toml/control.sock", '"…/hotd.toml/control.sock" is in no folder'),
        ("hotd.toml", '"…/hotd.toml" exists and is no socket; hotd overwrites nothing'),
        ("ops", '"…/ops" exists and is no socket; hotd overwrites nothing'),
    ],
)
def test_an_impossible_socket_is_refused(project: Project, written: str, error: str) -> None:
    """A socket that could not be bound, or that everyone could reach, is told before the start."""
    assert project.errors(f'{MODULE}[control]\nsocket = "{written}"') == [f"hotd.toml:5: control.socket: {error}"]


def test_a_path_too_long_for_the_kernel_is_refused(project: Project) -> None:
    """107 bytes are a socket's path, 108 are not; written or by default."""
    place = "/" + "x" * 106
    assert str(project.load(f'{MODULE}[control]\nsocket = "{place}"').control.socket) == place
    [error] = project.errors(f'{MODULE}[control]\nsocket = "{place}x"')
    assert error.endswith("is 108 bytes long, and a socket's path may have 107")
    project.env["RUNTIME_DIRECTORY"] = "/" + "x" * 100
    [error] = project.errors(MODULE)
    assert error.endswith("is 114 bytes long, and a socket's path may have 107; write a path")


def test_a_written_socket_is_relative_to_the_file(project: Project) -> None:
    """The folder that the daemon was started in does not matter."""
    project.file.write_text(f'{MODULE}[control]\nsocket = "run/x.sock"')
    config = load_config(project.file, env=project.env, uid=1000, cwd=Path("/"), accounts=project.accounts)
    assert config.control.socket == project.runtime / "x.sock"
    assert config.control.socket_written


def test_the_socket_of_an_earlier_daemon_is_no_error(project: Project) -> None:
    """Whether somebody still listens there is found out when it is bound."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(project.runtime / "x.sock"))
        assert project.load(f'{MODULE}[control]\nsocket = "run/x.sock"').control.socket_written


@pytest.mark.parametrize(
    ("env", "folder"),
    [
        ({"STATE_DIRECTORY": "/var/lib/web"}, "/var/lib/web"),
        ({"STATE_DIRECTORY": "/var/lib/web:/var/lib/other"}, "/var/lib/web"),
        ({"XDG_STATE_HOME": "/xdg"}, "/xdg/hotd/NAME"),
        ({"XDG_STATE_HOME": "relative", "HOME": "/home/ann"}, "/home/ann/.local/state/hotd/NAME"),
        ({"HOME": "/home/ann"}, "/home/ann/.local/state/hotd/NAME"),
        ({}, "/home/of-uid/.local/state/hotd/NAME"),
    ],
)
def test_the_state_has_a_default_folder(project: Project, env: dict[str, str], folder: str) -> None:
    """systemd's folder, then the user's, by the name of the config's folder and its path."""
    project.env = {"RUNTIME_DIRECTORY": "/run/x", **env}
    project.accounts = FewAccounts(home="/home/of-uid")
    name = str(project.load(MODULE).state_dir).rpartition("/")[2]
    assert str(project.load(MODULE).state_dir) == folder.replace("NAME", name)
    if "NAME" in folder:
        stem, _, digest = name.rpartition("-")
        assert stem == project.folder.name and len(digest) == 8


def test_two_configurations_have_two_states(project: Project) -> None:
    """Files of other names, and of the same name in other folders, share nothing."""
    states = set()
    for place in ("hotd.toml", "web.toml", "other/hotd.toml", "other/web.toml"):
        path = project.write(place, "roots = ['.']")
        config = load_config(path, env=project.env, uid=1000, cwd=project.folder, accounts=project.accounts)
        states.add(config.state_dir)
        assert config.state_dir is not None
        assert config.state_dir.name.startswith("web-" if "web" in place else f"{path.parent.name}-")
    assert len(states) == 4


def test_no_home_for_the_state_names_the_cure(project: Project) -> None:
    """A user without a home is told what to write."""
    project.env = {"RUNTIME_DIRECTORY": "/run/x"}
    assert project.errors(MODULE) == [
        "hotd.toml: daemon.state_dir: no default: $HOME is not known either; write a folder"
    ]


@pytest.mark.parametrize(
    ("written", "error"),
    [
        ('"hotd.toml"', '"…/hotd.toml" is not a folder'),
        ('"hotd.toml/x"', '"…/hotd.toml/x" cannot be looked at: Not a directory'),
        ('"open"', '"…/open" may be written by everyone: chmod o-w it'),
        ('""', "is empty; write a path"),
        ('"a\\u0000b"', '"a\\u0000b" holds a NUL, which no path may'),
        ("3", "must be text in quotes, not 3"),
    ],
)
def test_an_unusable_state_folder_is_refused(project: Project, written: str, error: str) -> None:
    """Whoever writes the state decides what an undo brings back."""
    (project.folder / "open").mkdir()
    (project.folder / "open").chmod(0o777)
    assert project.errors(f"{MODULE}[daemon]\nstate_dir = {written}") == [f"hotd.toml:5: daemon.state_dir: {error}"]


def test_a_state_folder_may_be_missing(project: Project) -> None:
    """The daemon makes it."""
    assert project.load(f'{MODULE}[daemon]\nstate_dir = "not/yet"').state_dir == project.folder / "not/yet"


def test_a_state_folder_in_a_root_is_warned_of(project: Project) -> None:
    """hotd would watch its own writes."""
    [warning] = project.load(f'{MODULE}[daemon]\nstate_dir = "ops/state"').warnings
    assert warning.endswith("lies in a source root, so every write of state is watched too")
