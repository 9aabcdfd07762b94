"""hotd.toml -> Config: what is understood, what is default, and every mistake at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotd.config import Watch, load_config
from hotd.config.values import Control
from hotd.contract.errors import BadConfig
from hotd.core.values import Spec
from tests.unit.config.projects import MODULE, Project


def test_three_lines_are_a_configuration(project: Project) -> None:
    """Roots and an entry are enough; everything else has the default that the manual gives."""
    config = project.load(MODULE)
    ops = str(project.folder / "ops")
    assert config.path == project.file
    assert config.roots == (ops,)
    assert config.modules == (Spec(name="long_op", entry="long_op:LongOp", roots=(ops,)),)
    assert (config.max_instances, config.drain_deadline, config.executor) == (64, 30.0, "threads")
    assert config.control == Control(
        socket=project.runtime / "hotd/control.sock",
        socket_written=False,
        mode=0o660,
        group="hotctl",
        group_written=False,
        admins=("root", "%hotctl"),
        operators={},
        viewers=("*",),
    )
    assert config.watch == Watch(
        enabled=True, settle=0.05, settle_max=1.0, backend="auto", interval=1.0, ignore=(), also=()
    )
    assert config.logs_keep == 16_000_000
    assert config.plain_file_names is False
    assert (config.later, config.warnings) == ((), ())


def test_every_key_reaches_its_field(project: Project) -> None:
    """What is written is what the daemon does."""
    project.write("more/x.py")
    config = project.load("""
        roots = ["ops", "more"]
        [daemon]
        state_dir = "state"
        max_instances = 9
        drain_deadline = "1m"
        executor = "threads"
        plain_file_names = true
        [control]
        socket = "control.sock"
        mode = "0600"
        group = "ops"
        admins = ["root", 0, "1000", "ann", "%ops", "%20"]
        viewers = ["ann"]
        [watch]
        enabled = false
        settle = 0.1
        settle_max = "2s"
        backend = "polling"
        interval = "500ms"
        ignore = ["*.log", "*.tmp"]
        [logs]
        keep = "1MiB"
        [modules."web.front"]
        entry = "pkg.long_op:Ops.LongOp"
        args = ["{instance}", {deep = ["{instance}"]}]
        kwargs = {name = "w{instance}"}
        replicas = 0
        surge = 1
        max_unavailable = 2
        restart = "on-failure"
        on_change = "stop"
        stop_method = "stop"
        drain_deadline = 0
        after_deadline = "abandon"
        watch = "manual"
        max_generations = 2
        load_deadline = "5s"
        standby = 0
        auto_permanent = "1m"
        [modules.second]
        entry = "long_op:LongOp"
    """)
    roots = (str(project.folder / "ops"), str(project.folder / "more"))
    assert config.roots == roots
    assert config.state_dir == project.folder / "state"
    assert (config.max_instances, config.drain_deadline, config.logs_keep) == (9, 60.0, 2**20)
    assert config.plain_file_names is True
    assert config.control == Control(
        socket=project.folder / "control.sock",
        socket_written=True,
        mode=0o600,
        group="ops",
        group_written=True,
        admins=("root", "0", "1000", "ann", "%ops", "%20"),
        operators={},
        viewers=("ann",),
    )
    assert config.watch == Watch(
        enabled=False,
        settle=0.1,
        settle_max=2.0,
        backend="polling",
        interval=0.5,
        ignore=("*.log", "*.tmp"),
        also=(),
    )
    assert config.modules[0] == Spec(
        name="web.front",
        entry="pkg.long_op:Ops.LongOp",
        roots=roots,
        args=("{instance}", {"deep": ["{instance}"]}),
        kwargs={"name": "w{instance}"},
        replicas=0,
        surge=1,
        max_unavailable=2,
        restart="on-failure",
        on_change="stop",
        stop_method="stop",
        drain_deadline=0.0,
        after_deadline="abandon",
        watch="manual",
        max_generations=2,
        load_deadline=5.0,
        standby=0,
        auto_permanent=60.0,
    )
    assert [module.name for module in config.modules] == ["web.front", "second"]
    assert (config.later, config.warnings) == ((), ())


def test_ten_mistakes_are_ten_lines_in_the_order_of_the_file(project: Project) -> None:
    """Nobody mends a configuration one error at a time."""
    errors = project.errors("""\
