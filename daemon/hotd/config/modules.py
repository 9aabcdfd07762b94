"""``[modules.NAME]`` -> Spec."""

from __future__ import annotations

import keyword
import re
from pathlib import Path
from typing import Any

from hotd.config import keys
from hotd.config.report import Report
from hotd.config.roots import holders
from hotd.config.section import Section
from hotd.contract.quoting import shown, shown_whole
from hotd.core import arguments
from hotd.core.values import Spec

LONGEST_NAME = 100
_LIKE_AN_INSTANCE = re.compile(r"(.+)-([0-9]+)")


def read_modules(
    report: Report, top: Section, roots: tuple[str, ...], packages: tuple[str, ...] = ()
) -> tuple[Spec, ...]:
    """A Spec for each module, in the order of the file."""
    written = top.get(keys.MODULES, {})
    if not isinstance(written, dict):
        report.error((keys.MODULES,), f"must be tables, like [modules.long_op], not {shown(written)}")
        return ()
    specs = []
    for name, table in written.items():
        if problem := name_problem(name):
            report.error((keys.MODULES, name), problem)
        if isinstance(table, dict) and (nested := _modules_within(table)):
            for inner in nested:
                report.error((keys.MODULES, name, inner), f'a name with dots is quoted: [modules."{name}.{inner}"]')
            continue
        specs.append(_read(name, Section(report, (keys.MODULES, name), table, keys.MODULE), roots, packages))
    return tuple(specs)


def _modules_within(table: dict[str, Any]) -> list[str]:
    """``[modules.a.b]`` is a table b in the table of module a, which nobody means."""
    return [
        key for key, value in table.items() if key not in keys.MODULE and isinstance(value, dict) and "entry" in value
    ]


def _read(name: str, module: Section, roots: tuple[str, ...], packages: tuple[str, ...]) -> Spec:
    canary = module.section("canary", keys.CANARY)
    canary.count("instances", 1, least=1)
    canary.duration("bake", "30s")
    canary.count("max_failures", 0)
    return Spec(
        name=name,
        entry=_entry(module, roots, packages),
        roots=roots,
        args=_args(module),
        kwargs=_kwargs(module),
        replicas=module.count("replicas", 1),
        surge=module.count("surge", 0),
        max_unavailable=module.count("max_unavailable", 1, least=1),
        restart=module.choice("restart", "always", "on-failure", "never"),
        on_change=module.choice("on_change", "finish", "stop"),
        stop_method=_stop_method(module),
        drain_deadline=module.duration("drain_deadline", "10m"),
        after_deadline=module.choice("after_deadline", "wait", "abandon"),
        watch=module.choice("watch", "auto", "manual"),
        keep=_keep(module),
        max_generations=module.count("max_generations", 8, least=2, because=": the current one and the next"),
        load_deadline=module.duration("load_deadline", "30s", zero=False),
        standby=module.count("standby", 2),
        auto_permanent=module.duration("auto_permanent", "60s"),
        packages=packages,
    )


def _entry(module: Section, roots: tuple[str, ...], packages: tuple[str, ...]) -> str:
    if "entry" not in module:
        module.error("entry", 'is missing; write what to run, like entry = "long_op:LongOp"')
        return ""
    entry = module.text("entry", "")
    if not isinstance(module.get("entry"), str):
        return ""
    if problem := entry_problem(entry):
        module.error("entry", problem)
        return ""
    top = entry.partition(":")[0].partition(".")[0]
    found = holders(top, roots) + [str(Path(one).parent) for one in packages if Path(one).name == top]
    if len(found) > 1:
        module.error("entry", f"{shown(top)} is found in {' and in '.join(map(shown_whole, found))}; rename one")
    return entry


def _args(module: Section) -> tuple[Any, ...]:
    written = module.get("args", ())
    if not isinstance(written, list | tuple):
        module.error("args", f'must be a list, like ["{{instance}}"], not {shown(written)}')
        return ()
    for position, value in enumerate(written):
        for problem in arguments.check(value):
            module.report.error((*module.key, "args", position), problem)
    return tuple(written)


def _kwargs(module: Section) -> dict[str, Any]:
    written = module.get("kwargs", {})
    if not isinstance(written, dict):
        module.error("kwargs", f'must be a table, like {{id = "{{instance}}"}}, not {shown(written)}')
        return {}
    for key, value in written.items():
        for problem in arguments.check(value):
            module.report.error((*module.key, "kwargs", key), problem)
    return written


def _stop_method(module: Section) -> str:
    name = module.text("stop_method", "")
    if name and not name.isidentifier():
        module.error("stop_method", f'{shown(name)} is not the name of a method; write it alone, like "stop"')
    return name


def _keep(module: Section) -> tuple[str, ...]:
    found = module.places("keep")
    for place, part in found:
        if problem := part_problem(part):
            module.report.error((*module.key, "keep", place), problem)
    return tuple(part for _, part in found)


def name_problem(name: str) -> str | None:
    """Why a module cannot be called that, or None."""
    if not name:
        return "a module needs a name"
    if not all(char.isalpha() or char in "0123456789_-." for char in name):
        return f"{shown(name)} is no name for a module: use letters, digits, _, - and ."
    if name[0] in "-.":
        return f"the name of a module may not begin with {name[0]}"
    if len(name) > LONGEST_NAME:
        return f"the name of a module may have {LONGEST_NAME} characters, not {len(name)}"
    if found := _LIKE_AN_INSTANCE.fullmatch(name):
        base, number = found.groups()
        return (
            f"{shown(name)} reads like instance {number} of a module {base}, so no module may be called that; "
            f"rename it, for example {base}_{number}"
        )
    return None


def part_problem(part: str) -> str | None:
    """Why a text cannot name a part, or None. Whether there is such a part is for the load to find out."""
    if part.endswith(".py"):
        right = part.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        return f"{shown(part)} names a file; write the module, like {shown(right)}"
    if not _is_dotted(part):
        return f'{shown(part)} is not the name of a part; write it as an import would, like "model" or "models.big"'
    return None


def _is_dotted(text: str) -> bool:
    return all(step.isidentifier() and not keyword.iskeyword(step) for step in text.split("."))


def entry_problem(entry: str) -> str | None:
    """Why a text cannot be an entry, or None. Whether it exists is for the load to find out."""
    module, colon, attribute = entry.partition(":")
    if not colon:
        return f'{shown(entry)} has no colon; write module:name, like "long_op:LongOp"'
    if not module or not attribute:
        return f'{shown(entry)} lacks the {"name" if module else "module"}; write module:name, like "long_op:LongOp"'
    if module.endswith(".py"):
        right = f"{module.removesuffix('.py').rpartition('/')[2]}:{attribute}"
        return f"{shown(entry)} names a file; write the module, like {shown(right)}"
    for half in (module, attribute):
        if not _is_dotted(half):
            return f'{shown(half)} in {shown(entry)} is not a Python name; write module:name, like "long_op:LongOp"'
    return None
