"""Answers as texts, for whoever may read them; what is as it was when it was written is not written again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hotd.contract import codec, protocol, views
from hotd.core.discretion import as_seen_by, module_as_seen_by
from hotd.core.values import Actor

Reader = tuple[str, tuple[str, ...] | None]
"""A role, and the modules it is for: what an answer tells a caller depends on nothing else."""
MOST_MODULES = 4096
MOST_READERS = 8
"""Of how many modules, and for how many readers each, texts are kept: some 600 bytes a text."""


class Answers:
    """What of an answer is a module's makes up nearly all of a ``status``; it is asked for all the time, and it changes
    rarely. Used from many threads at once: at worst two write the same."""

    def __init__(self, version: str) -> None:
        self._version = version
        self._texts: dict[str, tuple[views.ModuleView, dict[Reader, str]]] = {}
        """By a module's name: how it was shown last, and that as texts."""

    def __len__(self) -> int:
        """How many texts are kept."""
        return sum(len(texts) for _, texts in self._texts.values())

    def text(self, answer: Any, actor: Actor) -> str:
        if not isinstance(answer, views.Status):
            return protocol.answer_text(as_seen_by(actor, answer), version=self._version)
        modules = codec.list_text([self._module(one, actor) for one in answer.modules])
        daemon = as_seen_by(actor, replace(answer, modules=()))
        return protocol.answer_text(daemon, version=self._version, written={"modules": modules})

    def _module(self, view: views.ModuleView, actor: Actor) -> str:
        shown, texts = self._texts.get(view.name, (None, {}))
        if shown is not view:
            if len(self._texts) >= MOST_MODULES:
                self._texts.clear()
            self._texts[view.name] = view, (texts := {})
        reader = actor.role, actor.only
        if (text := texts.get(reader)) is None:
            if len(texts) >= MOST_READERS:
                texts.clear()
            text = texts[reader] = codec.to_text(module_as_seen_by(actor, view))
        return text
