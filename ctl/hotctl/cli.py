"""Arguments in, exit status out.

Only the file of the verb that was asked for is imported, and rich only where a terminal shows a table: ``--json``,
``version`` and ``--help`` pay for nothing else.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, NoReturn, Protocol, TextIO, cast

from hotctl.commands import CATALOG, CHANGE, LOOK, MOST_USED, Daemon, Here
from hotctl.session import INTERRUPTED, Session, chosen_address

OpenSession = Callable[[str | None], AbstractContextManager[Daemon]]
"""From an address to a daemon, which is spoken to when the first question is asked."""
VALUED = ("--socket", "--host")


class Command(Protocol):
    """A file of ``hotctl.commands``. With ``AFTER_DASHES`` it takes what stands behind ``--`` as ``args.words``."""

    def configure(self, parser: argparse.ArgumentParser) -> None: ...
    def run(self, args: argparse.Namespace, here: Here) -> int: ...


def main(argv: Sequence[str] | None = None) -> int:
    """``hotctl`` with this process's streams, environment and clocks."""
    try:
        return run(
            sys.argv[1:] if argv is None else argv,
            out=sys.stdout,
            err=sys.stderr,
            env=os.environ,
            open_session=Session,
        )
    finally:
        for number, stream in ((1, sys.stdout), (2, sys.stderr)):
            _let_go(number, stream)


def run(
    argv: Sequence[str],
    *,
    out: TextIO | None,
    err: TextIO | None,
    env: Mapping[str, str],
    open_session: OpenSession,
    now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    clock: Callable[[], float] = time.monotonic,
) -> int:
    """One command. Every failure ends as a sentence on ``err`` and a status; with ``--json`` also as an object."""
    from hotctl.view.screen import Screen
    from hotd.contract.errors import HotdError, Internal

    wants_json = "--json" in _before_dashes(argv)
    screen = Screen(out, err, env=env, json=wants_json, now=now)
    try:
        return _dispatch(list(argv), screen, open_session, clock)
    except HotdError as error:
        return _fail(screen, error)
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:
        return _fail(screen, Internal(f"cannot write the output: {error.strerror or error}"))
    except Exception as error:  # the last border: a user gets a sentence, whoever asks for more a traceback
        hint = "please report it; HOTCTL_DEBUG=1 shows where"
        if env.get("HOTCTL_DEBUG"):
            raise
        return _fail(screen, Internal(f"a defect of hotctl: {type(error).__name__}: {error}", hint=hint))


def _dispatch(argv: list[str], screen: Any, open_session: OpenSession, clock: Callable[[], float]) -> int:
    options, verb, rest = _split(argv)
    wants_help = any(word in ("-h", "--help") for word in (*options, *_before_dashes(rest)))
    if verb == "help":
        verb, rest, wants_help = (rest[0], [], True) if rest else (None, [], True)
    if "--version" in options:
        screen.out.write(f"hotctl {_version()}\n")
        return 0
    if verb is None:
        if not wants_help and "--json" in options:
            raise _usage("say what to do: --json alone is no command", "hotctl --help")
        screen.out.write(_overview())
        return 0
    if verb not in CATALOG:
        raise _unknown("command", verb, CATALOG, "hotctl --help lists them")
    command = cast(Command, importlib.import_module(f"hotctl.commands.{verb.replace('-', '_')}"))
    parser = _parser(verb)
    command.configure(parser)
    if wants_help:
        screen.out.write(parser.format_help())
        return 0
    words: list[str] | None = None
    if hasattr(command, "AFTER_DASHES") and "--" in rest:
        words, rest = rest[rest.index("--") + 1 :], rest[: rest.index("--")]
    # Intermixed, so that `reload a --force b` works; argparse loses a `--` on that way.
    parse = parser.parse_args if "--" in rest else parser.parse_intermixed_args
    args = parse([*options, *rest])
    args.words = words
    args.client_version = _version
    with open_session(chosen_address(args.socket, args.host)) as desk:
        return command.run(args, Here(desk, screen, clock))


def _version() -> str:
    from hotd import __version__

    return __version__


# --- arguments --------------------------------------------------------------------------------------------------------


