"""From modules to source: what each kind of item looks like.

Every item ``i7`` has a ``v_i7(n)``, a number; and most add a *probe*: a factory of something that lives on (a suspended
generator, a thread, an instance) and is asked again after every later reload.
"""

from __future__ import annotations

from dataclasses import replace
from string import Template
from textwrap import dedent

from tests.oracle.kinds import KINDS
from tests.oracle.program import BODY, CALL, LATE, NAMESPACE, TOP, VALUE, Item, Module, Program, Ref, moment
from tests.oracle.spelling import ATTRIBUTES, BY_LUCK, Spelled, spell

PRELUDE = """\
import abc, asyncio, contextlib, copy, dataclasses, enum, functools, importlib, inspect, itertools, pickle, queue
import sys, threading, traceback, types, typing
from concurrent.futures import ThreadPoolExecutor
_runs = globals().get("_runs", 0) + 1
_state = []
_probes = []
def _nothing(n=0):
    return 0
def _sum(*parts):
    return "?" if "?" in parts else sum(parts)
def _names(thing):
    return [thing.__name__, thing.__module__, thing.__qualname__]
def _thread(fn):
    box = []
    def body():
        try:
            box.append((fn(), None))
        except BaseException as error:
            box.append((None, type(error)))
    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    value, error = box[0]
    if error is not None:
        raise error
    return value
"""
CLOSING = """\
def _p_names():
    own = sys.modules[__name__]
    return lambda n: [
        __name__, __package__, __file__, __spec__.name, own.__name__, vars(own) is globals(), _runs,
    ]
_probes.append(("names", _p_names))
"""


def files_of(program: Program) -> dict[str, str]:
    """Path below the root -> text, of everything that has a file."""
    found: dict[str, str] = {}
    for module in program.values():
        if module.form != NAMESPACE and module.broken != "gone":
            found[module.path] = text_of(module, program)
    return found


def text_of(module: Module, program: Program) -> str:
    """The module's source."""
    lines = [f"# {number}" for number in range(module.lead)] + PRELUDE.splitlines()
    late: list[str] = []
    for item in module.items:
        written = write(item, module, program)
        lines += written.top
        if item.kind == "getattr":
            late += [f'    if name == "v_{item.id}":', *(f"        {line}" for line in written.text)]
            lines.append(f'_probes.append(("{item.id}", lambda: lambda n: __getattr__("v_{item.id}")(n)))')
        else:
            lines += written.text
    if late:
        lines += ["def __getattr__(name):", *late, "    raise AttributeError(name)"]
    if module.exports:
        lines.append(f"__all__ = {exported(module, program)!r}")
    text = "\n".join([*lines, CLOSING])
    if module.broken.startswith("cut "):
        return text[: int(module.broken[4:])]
    return text + module.broken


def exported(module: Module, program: Program) -> list[str]:
    """What ``__all__`` says: what items offer, and a package's own modules."""
    found = [f"{ATTRIBUTES[role]}{item.id}" for item in module.items for role in sorted(KINDS[item.kind].offers)]
    inner = [other.name.rpartition(".") for other in program.values()]
    return sorted({*found, *(last for package, _, last in inner if package == module.name)})


class Written:
    """An item's lines: imports at the module's level, and the rest."""

    def __init__(self, top: list[str], text: list[str]) -> None:
        self.top = top
        self.text = text


def write(item: Item, module: Module, program: Program) -> Written:
    """The lines of one item."""
    top: list[str] = []
    body: list[str] = []
    parts: list[str] = []
    things: dict[str, str] = {}
    for number, ref in enumerate(item.refs):
        if ref.to not in program:
            continue
        if ref.style == "star" and _is_made_on_demand(ref, program):
            ref = replace(ref, style="from")  # noqa: PLW2901 - a star does not see what __getattr__ makes
        alias = f"x_{item.id}_{number}"
        when = moment(ref)
        spelled = spell(ref, alias, module, program[ref.to], when == TOP)
        if when == TOP:
            top += spelled.lines
        elif when == BODY:
            top += [f"class H_{alias}:", "    pass", *(f"    {line}" for line in spelled.lines)]
            spelled = Spelled((), f"H_{alias}.{spelled.thing}")
        if ref.role == VALUE:
            parts.append(f"r{number}")
            body += _value(ref, when, spelled, f"r{number}")
        else:
            body += spelled.lines if when == CALL else ()
            things[ref.role] = spelled.thing
    kind = KINDS[item.kind]
    total = f"_sum({', '.join([str(item.number), *parts])})"
    inline = {"id": item.id, "number": str(item.number), "total": total, "more": "".join(f", {one}" for one in parts)}
    inline |= {role: things.get(role, "") for role in ATTRIBUTES}
    inline["super"] = ", super().val(n)" if "base" in things else ""
    inline["direct"] = _direct(item, module, program) or "_nothing"
    return Written(top, fill(kind.text, body, inline))


def _value(ref: Ref, when: str, spelled: Spelled, variable: str) -> list[str]:
    """Lines of a function of ``n`` that put the value into the variable."""
    reach = [f"{variable} = {spelled.thing}(n)"]
    if ref.style in BY_LUCK:
        reach = ["try:", f"    {reach[0]}", "except (KeyError, AttributeError):", f'    {variable} = "?"']
    inner = reach if when in (TOP, BODY) else [*spelled.lines, *reach]
    if when == LATE:
        return [f"{variable} = 0", "if n >= 2:", *(f"    {line}" for line in inner)]
    if when in (TOP, CALL, BODY):
        return inner
    return [f"def in_{variable}():", *(f"    {line}" for line in inner), f"    return {variable}",
            f"{variable} = _thread(in_{variable})"]  # fmt: skip


def _is_made_on_demand(ref: Ref, program: Program) -> bool:
    return any(item.id == ref.item and item.kind == "getattr" for item in program[ref.to].items)


def _direct(item: Item, module: Module, program: Program) -> str | None:
    """The thing that a re-export passes on."""
    for number, ref in enumerate(item.refs):
        if ref.to in program:
            if ref.style == "star" and _is_made_on_demand(ref, program):
                ref = replace(ref, style="from")  # noqa: PLW2901 - as above
            return spell(ref, f"x_{item.id}_{number}", module, program[ref.to], True).thing
    return None


def fill(text: str, body: list[str], inline: dict[str, str]) -> list[str]:
    """The template with its words replaced, and with the body where it says BODY, indented as that."""
    found: list[str] = []
    for line in dedent(text).strip("\n").splitlines():
        if line.strip() == "BODY":
            found += [line.replace("BODY", one) for one in body]
        else:
            found.append(Template(line).substitute(inline))
    return found
