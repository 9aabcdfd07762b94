"""``hotd serve MODULE:ENTRY``: one module without a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotd.core.values import Spec
from tests.unit.config.projects import FewAccounts, Project


def test_an_entry_is_enough(project: Project) -> None:
    """One module named after its Python module, state thrown away, the socket where hotctl looks."""
    config = project.serve()
    ops = str(project.folder / "ops")
    assert config.modules == (Spec(name="long_op", entry="long_op:LongOp", roots=(ops,)),)
    assert (config.path, config.state_dir) == (None, None)
    assert config.control.socket == project.runtime / "hotd/control.sock"
    assert (config.later, config.warnings) == ((), ())


def test_options_reach_their_fields(project: Project) -> None:
    """Every option is the key of its name."""
    project.write("more/x.py")
    config = project.serve(
        "pkg.long_op:LongOp",
        args=["{instance}", "x"],
        replicas=2,
        surge=1,
        restart="never",
        on_change="stop",
        stop_method="stop",
        roots=["ops", str(project.folder / "more")],
        socket="run/x.sock",
        state="state",
        watch=False,
    )
    roots = (str(project.folder / "ops"), str(project.folder / "more"))
    assert config.modules == (
        Spec(
            name="long_op",
            entry="pkg.long_op:LongOp",
            roots=roots,
            args=("{instance}", "x"),
            replicas=2,
            surge=1,
            restart="never",
            on_change="stop",
            stop_method="stop",
        ),
    )
    assert config.control.socket == project.runtime / "x.sock"
    assert config.state_dir == project.folder / "state"
    assert not config.watch.enabled


def test_the_current_folder_is_the_root_where_none_is_given(project: Project) -> None:
    """``cd ops; hotd serve long_op:LongOp`` just works."""
    assert project.serve(roots=(".",)).roots == (str(project.folder),)


def test_mistakes_name_the_option_they_are_in(project: Project) -> None:
    """All at once, in the words of the command line."""
    errors = project.serve_errors(
        "long_op", args=["{job}"], replicas=-1, on_change="sotp", roots=["nowhere"], socket="@x", state="hotd.toml/x"
    )
    assert errors == [
        'hotd serve: --root: "…/nowhere" does not exist',
        'hotd serve: ENTRY: "long_op" has no colon; write module:name, like "long_op:LongOp"',
        'hotd serve: ARGS: "{job}": nothing fills "{job}", only {instance} is known; {{ writes a brace',
        "hotd serve: --replicas: must be at least 0, not -1",
        'hotd serve: --on-change: must be "finish" or "stop", not "sotp"; did you mean "stop"?',
        'hotd serve: --socket: "@x" is an abstract socket: those have no permissions at all; write a path',
    ]


@pytest.mark.parametrize("entry", ["", ":", ":X", "a b:X", "long_op.:X", "x" * 200])
def test_a_malformed_entry_is_one_sentence(project: Project, entry: str) -> None:
    """An entry that no name can be taken from is told as an entry."""
    [error] = project.serve_errors(entry)
    assert error.startswith("hotd serve: ENTRY: ")


def test_as_many_replicas_as_are_asked_for(project: Project) -> None:
    """No hidden limit refuses what the command line says."""
    assert project.serve(replicas=100, surge=5).max_instances == 105


def test_more_replicas_than_can_be_counted_are_one_sentence(project: Project) -> None:
    """An absurd number is told once."""
    assert project.serve_errors(replicas=2**40) == [
        "hotd serve: --replicas: must be a number that fits in 31 bits, not 1099511627776"
    ]


def test_whoever_tries_one_module_is_not_told_about_groups(project: Project) -> None:
    """A machine without the group hotctl is the ordinary case there."""
    project.accounts = FewAccounts(groups=())
    config = project.serve()
    assert (config.control.group, config.warnings) == (None, ())


def test_a_script_in_the_way_of_the_standard_library_is_told(project: Project, tmp_path: Path) -> None:
    """The same rules hold as for a file."""
    project.write("ops/queue.py")
    assert project.serve_errors() == [
        'hotd serve: --root: "…/ops/queue.py" has the name of a standard module: rename it'
    ]
