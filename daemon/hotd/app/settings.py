"""A Config, key by key as hotd.toml has them: so that two can be compared, and one take over some of another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from hotd.config import Config, Control, Tls, Watch
from hotd.contract.units import format_duration

_GROUPS = ("control", "watch")
_FIELDS = {
    "roots": "roots",
    "packages": "packages",
    "daemon.state_dir": "state_dir",
    "daemon.max_instances": "max_instances",
    "daemon.drain_deadline": "drain_deadline",
    "daemon.executor": "executor",
    "daemon.plain_file_names": "plain_file_names",
    "logs.keep": "logs_keep",
}
_DURATIONS = frozenset({"daemon.drain_deadline", "watch.settle", "watch.settle_max", "watch.interval"})


def settings_of(config: Config) -> dict[str, Any]:
    """Everything but the modules, in JSON's types and in the words of hotd.toml."""
    found = {key: _plain(key, getattr(config, name)) for key, name in _FIELDS.items()}
    for group, kind in zip(_GROUPS, (Control, Watch), strict=True):
        for name in (one.name for one in fields(kind) if not one.name.endswith("_written")):
            key = f"{group}.{name}"
            found[key] = _plain(key, getattr(getattr(config, group), name))
    return found


def with_settings(config: Config, other: Config, keys: Iterable[str]) -> Config:
    """The config, in which these are what the other one says."""
    for key in keys:
        group, _, name = key.partition(".")
        if group not in _GROUPS:
            config = replace(config, **{_FIELDS[key]: getattr(other, _FIELDS[key])})
            continue
        theirs = getattr(other, group)
        # Whether it was written goes with what was.
        taken = {one: getattr(theirs, one) for one in (name, f"{name}_written") if hasattr(theirs, one)}
        config = replace(config, **{group: replace(getattr(config, group), **taken)})
    return config


def _plain(key: str, value: Any) -> Any:
    if key == "control.mode":
        return f"{value:04o}"
    if key in _DURATIONS:
        return format_duration(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Tls):
        host = f"[{value.host}]" if ":" in value.host else value.host
        unwritten = {"host", "port", "revoked_written"}
        files = {one.name: getattr(value, one.name) for one in fields(value) if one.name not in unwritten}
        return _plain("", {"listen": f"{host}:{value.port}", **files})
    if isinstance(value, dict):
        return {name: _plain("", one) for name, one in value.items()}
    return value