roots = ["nowhere"]
[daemon]
max_instances = "many"
[control]
mode = "0666"
socket = "@hotd"
[watch]
settle = "10 parsecs"
[modules.long_op]
entry = "long_op"
replicsa = 2
surge = -1
restart = "allways"
args = ["{job}"]
[modules.web-2]
entry = "web:main"
""")
    assert errors == [
        'hotd.toml:1: roots: "…/nowhere" does not exist',
        'hotd.toml:3: daemon.max_instances: must be a whole number, like 64, not "many"',
        'hotd.toml:5: control.mode: "0666" lets everyone on this machine connect; give a group instead',
        'hotd.toml:6: control.socket: "@hotd" is an abstract socket: those have no permissions at all; write a path',
        'hotd.toml:8: watch.settle: "10 parsecs" is not a duration; '
        'write a number and ms, s, m, h or d, like "30s" or "1h30m"',
        'hotd.toml:10: modules.long_op.entry: "long_op" has no colon; write module:name, like "long_op:LongOp"',
        'hotd.toml:11: modules.long_op.replicsa: no such key; did you mean "replicas"?',
        "hotd.toml:12: modules.long_op.surge: must be at least 0, not -1",
        'hotd.toml:13: modules.long_op.restart: must be "always", "on-failure" or "never", not "allways"; '
        'did you mean "always"?',
        'hotd.toml:14: modules.long_op.args: "{job}": nothing fills "{job}", only {instance} is known; '
        "{{ writes a brace",
        'hotd.toml:15: modules.web-2: "web-2" reads like instance 2 of a module web, so no module may be called that; '
        "rename it, for example web_2",
    ]


def test_the_error_names_the_file_and_the_first_line(project: Project) -> None:
    """Editors and ``--json`` find the place, the shell gets 78, and the cure is said."""
    with pytest.raises(BadConfig) as refused:
        project.load("roots = ['ops']\nnonsense = 1\n")
    assert (refused.value.file, refused.value.line) == (str(project.file), 2)
    assert refused.value.exit_status == 78
    assert refused.value.hint == "nothing was started; `hotd check` reads it again and starts nothing"


@pytest.mark.parametrize(
    ("written", "error"),
    [
        ("[daemon]\nmax_instances = true", "daemon.max_instances: must be a whole number, like 64, not true"),
        ("[daemon]\nmax_instances = 2.0", "daemon.max_instances: must be a whole number, like 64, not 2.0"),
        ("[daemon]\nmax_instances = 0", "daemon.max_instances: must be at least 1, not 0"),
        (
            "[daemon]\nmax_instances = 0xffffffffffffffffffff",
            "daemon.max_instances: must be a number that fits in 31 bits, not a number of more than 64 bits",
        ),
        ("[daemon]\ndrain_deadline = -1", "daemon.drain_deadline: -1 is not a duration; …"),
        ("[daemon]\ndrain_deadline = inf", "daemon.drain_deadline: inf is longer than a hundred years"),
        ("[daemon]\ndrain_deadline = nan", "daemon.drain_deadline: nan is not a duration; …"),
        ("[daemon]\ndrain_deadline = true", "daemon.drain_deadline: true is not a duration; …"),
        ("[daemon]\nexecutor = 3", "daemon.executor: must be text in quotes, not 3"),
        ("[daemon]\nplain_file_names = 1", "daemon.plain_file_names: must be true or false, not 1"),
        ("[watch]\nenabled = 1", "watch.enabled: must be true or false, not 1"),
        ('[watch]\nsettle = "2s"', "watch.settle: is 2s, longer than settle_max, which is 1s"),
        ('[watch]\nsettle_max = "1ms"', "watch.settle_max: is 1ms, shorter than settle, which is 50ms"),
        ('[watch]\nbackend = "inotify"', 'watch.backend: must be "auto" or "polling", not "inotify"'),
        ("[watch]\nbackend = [1]", 'watch.backend: must be "auto" or "polling", not a list'),
        ('[watch]\ninterval = "0s"', 'watch.interval: must be longer than 0, not "0s"'),
        ('[watch]\nignore = "*.log"', 'watch.ignore: must be a list of texts in quotes, not "*.log"'),
        ("[watch]\nignore = [1]", "watch.ignore: each must be text in quotes, not 1"),
        ('[watch]\nalso = [" "]', 'watch.also: each must be text in quotes, not " "'),
        ('[logs]\nkeep = "many"', 'logs.keep: "many" is not a size; …'),
        ("[logs]\nkeep = 16.5", "logs.keep: 16.5 is not a size; …"),
        ("[logs]\nkeep = 10", "logs.keep: must be at least 4096 bytes, not 10"),
    ],
)
def test_a_wrong_value_is_one_sentence(project: Project, written: str, error: str) -> None:
    """Wrong types and impossible values say what would be right, what was written, and where."""
    [found] = project.errors(f"{MODULE}{written}\n")
    where, _, said = found.partition(": ")
    assert where == "hotd.toml:5"
    assert said.startswith(error.removesuffix("…")) if error.endswith("…") else said == error


@pytest.mark.parametrize(
    ("written", "error"),
    [
        ("surge_ = 1", 'modules.long_op.surge_: no such key; did you mean "surge"?'),
        ("max-generations = 1", 'modules.long_op.max-generations: no such key; did you mean "max_generations"?'),
        ("settle = '1s'", "modules.long_op.settle: no such key here; it belongs in [watch]"),
        (
            "roots = ['ops']",
            "modules.long_op.roots: no such key here; it belongs at the top of the file, before the first [table]",
        ),
        ("bake = '1s'", "modules.long_op.bake: no such key here; it belongs in canary = {…} of [modules.NAME]"),
        ("[moduls.x]", 'moduls: no such key; did you mean "modules"?'),
        ("[tls]", "tls: no such key here; it belongs in [control]"),
        ("[xyz]", "xyz: no such key; known here: roots, packages, daemon, control, watch, logs, modules"),
        ("[watch]\nreplicas = 1", "watch.replicas: no such key here; it belongs in [modules.NAME]"),
        (
            "[control]\ndrain_deadline = 1",
            "control.drain_deadline: no such key here; it belongs in [daemon] or in [modules.NAME]",
        ),
        ("canary = {bakes = 1}", 'modules.long_op.canary.bakes: no such key; did you mean "bake"?'),
        ('"\\u001b[31m" = 1', 'modules.long_op."\\u001b[31m": no such key; known here: …'),
    ],
)
def test_an_unknown_key_names_the_one_that_was_meant(project: Project, written: str, error: str) -> None:
    """A key with a slip, or in the wrong table, is told with the right one; none is passed over."""
    [found] = project.errors(f"{MODULE}{written}\n")
    assert found.partition(": ")[2].startswith(error.removesuffix("…"))


@pytest.mark.parametrize("table", ["daemon", "control", "watch", "logs"])
def test_a_table_that_is_none_is_told(project: Project, table: str) -> None:
    """A value where a table belongs does not stop the reading of the rest."""
    assert project.errors(f"{table} = 3\n{MODULE}surge = -1") == [
        f"hotd.toml:1: {table}: must be a table, not 3",
        "hotd.toml:5: modules.long_op.surge: must be at least 0, not -1",
    ]


def test_a_mode_written_as_a_number_at_the_top_is_sent_to_its_table(project: Project) -> None:
    """The right key in the wrong place is not mistaken for a slip of another one."""
    assert project.errors(f'mode = "0660"\n{MODULE}') == [
        "hotd.toml:1: mode: no such key here; it belongs in [control]"
    ]


@pytest.mark.parametrize(
    "written",
    [
        "replicas = 2\n[daemon]\nmax_instances = 2",
        "[daemon]\nmax_instances = 2147483647",
        '[watch]\nsettle = "1s"',
        "[logs]\nkeep = 4096",
        "[control]\nviewers = [4294967295]",
    ],
)
def test_the_last_possible_value_is_taken(project: Project, written: str) -> None:
    """A limit is a limit, not one less."""
    assert project.load(f"{MODULE}{written}\n").warnings == ()


def test_what_stands_on_no_line_comes_last(project: Project) -> None:
    """A key that is missing is told after those that are wrong."""
    project.env = {"RUNTIME_DIRECTORY": "/run/x"}
    assert [error.partition(": ")[0] for error in project.errors(f"{MODULE}surge = -1\nstandby = -1")] == [
        "hotd.toml:4",
        "hotd.toml:5",
        "hotd.toml",
    ]


def test_more_replicas_than_instances_are_allowed_cannot_be(project: Project) -> None:
    """What can never be reached is told at the start."""
    assert project.errors(f"{MODULE}replicas = 3\n[daemon]\nmax_instances = 2") == [
        "hotd.toml:6: daemon.max_instances: is 2, and the replicas of all modules are 3 together"
    ]


@pytest.mark.parametrize("text", ["# nothing\n", "[modules]\n"])
def test_a_file_without_modules_is_allowed_with_a_warning(project: Project, text: str) -> None:
    """Modules may be added at run time; a daemon that hosts none says so. The default root is the file's folder."""
    config = project.load(text)
    assert config.modules == ()
    assert config.roots == (str(project.folder),)
    assert config.warnings == ("hotd.toml: hosts no module; write a [modules.NAME]",)


def test_a_symbolic_link_in_the_way_to_the_file_is_kept(project: Project) -> None:
    """A deployment that moves /srv/current on moves roots and keeps the state."""
    project.file.write_text(MODULE)
    current = project.folder / "current"
    current.symlink_to(project.folder)
    config = load_config(
        Path("current/hotd.toml"), env=project.env, uid=1000, cwd=project.folder, accounts=project.accounts
    )
    assert config.path == current / "hotd.toml"
    assert config.roots == (str(current / "ops"),)
