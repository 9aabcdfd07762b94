"""Under which circumstances a statement imports: asked only where the import would fail, and that may not matter.

``try: import fast`` stands in a program that knows what to do without it; ``if sys.version_info < (3,): from old import
x`` names a file that this Python cannot even read.
"""

from __future__ import annotations

import dis
from collections.abc import Iterator
from types import CodeType

from hotd.loading.sources.scan import Mention

_FUNCTION = 1  # CO_OPTIMIZED: neither a module's code nor a class's


def is_guarded(code: CodeType, mention: Mention) -> bool:
    """Whether what the import raises is caught, or may be: it stands in a ``try`` or in a ``with``.

    Or it is there for type checkers only.
    """
    found = list(_places(code, mention))
    return bool(found) and all(_is_caught(inner, at) or _is_for_checkers(inner, at) for inner, at in found)


def may_be_skipped(code: CodeType, mention: Mention) -> bool:
    """Whether executing the module need not execute the import, or need not fail with it; not so within functions.

    What functions import should be there before they are called.
    """
    found = list(_places(code, mention))
    return bool(found) and all(
        not inner.co_flags & _FUNCTION and (_is_caught(inner, at) or _has_way_around(inner, at)) for inner, at in found
    )


def _places(code: CodeType, mention: Mention) -> Iterator[tuple[CodeType, int]]:
    """The code and offset of each statement that the mention may be."""
    work = [code]
    while work:
        one = work.pop()
        work.extend(constant for constant in one.co_consts if isinstance(constant, CodeType))
        if mention.name in one.co_names:
            line = one.co_firstlineno
            for step in dis.get_instructions(one):
                if step.starts_line:
                    line = _line_of(step, line)
                if step.opname == "IMPORT_NAME" and step.argval == mention.name and line == mention.line:
                    yield one, step.offset


def _line_of(step: dis.Instruction, before: int) -> int:
    """From 3.13 on ``starts_line`` is a bool, and the line stands in another field."""
    line = getattr(step, "line_number", step.starts_line)
    return before if line is None else int(line)


def _is_caught(code: CodeType, offset: int) -> bool:
    steps = {step.offset: step.opname for step in dis.get_instructions(code)}
    # A handler of the program's begins so; those that the compiler adds (for the end of a handler, for StopIteration
    # in a generator) do not.
    return any(start <= offset < end and steps.get(target) == "PUSH_EXC_INFO" for start, end, target in _handlers(code))


def _is_for_checkers(code: CodeType, offset: int) -> bool:
    """Whether it stands below ``if TYPE_CHECKING:``."""
    steps = list(dis.get_instructions(code))
    for at, step in enumerate(steps):
        if step.argval != "TYPE_CHECKING" or not step.opname.startswith("LOAD_"):
            continue
        jump = next((one for one in steps[at + 1 : at + 3] if one.opname not in _BETWEEN), None)
        if jump is not None and jump.opname in _UNLESS and jump.offset < offset < jump.argval:
            return True
    return False


_BETWEEN = frozenset({"TO_BOOL", "CACHE"})
_UNLESS = frozenset({"POP_JUMP_IF_FALSE", "POP_JUMP_FORWARD_IF_FALSE"})


def _has_way_around(code: CodeType, offset: int) -> bool:
    """Whether the code can come to its end without passing there."""
    steps = list(dis.get_instructions(code))
    index = {step.offset: at for at, step in enumerate(steps)}
    seen = {index[offset]}
    work = [0]
    while work:
        at = work.pop()
        if at in seen:
            continue
        seen.add(at)
        step = steps[at]
        if step.opname.startswith("RETURN"):
            return True
        if step.opcode in _JUMPS:
            work.append(index[step.argval])
        if step.opname not in _NO_WAY_ON:
            work.append(at + 1)
    return False


_JUMPS = frozenset((*dis.hasjrel, *dis.hasjabs))
_NO_WAY_ON = frozenset(
    {"JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT", "JUMP_ABSOLUTE", "RAISE_VARARGS", "RERAISE"}
)


def _handlers(code: CodeType) -> Iterator[tuple[int, int, int]]:
    """Start, end and handler of each guarded range, in bytes: CPython's ``Objects/exception_handling_notes.txt``."""
    table = iter(code.co_exceptiontable)

    def number() -> int | None:
        value, more = 0, True
        while more:
            byte = next(table, None)
            if byte is None:
                return None
            value, more = value << 6 | byte & 63, bool(byte & 64)
        return value

    while (start := number()) is not None:
        length, target, _ = number() or 0, number() or 0, number()
        yield 2 * start, 2 * (start + length), 2 * target
