"""``hotctl reload MODULE… | --all``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass, replace

from hotctl.client import LOOK_AGAIN, is_there, with_counts
from hotctl.commands import (
    FIRST_ANSWER,
    Here,
    check_modules,
    takes_if_generation,
    takes_modules,
    takes_reason,
    takes_timeout,
)
from hotctl.view.instances import waiting_for
from hotctl.view.page import Line, Page, Span, line
from hotd.contract.requests import Events, Instances, Outcome, Reload, Status
from hotd.contract.views import Change, InstanceView, ModuleView


def configure(parser: ArgumentParser) -> None:
    parser.epilog = (
        "Instances that run already finish on the code they started with; new ones run the new generation. "
        "What cannot be loaded changes nothing: exit 3."
    )
    takes_modules(parser, "every module; those that were undone or pinned are skipped")
    parser.add_argument("--atomic", action="store_true", help="all of them or none")
    parser.add_argument("--force", action="store_true", help="also content that was undone")
    parser.add_argument(
        "--rebuild",
        metavar="PART",
        action="append",
        default=[],
        help="a part named in keep that may be executed again; may be given more than once",
    )
    parser.add_argument("--dry-run", action="store_true", help="only show what would be executed again, and why")
    parser.add_argument("--wait-serving", action="store_true", help="until an instance runs the new generation")
    parser.add_argument("--wait-drained", action="store_true", help="until no instance runs an older one")
    takes_timeout(parser)
    takes_reason(parser)
    takes_if_generation(parser)


def run(args: Namespace, here: Here) -> int:
    check_modules(args, "reload")
    request = Reload(
        modules=tuple(args.modules),
        all=args.all,
        atomic=args.atomic,
        force=args.force,
        dry_run=args.dry_run,
        reason=args.reason,
        if_generation=args.if_generation,
        max_wait=min(FIRST_ANSWER, args.timeout),
        rebuild=tuple(args.rebuild),
    )
    doing = f"{'planning' if args.dry_run else 'loading'} {', '.join(args.modules) or 'all modules'}"
    waits = (args.wait_serving or args.wait_drained) and not args.dry_run
    settle = _Settling(here, args.wait_serving, args.wait_drained) if waits else None
    return here.roll_out(request, verb="reload", doing=doing, timeout=args.timeout, settle=settle)


@dataclass(frozen=True, slots=True)
class _Settling:
    """Waiting for more than the promote: until it is served, or until nothing older runs."""

    here: Here
    serving: bool
    drained: bool

    def __call__(self, change: Change, deadline: float, say: Callable[[str], None]) -> tuple[Change, Page]:
        names = {one.module for one in change.modules if one.outcome in ("promoted", "unchanged")}
        while True:
            modules = {module.name: module for module in self.here.daemon.ask(Status()).modules if module.name in names}
            if (lost := _rolled_back(change, modules)) is not None:
                return lost, []
            change = with_counts(change, modules)
            late = [one for one in modules.values() if not is_there(one, drained=self.drained, serving=self.serving)]
            if not late:
                return change, []
            old = self._old(late)
            if (left := deadline - self.here.clock()) <= 0:
                return change, [_late(late, old)]
            say(f"waiting for {waiting_for(old)} to end" if old else f"waiting for {late[0].name} to serve")
            self._park(change, min(left, LOOK_AGAIN))

    def _old(self, late: list[ModuleView]) -> tuple[InstanceView, ...]:
        found = (one for module in late for one in self.here.daemon.ask(Instances(module.name)).instances)
        return tuple(one for one in found if not one.current)

    def _park(self, change: Change, seconds: float) -> None:
        """Let the daemon hold the call until it is so; where nothing was rolled out, until anything happens."""
        if change.revision is not None:
            waiting = Outcome(change.revision, max_wait=seconds, drained=self.drained, serving=self.serving)
            self.here.daemon.ask(waiting)
        else:
            newest = self.here.daemon.ask(Events(limit=1)).next
            self.here.daemon.ask(Events(after=newest, limit=1, max_wait=seconds))


def _rolled_back(change: Change, now: dict[str, ModuleView]) -> Change | None:
    """The change, where what it promoted failed at once and was taken back while we waited."""
    lost = {
        one.module: now[one.module]
        for one in change.modules
        if one.outcome == "promoted"
        and one.module in now
        and now[one.module].generation != one.generation
        and any(condition.reason == "rolled-back" for condition in now[one.module].conditions)
    }
    if not lost:
        return None
    modules = tuple(
        replace(one, outcome="rolled-back", generation=lost[one.module].generation, previous=one.generation, note=note)
        if one.module in lost and (note := f"`hotctl errors {one.module}` tells how its instances failed")
        else one
        for one in change.modules
    )
    return replace(change, modules=modules, outcome="rolled-back")


def _late(late: list[ModuleView], old: tuple[InstanceView, ...]) -> Line:
    names = ", ".join(module.name for module in late)
    what = f"still draining: {waiting_for(old)}" if old else f"current still has no instance: {names}"
    advice = f" (hotctl restart {late[0].name} asks them to end)" if old else f" (hotctl status {late[0].name})"
    return line(Span("hotctl: ", "bad"), f"the time is over; {what}{advice}")
