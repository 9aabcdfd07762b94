"""The table of verbs: the one place that says what can be asked of a daemon, by whom, and what comes back.

Each row has a file of its name on either side: ``hotd/engine/verbs/<verb>.py`` answers it,
``hotctl/commands/<verb>.py`` asks it. A test walks the table and fails on a gap.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from hotd.contract import requests, views


class Role(enum.IntEnum):
    """What a caller may do; a greater role may do all that a smaller one may."""

    NONE = 0
    VIEWER = 1
    """Reads status, modules, instances, generations, history, events; never sources, logs or errors."""
    OPERATOR = 2
    """Changes, and reads logs and errors of, the modules it was given."""
    ADMIN = 3


@dataclass(frozen=True, slots=True)
class Verb:
    name: str
    role: Role
    request: type[requests.Request]
    answer: type
    changes: bool
    summary: str


_TABLE = (
    Verb("hello", Role.VIEWER, requests.Hello, views.Version, False, "version and protocol of the daemon"),
    Verb("status", Role.VIEWER, requests.Status, views.Status, False, "the daemon and its modules at a glance"),
    Verb("modules", Role.VIEWER, requests.Modules, views.Modules, False, "hosted modules with entry, roots, closure"),
    Verb("instances", Role.VIEWER, requests.Instances, views.Instances, False, "every instance and its generation"),
    Verb("generations", Role.VIEWER, requests.Generations, views.Generations, False, "known generations of a module"),
    Verb("history", Role.VIEWER, requests.History, views.History, False, "rollouts with cause, actor, outcome"),
    Verb("events", Role.VIEWER, requests.Events, views.Events, False, "the event stream"),
    Verb("outcome", Role.VIEWER, requests.Outcome, views.Change, False, "the result of a rollout"),
    Verb("wait", Role.VIEWER, requests.Wait, views.Waited, False, "until a generation is current, drained or retired"),
    Verb("logs", Role.OPERATOR, requests.Logs, views.Logs, False, "what instances printed"),
    Verb("errors", Role.OPERATOR, requests.Errors, views.Failures, False, "failures, with their generation's source"),
    Verb("diff", Role.OPERATOR, requests.Diff, views.Diff, False, "what tells one generation's source from another's"),
    Verb("why", Role.OPERATOR, requests.Why, views.Why, False, "what keeps it from being healthy, current or gone"),
    Verb("blocking", Role.OPERATOR, requests.Blocking, views.Blocking, False, "what holds up every drain, with stacks"),
    Verb("doctor", Role.ADMIN, requests.Doctor, views.Doctor, False, "what is wrong with the installation"),
    Verb("reload", Role.OPERATOR, requests.Reload, views.Change, True, "load what is on disk and make it current"),
    Verb(
        "deploy",
        Role.OPERATOR,
        requests.Deploy,
        views.Change,
        True,
        "run a command, then load all it changed, or nothing",
    ),
    Verb("stage", Role.OPERATOR, requests.Stage, views.Change, True, "load aside and wait for promote or abort"),
    Verb("promote", Role.OPERATOR, requests.Promote, views.Change, True, "make the staged candidate current"),
    Verb("abort", Role.OPERATOR, requests.Abort, views.Change, True, "cancel the rollout in flight"),
    Verb("retry", Role.OPERATOR, requests.Retry, views.Change, True, "try once more what was rejected or undone"),
    Verb("check", Role.OPERATOR, requests.Check, views.Change, True, "load aside, run its checks, throw away"),
    Verb("undo", Role.OPERATOR, requests.Undo, views.Change, True, "back to the last stable generation, or to gN"),
    Verb("pause", Role.OPERATOR, requests.Pause, views.Change, True, "stop acting on file changes"),
    Verb("resume", Role.OPERATOR, requests.Resume, views.Change, True, "act on file changes again, the newest first"),
    Verb("scale", Role.OPERATOR, requests.Scale, views.Change, True, "replicas from now on"),
    Verb("run", Role.OPERATOR, requests.Run, views.Change, True, "one instance more, with these arguments"),
    Verb("stop", Role.OPERATOR, requests.Stop, views.Change, True, "ask instances to end"),
    Verb("start", Role.OPERATOR, requests.Start, views.Change, True, "start a stopped module again"),
    Verb("drain", Role.OPERATOR, requests.Drain, views.Change, True, "ask the instances of a generation to end"),
    Verb("purge", Role.OPERATOR, requests.Purge, views.Change, True, "drop a generation from memory"),
    Verb("pin", Role.OPERATOR, requests.Pin, views.Change, True, "nothing changes the current generation"),
    Verb("unpin", Role.OPERATOR, requests.Unpin, views.Change, True, "the current generation may change again"),
    Verb(
        "make-permanent",
        Role.OPERATOR,
        requests.MakePermanent,
        views.Change,
        True,
        "a start loads what is current now",
    ),
    Verb("add", Role.ADMIN, requests.Add, views.Change, True, "host another module, from now on"),
    Verb("remove", Role.ADMIN, requests.Remove, views.Change, True, "drain a module that was added, and forget it"),
    Verb("reset", Role.OPERATOR, requests.Reset, views.Change, True, "back to what hotd.toml says"),
    Verb("apply", Role.ADMIN, requests.Apply, views.Change, True, "read hotd.toml again: all of it, or nothing"),
    Verb("shutdown", Role.ADMIN, requests.Shutdown, views.Change, True, "end the daemon; its instances first"),
    Verb("restart", Role.OPERATOR, requests.Restart, views.Change, True, "ask instances to end; new ones run current"),
)

VERBS: dict[str, Verb] = {verb.name: verb for verb in _TABLE}
