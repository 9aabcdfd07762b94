"""Writes the golden store of this version of the tables: ``python -m tests.contract.golden_store``.

To be run once for each version, before it is released, and never again after.
"""

from __future__ import annotations

import sqlite3
import tempfile
from pathlib import Path

from hotd.contract.views import Origin
from hotd.core.records import Added, Audited, KeptDaemon, KeptFailure, KeptModule, KeptRejection
from hotd.store.schema import APPLICATION, VERSION
from tests.integration.store.samples import (
    ERROR,
    WALL,
    bundle,
    event,
    generation,
    intent,
    kept,
    opened,
    revision,
)

FROM = (Origin("/srv/ops", "/srv/releases/7", "1a2b3c4d" * 5),)
CARRIED = {"d3": (("op", "late"),)}
UNTIL = WALL + 600.0
STORES = Path(__file__).parent / "golden" / "stores"
"""Each is the dump of a store as that version of the tables left it."""


def fill(folder: Path) -> None:
    """Two generations, an undo, a third that was about to be promoted when the daemon died; and all that is beside."""
    first, second = generation(1, "d1", executed=("op", "part0"), origins=FROM), generation(2, "d2", executed=("op",))
    op = KeptModule("op", 2, 1, (1, 2), True, False, True, 3, {"d3": "rejected"}, {"d2": 1}, CARRIED, UNTIL)
    with kept(folder) as it:
        it.keep(opened(1), intent(1, first, bundle("d1")))
        it.keep(revision(1), generation(1, "d1", verdict="promoted"), KeptModule("op", 1, 1, (1,)), event(1))
        it.keep(opened(2), intent(2, second, bundle("d2")))
        it.keep(revision(2, number=2, origins=FROM), generation(1, "d1", verdict="superseded"), event(2, digest="d2"))
        it.keep(generation(2, "d2", verdict="promoted"), revision(3, "undone"), KeptDaemon(True, UNTIL))
        it.keep(op, KeptModule("other"), Added("late", "late:Op", {"replicas": 2}))
        it.keep(KeptRejection("op", "d3", ERROR, WALL + 3, "watch: op.py", "watch", 3.5))
        it.keep(KeptFailure("op", WALL + 2, 1, "op-1", ERROR, "hotctl undo", "root", 2.5))
        it.keep(Audited(WALL, "root", 0, "reload", '{"modules":["op"]}', "promoted"))
        it.keep(opened(4, current=2), intent(4, generation(3, "d3", executed=()), bundle("d3")))


def dump() -> str:
    with tempfile.TemporaryDirectory() as name:
        fill(Path(name))
        connection = sqlite3.connect(Path(name) / "hotd.db")
        connection.execute("UPDATE runs SET ended = NULL")
        connection.commit()
        lines = [*connection.iterdump(), f"PRAGMA application_id = {APPLICATION};", f"PRAGMA user_version = {VERSION};"]
        connection.close()
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    (STORES / f"v{VERSION}.sql").write_text(dump(), "ascii")
