"""Several loaders over one pool: what is equal is one object, and each line of generations stays its own."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from hotd.contract.errors import LoadRejected
from hotd.loading import Loader, Pool
from tests.integration.loading.conftest import Open, Ops


@pytest.fixture
def pair(ops: Ops, open_loader: Open) -> tuple[Loader, Loader]:
    """Two hosted modules that import the same helper."""
    ops.write(helper="import deep\nK = 1\nS = []\n", deep="D = 1\n", a="import helper\n", b="import helper\n")
    pool = Pool()
    one, two = open_loader(pool=pool), open_loader(pool=pool)
    one.load("a")
    two.load("b")
    return one, two


def helper(loader: Loader) -> object:
    assert loader.current is not None
    return loader.current.module("helper")


def test_two_modules_share_an_equal_helper(pair: tuple[Loader, Loader]) -> None:
    """Same closure, same object: state in a shared helper is shared."""
    assert helper(pair[0]) is helper(pair[1])


def test_one_moves_on_while_the_other_stays(ops: Ops, pair: tuple[Loader, Loader]) -> None:
    """A pinned module keeps its helper; when it follows, they share again."""
    one, two = pair
    old = helper(two)
    ops.write(deep="D = 2\n")

    one.reload()
    assert helper(one) is not old
    assert helper(two) is old

    two.reload()
    assert helper(two) is helper(one)


def test_going_back_shares_what_is_still_in_service_elsewhere(ops: Ops, pair: tuple[Loader, Loader]) -> None:
    """v1, v2, v1 in one module: the other still serves v1, so its helper is the one that both have again."""
    one, two = pair
    old = helper(two)
    ops.write(helper="import deep\nK = 2\n")
    one.reload()
    ops.write(helper="import deep\nK = 1\nS = []\n")

    generation = one.reload()

    assert helper(one) is old
    assert generation.number == 3


def test_a_mixture_is_never_shared(ops: Ops, pair: tuple[Loader, Loader]) -> None:
    """Equal code above two different objects of equal code stays two: one closure, one ``deep``."""
    one, two = pair
    first, firsts = one.current, two.current
    assert first is not None
    assert firsts is not None
    ops.write(deep="D = 2\n")
    one.reload()
    two.reload()
    ops.write(deep="D = 1\n")
    one.reload()  # deep is executed afresh: nobody serves it
    two.promote(firsts)  # while this one goes back to its first deep

    ops.write(helper="import deep\nK = 2\n", a="import helper, deep\n")
    two.reload()
    generation = one.reload()

    assert generation.module("helper").deep is generation.module("deep")


def test_a_refused_candidate_leaves_shared_names_alone(ops: Ops, pair: tuple[Loader, Loader]) -> None:
    """What another module serves stays importable by outside code, whoever failed beside it."""
    one, two = pair
    ops.write(deep="D = 2\n", a="import helper\n1/0\n")
    candidate = two.stage()
    with pytest.raises(LoadRejected):
        one.reload()

    assert two.promote(candidate).module("helper").deep.D == 2
    assert sys.modules["helper"].K == 1


def test_discarding_a_candidate_leaves_what_another_one_shares(ops: Ops, pair: tuple[Loader, Loader]) -> None:
    """Two candidates share a part that is new; when the first is thrown away, the name of the part stays."""
    one, two = pair
    ops.write(helper="import brand_new\n", brand_new="N = 1\n")
    first, second = one.stage(), two.stage()
    assert first.module("brand_new") is second.module("brand_new")

    one.discard(first)
    two.promote(second)

    assert sys.modules["brand_new"].N == 1


def test_equal_names_in_different_roots_are_different_modules(tmp_path: Path, open_loader: Open) -> None:
    """Two modules of two teams may both be called worker."""
    pool = Pool()
    loaders = []
    for team in ("red", "blue"):
        ops = Ops(tmp_path / team)
        ops.write(worker="import util, sys\ndef me(): return util.team, sys.modules['worker'].util.team\n")
        ops.write(util=f"team = {team!r}\n")
        loaders.append(open_loader([ops.root], pool))
    red, blue = (loader.load("worker").module("worker") for loader in loaders)

    assert (red.me(), blue.me()) == (("red", "red"), ("blue", "blue"))


def test_the_same_content_under_another_root_has_the_same_digest_and_its_own_file(
    tmp_path: Path, open_loader: Open
) -> None:
    """Identity does not know where a checkout lies; ``__file__`` does."""
    pool = Pool()
    found = []
    for place in ("x", "y"):
        ops = Ops(tmp_path / place)
        ops.write(m="import pkg.sub\n", pkg__="", pkg__sub="v = 1\n")
        found.append(open_loader([ops.root], pool).load("m"))

    assert found[0].digest == found[1].digest
    assert found[1].module("pkg.sub").__file__ == str(tmp_path / "y/pkg/sub.py")


def test_a_hung_import_holds_up_nobody_else(ops: Ops, open_loader: Open) -> None:
    """While one module's import hangs, others load, its own line can be undone, and paths can be asked about."""
    pool = Pool()
    slow, quick = open_loader(pool=pool), open_loader(pool=pool)
    ops.write(
        slow="X = 1\n", quick="X = 1\n", gate="import threading\nin_it, go = threading.Event(), threading.Event()\n"
    )
    slow.load("slow")
    ops.write(slow="import gate\ngate.in_it.set()\ngate.go.wait(20)\nX = 2\n")
    gate = quick.load("gate").module("gate")
    thread = threading.Thread(target=slow.reload)
    thread.start()
    assert gate.in_it.wait(10)

    first = slow.current
    assert first is not None
    assert quick.load("quick").module("quick").X == 1
    assert slow.promote(first) is first
    assert slow.touched_by([str(ops.root / "slow.py")])
    gate.go.set()
    thread.join(10)

    assert slow.current is not None and slow.current.module("slow").X == 2


