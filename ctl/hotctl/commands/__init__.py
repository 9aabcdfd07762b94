"""The verbs of ``hotctl``: the list that ``--help`` shows, and what each command is given.

A command is a file of its verb's name with ``configure(parser)`` and ``run(args, here) -> exit status``. Commands
are strangers to each other; what several need stands here. This file stays cheap: ``--help`` reads it alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from hotctl.session import INTERRUPTED

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from hotctl.view.page import Page
    from hotctl.view.screen import Screen
    from hotd.contract.requests import (
        Add,
        Apply,
        Check,
        Deploy,
        Drain,
        Promote,
        Purge,
        Reload,
        Request,
        Retry,
        Stage,
        Undo,
        Wait,
    )
    from hotd.contract.views import Change, Waited

    Settle = Callable[[Change, float, Callable[[str], None]], tuple[Change, Page]]
    """Given a change, a deadline and the words of a spinner: the change with fresh counts, and what is late."""

FIRST_ANSWER = 0.25
"""Seconds: most reloads are over by then, in one exchange; of a longer one this makes the revision known early."""
LOOK_AGAIN = 2.0
"""Seconds between two looks at what is waited for: the longest that what is said meanwhile of it is old."""
DEADLINE_PASSED = 4


class Entry(NamedTuple):
    """One line of ``hotctl --help``."""

    name: str
    usage: str
    summary: str
    group: str


MOST_USED, LOOK, CHANGE = "most used", "look", "change"
CATALOG: dict[str, Entry] = {
    name: Entry(name, usage, summary, group)
    for name, usage, summary, group in (
        ("status", "[MODULE]", "the daemon and its modules at a glance", MOST_USED),
        ("reload", "MODULE… | --all", "load what is on disk and make it current", MOST_USED),
        ("deploy", "[MODULE…] -- COMMAND…", "run a command, then load all it changed, or nothing", MOST_USED),
        ("undo", "MODULE", "back to the last stable generation, or to gN", MOST_USED),
        ("restart", "MODULE | INSTANCE", "ask instances to end; new ones run current", MOST_USED),
        ("logs", "MODULE", "what instances printed", MOST_USED),
        ("why", "MODULE [N]", "what keeps it from being healthy, current or gone", MOST_USED),
        ("pause", "[MODULE]", "stop acting on file changes", MOST_USED),
        ("resume", "[MODULE]", "act on file changes again, the newest first", CHANGE),
        ("modules", "", "hosted modules with entry, roots, closure", LOOK),
        ("instances", "[MODULE]", "every instance and its generation", LOOK),
        ("generations", "MODULE", "known generations of a module", LOOK),
        ("errors", "MODULE", "failures, with their generation's source", LOOK),
        ("history", "[MODULE]", "rollouts with cause, actor, outcome", LOOK),
        ("diff", "MODULE N [M]", "what tells one generation's source from another's", LOOK),
        ("events", "", "the event stream", LOOK),
        ("outcome", "REVISION", "the result of a rollout", LOOK),
        ("blocking", "[MODULE]", "what holds up every drain, with stacks", LOOK),
        ("wait", "MODULE [N] --for WHAT", "until a generation is current, drained or retired", LOOK),
        ("list", "", "the names of the hosted modules", LOOK),
        ("health", "", "one line and an exit code for monitors", LOOK),
        ("doctor", "", "what is wrong with the installation", LOOK),
        ("version", "", "versions of hotctl and of the daemon", LOOK),
        ("proxy", "", "what ssh runs on the far side of --host ssh://…", LOOK),
        ("stage", "MODULE", "load aside and wait for promote or abort", CHANGE),
        ("promote", "MODULE", "make the staged candidate current", CHANGE),
        ("abort", "MODULE", "cancel the rollout in flight", CHANGE),
        ("retry", "MODULE", "try once more what was rejected or undone", CHANGE),
        ("check", "MODULE… | --all", "load aside, run its checks, throw away", CHANGE),
        ("scale", "MODULE N", "replicas from now on", CHANGE),
        ("run", "MODULE [-- ARGS…]", "one instance more, with these arguments", CHANGE),
        ("stop", "MODULE | INSTANCE", "ask instances to end", CHANGE),
        ("start", "MODULE", "start a stopped module again", CHANGE),
        ("drain", "MODULE N", "ask the instances of a generation to end", CHANGE),
        ("purge", "MODULE N", "drop a generation from memory", CHANGE),
        ("pin", "MODULE", "nothing changes the current generation", CHANGE),
        ("unpin", "MODULE", "the current generation may change again", CHANGE),
        ("make-permanent", "MODULE", "a start loads what is current now", CHANGE),
        ("add", "NAME --entry M:N", "host another module, from now on", CHANGE),
        ("remove", "NAME", "drain a module that was added, and forget it", CHANGE),
        ("apply", "", "read hotd.toml again: all of it, or nothing", CHANGE),
        ("reset", "MODULE", "back to what hotd.toml says", CHANGE),
        ("shutdown", "", "end the daemon; its instances first", CHANGE),
    )
}


class Daemon(Protocol):
    """The daemon as a command sees it: ``hotctl.session.Session`` is one."""

    def ask(self, request: Request) -> Any:
        """The view that answers. Raises HotdError where the request failed; a rejected load is an answer."""
        ...


@dataclass(frozen=True, slots=True)
class Here:
    """What a command works with."""

    daemon: Daemon
    screen: Screen
    clock: Callable[[], float]
    """Monotonic seconds, for deadlines."""

    def report(self, change: Change) -> int:
        """Tell what a changing verb did, and give the exit status that says the same."""
        from hotctl.view import change as screen

        told = screen.change(change)
        if self.screen.json:
            self.screen.document(change)
        elif told.done:
            self.screen.show(*told.done)
        if told.failed:
            self.screen.tell(*told.failed)
        return exit_status(change)

    def until(self, wanted: Wait, deadline: float, say: Callable[[str], None]) -> Waited:
        """Ask until it is so or the deadline has passed; meanwhile ``say`` what it waits for."""
        from dataclasses import replace

        from hotctl.following import Absence, outliving

        def left() -> float:
            return max(0.0, deadline - self.clock())

        def look(longest: float = LOOK_AGAIN) -> Waited:
            seen: Waited = self.daemon.ask(replace(wanted, max_wait=min(left(), longest)))
            return seen

        seen = look(FIRST_ANSWER)
        while not seen.reached and left() > 0:
            say(f"waiting; {seen.message}")
            seen = outliving(look, Absence(news=say, left=left))
        return seen

    def get_rid(self, request: Drain | Purge, wanted: Wait, *, verb: str, timeout: float, waits: bool) -> int:
        """Ask for it, tell what was begun, and wait until ``wanted`` is so. Gives the exit status."""
        from dataclasses import replace

        from hotctl.view.page import line
        from hotctl.view.why import late

        deadline = self.clock() + timeout
        change: Change = self.daemon.ask(request)
        if not self.screen.json:
            self.report(change)
        # Nobody waits until nobody runs what new instances get.
        waits = waits and all(one.generation != wanted.generation for one in change.modules)
        seen: Waited | None = self.daemon.ask(wanted) if waits else None
        if seen is not None and not seen.reached:
            try:
                with self.screen.busy(f"waiting; {seen.message}") as say:
                    seen = self.until(wanted, deadline, say)
            except KeyboardInterrupt:
                self.screen.tell(line(f"the {verb} goes on in the daemon; {seen.next} tells who holds it up"))
                return INTERRUPTED
        over = seen is None or seen.reached
        if self.screen.json:
            self.screen.document(change if over else replace(change, outcome="in-flight"))
        elif seen is not None and over and change.outcome != "unchanged":
            self.screen.show(line(seen.message))
        if seen is not None and not over:
            self.screen.tell(*late(seen))
        return exit_status(change) if over else DEADLINE_PASSED

    def roll_out(
        self,
        request: Reload | Check | Undo | Add | Apply | Deploy | Stage | Promote | Retry,
        *,
        verb: str,
        doing: str,
        timeout: float,
        settle: Settle | None = None,
    ) -> int:
        """Ask for a rollout, wait ``timeout`` seconds for it to be over, report. Gives the exit status.

        The daemon is asked in pieces of at most ``LONGEST_WAIT``; the rollout itself never depends on anybody
        waiting for it. ``settle`` may wait for more after success, and says what had not happened in time.
        """
        from hotctl.following import Absence, outliving
        from hotctl.view.page import line
        from hotd.contract.requests import LONGEST_WAIT, Outcome

        deadline = self.clock() + timeout
        revision: int | None = None
        over = False
        late: Page = []

        def left() -> float:
            return max(0.0, deadline - self.clock())

        def look() -> Change:
            assert revision is not None, "whoever is in flight has one"
            seen: Change = self.daemon.ask(Outcome(revision, max_wait=min(left(), LONGEST_WAIT)))
            return seen

        try:
            with self.screen.busy(doing) as say:
                change = self.daemon.ask(request)
                revision = change.revision
                while change.outcome == "in-flight" and revision is not None and left() > 0:
                    change = outliving(look, Absence(news=say, left=left))
                if settle is not None and exit_status(change) == 0:
                    over = True
                    change, late = settle(change, deadline, say)
        except KeyboardInterrupt:
            self.screen.tell(line(_left_behind(verb, revision, over=over)))
            return INTERRUPTED
        status = self.report(change)
        if late:
            self.screen.tell(*late)
            return DEADLINE_PASSED
        return status


def _left_behind(verb: str, revision: int | None, *, over: bool) -> str:
    """What goes on without the user who pressed Ctrl-C."""
    if over:
        return f"the {verb} is done (revision {revision}); hotctl instances tells who still drains"
    if revision is None:
        return f"the {verb} goes on in the daemon; hotctl history tells its result"
    return f"the {verb} goes on in the daemon as revision {revision}; hotctl outcome {revision} tells its result"


def exit_status(change: Change) -> int:
    """The shell's word for an outcome. An outcome this version does not know is never called success."""
    from hotd.contract.errors import BY_CODE, Refused
    from hotd.contract.views import SUCCEEDED

    match change.outcome:
        case outcome if outcome in SUCCEEDED:
            return 0
        case "rejected":
            return 3
        case "partial" | "in-flight" | "interrupted":
            return 4
        case "rolled-back":
            return 6
        case "aborted":
            return 5
        case "refused":
            errors = [one.error for one in change.modules if one.outcome == "refused" and one.error is not None]
            return BY_CODE.get(errors[0].code, Refused).exit_status if errors else Refused.exit_status
        case _:
            return 1


