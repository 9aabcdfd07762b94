"""The stream of events, walked from the first to the last: what comes before what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.texts import PLACES

ENDS = frozenset({"promoted", "unchanged", "rejected", "refused", "aborted", "rolled-back"})
"""Of a rollout."""


@dataclass(slots=True)
class Line:
    """What the stream has said of one module so far."""

    current: int | None = None
    digests: dict[int, str] = field(default_factory=dict)
    quarantine: set[str] = field(default_factory=set)
    pinned: bool = False
    paused: bool = False
    loads: bool = False
    bound: dict[str, int] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Stream:
    lines: dict[str, Line] = field(default_factory=lambda: {name: Line() for name in PLACES})
    paused: bool = False
    last: int = 0

    def wrong(self, events: Iterable[Any]) -> Iterator[str]:
        for event in events:
            if event["seq"] <= self.last:
                continue
            if event["seq"] != self.last + 1:
                yield f"event {self.last + 1} is missing before {event}"
            self.last = event["seq"]
            yield from self._next(event)

    def _next(self, event: Any) -> Iterator[str]:
        name = event["module"]
        kind, _, what = event["event"].partition(".")
        if event["event"] in ("watch.paused", "watch.resumed"):
            if name is None:
                self.paused = what == "paused"
            else:
                self.lines[name].paused = what == "paused"
        elif kind == "reload":
            yield from self._reload(self.lines[name], what, event)
        elif kind == "instance" and event["instance"] is not None:
            yield from self._instance(self.lines[name], what, event)
        elif kind == "module" and name is not None:
            yield from self._module(self.lines[name], what, event)

    def _reload(self, line: Line, what: str, event: Any) -> Iterator[str]:
        by_watch, cause = event["actor"] == "watch", event["cause"] or ""
        if what == "started":
            if cause == "start":
                # Pins, pauses and what is quarantined outlive a daemon; instances and loads do not.
                line.current, line.loads = None, False
                line.bound.clear()
                line.ended.clear()
            if line.loads:
                yield f"two rollouts of one module: {event}"
            line.loads = True
            held = self.paused or line.paused or line.pinned or PLACES[event["module"]].manual
            if by_watch and held:
                yield f"the watcher loads what is held: {event}"
            if cause.startswith("hotctl retry"):
                line.quarantine.clear()
            return
        line.loads = line.loads and what not in ENDS
        if what == "rejected" and "digest" in event["fields"]:
            line.quarantine.add(event["fields"]["digest"])
        if what == "promoted":
            digest, previous = event["fields"]["digest"], event["fields"]["previous"]
            if previous != line.current:
                yield f"the one before was {line.current}: {event}"
            if digest in line.quarantine and by_watch:
                yield f"the watcher loads what is quarantined: {event}"
            if line.digests.setdefault(event["generation"], digest) != digest:
                yield f"another content of the same number: {event}"
            line.quarantine.discard(digest)
            line.current = event["generation"]

    def _module(self, line: Line, what: str, event: Any) -> Iterator[str]:
        if what in ("pinned", "unpinned"):
            line.pinned = what == "pinned"
        elif what == "reset":
            line.paused = False
        elif what == "undone":
            line.loads = False
            left = line.digests.get(event["fields"]["previous"])
            if event["fields"]["previous"] != line.current:
                yield f"the one before was {line.current}: {event}"
            back = line.digests.get(event["generation"])
            if left is not None and left != back:
                line.quarantine.add(left)
            if back is not None:
                line.quarantine.discard(back)
            line.current = event["generation"]

    def _instance(self, line: Line, what: str, event: Any) -> Iterator[str]:
        instance = event["instance"]
        if line.bound.setdefault(instance, event["generation"]) != event["generation"]:
            yield f"an instance changed its generation: {event}"
        if what in ("ended", "failed"):
            if instance in line.ended:
                yield f"an instance ended twice: {event}"
            line.ended.add(instance)
