"""How one module's source says that it uses something of another one."""

from __future__ import annotations

from dataclasses import dataclass

from tests.oracle.program import BASE, CONTEXT, DECORATOR, RAISER, TYPE, VALUE, Module, Ref

ATTRIBUTES = {VALUE: "v_", BASE: "C_", TYPE: "C_", DECORATOR: "d_", RAISER: "boom_", CONTEXT: "cm_"}

MODULE_STYLES = ("as", "plain", "parent", "dynamic", "either")
"""They bind the module itself, so a half-done one will do."""
NAME_STYLES = ("from", "relative", "star", "dunder", "guarded", "relparent", "computed")
BY_LUCK = ("sys", "implicit")
"""They import nothing: whether it works depends on who imported what before. Alone, ``"?"`` says that it does not."""
STYLES = MODULE_STYLES + NAME_STYLES + BY_LUCK
COMPUTED = "# computed: "
"""Marks a line whose import no reading finds; behind it stands the name."""


@dataclass(frozen=True, slots=True)
class Spelled:
    """The lines of the import, and the expression that is the thing."""

    lines: tuple[str, ...]
    thing: str


def spell(ref: Ref, alias: str, importer: Module, target: Module, top: bool) -> Spelled:
    """``ref`` as the importer's source has it; a style that is not possible here becomes the plainest."""
    name, attribute = target.name, ATTRIBUTES[ref.role] + ref.item
    parent, _, last = name.rpartition(".")
    dotted = _relative(importer.package, name)
    above = _relative(importer.package, parent) if parent else None
    match ref.style:
        case "plain" | "implicit" if ref.style == "plain" or parent:
            return Spelled((f"import {name if ref.style == 'plain' else parent}",), f"{name}.{attribute}")
        case "parent" if parent:
            return Spelled((f"from {parent} import {last} as {alias}",), f"{alias}.{attribute}")
        case "from":
            return Spelled((f"from {name} import {attribute} as {alias}",), alias)
        case "relative" if dotted is not None:
            return Spelled((f"from {dotted} import {attribute} as {alias}",), alias)
        case "relparent" if above is not None:
            return Spelled((f"from {above} import {last} as {alias}",), f"{alias}.{attribute}")
        case "star" if top:
            return Spelled((f"from {name} import *",), attribute)
        case "dynamic":
            return Spelled((f"{alias} = importlib.import_module({name!r})",), f"{alias}.{attribute}")
        case "computed":
            pieces = [name[: len(name) // 2], name[len(name) // 2 :]]
            line = f"{alias} = importlib.import_module(''.join({pieces!r}))  {COMPUTED}{name}"
            return Spelled((line,), f"{alias}.{attribute}")
        case "dunder":
            return Spelled((f"{alias} = __import__({name!r}, fromlist=[{attribute!r}])",), f"{alias}.{attribute}")
        case "guarded" if ref.role == VALUE:
            lines = ("try:", f"    import {name} as {alias}", "except ImportError:", f"    {alias} = None")
            return Spelled(lines, f"(_nothing if {alias} is None else {alias}.{attribute})")
        case "either":
            lines = ("if _runs:", f"    import {name} as {alias}", "else:", f"    import nowhere as {alias}")
            return Spelled(lines, f"{alias}.{attribute}")
        case "sys" if ref.role == VALUE:
            return Spelled((), f"sys.modules[{name!r}].{attribute}")
    return Spelled((f"import {name} as {alias}",), f"{alias}.{attribute}")


def _relative(package: str, name: str) -> str | None:
    """The name with leading dots, as code of the package may write it; None where they share no package."""
    own, other = package.split(".") if package else [], name.split(".")
    common = 0
    while common < min(len(own), len(other)) and own[common] == other[common]:
        common += 1
    if not common:
        return None
    return "." * (len(own) - common + 1) + ".".join(other[common:])