class _Parser(argparse.ArgumentParser):
    """Raises instead of printing and exiting: what is wrong is told in one place, as every other error is."""

    def error(self, message: str) -> NoReturn:
        prefix = "unrecognized arguments: "
        if message.startswith(prefix):
            word = message.removeprefix(prefix).split(" ")[0]
            if word.startswith("-"):
                raise _unknown(
                    "option", word.partition("=")[0], list(self._option_string_actions), f"{self.prog} --help"
                )
            raise _usage(f"{self.prog} takes no argument {word!r} here", f"{self.prog} --help")
        raise _usage(message.removeprefix("argument "), f"{self.prog} --help")


def _parser(verb: str) -> _Parser:
    entry = CATALOG[verb]
    parser = _Parser(
        prog=f"hotctl {verb}",
        usage=f"hotctl {verb} [options] {entry.usage}".rstrip(),
        description=entry.summary[0].upper() + entry.summary[1:] + ".",
        allow_abbrev=False,  # an abbreviation that works today is an ambiguity tomorrow
        add_help=False,
    )
    common = parser.add_argument_group("options of every command")
    common.add_argument("--socket", metavar="PATH", help="the daemon's socket")
    common.add_argument("--host", metavar="ADDRESS", help="where the daemon is, as in $HOTCTL_HOST")
    common.add_argument("--json", action="store_true", help="JSON on standard output")
    common.add_argument("-h", "--help", action="store_true", help="show this")
    return parser


def _split(argv: list[str]) -> tuple[list[str], str | None, list[str]]:
    """Global options before the verb, the verb, and the rest."""
    options: list[str] = []
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-") or word == "-":
            return options, word, rest
        name, _, value = word.partition("=")
        known = (*VALUED, "--json", "--version", "--help", "-h")
        if name not in known or (value and name not in VALUED):
            raise _unknown("option", name, known, "options of a command stand after it; hotctl --help")
        options.append(word)
        if name in VALUED and name == word:
            if not rest:
                raise _usage(f"{name} needs a value", "hotctl --help")
            options.append(rest.pop(0))
    return options, None, []


def _before_dashes(words: Sequence[str]) -> Sequence[str]:
    return words[: words.index("--")] if "--" in words else words


def _usage(message: str, hint: str) -> Exception:
    from hotd.contract.errors import UsageError

    return UsageError(message, hint=hint)


def _unknown(kind: str, word: str, known: Any, otherwise: str) -> Exception:
    from hotd.contract.nearest import nearest

    near = nearest(word, known)
    return _usage(f"there is no {kind} {word!r}", f"did you mean {near!r}?" if near else otherwise)


# --- endings ----------------------------------------------------------------------------------------------------------


def _fail(screen: Any, error: Any) -> int:
    from hotctl.view.problem import problem
    from hotd.contract.protocol import error_view

    try:
        if screen.json:
            screen.json_lines([{"error": error_view(error)}])
        screen.tell(*problem(error))
    except OSError:
        pass  # neither stream can be written: the status is all that is left to say
    return int(error.exit_status)


def _let_go(number: int, stream: TextIO | None) -> None:
    """Nothing is left for the interpreter to flush at its end: a reader that went away is no error of ours."""
    try:
        if stream is not None:
            stream.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, number)
        os.close(nowhere)


def _overview() -> str:
    """``hotctl --help``: the eight that are used every day first."""
    titles = {MOST_USED: "Most used", LOOK: "Look", CHANGE: "Change"}
    lines = ["usage: hotctl [options] COMMAND …", "", "Swap the code of long-running Python work while it runs.", ""]
    for group, title in titles.items():
        lines.append(f"{title}:")
        entries = (entry for entry in CATALOG.values() if entry.group == group)
        lines += [f"  {f'{entry.name} {entry.usage}'.rstrip():<30}{entry.summary}" for entry in entries]
        lines.append("")
    lines += [
        "Options, before or after the command:",
        "  --socket PATH                 the daemon's socket",
        "  --host ADDRESS                where it is: ssh://user@host[:port][/socket], tls://host[:port], exec:COMMAND",
        "  --json                        one JSON document; a line an object for events and logs",
        "  --version                     the version of hotctl",
        "",
        "Without --socket or --host: $HOTCTL_HOST, $XDG_RUNTIME_DIR/hotd/control.sock, /run/hotd/control.sock.",
        "Exit status: 0 done or unchanged, 2 usage, 3 rejected, 4 deadline or partial, 5 refused, 6 rolled back,",
        "7 degraded (health) or something wrong (doctor),",
        "66 unknown name, 69 no daemon, 76 another protocol, 77 not permitted, 1 anything else.",
        "hotctl COMMAND --help tells more of each.",
    ]
    return "\n".join(lines) + "\n"
