"""Views as a daemon would give them, at a fixed moment."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hotctl.view import paint
from hotctl.view.page import Block
from hotd.contract import views

NOW = datetime(2026, 11, 23, 14, 2, 23, tzinfo=UTC)
HOSTILE = "[/red]\x1b[2J\x9b1m\u202elive\x07"
DIGEST = "9f86d081884c7d659a2feaa0c55ad015"
TRACEBACK = """Traceback (most recent call last):
  File "/srv/ops/long_op.py", line 18, in <module>
    smpt.connect()
NameError: name 'smpt' is not defined"""
ERROR = views.ErrorView(
    "import-failed",
    "NameError: name 'smpt' is not defined",
    "save the file again",
    "/srv/ops/long_op.py",
    18,
    TRACEBACK,
)


def before(seconds: float) -> str:
    return (NOW - timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def module(name: str = "long_op", **changes: Any) -> views.ModuleView:
    """Two replicas, one of them still on g6."""
    healthy = views.ModuleView(
        name=name,
        entry=f"{name}:LongOp",
        health="Healthy",
        conditions=(),
        generation=7,
        permanent=6,
        digest=DIGEST,
        watch="auto",
        pinned=False,
        out_of_sync=False,
        replicas=2,
        surge=0,
        serving=views.Serving(1, 1),
        rejected=None,
        generations=(
            views.GenerationCount(5, "standby", 0),
            views.GenerationCount(6, "draining", 1),
            views.GenerationCount(7, "current", 1),
        ),
        loaded_at=before(12),
        reloads=6,
        errors=0,
    )
    return replace(healthy, **changes)


def mailer() -> views.ModuleView:
    news = views.RejectedView("ab", "import-failed", "NameError: name 'smpt'", "mailer.py", 41, before(60))
    return module("mailer", rejected=news, out_of_sync=True, errors=3, serving=views.Serving(2, 0), generations=())


def ingest() -> views.ModuleView:
    edited = views.Condition("OutOfSync", "Paused", "ingest.py was edited and watching is paused", before(4))
    return module(
        "ingest",
        watch="paused",
        out_of_sync=True,
        conditions=(edited,),
        generations=(),
        serving=views.Serving(2, 0),
        loaded_at=before(7300),
    )


WATCHING = {
    "backend": "inotify",
    "folders": 14,
    "limit": 192536,
    "unwatched": 0,
    "overflows": 0,
    "last_event": before(3),
    "pending": 0,
}


def status(*modules: views.ModuleView, **changes: Any) -> views.Status:
    daemon = views.DaemonView(
        pid=812,
        version="0.1.0",
        protocol=1,
        started_at=before(11520),
        uptime_s=11520.0,
        watch="auto",
        health="Healthy",
        conditions=(),
        socket="/run/hotd/control.sock",
        seq=1841,
        watching=WATCHING,
    )
    return views.Status(replace(daemon, **changes), modules)


def changed(outcome: str = "promoted", **changes: Any) -> views.ModuleChange:
    first = views.ModuleChange("long_op", outcome, 2, 1, ("helper", "long_op"), views.Serving(0, 2), 41.2)
    return replace(first, **changes)


def change(*modules: views.ModuleChange, outcome: str | None = None, revision: int | None = 12) -> views.Change:
    return views.Change(revision, modules, outcome or modules[0].outcome)


def instance(name: str = "long_op-7", **changes: Any) -> views.InstanceView:
    progress = views.ProgressView(4, 10, "step four")
    return replace(views.InstanceView(name, "long_op", 7, "running", before(12), 12.0, progress), **changes)


def generations() -> views.Generations:
    g7 = views.GenerationView(7, "current", "promoted", DIGEST, "watch", "watch", before(12), 2, None, 41.0)
    g6 = views.GenerationView(6, "draining", "superseded", DIGEST, "hotctl reload", "root", before(130), 1, None, 38.0)
    bad = views.GenerationView(None, "rejected", "rejected", DIGEST, "watch", "watch", before(140), 0, ERROR, 12.0)
    return views.Generations("long_op", (g7, g6, bad))


def history() -> views.History:
    both = (views.RevisionModule("long_op", 6, 7, ("helper", "long_op")), views.RevisionModule("mailer", None, 1))
    return views.History((views.RevisionView(12, before(12), both, "promoted", "watch", "watch", 41.0, DIGEST),))


def diff() -> views.Diff:
    """A change, an addition, an empty one, a removal, and data."""
    step = "--- g6/long_op.py\n+++ g7/long_op.py\n@@ -1,2 +1,2 @@\n def run():\n-\treturn 1 \n+\treturn 2\n"
    new = "--- /dev/null\n+++ g7/late.py\n@@ -0,0 +1 @@\n+x = 1\n\\ No newline at end of file\n"
    old = f"--- g6/old.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-x = '{HOSTILE}'\n"
    files = (
        views.FileDiff("long_op.py", "/srv/ops", "changed", 23, 22, step),
        views.FileDiff("late.py", "/srv/ops", "added", None, 5, new),
        views.FileDiff("none.py", "/srv/ops", "added", None, 0, ""),
        views.FileDiff("old.py", "/srv/ops", "removed", 9, None, old),
        views.FileDiff("words.bin", "/srv/ops", "changed", 12, 34, None),
        views.FileDiff("more.bin", "/srv/ops", "removed", 1, None, None),
    )
    return views.Diff("long_op", 6, 7, files, "pydantic 2.7 -> 2.9 since g6")


def event(**changes: Any) -> views.Event:
    told = "long_op g7 is current after 41 ms"
    first = views.Event(1839, "2026-11-23T14:02:11.204Z", "reload.promoted", "long_op", 7, None, "root", "deploy", told)
    return replace(first, **changes)


def log_line(**changes: Any) -> views.LogLine:
    return replace(views.LogLine(1, before(3), "long_op", "long_op-7", 2, "stdout", "Op 7: step 4\n"), **changes)


def failures() -> views.Failures:
    return views.Failures((views.FailureView(before(12), "long_op", 7, "long_op-7", ERROR),))


def why() -> views.Why:
    stack = '  File "/srv/ops/long_op.py", line 12, in poll\n    step()\n'
    holders = (
        views.HolderView("logging filter 'AuditFilter' on logger 'root'"),
        views.HolderView(f"running thread 'poller{HOSTILE}', which stands in poll (/srv/ops/long_op.py:12)", stack),
    )
    reasons = (
        views.Reason("Rejected", "long_op.py:18: NameError", "hotctl reload long_op", since=before(60), error=ERROR),
        views.Reason(
            "Stalled", "long_op-3 runs g6 for 3h12m", "hotctl restart long_op-3", instance="long_op-3", stack=stack
        ),
        views.Reason("Leaked", "g3 left code in memory", "hotctl why long_op 3", "take it back", holders=holders),
    )
    return views.Why("long_op", None, "Degraded", "g7 is current, 1 instance runs it", reasons)


def blocking() -> views.Blocking:
    return views.Blocking(tuple(reason for reason in why().reasons if reason.instance is not None))


def waited(*, reached: bool) -> views.Waited:
    said = "no instance runs g6" if reached else "long_op-3 runs g6 still"
    return views.Waited("long_op", 6, reached, f"long_op: {said}", "hotctl why long_op 6")


def hosted() -> views.Modules:
    base = module()
    fields = {name: getattr(base, name) for name in views.ModuleView.__slots__}
    parts = (views.PartView("long_op", "long_op.py", "ab"), views.PartView("helper", "helper.py", "ac"))
    return views.Modules((views.HostedModule(**fields, roots=("/srv/ops", "/srv/lib"), closure=parts),))


def painted(blocks: list[Block], *, width: int = 80, colour: bool = True) -> str:
    """The blocks as rich draws them on a terminal of that width."""
    env = {"TERM": "xterm-256color", "COLUMNS": str(width), "LINES": "25"}
    return paint.draw(paint.console_for(env, colour=colour), blocks)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True
