"""hotd.toml read again: what is another now, and when that takes effect. Plain values; nobody here knows the file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from hotd.contract.units import format_duration
from hotd.contract.views import SettingChange
from hotd.core.values import Instant, Spec

AT_ONCE = frozenset(
    {
        "daemon.max_instances",
        "daemon.drain_deadline",
        "control.mode",
        "control.group",
        "control.admins",
        "control.operators",
        "control.viewers",
        "watch.enabled",
        "watch.settle",
        "watch.settle_max",
        "watch.backend",
        "watch.interval",
        "logs.keep",
    }
)
"""Settings of the daemon that need no restart."""

NEW_INSTANCES = frozenset({"entry", "args", "kwargs", "stop_method"})
"""Keys of a module that those instances get which start from now on."""

FIXED = frozenset({"roots", "packages"})
"""What generations are made with: it may grow, at its end, and needs a restart for whatever else becomes of it."""

UNTOLD = frozenset({"args", "kwargs"})
"""Keys whose values are not shown: they are for the module alone, and may be secrets."""


@dataclass(frozen=True, slots=True)
class ConfigPlan:
    """What is to be done so that what runs is what hotd.toml says."""

    added: tuple[Spec, ...] = ()
    changed: tuple[Spec, ...] = ()
    """Of modules that are hosted, as far as that needs no restart."""
    removed: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Those of the daemon that are others, and take effect at once."""
    told: tuple[SettingChange, ...] = ()
    """All of it, in the order in which it is shown; what needs a restart is only here."""

    @property
    def does(self) -> bool:
        """Whether anything is another at once."""
        return bool(self.added or self.changed or self.removed or self.settings)

    @property
    def needs_restart(self) -> tuple[str, ...]:
        return tuple(one.key for one in self.told if one.effect == "restart")


@dataclass(frozen=True, slots=True)
class ConfigState:
    """What is to be said of hotd.toml beside what it made the daemon do."""

    rejected: tuple[str, Instant] | None = None
    """What the newest reading found wrong, or what kept it from taking effect."""
    restart: tuple[tuple[str, ...], Instant] | None = None
    """Keys of which the file says something else than the daemon was started with."""


def config_plan(
    running: Mapping[str, Any], wanted: Mapping[str, Any], hosted: Mapping[str, Spec], specs: Iterable[Spec]
) -> ConfigPlan:
    """From what runs to what hotd.toml says now. ``hosted`` are the modules of the file as it was."""
    specs = tuple(specs)
    grown = all(extends(hosted[spec.name], spec) for spec in specs if spec.name in hosted)
    told = []
    for key in wanted:
        if running.get(key) != wanted[key]:
            effect = "now" if key in AT_ONCE or (key in FIXED and grown) else "restart"
            told.append(SettingChange(key, effect, running.get(key), wanted[key]))
    settings = {one.key: one.after for one in told if one.effect == "now"}
    written = {spec.name for spec in specs}
    removed = tuple(name for name in hosted if name not in written)
    added = tuple(spec for spec in specs if spec.name not in hosted)
    told += [SettingChange(f"modules.{name}", "removed", hosted[name].entry) for name in removed]
    told += [SettingChange(f"modules.{spec.name}", "added", None, spec.entry) for spec in added]
    changed = []
    for spec in specs:
        if spec.name not in hosted:
            continue
        before = hosted[spec.name]
        news = [_told(before, spec, one.name) for one in fields(Spec) if one.name not in ("name", "roots", "packages")]
        told += [one for one in news if one is not None]
        fixed = {} if grown else {key: getattr(before, key) for key in FIXED}
        kept = Spec(**{one.name: getattr(spec, one.name) for one in fields(Spec)} | fixed)
        if kept != before:
            changed.append(kept)
    return ConfigPlan(added, tuple(changed), removed, settings, tuple(told))


def extends(before: Spec, after: Spec) -> bool:
    """Whether all is where it was, and there may be more: what is kept names its folders by their places."""
    same = after.folders[: len(before.folders)] == before.folders
    return same and set(before.packages) <= set(after.packages)


def _told(before: Spec, after: Spec, key: str) -> SettingChange | None:
    old, new = getattr(before, key), getattr(after, key)
    if old == new:
        return None
    effect = "new-instances" if key in NEW_INSTANCES else "now"
    if key in UNTOLD:
        return SettingChange(f"modules.{after.name}.{key}", effect)
    return SettingChange(f"modules.{after.name}.{key}", effect, _plain(old), _plain(new))


def _plain(value: Any) -> Any:
    """As hotd.toml has it: every number of a module with a point is a duration."""
    if isinstance(value, float):
        return format_duration(value)
    return list(value) if isinstance(value, tuple) else value
