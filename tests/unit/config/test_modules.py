"""[modules.NAME]: names, entries, arguments and numbers."""

from __future__ import annotations

import pytest

from tests.unit.config.projects import MODULE, Project


@pytest.mark.parametrize(
    "name", ["long_op", "web-front", "v2", "2nd", "_x", '"web.front"', "a-1b", '"größe"', "a" * 100]
)
def test_a_usable_name_is_taken(project: Project, name: str) -> None:
    """Letters, digits, _, - and . are a name."""
    assert project.load(MODULE.replace("modules.long_op", f"modules.{name}")).modules[0].name == name.strip('"')


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ('""', "a module needs a name"),
        ('"a b"', '"a b" is no name for a module: use letters, digits, _, - and .'),
        ('"a/b"', '"a/b" is no name for a module: use letters, digits, _, - and .'),
        ('"a\\u001b[31m"', '"a\\u001b[31m" is no name for a module: use letters, digits, _, - and .'),
        ('"a\\nb"', '"a\\nb" is no name for a module: use letters, digits, _, - and .'),
        ('"-all"', "the name of a module may not begin with -"),
        ('".a"', "the name of a module may not begin with ."),
        ('"' + "a" * 101 + '"', "the name of a module may have 100 characters, not 101"),
        (
            "web-2",
            '"web-2" reads like instance 2 of a module web, so no module may be called that; '
            "rename it, for example web_2",
        ),
    ],
)
def test_an_unusable_name_is_refused(project: Project, name: str, error: str) -> None:
    """A name can be typed, is a file's name, and is never mistaken for an option or an instance."""
    [found] = project.errors(MODULE.replace("modules.long_op", f"modules.{name}"))
    assert found.startswith("hotd.toml:2: modules.")
    assert found.endswith(f": {error}")


def test_a_dotted_name_without_quotes_is_told_how_to_write_it(project: Project) -> None:
    """TOML reads [modules.a.b] as a table in a table; who writes it means a module."""
    assert project.errors('roots = ["ops"]\n[modules.web.front]\nentry = "long_op:LongOp"\n') == [
        'hotd.toml:2: modules.web.front: a name with dots is quoted: [modules."web.front"]'
    ]


@pytest.mark.parametrize(
    ("entry", "error"),
    [
        ("long_op", '"long_op" has no colon; write module:name, like "long_op:LongOp"'),
        ("", '"" has no colon; write module:name, like "long_op:LongOp"'),
        (":LongOp", '":LongOp" lacks the module; write module:name, like "long_op:LongOp"'),
        ("long_op:", '"long_op:" lacks the name; write module:name, like "long_op:LongOp"'),
        ("ops/long_op.py:LongOp", '"ops/long_op.py:LongOp" names a file; write the module, like "long_op:LongOp"'),
        (
            "ops/long_op:LongOp",
            '"ops/long_op" in "ops/long_op:LongOp" is not a Python name; write module:name, like "long_op:LongOp"',
        ),
        ("a..b:X", '"a..b" in "a..b:X" is not a Python name; write module:name, like "long_op:LongOp"'),
        ("a:X()", '"X()" in "a:X()" is not a Python name; write module:name, like "long_op:LongOp"'),
        ("a:b:c", '"b:c" in "a:b:c" is not a Python name; write module:name, like "long_op:LongOp"'),
        ("class:X", '"class" in "class:X" is not a Python name; write module:name, like "long_op:LongOp"'),
        ("a: X", '" X" in "a: X" is not a Python name; write module:name, like "long_op:LongOp"'),
    ],
)
def test_a_malformed_entry_is_refused(project: Project, entry: str, error: str) -> None:
    """An entry that can never be found is told before the first load."""
    assert project.errors(MODULE.replace("long_op:LongOp", entry)) == [f"hotd.toml:3: modules.long_op.entry: {error}"]


def test_a_missing_entry_is_told_at_its_table(project: Project) -> None:
    """A module without an entry runs nothing."""
    assert project.errors('roots = ["ops"]\n[modules.long_op]\nreplicas = 2\n') == [
        'hotd.toml:2: modules.long_op.entry: is missing; write what to run, like entry = "long_op:LongOp"'
    ]


