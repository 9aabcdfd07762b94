"""The module that holds the big object stays; what would rebuild it by the way is refused, and says through what."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from hotctl import connect
from hotd.contract.errors import UsageError, WouldRebuild
from tests.support.daemons import Running, running
from tests.support.eventually import eventually
from tests.support.ops import hosted

SAVES = 50

SETTINGS = "SIZE = {size}\n"
FEATURES = "from settings import SIZE\n\nNAMES = [str(n) for n in range(SIZE)]\n"
MODEL = """\
from pathlib import Path

import features

WEIGHTS = bytes(4 << 20)
with (Path(__file__).parents[1] / "built").open("a") as log:
    log.write(f"{len(features.NAMES)}\\n")
"""
PIPELINE = """\
import model
from hotd import api

STEP = {step}


def work():
    print("step", STEP, "on", id(model.WEIGHTS))
    while not api.wait(60):
        pass
"""
BATCH = "import features\n\n\ndef work():\n    pass\n"
SOURCES = {
    "settings.py": SETTINGS.format(size=3),
    "features.py": FEATURES,
    "model.py": MODEL,
    "pipeline.py": PIPELINE.format(step=0),
    "batch.py": BATCH,
}
MODULES = hosted("pipeline", "pipeline:work", more='on_change = "stop"\nkeep = ["model"]') + hosted(
    "batch", "batch:work", 0
)
WHY = "model would be executed again: it imports features (model -> features -> settings), and settings.py changed"
ALLOW = "allow it: `hotctl reload pipeline --rebuild model`"


@pytest.fixture
def daemon() -> Iterator[Running]:
    with running(SOURCES, MODULES, watch='settle = "10ms"') as found:
        found.until(lambda m: m["serving"]["current"] == 1, "pipeline")
        yield found


def built(daemon: Running) -> list[str]:
    """One line for each time that ``model.py`` was executed."""
    return (daemon.folder / "built").read_text().split()


def test_fifty_saves_of_the_pipeline_never_rebuild_the_model(daemon: Running) -> None:
    """Every save is a generation of its own, each runs on the one object that was there at the start."""
    with connect(str(daemon.socket)) as client:

        def serves(number: int) -> bool:
            (module,) = client.status("pipeline").modules
            return module.generation == number and module.serving.current == 1

        for step in range(1, SAVES + 1):
            daemon.write("pipeline.py", PIPELINE.format(step=step))
            eventually(partial(serves, step + 1), within=20)
        printed = [line.text.split() for line in client.logs("pipeline")]

    assert [int(step) for _, step, *_ in printed] == list(range(SAVES + 1))
    assert len({weights for *_, weights in printed}) == 1
    assert built(daemon) == ["3"]


def test_an_edit_that_would_rebuild_the_model_is_refused_until_it_is_named(daemon: Running) -> None:
    """The watcher refuses it, status and reload say through which import; ``--rebuild model`` does it."""
    daemon.write("settings.py", SETTINGS.format(size=4))
    seen = daemon.until(lambda m: m["out_of_sync"], "pipeline")
    daemon.until(lambda m: m["generation"] == 2, "batch")  # who keeps nothing follows

    (found,) = (c for c in seen["conditions"] if c["type"] == "OutOfSync")
    assert found["reason"] == "would-rebuild"
    assert found["message"] == f"{WHY}; g1 serves; take the change back, or {ALLOW}"
    assert seen["health"] == "Healthy" and seen["rejected"] is None and seen["errors"] == 0
    assert WHY in daemon.hotctl("status").out

    refused = daemon.hotctl("reload", "pipeline")
    assert refused.status == 5 and refused.out == ""
    assert refused.err == (
        f"pipeline: refused\n  {daemon.folder}/ops/model.py:3: {WHY}\n  hint: take the change back, or {ALLOW}\n"
    )
    forced = daemon.hotctl("reload", "pipeline", "--force", "--json")
    assert forced.status == 5 and forced.json["modules"][0]["error"]["code"] == "would-rebuild"
    assert daemon.hotctl("history", "pipeline", "--json").json[0]["outcome"] == "refused"
    assert built(daemon) == ["3"]

    allowed = daemon.hotctl("reload", "pipeline", "--rebuild", "model", "--json")
    assert allowed.status == 0 and allowed.json["modules"][0]["generation"] == 2
    assert built(daemon) == ["3", "4"]
    assert not daemon.module("pipeline")["out_of_sync"]

    undone = daemon.hotctl("undo", "pipeline")
    assert undone.status == 0 and built(daemon) == ["3", "4"]


def test_a_dry_run_prints_the_plan_with_the_refusal(daemon: Running) -> None:
    """Which parts and why; the kept one is marked, the way to it whole; what is shared, and with whom."""
    daemon.hotctl("pause")
    daemon.write("pipeline.py", PIPELINE.format(step=1))
    plan = daemon.hotctl("reload", "pipeline", "--dry-run")
    assert plan.status == 0
    assert plan.out == (
        "pipeline: a reload would execute 1 part again, 3 kept\nPART      WHY\npipeline  pipeline.py changed\n"
        "kept: features, model, settings\nshared with batch: features, settings\n"
    )

    daemon.write("settings.py", SETTINGS.format(size=5))
    plan = daemon.hotctl("reload", "pipeline", "--dry-run")
    assert plan.status == 5
    assert plan.out.splitlines()[:5] == [
        "pipeline: a reload would execute 4 parts again",
        "PART      WHY",
        "settings  settings.py changed",
        "features  it imports settings, which is executed again",
        "model     it imports features (model -> features -> settings), and settings.py changed; in keep",
    ]
    assert plan.err.startswith("pipeline: a reload would be refused\n")
    assert ALLOW in plan.err and built(daemon) == ["3"]

    allowed = daemon.hotctl("reload", "pipeline", "--dry-run", "--rebuild", "model")
    assert allowed.status == 0 and "in keep" not in allowed.out


def test_a_program_is_told_by_an_exception_and_may_allow_it(daemon: Running) -> None:
    """WouldRebuild is a Refused; a misspelt part is a usage error that says so."""
    daemon.hotctl("pause")
    daemon.write("model.py", MODEL + "# a remark\n")
    with connect(str(daemon.socket)) as client:
        with pytest.raises(WouldRebuild) as caught:
            client.reload("pipeline")
        assert caught.value.message == "model would be executed again: model.py changed"
        with pytest.raises(UsageError) as wrong:
            client.reload("pipeline", rebuild=["modle"])
        assert wrong.value.hint == "did you mean 'model'?"
        assert client.reload("pipeline", rebuild=["model"]).outcome == "promoted"
    assert built(daemon) == ["3", "3"]


def test_a_module_that_stands_still_keeps_its_helper_while_another_moves_on() -> None:
    """Each runs its own, also in instances that start afterwards; when it follows, both have one object again."""
    helper = "VERSION = {}\n\n\ndef me():\n    return VERSION, id(me)\n"
    source = (
        "import helper\nfrom hotd import api\n\n\ndef work():\n    print(*helper.me())\n"
        "    while not api.wait(60):\n        pass\n"
    )
    names = ("moving", "standing")
    modules = "".join(hosted(name, f"{name}:work", more='on_change = "stop"') for name in names)
    sources = {"helper.py": helper.format(1), **{f"{name}.py": source for name in names}}
    with running(sources, modules, watch='settle = "10ms"') as daemon, connect(str(daemon.socket)) as client:

        def printed(name: str, count: int) -> list[list[str]]:
            lines = [line.text.split() for line in client.logs(name)]
            assert len(lines) == count
            return lines

        (one,), (other,) = (eventually(partial(printed, name, 1), within=20) for name in names)
        assert one == other and one[0] == "1"

        client.pause("standing")
        for version in range(2, 5):
            daemon.write("helper.py", helper.format(version))
            moved = eventually(partial(printed, "moving", version), within=20)
            assert moved[-1][0] == str(version)
        client.restart("standing")
        assert eventually(partial(printed, "standing", 2), within=20)[-1] == other

        client.resume("standing")
        assert eventually(partial(printed, "standing", 3), within=20)[-1] == moved[-1]
