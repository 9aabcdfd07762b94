"""A store of plain dicts: what ``hotd.store`` makes of records, without a file."""

from __future__ import annotations

from collections.abc import Iterable

from hotd.contract.views import Change, Event, Origin
from hotd.core.bundle import Bundle
from hotd.core.environment import Environment
from hotd.core.records import (
    Added,
    Began,
    Ended,
    Forget,
    Intent,
    KeptDaemon,
    KeptFailure,
    KeptGeneration,
    KeptModule,
    KeptRejection,
    KeptRevision,
    Opened,
    Record,
    Remembered,
)


class Shelf:
    def __init__(self) -> None:
        self.modules: dict[str, KeptModule] = {}
        self.generations: dict[str, dict[int, KeptGeneration]] = {}
        self.executed: dict[tuple[str, int], tuple[str, ...]] = {}
        self.origins: dict[tuple[str, int], tuple[Origin, ...]] = {}
        self.over: dict[tuple[str, int], Environment] = {}
        self.rejections: dict[str, list[KeptRejection]] = {}
        self.daemon = KeptDaemon()
        self.added: dict[str, Added] = {}
        self.bundles: set[str] = set()
        self.revisions: dict[int, Change | None] = {}
        self.intended: dict[int, dict[str, int]] = {}
        self.failures: list[KeptFailure] = []
        self.events: list[Event] = []
        self.ended = False

    def put(self, records: Iterable[Record]) -> None:
        for record in records:
            self._put(record)

    def _put(self, record: Record) -> None:  # noqa: PLR0912 - one branch for each kind
        match record:
            case KeptModule(name):
                self.modules[name] = record
            case KeptGeneration():
                self._put_generation(record)
            case Opened(revision):
                self.revisions.setdefault(revision, None)
            case Intent(revision, module):
                assert revision in self.revisions, "a rollout is opened before it intends anything"
                self._put_generation(record.generation)
                self.intended.setdefault(revision, {})[module] = record.generation.number
                self.bundles |= {record.bundle.digest} if record.bundle else set()
            case KeptRevision(revision):
                assert self.revisions.get(revision) is None or self.revisions[revision] == record.change, "written once"
                self.revisions[revision] = record.change
                self.intended.pop(revision, None)
            case KeptRejection(module, digest):
                others = [one for one in self.rejections.get(module, []) if one.digest != digest]
                self.rejections[module] = [*others, record]
            case KeptFailure():
                self.failures.append(record)
            case Added(name):
                self.added[name] = record
            case KeptDaemon():
                self.daemon = record
            case Began():
                self.ended = False
            case Ended():
                self.ended = True
            case Forget(module, numbers):
                for number in numbers:
                    del self.generations[module][number]
            case Bundle(digest):
                self.bundles.add(digest)
            case Event():
                self.events.append(record)
            case _:
                raise AssertionError(record)

    def _put_generation(self, record: KeptGeneration) -> None:
        key = record.module, record.number
        if record.executed is not None:
            self.executed[key], self.origins[key] = record.executed, record.origins
        plain = KeptGeneration(
            record.module, record.number, record.digest, record.cause, record.actor, record.created,
            record.duration_ms, record.verdict, self.executed.get(key), self.origins.get(key, ()),
        )  # fmt: skip
        self.generations.setdefault(record.module, {})[record.number] = plain

    def remembered(self, *, died: bool) -> Remembered:
        """As the next daemon finds it; from here on that one lives."""
        interrupted = {name: number for one in self.intended.values() for name, number in one.items()}
        self.intended.clear()
        return Remembered(
            dict(self.modules),
            {name: tuple(one for _, one in sorted(numbered.items())) for name, numbered in self.generations.items()},
            dict(self.over),
            {name: tuple(found) for name, found in self.rejections.items()},
            self.daemon,
            tuple(self.added.values()),
            last_revision=max(self.revisions, default=0),
            died=died,
            interrupted=interrupted,
        )
