"""The import graph as plain data."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hotd.core.graph import RUN, Node, chain, closures, components, hashed, touched

NAMES = [f"n{number}" for number in range(8)]
graphs = st.fixed_dictionaries({name: st.lists(st.sampled_from(NAMES), max_size=4) for name in NAMES})


def reached(imports: dict[str, list[str]], start: str) -> set[str]:
    found: set[str] = set()
    work = [start]
    while work:
        for target in imports[work.pop()]:
            if target not in found:
                found.add(target)
                work.append(target)
    return found


def name_all(imports: dict[str, list[str]], contents: dict[str, str]) -> dict[str, str]:
    nodes = {name: Node(contents[name], sorted(set(targets))) for name, targets in imports.items()}
    return closures(nodes, components(imports), lambda name: "").digests


def test_a_change_touches_whoever_imports_it_however_indirectly() -> None:
    """An edit reaches importers of importers, and each knows through what."""
    users = {"c": ["b"], "b": ["a", "x"], "a": []}

    assert touched(["c"], lambda name: users.get(name, [])) == {"b": "c", "a": "b", "x": "b"}


def test_a_cycle_is_touched_once() -> None:
    """Modules that import each other do not keep the search going round."""
    users = {"a": ["b"], "b": ["a"]}

    assert touched(["a"], lambda name: users[name]) == {"b": "a", "a": "b"}


def test_the_way_from_an_importer_to_the_change_is_known_whole() -> None:
    """Each step imports the next; what changed itself is its own reason."""
    users = {"settings": ["features"], "features": ["model"], "model": []}
    cause = touched(["settings"], lambda name: users[name])

    assert chain("model", cause) == ("model", "features", "settings")
    assert chain("settings", cause) == ("settings",)


def test_components_come_before_those_who_import_them() -> None:
    """What is imported is there before who imports it, and a cycle is one component."""
    imports = {"m": ["a", "lib"], "a": ["b"], "b": ["a", "leaf"], "leaf": []}

    assert components(imports) == [("leaf",), ("a", "b"), ("m",)]


def test_a_chain_of_ten_thousand_modules_needs_no_stack() -> None:
    """A deep program is no RecursionError."""
    imports = {str(number): [str(number + 1)] for number in range(10_000)}

    assert len(components(imports)) == 10_000


@given(graphs)
def test_two_names_share_a_component_exactly_if_they_reach_each_other(imports: dict[str, list[str]]) -> None:
    """Tarjan's answer is the definition's, on any graph, in an order that imports allow."""
    found = components(imports)

    assert sorted(name for members in found for name in members) == sorted(imports)
    place = {name: number for number, members in enumerate(found) for name in members}
    for name in imports:
        beyond = reached(imports, name)
        for other in imports:
            together = name == other or (other in beyond and name in reached(imports, other))
            assert (place[name] == place[other]) == together
        assert all(place[target] <= place[name] for target in beyond)


@given(graphs, st.sampled_from(NAMES))
def test_a_digest_changes_exactly_for_those_whose_closure_has_the_change(
    imports: dict[str, list[str]], changed: str
) -> None:
    """The digest of a module is that of its whole closure, and of nothing else."""
    contents = dict.fromkeys(imports, "old")
    before = name_all(imports, contents)
    after = name_all(imports, contents | {changed: "new"})

    for name in imports:
        has_it = name == changed or changed in reached(imports, name)
        assert (before[name] != after[name]) == has_it


def test_members_of_a_cycle_have_different_digests() -> None:
    """A cycle is one closure, yet its modules are not one module."""
    found = name_all({"a": ["b"], "b": ["a"]}, {"a": "same", "b": "same"})

    assert found["a"] != found["b"]


def test_targets_outside_the_graph_count_with_the_digest_they_have() -> None:
    """A module that is kept stands for its closure by its digest."""
    nodes = {"m": Node("text", ["kept"])}

    assert closures(nodes, [("m",)], lambda name: "1") != closures(nodes, [("m",)], lambda name: "2")


@given(st.integers(0, 3 * RUN), st.sets(st.integers(0, 3 * RUN - 1), max_size=5))
def test_what_is_known_from_before_spares_work_and_changes_nothing(size: int, changed: set[int]) -> None:
    """Of a module with many imports only those runs are hashed again in which one changed; the digest is the same."""
    imports = [f"n{number:03}" for number in range(size)]
    touched = {f"n{number:03}" for number in changed if number < size}
    nodes = {"m": Node("text", imports)}
    before = closures(nodes, [("m",)], lambda name: "old")
    asked: list[str] = []

    def known(name: str) -> str:
        asked.append(name)
        return "new" if name in touched else "old"

    anew = closures(nodes, [("m",)], known)
    asked.clear()
    again = closures(nodes, [("m",)], known, {"m": (before.runs.get("m", ()), touched)})

    assert again == anew
    assert (again == before) == (not touched)
    assert len(asked) <= RUN * max(1, len(touched))


def test_a_hash_knows_where_one_piece_ends() -> None:
    """Moving a letter from one piece to the next makes another hash; names that are no text are hashed too."""
    assert hashed("ab", "c") != hashed("a", "bc")
    assert hashed("a\udcff") != hashed("a")
