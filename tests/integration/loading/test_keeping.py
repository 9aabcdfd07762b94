"""Parts named in ``keep`` are not executed again by the way."""

from __future__ import annotations

from collections.abc import Iterator
from queue import SimpleQueue

import pytest

from hotd.contract.errors import LoadRejected, WouldRebuild
from hotd.core.messages import Checked, LoadJob, LoadKind, LoadOutcome, Planned, Staged
from hotd.core.messages import WouldRebuild as WouldRebuildOutcome
from hotd.core.values import Instant
from hotd.loading import Loader, Pool
from hotd.loading.hosting import Hosting
from tests.integration.loading.conftest import Open, Ops

PROGRAM = {
    "counted": "RUNS = []\n",
    "settings": "SIZE = 1\n",
    "features": "import settings\n",
    "model": "import counted, settings\n\ncounted.RUNS.append(settings.SIZE)\nWEIGHTS = object()\n",
    "pipeline": "import model\n",
}


def kept(open_loader: Open, ops: Ops, *keep: str, entry: str = "pipeline", **program: str) -> Loader:
    """A loader that has loaded the program and keeps those parts."""
    ops.write(**{**PROGRAM, **program})
    loader = open_loader(keep=keep or ("model",))
    loader.load(entry)
    return loader


def runs(loader: Loader) -> list[int]:
    assert loader.current is not None
    found: list[int] = loader.current.module("counted").RUNS
    return found


def refused(loader: Loader) -> WouldRebuild:
    """What a reload is refused with; a plan says the same, and nothing is executed by either."""
    before, current = list(runs(loader)), loader.current
    plan = loader.plan()
    with pytest.raises(WouldRebuild) as caught:
        loader.reload()
    assert plan.refusal is not None and plan.refusal.message == caught.value.message
    assert plan.digest == caught.value.digest == plan.refusal.digest
    assert (runs(loader), loader.current) == (before, current)
    return caught.value


def test_an_edit_that_would_rebuild_a_kept_part_is_refused_with_the_import(open_loader: Open, ops: Ops) -> None:
    """model imports settings: the sentence says so, file and line are those of the import."""
    loader = kept(open_loader, ops)
    ops.write(settings="SIZE = 2\n")

    error = refused(loader)

    assert error.message == "model would be executed again: it imports settings, and settings.py changed"
    assert (error.file, error.line, error.parts) == (str(ops.root / "model.py"), 1, ("model",))
    assert error.hint == "take the change back, or allow it: rebuild=['model']"
    assert error.exit_status == 5


def test_a_longer_way_is_told_whole(open_loader: Open, ops: Ops) -> None:
    """Each step of it: otherwise one searches for an import that is nowhere in the file."""
    loader = kept(open_loader, ops, model="import counted\n\nfrom features import settings\n")
    ops.write(settings="SIZE = 2\n")

    error = refused(loader)

    assert error.message == (
        "model would be executed again: it imports features (model -> features -> settings), and settings.py changed"
    )
    assert error.line == 3


def test_an_edit_of_the_kept_part_itself_is_refused_as_well(open_loader: Open, ops: Ops) -> None:
    """A saved file is no word of an operator that now is the time to build it anew."""
    loader = kept(open_loader, ops)
    ops.write(model=PROGRAM["model"] + "# a remark\n")

    error = refused(loader)

    assert error.message == "model would be executed again: model.py changed"
    assert (error.file, error.line) == (str(ops.root / "model.py"), None)


def test_of_two_changes_its_own_is_told(open_loader: Open, ops: Ops) -> None:
    """Taking the other one back would not help."""
    loader = kept(open_loader, ops)
    ops.write(model=PROGRAM["model"] + "# a remark\n", settings="SIZE = 2\n")

    error = refused(loader)

    assert (error.message, error.line) == ("model would be executed again: model.py changed", None)


def test_it_goes_through_the_packages_between(open_loader: Open, ops: Ops) -> None:
    """Relative, star and re-exporting imports are ways as well."""
    loader = kept(
        open_loader,
        ops,
        "lib.model",
        lib__="from .tools import *\n",
        lib__tools="import settings\n",
        lib__model="from . import tools\n",
        pipeline="import counted\nfrom lib import model\n",
    )
    ops.write(settings="SIZE = 2\n")
    assert refused(loader).message == (
        "lib.model would be executed again: it imports lib.tools (lib.model -> lib.tools -> settings), "
        "and settings.py changed"
    )