def test_what_was_abandoned_is_not_waited_for(ops: Ops, open_loader: Open) -> None:
    """A retry of an import that hung executes it again instead of joining the one that hangs."""
    loader = open_loader()
    ops.write(gate="import threading\nin_it, go, n = threading.Event(), threading.Event(), []\n", m="import gate\n")
    gate = loader.load("m").module("gate")
    ops.write(m="import gate\ngate.n.append(1)\nif len(gate.n) == 1:\n    gate.in_it.set()\n    gate.go.wait(20)\n")
    thread = threading.Thread(target=loader.stage)
    thread.start()
    assert gate.in_it.wait(10)

    loader.abandon()
    generation = loader.reload()

    assert generation.number == 2
    gate.go.set()
    thread.join(10)
    assert loader.current is generation


def test_a_shared_module_does_not_bring_what_changed_since(ops: Ops, open_loader: Open) -> None:
    """One module loaded a plugin under a computed name; the other, later, gets the plugin that is on disk then."""
    text = "import importlib\np = importlib.import_module(''.join(['pl', 'ug']))\n"
    ops.write(a="import host\n", b="import host\n", host=text, plug="k = 1\n")
    pool = Pool()
    one, two = open_loader(pool=pool), open_loader(pool=pool)
    first = one.load("a").module("host")
    ops.write(plug="k = 2\n")
    second = two.load("b").module("host")
    assert (first.p.k, second.p.k) == (1, 2)

    assert one.reload().module("host").p.k == 2


def test_a_shared_module_brings_what_it_loaded_by_name(ops: Ops, open_loader: Open) -> None:
    """Nothing changed since: one module object, one plugin, for both."""
    text = "import importlib\np = importlib.import_module(''.join(['pl', 'ug']))\n"
    ops.write(a="import host\n", b="import host\n", host=text, plug="k = 1\n")
    pool = Pool()
    one, two = open_loader(pool=pool), open_loader(pool=pool)

    assert one.load("a").module("host") is two.load("b").module("host")
    assert two.current is not None and two.current.parts == ("b", "host", "plug")


def test_what_a_shared_module_loads_by_name_is_the_askers_for_ever(ops: Ops, open_loader: Open) -> None:
    """Two modules share one that loads by name; one of them imports the same by statement, and moves on."""
    host = "import importlib\ndef get():\n    return importlib.import_module(''.join(['pl', 'ug'])).k\n"
    ops.write(a="import host\n", b="import host, plug\n", host=host, plug="k = 1\n")
    pool = Pool()
    one, two = open_loader(pool=pool), open_loader(pool=pool)
    first, second = one.load("a"), two.load("b")
    assert first.module("host") is second.module("host")
    assert first.run(first.module("host").get) == 1
    ops.write(plug="k = 2\n")
    third = two.reload()

    assert third.run(third.module("host").get) == 2
    assert first.run(first.module("host").get) == second.run(second.module("host").get) == 1
    assert one.reload().module("plug").k == 2


def test_what_no_shared_part_may_remember_is_the_generations_own(ops: Ops, open_loader: Open) -> None:
    """All of one module's parts are the other's too, whose generations already differ about what is loaded by name."""
    host = "import importlib\ndef get():\n    return importlib.import_module(''.join(['pl', 'ug'])).k\n"
    ops.write(a="import host\nget = host.get\n", b="import a, plug\n", host=host, plug="k = 1\n")
    pool = Pool()
    one, two = open_loader(pool=pool), open_loader(pool=pool)
    first, second = one.load("a"), two.load("b")
    ops.write(plug="k = 2\n")
    third = two.reload()

    found = [generation.run(generation.module("a").get) for generation in (first, third, second, first)]

    assert found == [2, 2, 1, 2]
    assert third.module("host") is first.module("host")
    assert first.parts == ("a", "host", "plug")
