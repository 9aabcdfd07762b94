"""``hotctl run MODULE [--wait] [-- ARGS…]``."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from dataclasses import replace
from typing import Any

from hotctl.commands import DEADLINE_PASSED, Here, takes_if_generation, takes_reason, takes_timeout
from hotctl.session import INTERRUPTED
from hotctl.view.page import line
from hotctl.view.words import lasted
from hotd.contract.errors import NotPermitted, UsageError
from hotd.contract.requests import LONGEST_WAIT, Errors, Instances, Run
from hotd.contract.views import Change, ErrorView, InstanceView
from hotd.contract.views import Instances as Found

AFTER_DASHES = "ARGS"


def configure(parser: ArgumentParser) -> None:
    parser.epilog = (
        "What stands behind -- is given to the entry as texts; without it and --json-args the module's own arguments "
        "are. It runs beside the replicas, on the current generation, and nobody replaces it. "
        "With --wait: exit 0 when it ended, 1 when it failed, 4 when the time is over."
    )
    parser.add_argument("module", metavar="MODULE", help="what to run one instance more of")
    parser.add_argument("--wait", action="store_true", help="until it has ended")
    parser.add_argument("--json-args", metavar="JSON", help="its arguments: a list, or an object for those by name")
    takes_timeout(parser)
    takes_reason(parser)
    takes_if_generation(parser)


def run(args: Namespace, here: Here) -> int:
    positional, named = _arguments(args)
    request = Run(args.module, positional, named, reason=args.reason, if_generation=args.if_generation)
    if not args.wait:
        return here.report(here.daemon.ask(request))
    name: str | None = None
    try:
        with here.screen.busy(f"running {args.module}"):
            change = here.daemon.ask(request)
            name = change.modules[0].instance
            assert name is not None, "a run tells which instance it started"
            ended = _wait(here, name, here.clock() + args.timeout)
    except KeyboardInterrupt:
        what = f"{name} goes on in the daemon; hotctl stop {name} asks it to end" if name else "it may have started"
        here.screen.tell(line(what))
        return INTERRUPTED
    return _told(here, change, ended)


def _arguments(args: Namespace) -> tuple[tuple[Any, ...] | None, dict[str, Any] | None]:
    if args.json_args is None:
        return (tuple(args.words), None) if args.words is not None else (None, None)
    if args.words is not None:
        raise UsageError("give arguments behind -- or with --json-args, not both", hint="hotctl run --help")
    try:
        given = json.loads(args.json_args)
    except ValueError as error:
        raise UsageError(f"--json-args is not JSON: {error}", hint="""like '[1, "a"]' or '{"size": 3}'""") from None
    if isinstance(given, list):
        return tuple(given), None
    if isinstance(given, dict):
        return None, given
    raise UsageError("--json-args is a list or an object", hint="""like '[1, "a"]' or '{"size": 3}'""")


def _wait(here: Here, name: str, deadline: float) -> InstanceView:
    while True:
        left = deadline - here.clock()
        found: Found = here.daemon.ask(Instances(instance=name, max_wait=max(0.0, min(left, LONGEST_WAIT))))
        (view,) = found.instances
        if view.state in ("ended", "failed", "abandoned") or left <= 0:
            return view


def _told(here: Here, change: Change, ended: InstanceView) -> int:
    (one,) = change.modules
    match ended.state:
        case "ended":
            one = replace(one, note=f"{ended.id} ended after {lasted(ended.age_s)}")
        case "failed":
            one = replace(one, outcome="failed", note="", error=_why(here, ended))
        case state:
            one = replace(one, outcome="in-flight", note=f"{ended.id} is still {state}; hotctl stop {ended.id} asks it")
            here.report(replace(change, modules=(one,), outcome="in-flight"))
            return DEADLINE_PASSED
    return here.report(replace(change, modules=(one,), outcome=one.outcome, note=one.note))


def _why(here: Here, ended: InstanceView) -> ErrorView:
    """The instance's own failure, where the caller may read it."""
    try:
        failures = here.daemon.ask(Errors(ended.module)).errors
    except NotPermitted:
        failures = ()
    found = (failure.error for failure in failures if failure.instance == ended.id)
    return next(found, ErrorView("raised", f"{ended.id} failed after {lasted(ended.age_s)}"))