def test_what_could_not_be_imported_before_is_a_reason_too(open_loader: Open, ops: Ops) -> None:
    """``try: import fast``: a new file would change the part."""
    loader = kept(
        open_loader, ops, model="import counted\ntry:\n    import fast\nexcept ImportError:\n    fast = None\n"
    )
    ops.write(fast="")
    error = refused(loader)
    assert error.message == "model would be executed again: it imports fast, and fast can be imported now"
    assert error.line == 3


def test_data_files_are_a_reason_too(open_loader: Open, ops: Ops) -> None:
    """They belong to the package: an edit of one, or new code that is the first to read them."""
    loader = kept(open_loader, ops, "lib", lib__="", pipeline="import counted, lib\n")
    ops.write_file("lib/words.txt", "one")
    reads = "import counted, lib\nfrom importlib.resources import files\nWORDS = files('lib').joinpath('words.txt')\n"
    ops.write(pipeline=reads)
    assert refused(loader).message == "lib would be executed again: new code reads its data files"

    loader.reload(rebuild=["lib"])
    ops.write_file("lib/words.txt", "two")

    assert refused(loader).message == "lib would be executed again: lib/words.txt changed"


def test_a_computed_import_is_a_way_without_a_line(open_loader: Open, ops: Ops) -> None:
    """No statement names it; the sentence still does."""
    loader = kept(
        open_loader,
        ops,
        model="import counted\nfrom importlib import import_module\nimport_module(''.join(['set', 'tings']))\n",
    )
    ops.write(settings="SIZE = 2\n")
    error = refused(loader)
    assert error.message == "model would be executed again: it imports settings, and settings.py changed"
    assert error.line is None


def test_everything_else_reloads_around_it(open_loader: Open, ops: Ops) -> None:
    """What keep is for: the object stays, however often its user changes."""
    loader = kept(open_loader, ops)
    assert loader.current is not None
    weights = loader.current.module("model").WEIGHTS
    for step in range(5):
        ops.write(pipeline=f"import model\nSTEP = {step}\n")
        assert loader.reload().module("pipeline").model.WEIGHTS is weights
    assert runs(loader) == [1]


def test_the_part_may_be_named(open_loader: Open, ops: Ops) -> None:
    """For one load; the next edit by the way is refused again."""
    loader = kept(open_loader, ops)
    ops.write(settings="SIZE = 2\n")
    with pytest.raises(WouldRebuild):
        loader.reload(rebuild=["features"])

    assert loader.plan(rebuild=["model"]).refusal is None
    assert loader.check(rebuild=["model"]).reloaded == ("settings", "model", "pipeline")
    assert loader.reload(rebuild=["model"]).number == 2

    assert runs(loader) == [1, 2, 2]
    ops.write(settings="SIZE = 3\n")
    refused(loader)


def test_only_named_parts_are_allowed(open_loader: Open, ops: Ops) -> None:
    """Of two kept parts one is named: the other holds the load up, and the cure names both."""
    loader = kept(open_loader, ops, "model", "features", pipeline="import features, model\n")
    ops.write(settings="SIZE = 2\n")
    error = refused(loader)
    assert error.parts == ("features", "model")
    assert error.message == (
        "features would be executed again: it imports settings, and settings.py changed; so would model"
    )
    with pytest.raises(WouldRebuild) as caught:
        loader.reload(rebuild=["model"])
    assert (caught.value.parts, caught.value.hint) == (
        ("features",),
        "take the change back, or allow it: rebuild=['model', 'features']",
    )
    assert loader.reload(rebuild=["model", "features"]).number == 2


def test_a_package_in_keep_covers_what_is_in_it(open_loader: Open, ops: Ops) -> None:
    """And a part of it may be allowed alone."""
    files = {f"models__m{n}": "import settings\n" for n in range(6)}
    imports = "".join(f"import models.m{n}\n" for n in range(6))
    loader = kept(open_loader, ops, "models", models__="", pipeline=f"import counted\n{imports}", **files)
    ops.write(settings="SIZE = 2\n")
    error = refused(loader)
    assert error.message.endswith("; so would models.m1, models.m2, models.m3 and 2 more")
    assert error.hint == "take the change back, or allow it: rebuild=['models']"
    with pytest.raises(WouldRebuild):
        loader.reload(rebuild=["models.m0"])
    assert loader.reload(rebuild=["models"]).number == 2


