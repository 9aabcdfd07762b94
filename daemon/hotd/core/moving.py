"""What became of Python and of the distributions below a generation since it was new."""

from __future__ import annotations

from hotd.contract.events import EventName
from hotd.core.book import Book, Module
from hotd.core.effects import Emit
from hotd.core.environment import Environment, since


def moved_since(book: Book, module: Module, number: int) -> str:
    """What a generation runs over that is another by now: ``pydantic 2.7 -> 2.9 since g3``; mostly empty."""
    return since(_over(book, module, number), book.over, number)


def moved_between(book: Book, module: Module, before: int, after: int) -> str:
    """The same of two generations, each as of when it was new."""
    return since(_over(book, module, before), _over(book, module, after), before)


def told(module: Module, number: int, moved: str, *, actor: str, cause: str) -> Emit:
    """The news, where a generation is brought back over other versions."""
    message = f"{module.name} runs over {moved}"
    return Emit(EventName.MODULE_MOVED, message, module.name, number, None, actor, cause, {"moved": moved})


def _over(book: Book, module: Module, number: int) -> Environment | None:
    """A candidate, and whatever this daemon loaded first, is over what there is now."""
    generation = module.generations.get(number)
    return book.over if generation is None or generation.over is None else generation.over
