"""What is told of generations that were retired: a hook that failed, code that did not leave memory, or did at last."""

from __future__ import annotations

from hotd.contract.events import EventName
from hotd.contract.views import ErrorView
from hotd.core.book import Book, FailureRecord, Leak, Module, bounded
from hotd.core.copies import replace
from hotd.core.effects import Decision, Effect, Emit
from hotd.core.messages import Afterlife, HookFailed, Leaks
from hotd.core.outcomes import MOST_FAILURES
from hotd.core.values import Instant

MOST_LEAKS = 100
"""Leaked generations kept for each module, the newest: whoever leaks at every reload needs no longer list."""
HOOK_FAILED = "hook-failed"


def told(book: Book, news: Afterlife, now: Instant) -> Decision:
    """What the loader says of retired generations. Of modules no longer hosted it changes nothing."""
    module = book.modules.get(news.module)
    if module is None:
        return Decision(book)
    module, effects = _failed(module, news, now) if isinstance(news, HookFailed) else _leaking(module, news, now)
    return Decision(book.having(module), effects)


def _failed(module: Module, news: HookFailed, now: Instant) -> tuple[Module, tuple[Effect, ...]]:
    failure = news.failure
    sentence = f"{news.hook}: {failure.kind}: {failure.message}"
    error = ErrorView(HOOK_FAILED, sentence, None, failure.file, failure.line, failure.traceback)
    record = FailureRecord(now, news.generation, None, error)
    module = replace(module, failures=bounded(module.failures, record, MOST_FAILURES), errors=module.errors + 1)
    message = f"{module.name} g{news.generation} {sentence}"
    return module, (Emit(EventName.HOOK_FAILED, message, module.name, news.generation, fields={"hook": news.hook}),)


def _leaking(module: Module, news: Leaks, now: Instant) -> tuple[Module, tuple[Effect, ...]]:
    effects: list[Effect] = []
    leaks: dict[int, Leak] = {}
    for leaked in news.leaked[-MOST_LEAKS:]:
        before = module.leaks.get(leaked.generation)
        leaks[leaked.generation] = Leak(before.since if before is not None else now, leaked.parts)
        if before is None:
            what = f"g{leaked.generation} was retired and is in memory all the same ({', '.join(leaked.parts)})"
            tell = f"`hotctl why {module.name} {leaked.generation}` tells who holds it"
            effects.append(
                Emit(
                    EventName.GENERATION_LEAKED,
                    f"{module.name} {what}; {tell}",
                    module.name,
                    leaked.generation,
                    fields={"parts": list(leaked.parts)},
                )
            )
    still = {leaked.generation for leaked in news.leaked}
    for number in module.leaks:
        if number not in still:
            message = f"{module.name} g{number} has left memory at last"
            effects.append(Emit(EventName.GENERATION_COLLECTED, message, module.name, number))
    return replace(module, leaks=leaks), tuple(effects)