def test_a_kept_module_of_a_package_does_not_keep_the_package(open_loader: Open, ops: Ops) -> None:
    """``models.big`` stays while ``models/__init__.py`` and its other modules change."""
    loader = kept(
        open_loader,
        ops,
        "models.big",
        models__="V = 1\n",
        models__big="W = object()\n",
        models__small="",
        pipeline="import counted\nimport models.big, models.small\n",
    )
    assert loader.current is not None
    big = loader.current.module("models.big")
    ops.write(models__="V = 2\n", models__small="S = 1\n")
    generation = loader.reload()
    assert generation.module("models.big") is big and generation.module("models").V == 2
    assert generation.module("models").big is big


def test_what_was_never_executed_is_not_executed_again(open_loader: Open, ops: Ops) -> None:
    """First loads, imports that are new, and lazy ones that nobody made."""
    loader = kept(open_loader, ops, pipeline="import counted\ndef work():\n    import model\n    return model\n")
    ops.write(settings="SIZE = 2\n")
    generation = loader.reload()
    assert runs(loader) == []

    generation.module("pipeline").work()

    ops.write(settings="SIZE = 3\n")
    assert refused(loader).parts == ("model",)


def test_a_part_known_by_a_computed_name_is_kept_as_well(open_loader: Open, ops: Ops) -> None:
    """New code that imports it while it runs gets the object that is there; its files are watched as before."""
    work = (
        "import counted\nfrom importlib import import_module\nSTEP = {}\nNAME = ''.join(['mo', 'del'])\n"
        "def work(): return import_module(NAME)\n"
    )
    loader = kept(open_loader, ops, pipeline=work.format(0))
    assert loader.current is not None
    model = loader.current.module("pipeline").work()
    for step in range(1, 4):
        ops.write(pipeline=work.format(step))
        assert loader.reload().module("pipeline").work() is model
    assert runs(loader) == [1]
    ops.write(settings="SIZE = 2\n")
    assert refused(loader).parts == ("model",)


def test_an_import_that_is_new_may_bring_a_kept_part(open_loader: Open, ops: Ops) -> None:
    """Nothing of it is lost by that."""
    loader = kept(open_loader, ops, pipeline="import counted\n")
    ops.write(pipeline="import counted, model\n")
    loader.reload()
    assert runs(loader) == [1]


def test_going_back_needs_no_leave(open_loader: Open, ops: Ops) -> None:
    """A generation in memory has its own part: one reference is swapped, both ways."""
    loader = kept(open_loader, ops)
    first = loader.current
    assert first is not None
    ops.write(settings="SIZE = 2\n")
    second = loader.reload(rebuild=["model"])

    assert loader.promote(first).module("model").settings.SIZE == 1
    assert refused(loader).parts == ("model",)
    assert loader.promote(second).module("model").settings.SIZE == 2
    assert loader.reload() is second
    assert runs(loader) == [1, 2]


def test_taking_the_change_back_is_the_other_cure(open_loader: Open, ops: Ops) -> None:
    """Nothing of the refused content is left."""
    loader = kept(open_loader, ops)
    first = loader.current
    ops.write(settings="SIZE = 2\n", pipeline="import model, new\n", new="N = 1\n")
    refused(loader)
    assert loader.touched_by([ops.root / "new.py"])

    ops.write(settings=PROGRAM["settings"])
    generation = loader.reload()

    assert generation is not first and generation.module("new").N == 1
    assert runs(loader) == [1]


def test_what_is_broken_is_told_before_what_is_kept(open_loader: Open, ops: Ops) -> None:
    """A half-saved file is the news, whatever it would have touched."""
    loader = kept(open_loader, ops)
    ops.write(settings="SIZE = (\n")
    with pytest.raises(LoadRejected):
        loader.reload()


def test_names_that_are_no_part_are_known(open_loader: Open, ops: Ops) -> None:
    """A misspelt name keeps nothing: who looks can tell."""
    assert kept(open_loader, ops, "modle", "model", "lib").unmatched == ("modle", "lib")


def test_a_kept_part_stays_though_another_module_has_the_new_one(ops: Ops, open_loader: Open) -> None:
    """Whichever of two modules loads first: the one that keeps it keeps the object it has, with its state."""
    pool = Pool()
    ops.write(**PROGRAM, batch="import model\n")
    keeper, other = open_loader(pool=pool, keep=["model"]), open_loader(pool=pool)
    keeper.load("pipeline")
    other.load("batch")
    ops.write(settings="SIZE = 2\n")
    other.reload()
    assert runs(other) == [1, 2]

    refused(keeper)
    taken = keeper.reload(rebuild=["model"])

    assert other.current is not None and taken.module("model") is other.current.module("model")
    assert runs(other) == [1, 2]


