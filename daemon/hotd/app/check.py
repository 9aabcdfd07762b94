"""``hotd check``: load every module aside, start nothing."""

from __future__ import annotations

import queue
from typing import TextIO

from hotd.app.clock import SystemClock
from hotd.app.port import door_of
from hotd.config import Config
from hotd.contract.errors import LoadRejected
from hotd.control.tls import read_papers
from hotd.core.messages import Checked, LoadJob, LoadKind, LoadOutcome, Rejected
from hotd.core.values import Spec
from hotd.core.wording import unmatched_note
from hotd.loading.hosting import Hosting


def check(config: Config, out: TextIO) -> int:
    """A line for each module; 0 when all would load, else 3. Raises BadConfig for certificates that are of no use."""
    if door := door_of(config.control.tls):
        read_papers(door)
    loading = Hosting(
        SystemClock(), also=config.watch.also, ignore=config.watch.ignore, plain_names=config.plain_file_names
    )
    refused = 0
    for warning in (*config.warnings, *(str(later) for later in config.later)):
        out.write(f"warning: {warning}\n")
    try:
        for number, spec in enumerate(config.modules, 1):
            loading.host(spec.name, spec.roots, spec.keep, packages=spec.packages)
            outcome = _load(loading, number, spec)
            refused += outcome is None or isinstance(outcome, Rejected)
            out.write(_line(spec, outcome))
    finally:
        loading.close()
    return LoadRejected.exit_status if refused else 0


def _load(loading: Hosting, number: int, spec: Spec) -> LoadOutcome | None:
    """None when the import is past its deadline."""
    arrived: queue.SimpleQueue[LoadOutcome] = queue.SimpleQueue()
    loading.start(LoadJob(number, spec.name, spec.entry, spec.args, spec.kwargs, LoadKind.CHECK), arrived.put)
    try:
        return arrived.get(timeout=spec.load_deadline)
    except queue.Empty:
        loading.abandon(number)
        return None


def _line(spec: Spec, outcome: LoadOutcome | None) -> str:
    if outcome is None:
        return f"{spec.name}: rejected: importing took longer than load_deadline ({spec.load_deadline:g} s)\n"
    left = "".join(f"    left behind: {one}\n" for one in getattr(outcome, "left", ()))
    if isinstance(outcome, Checked) and outcome.unmatched:
        note = unmatched_note(spec.name, outcome.unmatched, outcome.reloaded)
        return f"{spec.name}: ok\n{left}warning: {note}\n"
    if not isinstance(outcome, Rejected):
        return f"{spec.name}: ok\n{left}"
    place = f"{outcome.file}:{outcome.line}: " if outcome.file and outcome.line else ""
    hint = f"    {outcome.hint}\n" if outcome.hint else ""
    return f"{spec.name}: rejected: {place}{outcome.message}\n{left}{hint}"
