"""A module that is added at run time -> Spec: the same rules as for a table of hotd.toml."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hotd.config import keys
from hotd.config.accounts import SYSTEM
from hotd.config.lines import Key
from hotd.config.modules import read_modules
from hotd.config.places import Surroundings
from hotd.config.report import Report
from hotd.config.roots import read_roots
from hotd.config.section import Section
from hotd.core.values import Spec


def read_added(
    name: str,
    entry: str,
    roots: Sequence[str],
    options: Mapping[str, Any],
    *,
    configured: Sequence[str],
    packages: Sequence[str] = (),
) -> Spec:
    """``configured`` are the roots where none are named, ``packages`` go with them.

    Raises BadConfig with every mistake, by its option.
    """
    document: dict[str, Any] = {keys.MODULES: {name: {**options, "entry": entry}}, keys.ROOTS: list(roots)}
    names: dict[Key, str] = {(keys.MODULES, name, key): f"--set {key}" for key in options}
    names |= {(keys.ROOTS,): "--root", (keys.MODULES, name, "entry"): "--entry", (keys.MODULES, name): "NAME"}
    report = Report("add", names=names)
    top = Section(report, (), document, keys.TOP)
    around = Surroundings({}, os.geteuid(), Path("/"), SYSTEM)
    found = read_roots(top, around) if roots else tuple(configured)
    (spec,) = read_modules(report, top, found, () if roots else tuple(packages)) or (None,)
    report.raise_errors(hint="`hotctl add --help`")
    assert spec is not None, "where there is none, that is an error"
    return spec


def outside(roots: Sequence[str], configured: Sequence[str]) -> list[str]:
    """Those of the roots that lie in none of the configured ones, wherever links lead."""
    within = [Path(os.path.realpath(root)) for root in configured]
    return [root for root in roots if not any(Path(os.path.realpath(root)).is_relative_to(one) for one in within)]
