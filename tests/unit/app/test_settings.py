"""Two configurations, held against each other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hotd.app.settings import settings_of, with_settings
from hotd.config import Config, Tls, from_command_line
from hotd.core.configuration import AT_ONCE


def config(folder: Path) -> Config:
    env = {"XDG_RUNTIME_DIR": str(folder)}
    return from_command_line("op:work", env=env, uid=1000, cwd=folder)


def test_every_setting_is_named_as_hotd_toml_names_it(tmp_path: Path) -> None:
    """In its words: what nobody wrote for it needs a restart."""
    settings = settings_of(config(tmp_path))
    assert settings.keys() >= AT_ONCE
    assert settings["roots"] == [str(tmp_path)]
    assert (settings["control.mode"], settings["control.socket"]) == ("0660", str(tmp_path / "hotd/control.sock"))
    assert (settings["watch.settle"], settings["daemon.drain_deadline"]) == ("50ms", "30s")
    assert settings["control.admins"] == ["root", "%hotctl"] and settings["control.operators"] == {}
    assert not [key for key in settings if key.endswith("_written")]


def test_the_other_door_is_told_as_it_is_written(tmp_path: Path) -> None:
    """`listen`, and the files; not the fields that it is kept in."""
    tls = Tls("::1", 7463, Path("/ca"), Path("/cert"), Path("/key"), Path("/revoked"), revoked_written=False)
    settings = settings_of(replace(config(tmp_path), control=replace(config(tmp_path).control, tls=tls)))
    assert settings["control.tls"] == {
        "listen": "[::1]:7463", "ca": "/ca", "certificate": "/cert", "key": "/key", "revoked": "/revoked",
    }  # fmt: skip


def test_one_takes_over_what_is_named_of_another(tmp_path: Path) -> None:
    """And nothing else."""
    before = config(tmp_path)
    control = replace(before.control, mode=0o600, group="ops", group_written=True, operators={"a": ("%ops",)})
    after = replace(before, max_instances=9, control=control, watch=replace(before.watch, settle=0.02))
    assert with_settings(before, after, ()) == before
    taken = with_settings(before, after, ("daemon.max_instances", "control.group", "watch.settle"))
    assert (taken.max_instances, taken.control.group, taken.control.group_written) == (9, "ops", True)
    assert (taken.watch.settle, taken.control.mode) == (0.02, before.control.mode)
    assert settings_of(after)["control.operators"] == {"a": ["%ops"]}