# --- arguments that several verbs take --------------------------------------------------------------------------------


def takes_reason(parser: ArgumentParser) -> None:
    parser.add_argument("--reason", metavar="TEXT", default="", help="why; kept in the history as the cause")


def takes_if_generation(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--if-generation",
        metavar="N",
        type=generation,
        help="only if generation N is current; otherwise refused, exit 5",
    )


def generation(text: str) -> int:
    """``7`` or ``g7``."""
    return _at_least(1, text.removeprefix("g"), f"{text!r} is no generation: write 7 or g7")


def positive(text: str) -> int:
    return _at_least(1, text, f"{text!r} is not a whole number above 0")


def not_negative(text: str) -> int:
    return _at_least(0, text, f"{text!r} is not a whole number, 0 or more")


def takes_modules(parser: ArgumentParser, everything: str) -> None:
    parser.add_argument("modules", metavar="MODULE", nargs="*", help="one or more of those that hotctl modules lists")
    parser.add_argument("--all", action="store_true", help=everything)


def check_modules(args: Namespace, verb: str) -> None:
    """Some modules or ``--all``, and not both. Raises UsageError."""
    from hotd.contract.errors import UsageError

    if bool(args.modules) == args.all:
        raise UsageError(
            "name modules, or say --all, not both" if args.all else "say which modules, or --all",
            hint=f"hotctl modules lists them; hotctl {verb} --help",
        )


