"""The two ways to a Config: a file, or the arguments of ``hotd serve MODULE:ENTRY``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hotd.config import keys
from hotd.config.access import read_control
from hotd.config.accounts import SYSTEM, Accounts
from hotd.config.later import told_later
from hotd.config.lines import Key
from hotd.config.modules import name_problem, read_modules
from hotd.config.packages import read_packages
from hotd.config.places import Surroundings, absolute, read_state_dir
from hotd.config.report import Report
from hotd.config.roots import read_roots
from hotd.config.section import Section
from hotd.config.source import read_source
from hotd.config.values import Config, Watch
from hotd.contract.units import format_duration
from hotd.core.values import Spec

DEFAULT_FILE = "hotd.toml"
_MAX_INSTANCES = 64


def load_config(
    path: Path | None, *, env: Mapping[str, str], uid: int, cwd: Path, accounts: Accounts = SYSTEM
) -> Config:
    """Read a file; None is ``hotd.toml`` in ``cwd``. Raises BadConfig with every mistake that is in it."""
    label = DEFAULT_FILE if path is None else str(path)
    where = Path(absolute(label, cwd))
    source = read_source(where, label)
    report = Report(label, lines=source.lines)
    if source.world_writable:
        report.error((), "may be written by everyone, who so runs code as the daemon's user: chmod o-w it")
    if source.marked:
        report.warn((), "begins with a byte order mark, which is passed over; save it as plain UTF-8")
    config = _assemble(source.document, report, Surroundings(env, uid, where.parent, accounts), where)
    report.raise_errors(file=str(where), hint="nothing was started; `hotd check` reads it again and starts nothing")
    return config


def from_command_line(
    entry: str,
    args: Sequence[str] = (),
    *,
    env: Mapping[str, str],
    uid: int,
    cwd: Path,
    replicas: int = 1,
    surge: int = 0,
    restart: str = "always",
    on_change: str = "finish",
    stop_method: str = "",
    roots: Sequence[str] = (".",),
    socket: str | None = None,
    state: str | None = None,
    watch: bool = True,
    accounts: Accounts = SYSTEM,
) -> Config:
    """One module without a file, called as the last part of its Python module: ``pkg.long_op:LongOp`` is long_op.

    State is thrown away at the end unless ``state`` names a folder. The same rules hold as for a file, and relative
    paths start from ``cwd``. Raises BadConfig with every mistake, each naming the option it is in.
    """
    name = entry.partition(":")[0].rpartition(".")[2]
    name = name if name_problem(name) is None else "module"
    module = {
        "entry": entry,
        "args": list(args),
        "replicas": replicas,
        "surge": surge,
        "restart": restart,
        "on_change": on_change,
        "stop_method": stop_method,
    }
    document: dict[str, Any] = {
        "roots": list(roots),
        "daemon": {"max_instances": max(_MAX_INSTANCES, min(replicas + surge, 2**31 - 1))},
        "control": {} if socket is None else {"socket": socket},
        "watch": {"enabled": watch},
        "modules": {name: module},
    }
    if state is not None:
        document["daemon"]["state_dir"] = state
    names: dict[Key, str] = {("modules", name, key): f"--{key.replace('_', '-')}" for key in module}
    names |= {("modules", name, "entry"): "ENTRY", ("modules", name, "args"): "ARGS"}
    names |= {("roots",): "--root", ("control", "socket"): "--socket", ("daemon", "state_dir"): "--state"}
    report = Report("hotd serve", names=names)
    config = _assemble(document, report, Surroundings(env, uid, cwd, accounts), None)
    report.raise_errors(hint="`hotd serve --help` explains the options")
    return config


def _assemble(document: dict[str, Any], report: Report, around: Surroundings, path: Path | None) -> Config:
    """Reports whatever is wrong; the Config is of use only where nothing was."""
    top = Section(report, (), document, keys.TOP)
    packages = read_packages(top)
    # Who names packages and no roots means those alone.
    roots = () if packages and keys.ROOTS not in top else read_roots(top, around)
    daemon, control, watch, logs = (top.section(name, known) for name, known in keys.TABLES.items())
    modules = read_modules(report, top, roots, packages)
    if not top.get(keys.MODULES):
        report.warn((), "hosts no module; write a [modules.NAME]")
    return Config(
        path=path,
        roots=roots,
        packages=packages,
        state_dir=read_state_dir(daemon, around, path, roots),
        max_instances=_max_instances(daemon, modules),
        drain_deadline=daemon.duration("drain_deadline", "30s"),
        executor=daemon.text("executor", "threads"),
        plain_file_names=daemon.flag("plain_file_names", False),
        control=read_control(control, around, from_file=path is not None),
        watch=_watch(watch),
        logs_keep=logs.size("keep", "16MB", least=4096),
        modules=modules,
        later=told_later(document, report),
        warnings=report.warnings,
    )


def _max_instances(daemon: Section, modules: tuple[Spec, ...]) -> int:
    most = daemon.count("max_instances", _MAX_INSTANCES, least=1)
    if (wanted := sum(module.replicas for module in modules)) > most:
        daemon.error("max_instances", f"is {most}, and the replicas of all modules are {wanted} together")
    return most


def _watch(watch: Section) -> Watch:
    settle, settle_max = watch.duration("settle", "50ms"), watch.duration("settle_max", "1s")
    if settle > settle_max:
        longer, shorter = format_duration(settle), format_duration(settle_max)
        if "settle" in watch:
            watch.error("settle", f"is {longer}, longer than settle_max, which is {shorter}")
        else:
            watch.error("settle_max", f"is {shorter}, shorter than settle, which is {longer}")
    return Watch(
        enabled=watch.flag("enabled", True),
        settle=settle,
        settle_max=settle_max,
        backend=watch.choice("backend", "auto", "polling"),
        interval=watch.duration("interval", "1s", zero=False),
        ignore=watch.texts("ignore"),
        also=watch.texts("also"),
    )
