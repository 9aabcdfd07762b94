"""Modules that are added at run time: what they may be, and that their roots are watched."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hotd.config import outside, read_added
from hotd.contract import requests
from hotd.contract.errors import BadConfig, NotPermitted, UsageError
from hotd.core.records import Added
from hotd.core.values import Actor, Spec
from hotd.ports import Watcher

log = logging.getLogger("hotd.app")

ROOTS = "roots"


class Additions:
    """Implements ``hotd.ports.Adding``."""

    def __init__(self, configured: Sequence[str], packages: Sequence[str], watcher: Watcher) -> None:
        """``configured`` are the roots of hotd.toml, ``packages`` the folders of the packages it makes hot."""
        self._configured = tuple(configured)
        self._packages = tuple(packages)
        self._watcher = watcher

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

    def watch(self, roots: Iterable[str]) -> None:
        ours = (*self._configured, *self._packages)
        others = dict.fromkeys(root for root in roots if not _below(root, ours))
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


def _below(root: str, folders: Sequence[str]) -> bool:
    return any(Path(root).is_relative_to(folder) for folder in folders)