def takes_timeout(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--timeout",
        metavar="TIME",
        type=duration,
        default=120.0,
        help="how long to wait, as 30s or 5m (2m); then exit 4",
    )


def takes_drain(parser: ArgumentParser, then: str) -> None:
    """What drain and purge have in common."""
    parser.add_argument("module", metavar="MODULE", help="whose generation it is")
    parser.add_argument("generation", metavar="N", type=generation, help="the generation, as 7 or g7")
    parser.add_argument(
        "--deadline",
        metavar="TIME",
        type=duration,
        help=f"how long they may take (drain_deadline of the module); {then}",
    )
    parser.add_argument("--no-wait", action="store_true", help="ask, and do not wait until it is so")
    takes_timeout(parser)
    takes_reason(parser)
    takes_if_generation(parser)


def duration(text: str) -> float:
    """``30s``, ``2m``, ``1h30m`` as seconds."""
    from argparse import ArgumentTypeError

    from hotd.contract.errors import HotdError
    from hotd.contract.units import parse_duration

    try:
        return parse_duration(text)
    except (ValueError, HotdError) as error:
        raise ArgumentTypeError(str(error)) from None


def _at_least(least: int, text: str, sentence: str) -> int:
    from argparse import ArgumentTypeError

    if not (text.isascii() and text.isdecimal()) or len(text) > 18 or int(text) < least:
        raise ArgumentTypeError(sentence)
    return int(text)
