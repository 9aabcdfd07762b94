"""``hotctl deploy [MODULE…] -- COMMAND…``."""

from __future__ import annotations

import shlex
import signal
import subprocess
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass

from hotctl.commands import FIRST_ANSWER, Here, takes_if_generation, takes_reason, takes_timeout
from hotctl.session import INTERRUPTED
from hotctl.view.page import Span, line
from hotd.contract.errors import HotdError, UsageError
from hotd.contract.requests import Deploy
from hotd.contract.views import ErrorView

AFTER_DASHES = "COMMAND"
SIGN_OF_LIFE = 10.0
"""Seconds; the daemon gives up a hold after 30 without one."""
LONGEST_CAUSE = 200
STDERR = 2
CANNOT_RUN, NO_SUCH_COMMAND = 126, 127
"""What a shell says of a command that it cannot start."""


def configure(parser: ArgumentParser) -> None:
    parser.epilog = (
        "Changes of files wait until the command has ended; then all of them are one rollout, or none is. "
        "If the command fails, nothing is loaded, and its exit status is that of hotctl."
    )
    parser.add_argument("modules", metavar="MODULE", nargs="*", help="only these; otherwise every module")
    takes_timeout(parser)
    takes_reason(parser)
    takes_if_generation(parser)


def run(args: Namespace, here: Here) -> int:
    if not args.words:
        raise UsageError("say what to run", hint="hotctl deploy -- git pull")
    reason = args.reason or _shortened(shlex.join(args.words))
    request = Deploy(modules=tuple(args.modules), reason=reason, if_generation=args.if_generation)
    hold = here.daemon.ask(request).hold
    assert hold is not None, "a deploy that begins has a hold"
    ended = _run(args.words, hold, here)
    if ended.status != 0:
        return _failed(ended, hold, here)
    rollout = Deploy(step="roll-out", hold=hold, max_wait=min(FIRST_ANSWER, args.timeout))
    return here.roll_out(rollout, verb="rollout", doing="loading what changed", timeout=args.timeout)


@dataclass(frozen=True, slots=True)
class _Ended:
    """How the command came out."""

    status: int
    words: str
    interrupted: bool = False


def _run(words: list[str], hold: int, here: Here) -> _Ended:
    """The command, in this terminal, with signs of life for as long as it takes."""
    interrupted = False
    try:
        # With --json standard output is the one document; what the command says then goes beside it.
        process = subprocess.Popen(words, stdout=STDERR if here.screen.json else None)
    except FileNotFoundError:
        return _Ended(NO_SUCH_COMMAND, f"{words[0]}: there is no such command")
    except OSError as error:
        return _Ended(CANNOT_RUN, f"{words[0]}: {error.strerror or error}")
    while True:
        try:
            status = process.wait(SIGN_OF_LIFE)
            break
        except subprocess.TimeoutExpired:
            here.daemon.ask(Deploy(step="keep", hold=hold))
        except KeyboardInterrupt:
            interrupted = True  # the terminal told the command as well: what it makes of that is its own business
    if status < 0:
        return _Ended(128 - status, f"{words[0]} ended by {signal.Signals(-status).name}", interrupted)
    return _Ended(status, f"{words[0]} ended with exit status {status}", interrupted)


def _failed(ended: _Ended, hold: int, here: Here) -> int:
    try:
        here.daemon.ask(Deploy(step="let-go", hold=hold))
    except HotdError as error:
        here.screen.tell(line(Span("hotctl: ", "bad"), str(error)))
    if here.screen.json:
        hint = "`hotctl reload --all --atomic` loads what is on disk"
        here.screen.json_lines([{"error": ErrorView("command-failed", f"{ended.words}; nothing was loaded", hint)}])
    told = f"{ended.words}; nothing was loaded (hotctl reload --all --atomic loads what is on disk)"
    here.screen.tell(line(Span("hotctl: ", "bad"), told))
    return INTERRUPTED if ended.interrupted else ended.status


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_CAUSE else f"{text[: LONGEST_CAUSE - 1]}…"
