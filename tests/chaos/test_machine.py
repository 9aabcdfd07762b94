"""The same as chaos, drawn by hypothesis: fewer steps, and those that fail are made as few as possible."""

from __future__ import annotations

import contextlib
import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.chaos.chaos import Chaos
from tests.chaos.deeds import Deed
from tests.chaos.texts import ENTRY_TROUBLE, FILES, HELPER, HELPER_TROUBLE, PLACES, Kind, Text
from tests.support.daemons import folder_for_sockets

EXAMPLES = int(os.environ.get("CHAOS_EXAMPLES") or 2)
"""Lives of a daemon; each takes some seconds."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300 + 60 * EXAMPLES)]

VERBS = ("undo", "pin", "unpin", "make-permanent", "pause", "resume", "retry", "restart")
names = st.sampled_from(sorted(PLACES))
files = st.sampled_from(FILES)
some_files = st.lists(files, min_size=1, max_size=3, unique=True)
troubles = st.sampled_from(ENTRY_TROUBLE)


class Life(RuleBasedStateMachine):
    """Of a real daemon. What must hold after every step, `Chaos` knows."""

    @initialize()
    def begin(self) -> None:
        self.undone = contextlib.ExitStack()
        self.chaos = Chaos(self.undone.enter_context(folder_for_sockets()), seed=0)
        self.undone.callback(self.chaos.close)
        self.number = len(FILES)
        self.chaos.begin()

    def teardown(self) -> None:
        if hasattr(self, "undone"):
            try:
                self.chaos.look_at_everything()
            finally:
                self.undone.close()

    def text(self, file: str, kind: Kind) -> tuple[str, Text]:
        self.number += 1
        return file, Text(self.number, kind if file != HELPER or kind in ("good", *HELPER_TROUBLE) else "raises")

    @rule(file=files)
    def edit(self, file: str) -> None:
        self.chaos.do(Deed("edit", writes=(self.text(file, "good"),)))

    @rule(file=files, trouble=troubles)
    def break_it(self, file: str, trouble: Kind) -> None:
        self.chaos.do(Deed("edit", writes=(self.text(file, trouble),)))

    @rule(which=st.lists(names, min_size=1, max_size=3, unique=True), atomic=st.booleans(), force=st.booleans())
    def reload(self, which: list[str], atomic: bool, force: bool) -> None:
        options = (*(("--atomic",) if atomic else ()), *(("--force",) if force else ()))
        self.chaos.do(Deed("reload", tuple(which), options))

    @rule(
        name=names,
        verb=st.sampled_from(["undo", "pin", "unpin", "make-permanent", "pause", "resume", "retry", "restart"]),
    )
    def ask(self, name: str, verb: str) -> None:
        self.chaos.do(Deed(verb, (name,)))

    @rule(verb=st.sampled_from(["pause", "resume"]))
    def ask_for_all(self, verb: str) -> None:
        self.chaos.do(Deed(verb))

    @rule(name=names, replicas=st.integers(0, 3))
    def scale(self, name: str, replicas: int) -> None:
        self.chaos.do(Deed("scale", (name,), (str(replicas),)))

    @rule(
        which=st.lists(files, min_size=1, max_size=3, unique=True), trouble=st.none() | troubles, breaks=st.booleans()
    )
    def deploy(self, which: list[str], trouble: Kind | None, breaks: bool) -> None:
        """The first of the files has the trouble, if there is any."""
        kinds: list[Kind] = ["good" for _ in which]
        kinds[0] = trouble or "good"
        writes = tuple(self.text(file, kind) for file, kind in zip(which, kinds, strict=True))
        self.chaos.do(Deed("deploy", writes=writes, breaks=breaks))

    @rule(died=st.booleans())
    def end(self, died: bool) -> None:
        self.chaos.do(Deed("kill" if died else "end"))


Life.TestCase.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    # Not the database: a step that failed is in the report, and would be tried first by whoever changes something else.
    phases=[Phase.generate, Phase.shrink],
    report_multiple_bugs=False,
)


TestLife = Life.TestCase
