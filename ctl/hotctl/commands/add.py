"""``hotctl add NAME --entry MODULE:NAME [--root DIR]``."""

from __future__ import annotations

import os
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from typing import Any

from hotctl.commands import FIRST_ANSWER, Here, not_negative, takes_reason, takes_timeout
from hotd.contract.requests import Add

REJECTED = 3


def configure(parser: ArgumentParser) -> None:
    parser.epilog = (
        "It is kept: restarts of the daemon host it again, until hotctl remove. Roots that lie in none of hotd.toml's "
        "are for the user whom the daemon runs as."
    )
    parser.add_argument("module", metavar="NAME", help="what to call it")
    parser.add_argument("--entry", metavar="M:N", required=True, help="what to run, as long_op:LongOp")
    parser.add_argument(
        "--root", metavar="DIR", dest="roots", action="append", default=[], type=os.path.abspath,
        help="where its source is, several in order of precedence (the roots of hotd.toml)",
    )  # fmt: skip
    parser.add_argument("--replicas", metavar="N", type=not_negative, help="how many instances (1)")
    parser.add_argument(
        "--set", metavar="KEY=VALUE", dest="options", action="append", default=[], type=option,
        help="any other key of [modules.NAME], its value as hotd.toml has it",
    )  # fmt: skip
    takes_timeout(parser)
    takes_reason(parser)


def option(text: str) -> tuple[str, Any]:
    """``args=["{instance}"]``; a value that is no TOML is text: ``on_change=stop``."""
    import tomllib

    key, sign, value = text.partition("=")
    if not sign or not key.strip():
        raise ArgumentTypeError(f"{text!r} is no KEY=VALUE")
    try:
        return key.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key.strip(), value.strip()


def run(args: Namespace, here: Here) -> int:
    options = dict(args.options) | ({} if args.replicas is None else {"replicas": args.replicas})
    wait = min(FIRST_ANSWER, args.timeout)
    request = Add(args.module, args.entry, tuple(args.roots), options, args.reason, wait)
    status = here.roll_out(request, verb="load", doing=f"loading {args.module}", timeout=args.timeout)
    if status == REJECTED:
        from hotctl.view.page import command, line

        name = args.module
        here.screen.tell(line(f"{name} is hosted all the same, and is loaded when the file is corrected; ",
                              command(f"hotctl remove {name}"), " forgets it"))  # fmt: skip
    return status