# --- as the daemon has it ---------------------------------------------------------------------------------------------


class Still:
    """A clock that stands."""

    def now(self) -> Instant:
        return Instant(0.0, 0.0)


class Hosted:
    """Hosting, one job after the other."""

    def __init__(self) -> None:
        self.hosting = Hosting(Still(), also=(), ignore=())
        self._told = SimpleQueue[LoadOutcome]()

    def job(self, kind: LoadKind, module: str = "pipeline", *rebuild: str) -> LoadOutcome:
        job = LoadJob(1, module, f"{module}:work", (), {}, kind, rebuild=rebuild)
        self.hosting.start(job, self._told.put)
        return self._told.get(timeout=20)


@pytest.fixture
def hosted(ops: Ops) -> Iterator[Hosted]:
    """Two modules over one model; one of them keeps it, and something that there is not."""
    work = "import model\n\ndef work():\n    pass\n"
    ops.write(**{**PROGRAM, "pipeline": work}, batch=work)
    found = Hosted()
    for name, keep in (("pipeline", ("model", "modle")), ("batch", ())):
        found.hosting.host(name, (str(ops.root),), keep)
        staged = found.job(LoadKind.STAGE, name)
        assert isinstance(staged, Staged)
        found.hosting.promote(name, staged.number)
    yield found
    found.hosting.close()


@pytest.mark.parametrize("kind", [LoadKind.STAGE, LoadKind.CHECK])
def test_a_job_that_would_rebuild_comes_to_that(ops: Ops, hosted: Hosted, kind: LoadKind) -> None:
    """A plain value with digest, parts and place; with the part named it is a load like any other."""
    ops.write(settings="SIZE = 2\n")

    outcome = hosted.job(kind)

    assert isinstance(outcome, WouldRebuildOutcome)
    assert (outcome.parts, outcome.file, outcome.line) == (("model",), str(ops.root / "model.py"), 1)
    assert outcome.digest and "settings.py changed" in outcome.message
    assert isinstance(hosted.job(kind, "pipeline", "model"), (Staged, Checked))


def test_a_plan_of_the_daemon_tells_refusal_strangers_and_shared_parts(ops: Ops, hosted: Hosted) -> None:
    """What is refused and why; names in keep that keep nothing; what stays the same object in which other module."""
    ops.write(settings="SIZE = 2\n")

    plan = hosted.job(LoadKind.PLAN)

    assert isinstance(plan, Planned) and plan.refusal is not None
    assert plan.executed == (
        ("settings", "settings.py changed"),
        ("model", "it imports settings, and settings.py changed"),
        ("pipeline", "it imports model, which is executed again"),
    )
    assert (plan.refusal.parts, plan.unmatched) == (("model",), ("modle",))
    assert (plan.kept, plan.shared) == (("counted",), (("batch", ("counted",)),))


def test_what_only_has_the_same_name_elsewhere_is_not_shared(ops: Ops, hosted: Hosted) -> None:
    """The other module moved on with an object of its own, and says so by not being named."""
    ops.write(counted="RUNS = [0]\n")
    staged = hosted.job(LoadKind.STAGE, "batch")
    assert isinstance(staged, Staged)
    hosted.hosting.promote("batch", staged.number)
    ops.write(counted=PROGRAM["counted"], pipeline="import model\n")

    plan = hosted.job(LoadKind.PLAN)

    assert isinstance(plan, Planned)
    assert (plan.kept, plan.shared) == (("counted", "model", "settings"), (("batch", ("settings",)),))


def test_a_name_that_keeps_nothing_is_logged_once(ops: Ops, hosted: Hosted, caplog: pytest.LogCaptureFixture) -> None:
    """At the start, not with every reload."""
    ops.write(third="def work():\n    pass\n")
    hosted.hosting.host("third", (str(ops.root),), ("modle",))
    for step in range(2):
        ops.write(third=f"def work():\n    return {step}\n")
        assert isinstance(hosted.job(LoadKind.STAGE, "third"), Staged)
    assert [record.getMessage() for record in caplog.records] == ["keep names modle, which is no part of third"]
