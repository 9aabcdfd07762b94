"""What hotd.toml says otherwise, and when that takes effect."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hotd.contract.views import SettingChange
from hotd.core.configuration import ConfigPlan, config_plan, extends
from hotd.core.values import Spec
from tests.support.books import spec

RUNNING: dict[str, Any] = {"watch.settle": "50ms", "daemon.state_dir": "/state", "control.admins": ["root"]}


def planned(*specs: Spec, hosted: tuple[Spec, ...] = (), **settings: Any) -> ConfigPlan:
    wanted = RUNNING | {key.replace("__", "."): value for key, value in settings.items()}
    return config_plan(RUNNING, wanted, {one.name: one for one in hosted}, specs)


def test_a_file_that_says_what_is_so_plans_nothing() -> None:
    """Whatever else was written into it."""
    plan = planned(spec("a"), hosted=(spec("a"),))
    assert plan == ConfigPlan() and not plan.does and plan.needs_restart == ()


def test_settings_take_effect_at_once_or_need_a_restart() -> None:
    """Each is named, with both values; what nobody knows needs a restart."""
    plan = planned(watch__settle="20ms", daemon__state_dir="/other", control__new_key=True)
    assert plan.told == (
        SettingChange("watch.settle", "now", "50ms", "20ms"),
        SettingChange("daemon.state_dir", "restart", "/state", "/other"),
        SettingChange("control.new_key", "restart", None, True),
    )
    assert plan.settings == {"watch.settle": "20ms"} and plan.does
    assert plan.needs_restart == ("daemon.state_dir", "control.new_key")
    assert not planned(daemon__state_dir="/other").does


def test_modules_come_and_go() -> None:
    """By their names."""
    plan = planned(spec("new"), spec("stays"), hosted=(spec("old"), spec("stays")))
    assert (plan.added, plan.removed, plan.changed) == ((spec("new"),), ("old",), ())
    assert plan.told == (
        SettingChange("modules.old", "removed", "old:Op"),
        SettingChange("modules.new", "added", None, "new:Op"),
    )


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("replicas", 7, SettingChange("modules.a.replicas", "now", 1, 7)),
        ("drain_deadline", 5.0, SettingChange("modules.a.drain_deadline", "now", "10m", "5s")),
        ("keep", ("model",), SettingChange("modules.a.keep", "now", [], ["model"])),
        ("watch", "manual", SettingChange("modules.a.watch", "now", "auto", "manual")),
        ("stop_method", "end", SettingChange("modules.a.stop_method", "new-instances", "", "end")),
        ("entry", "a:Other", SettingChange("modules.a.entry", "new-instances", "a:Op", "a:Other")),
        ("args", ("secret",), SettingChange("modules.a.args", "new-instances")),
        ("kwargs", {"token": "secret"}, SettingChange("modules.a.kwargs", "new-instances")),
    ],
)
def test_a_key_of_a_module_takes_effect_without_a_restart(key: str, value: Any, told: SettingChange) -> None:
    """What instances are called with is for those that start from now on, and is not shown: it may be a secret."""
    after = replace(spec("a"), **{key: value})
    plan = planned(after, hosted=(spec("a"),))
    assert (plan.told, plan.changed) == ((told,), (after,))


@pytest.mark.parametrize(
    ("roots", "packages", "effect"),
    [
        (("/ops", "/more"), (), "now"),
        (("/ops",), ("/site/pkg",), "now"),
        (("/more", "/ops"), (), "restart"),
        (("/more",), (), "restart"),
    ],
)
def test_roots_may_grow_at_their_end(roots: tuple[str, ...], packages: tuple[str, ...], effect: str) -> None:
    """What is kept names them by their places, and code that runs looks where it was loaded from."""
    before, after = spec("a"), replace(spec("a"), roots=roots, packages=packages)
    running = {"roots": ["/ops"], "packages": []}
    plan = config_plan(running, {"roots": list(roots), "packages": list(packages)}, {"a": before}, [after])
    assert {one.effect for one in plan.told} == {effect}
    assert plan.changed == ((after,) if effect == "now" else ())
    assert plan.does is (effect == "now")


def test_a_package_that_others_are_there_for_needs_a_restart() -> None:
    """Its folder would have another place, or none."""
    before = replace(spec("a"), packages=("/site/pkg", "/site/other"))
    assert not extends(before, replace(before, roots=("/ops", "/more")))
    assert not extends(before, replace(before, packages=("/site/pkg",)))
    assert extends(before, replace(before, packages=("/site/pkg", "/site/other", "/site/third")))