@pytest.mark.parametrize(
    ("written", "error"),
    [
        ("modules = 3", "modules: must be tables, like [modules.long_op], not 3"),
        ("[[modules]]", "modules: must be tables, like [modules.long_op], not a list"),
    ],
)
def test_modules_that_are_no_tables_are_told(project: Project, written: str, error: str) -> None:
    """The form that is right is shown."""
    assert [found.partition(": ")[2] for found in project.errors(written)] == [error]


def test_a_module_that_is_only_its_entry_is_told(project: Project) -> None:
    """``[modules] long_op = "long_op:LongOp"`` is near, and not it."""
    assert project.errors('roots = ["ops"]\n[modules]\nlong_op = "long_op:LongOp"\n')[0] == (
        'hotd.toml:3: modules.long_op: must be a table, not "long_op:LongOp"'
    )


@pytest.mark.parametrize(
    ("written", "error"),
    [
        ("replicas = -1", "replicas: must be at least 0, not -1"),
        ('replicas = "2"', 'replicas: must be a whole number, like 1, not "2"'),
        ("surge = -1", "surge: must be at least 0, not -1"),
        ("max_unavailable = 0", "max_unavailable: must be at least 1, not 0"),
        ("max_generations = 1", "max_generations: must be at least 2: the current one and the next, not 1"),
        ("standby = -1", "standby: must be at least 0, not -1"),
        ('restart = "sometimes"', 'restart: must be "always", "on-failure" or "never", not "sometimes"'),
        ("restart = true", 'restart: must be "always", "on-failure" or "never", not true'),
        ('on_change = "restart"', 'on_change: must be "finish" or "stop", not "restart"'),
        ('after_deadline = "kill"', 'after_deadline: must be "wait" or "abandon", not "kill"'),
        ('watch = "manuel"', 'watch: must be "auto" or "manual", not "manuel"; did you mean "manual"?'),
        ("watch = false", 'watch: must be "auto" or "manual", not false'),
        ('stop_method = "self.stop()"', 'stop_method: "self.stop()" is not the name of a method; …'),
        ("stop_method = 1", "stop_method: must be text in quotes, not 1"),
        ("load_deadline = 0", "load_deadline: must be longer than 0, not 0"),
        ('drain_deadline = "soon"', 'drain_deadline: "soon" is not a duration; …'),
        ('auto_permanent = "soon"', 'auto_permanent: "soon" is not a duration; …'),
        ('keep = "model"', 'keep: must be a list of texts in quotes, not "model"'),
        ('keep = ["model.py"]', 'keep: "model.py" names a file; write the module, like "model"'),
        ('keep = ["lib/__init__.py"]', 'keep: "lib/__init__.py" names a file; write the module, like "lib"'),
        ('keep = ["lib", "a-b"]', 'keep: "a-b" is not the name of a part; …'),
        ('args = "x"', 'args: must be a list, like ["{instance}"], not "x"'),
        ("args = {id = 1}", 'args: must be a list, like ["{instance}"], not a table'),
        ('args = ["{job}"]', 'args: "{job}": nothing fills "{job}", only {instance} is known; {{ writes a brace'),
        ("kwargs = [1]", 'kwargs: must be a table, like {id = "{instance}"}, not a list'),
        ('kwargs = {a = ["}"]}', 'kwargs.a: "}" has a lone }; write }} for a brace'),
        ("canary = 3", "canary: must be a table, not 3"),
        ("canary = {instances = 0}", "canary.instances: must be at least 1, not 0"),
        ('canary = {bake = "x"}', 'canary.bake: "x" is not a duration; …'),
        ("canary = {max_failures = -1}", "canary.max_failures: must be at least 0, not -1"),
        ("entry = 3", "entry: must be text in quotes, not 3"),
    ],
)
def test_a_wrong_value_of_a_module_is_one_sentence(project: Project, written: str, error: str) -> None:
    """Every key of a module is checked before anything runs."""
    text = MODULE if not written.startswith("entry") else MODULE.rpartition("entry")[0]
    [found] = project.errors(f"{text}{written}\n")
    said = found.partition(": ")[2]
    expected = f"modules.long_op.{error}"
    assert said.startswith(expected.removesuffix("…")) if error.endswith("…") else said == expected


def test_the_same_module_twice_is_told_in_a_clear_line(project: Project) -> None:
    """No module silently replaces another of its name."""
    assert project.errors(MODULE + MODULE.partition("\n")[2]) == [
        'hotd.toml:4: "[modules.long_op]" stands here a second time; keep one'
    ]
