"""argv in, exit code out."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import hotd
from hotd.contract.errors import HotdError, UsageError
from hotd.contract.nearest import nearest

if TYPE_CHECKING:
    from hotd.config import Config

DESCRIPTION = """\
Hosts long-running Python work and swaps its code while it runs: instances already running finish on the code they
started with, new ones run the new generation.  hotctl controls it.
"""

EPILOG = """\
exit status: 0 done, 2 usage, 3 rejected (check), 5 another daemon is running, 78 bad configuration, 1 anything else
"""


def run(argv: Sequence[str]) -> int:
    """The whole program; what it returns is the exit status."""
    parser = _parser()
    args = parser.parse_args(argv)
    try:
        return int(args.run(args))
    except HotdError as error:
        _complain(error)
        return error.exit_status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read our output is gone; Python would complain a second time while it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="hotd", description=DESCRIPTION, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"hotd {hotd.__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)

    serve = commands.add_parser(
        "serve",
        help="run the daemon in the foreground",
        description="Run the daemon in the foreground: what hotd.toml hosts, or one ENTRY without a config. "
        "SIGTERM and Ctrl-C let every instance end first; a second one does not wait. SIGHUP is hotctl apply.",
    )
    serve.add_argument("entry", nargs="?", metavar="ENTRY", help="host this one, like long_op:LongOp, without a config")
    serve.add_argument("args", nargs="*", metavar="ARG", help='arguments of each instance; "{instance}" is its number')
    _config_option(serve)
    serve.add_argument("--replicas", type=int, metavar="N", help="how many instances there shall be (with ENTRY)")
    serve.add_argument("--root", action="append", metavar="DIR", help="source root, again for more (with ENTRY; .)")
    serve.add_argument("--socket", metavar="PATH", help="the control socket")
    serve.add_argument("--state", metavar="DIR", help="the state folder")
    serve.add_argument("-v", "--verbose", action="store_true", help="log every start and end of an instance")
    serve.set_defaults(run=_serve)

    check = commands.add_parser(
        "check",
        help="read the config, load every module aside, start nothing",
        description="Read the config and tell all that is wrong with it; load every module aside, which executes its "
        "code, and tell which would be rejected (exit 3). No instance is started.",
    )
    _config_option(check)
    check.set_defaults(run=_check)

    init = commands.add_parser(
        "init",
        help="write a commented hotd.toml and an example; never overwrites",
        description="Write a commented hotd.toml and an example to begin with. Overwrites nothing.",
    )
    init.add_argument("folder", nargs="?", default=".", metavar="DIR", help="where; made if it is missing (.)")
    init.set_defaults(run=_init)

    tls = commands.add_parser(
        "tls",
        help="make, or revoke, the certificates of callers from other machines",
        description="A private authority, the daemon's certificate and those of its callers, for a start.",
    ).add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)
    make = tls.add_parser(
        "init",
        help="make what is missing; never overwrites",
        description="Make an authority, a certificate of the daemon, and one for each --client; again, for more "
        "clients. Overwrites nothing.",
    )
    _tls_folder(make)
    make.add_argument("--host", action="append", metavar="NAME", help="what callers call this machine, again for more")
    make.add_argument("--client", action="append", metavar="NAME", help="who is let in, as cert:NAME; again for more")
    make.set_defaults(run=_tls_init)
    revoke = tls.add_parser(
        "revoke",
        help="let a certificate in no more",
        description="Add a certificate to the list of those that are let in no more. The daemon reads it at SIGHUP.",
    )
    revoke.add_argument("name", metavar="NAME", help="the client, or the file of its certificate")
    _tls_folder(revoke)
    revoke.set_defaults(run=_tls_revoke)

    demo = commands.add_parser(
        "demo",
        help="the story of hotd in this terminal, in a scratch folder; ends by itself",
        description="Play the story of hotd against a real daemon, in a scratch folder that is gone afterwards.",
    )
    demo.add_argument("--fast", action="store_true", help="in about 8 seconds instead of 40")
    demo.set_defaults(run=_demo)
    return parser


class _Parser(argparse.ArgumentParser):
    """Says what was meant when a command is misspelt."""

    def _check_value(self, action: argparse.Action, value: object) -> None:
        if action.choices is not None and value not in action.choices:
            near = nearest(str(value), map(str, action.choices))
            meant = f"; did you mean {near!r}?" if near else f"; there are {', '.join(map(str, action.choices))}"
            raise argparse.ArgumentError(None, f"there is no command {value!r}{meant}")


def _config_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-c", "--config", metavar="FILE", help="hotd.toml; default: the one in this folder")


def _tls_folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", nargs="?", default="tls", metavar="DIR", help="where they are kept (tls)")


def _serve(args: argparse.Namespace) -> int:
    import faulthandler

    from hotd.app.daemon import Daemon
    from hotd.config import from_command_line

    if args.entry:
        if args.config:
            raise UsageError("ENTRY and -c exclude each other", hint="put the module into the config, or leave -c away")
        reread = None
        config = from_command_line(
            args.entry,
            args.args,
            replicas=1 if args.replicas is None else args.replicas,
            roots=args.root or ["."],
            socket=args.socket,
            state=args.state,
            env=os.environ,
            uid=os.getuid(),
            cwd=Path.cwd(),
        )
    else:
        if args.replicas is not None or args.root or args.socket or args.state:
            raise UsageError(
                "--replicas, --root, --socket and --state go with ENTRY", hint="with a config they stand in hotd.toml"
            )
        read = _reader(args)
        config = read()
        reread = partial(read, config.path)
    faulthandler.enable()  # what native code dies of is told: the log ends with where every thread was
    return Daemon(config, env=os.environ, stderr=sys.stderr, verbose=args.verbose, reread=reread).run()


def _check(args: argparse.Namespace) -> int:
    from hotd.app.check import check

    return check(_reader(args)(), sys.stdout)


def _init(args: argparse.Namespace) -> int:
    from hotd.config.init import write_example

    folder = Path(args.folder)
    for path in write_example(folder):
        print(f"wrote {path}")  # noqa: T201 - what the command is for
    print(f"next: hotd serve -c {folder / 'hotd.toml'}")  # noqa: T201
    return 0


def _tls_init(args: argparse.Namespace) -> int:
    import getpass
    import socket

    from hotd.config.authority import make_certificates

    folder = Path(args.folder)
    clients = args.client or [getpass.getuser()]
    made = make_certificates(folder, args.host or [socket.gethostname(), "localhost", "127.0.0.1", "::1"], clients)
    for path in made.kept:
        print(f"kept  {path}")  # noqa: T201 - what the command is for
    for path in made.written:
        print(f"wrote {path}")  # noqa: T201
    print(  # noqa: T201
        "next: write [control.tls] into hotd.toml, with listen, and admins or operators or viewers with "
        f'"cert:{clients[0]}";\n      copy {folder / "clients" / clients[0]} to ~/.config/hotd/tls on the machine of '
        f"{clients[0]};\n      keep {folder / 'ca-key.pem'} where the daemon cannot read it: it needs it for nothing"
    )
    return 0


def _tls_revoke(args: argparse.Namespace) -> int:
    from hotd.config.authority import revoke

    serial, listed = revoke(Path(args.folder), args.name)
    print(f"revoked {args.name}, serial number {serial}, in {listed}")  # noqa: T201
    print("next: systemctl reload hotd, or kill -HUP the daemon, which then cuts it off")  # noqa: T201
    return 0


def _demo(args: argparse.Namespace) -> int:
    from hotd.demo.run import run as play

    return play(sys.stdout, fast=args.fast)


def _reader(args: argparse.Namespace) -> Callable[..., Config]:
    """Reads the config, as often as it is called, as of now: whatever becomes of this process's folder and
    environment, it is the same file, and means the same. Only at first it is called as it was on the command line."""
    from hotd.config import load_config

    path = Path(args.config) if args.config else None
    env, uid, cwd = dict(os.environ), os.getuid(), Path.cwd()
    return lambda again=path: load_config(again, env=env, uid=uid, cwd=cwd)


def _complain(error: HotdError) -> None:
    text = f"hotd: {error.message}\n" + (f"      {error.hint}\n" if error.hint else "")
    try:
        sys.stderr.write(text)
    except OSError:
        return  # nobody listens; the exit status tells
