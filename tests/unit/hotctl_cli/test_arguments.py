"""What is typed."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from hotctl.commands import CATALOG
from hotd.contract import requests
from tests.unit.hotctl_cli.desk import hotctl
from tests.unit.hotctl_view import samples as given

STATUS: dict[type, Any] = {requests.Status: given.status()}


@pytest.mark.parametrize(
    ("argv", "message", "hint"),
    [
        (("relod",), "there is no command 'relod'", "did you mean 'reload'?"),
        (("xyzzy",), "there is no command 'xyzzy'", "hotctl --help lists them"),
        (("--sokcet", "x", "status"), "there is no option '--sokcet'", "did you mean '--socket'?"),
        (("reload", "a", "--atomc"), "there is no option '--atomc'", "did you mean '--atomic'?"),
        (("reload", "a", "--atom"), "there is no option '--atom'", "did you mean '--atomic'?"),
        (("status", "a", "b"), "hotctl status takes no argument 'b' here", "hotctl status --help"),
        (("generations",), "the following arguments are required: MODULE", "hotctl generations --help"),
        (("scale", "a", "-1"), "N: '-1' is not a whole number, 0 or more", "hotctl scale --help"),
        (("scale", "a", "two"), "N: 'two' is not a whole number, 0 or more", "hotctl scale --help"),
        (("undo", "a", "--to", "seven"), "--to: 'seven' is no generation: write 7 or g7", "hotctl undo --help"),
        (("reload", "a", "--timeout", "5x"), '--timeout: "5x" is not a duration', "hotctl reload --help"),
        (("reload",), "say which modules, or --all", "hotctl modules lists them"),
        (("check", "a", "--all"), "name modules, or say --all, not both", "hotctl modules lists them"),
        (("status", "--socket"), "--socket: expected one argument", "hotctl status --help"),
        (("--socket",), "--socket needs a value", "hotctl --help"),
        (("status", "--socket", "a", "--host", "ssh://b"), "--socket and --host both say", "give one of them"),
        (("--json",), "say what to do", "hotctl --help"),
    ],
)
def test_a_mistake_is_told_with_its_cure_and_asks_no_daemon(argv: tuple[str, ...], message: str, hint: str) -> None:
    """Exit 2, a sentence, the next thing to type; with --json the object too."""
    ran = hotctl(*argv, answers=STATUS)
    assert ran.status == 2
    assert ran.err.startswith(f"hotctl: {message}"), ran.err
    assert f"\nhint: {hint}" in ran.err
    assert ran.asked == []
    if "--json" not in argv:
        assert ran.out == ""
        assert json.loads(hotctl("--json", *argv).out)["error"]["code"] == "usage"


@pytest.mark.parametrize(
    "argv", [("--socket", "/s", "--json", "status", "a"), ("status", "--json", "a", "--socket=/s"), ("status", "a")]
)
def test_global_options_stand_before_or_after_the_verb(argv: tuple[str, ...]) -> None:
    """Nobody has to remember where."""
    ran = hotctl(*argv, answers=STATUS)
    assert ran.asked == [requests.Status("a")]
    assert ran.addresses == (["/s"] if len(argv) > 2 else [None])
    assert ran.out.startswith("{") is (len(argv) > 2)


def test_a_host_is_an_address_too() -> None:
    """``--host ssh://…`` goes where ``--socket`` goes."""
    assert hotctl("--host", "ssh://a", "status", answers=STATUS).addresses == ["ssh://a"]


@pytest.mark.parametrize("argv", [(), ("--help",), ("-h",), ("help",)])
def test_help_is_data_and_success(argv: tuple[str, ...]) -> None:
    """``hotctl`` alone shows what there is."""
    ran = hotctl(*argv)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("usage: hotctl [options] COMMAND")
    assert max(map(len, ran.out.splitlines())) <= 110


@pytest.mark.parametrize(
    "argv", [("reload", "--help"), ("help", "reload"), ("--help", "reload"), ("reload", "a", "-h")]
)
def test_each_command_has_its_own_help(argv: tuple[str, ...]) -> None:
    """Wherever --help stands."""
    ran = hotctl(*argv)
    assert ran.status == 0
    assert "--wait-drained" in ran.out
    assert "--socket PATH" in ran.out
    assert ran.addresses == []


@pytest.mark.parametrize("verb", CATALOG)
def test_every_help_says_how_to_type_it_and_what_each_word_means(verb: str) -> None:
    """Its first line is that of the overview; no argument and no option is left to be guessed."""
    lines = hotctl(verb, "--help").out.splitlines()

    assert lines[0] == f"usage: hotctl {verb} [options] {CATALOG[verb].usage}".rstrip()
    for line, following in pairwise([*lines, ""]):
        if line.startswith("  ") and line[2] != " ":
            assert "  " in line.strip() or following.startswith("     "), line


def test_version_flag_asks_nobody() -> None:
    """``--version`` is this program's."""
    ran = hotctl("--version")
    assert (ran.status, ran.addresses) == (0, [])
    assert ran.out.startswith("hotctl 0.")


def test_a_module_whose_name_looks_like_an_option_can_be_named() -> None:
    """``--`` ends the options, here too."""
    assert hotctl("status", "--", "--json", answers=STATUS).asked == [requests.Status("--json")]
