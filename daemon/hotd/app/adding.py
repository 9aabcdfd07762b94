"""Modules that are added at run time: what they may be, and that their roots are watched."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hotd.config import outside, read_added
from hotd.contract import requests
from hotd.contract.errors import BadConfig, NotPermitted, UsageError
from hotd.core.book import Book
from hotd.core.records import Added
from hotd.core.values import Actor, Spec
from hotd.ports import Watcher

log = logging.getLogger("hotd.app")

ROOTS = "roots"


class Additions:
    """Implements ``hotd.ports.Adding``."""

    def __init__(
        self,
        configured: Sequence[str],
        packages: Sequence[str],
        watcher: Watcher,
        hosted: Callable[[], Iterable[str]],
    ) -> None:
        """``configured`` are the roots of hotd.toml, ``packages`` the folders of the packages it makes hot.

        ``hosted`` tells the roots of all modules that there are, at any time and from any thread.
        """
        self._configured = tuple(configured)
        self._packages = tuple(packages)
        self._watcher = watcher
        self._hosted = hosted
        self._changing = threading.Lock()
        """Held from asking what is hosted until that is watched: whoever comes later knows more."""
        self._coming: list[str] = []

    def spec(self, request: requests.Add, actor: Actor) -> Spec:
        try:
            spec = read_added(
                request.module, request.entry, request.roots, request.options,
                configured=self._configured, packages=self._packages,
            )  # fmt: skip
        except BadConfig as error:
            raise UsageError(error.message, hint=error.hint) from None
        foreign = outside(spec.roots, self._configured)
        if foreign and actor.uid != os.geteuid():
            raise NotPermitted(
                f"{foreign[0]} lies in no root of hotd.toml, and {actor.name} is not the user whom the daemon runs as",
                hint=f"use what lies below {' or '.join(self._configured) or 'its roots'}, or have it written there",
            )
        return spec

    def configure(self, roots: Sequence[str], packages: Sequence[str]) -> None:
        """From now on these are what hotd.toml has."""
        self._configured, self._packages = tuple(roots), tuple(packages)

    @contextlib.contextmanager
    def coming(self, roots: Iterable[str]) -> Iterator[None]:
        roots = tuple(roots)
        with self._changing:
            self._coming += roots
        try:
            self.watch()
            yield
        finally:
            with self._changing:
                for root in roots:
                    self._coming.remove(root)
            self.watch()

    def watch(self) -> None:
        with self._changing:
            self._watch(self._hosted())

    def begin(self, start: Callable[[], None]) -> None:
        """Watch for the first time. One that was added and is gone by now keeps nothing from it; it is waited for."""
        with self._changing:
            self._watch(root for root in self._hosted() if Path(root).is_dir())
            start()
            self._watch(self._hosted())

    def _watch(self, hosted: Iterable[str]) -> None:
        ours = (*self._configured, *self._packages)
        others = dict.fromkeys(root for root in (*hosted, *self._coming) if not _is_seen(root, ours))
        self._watcher.watch([Path(root) for root in (*ours, *others)])


def added_before(
    kept: Iterable[Added], configured: Sequence[str], packages: Sequence[str], written: Iterable[str]
) -> tuple[list[Spec], dict[str, Mapping[str, Any]]]:
    """What an earlier daemon was told to host, and what was said of it. hotd.toml, which has ``written``, comes first.

    What cannot be understood any more is told and passed over: it must not keep the others from being served.
    """
    specs: list[Spec] = []
    said: dict[str, Mapping[str, Any]] = {}
    for one in kept:
        if one.entry is None:
            continue
        if one.name in written:
            _pass_over(one, "hotd.toml has a module of that name")
            continue
        options = dict(one.options)
        roots = [str(root) for root in options.pop(ROOTS, ())]  # type: ignore[attr-defined]  # a list, as it was written
        try:
            ours = () if roots else packages
            spec = read_added(one.name, one.entry, (), options, configured=roots or configured, packages=ours)
        except BadConfig as error:
            _pass_over(one, error.message)
            continue
        specs.append(spec)
        said[one.name] = {"entry": one.entry, **one.options}
    return specs, said


def _pass_over(one: Added, why: str) -> None:
    log.warning("%s, which was added, is not hosted: %s", one.name, why, extra={"event": "config.warning"})


def roots_of(book: Book) -> list[str]:
    """Of all that is hosted."""
    return [root for module in book.modules.values() for root in module.spec.watched]


def _is_seen(root: str, folders: Sequence[str]) -> bool:
    """Whether who watches these folders sees the root anyway: behind a link that leads out of them nobody does."""
    real = Path(os.path.realpath(root))
    return any(Path(root).is_relative_to(one) and real.is_relative_to(os.path.realpath(one)) for one in folders)
