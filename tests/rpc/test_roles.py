"""Viewers and operators against a real daemon, as processes of other users: what they may ask, and what they read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from hotctl import connect
from hotctl.client import Daemon
from hotd.contract import codec, requests
from hotd.contract.errors import HotdError, NotPermitted
from hotd.contract.verbs import VERBS, Role, Verb
from tests.support.daemons import Running, running
from tests.support.eventually import eventually
from tests.support.ops import hosted
from tests.support.people import ANN, BOB, GUESTS, as_user, needs_root

pytestmark = [needs_root, pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")]

# Its code, what it prints, how one instance of it fails, where another one stands.
SOURCE = """
import threading
from hotd import api

def work(number):  # source-of-NAME
    print("log-of-NAME")
    api.progress(number, note="note of NAME")
    if number == 2:
        raise RuntimeError("error-of-NAME")
    threading.Event().wait()  # stack-of-NAME
"""
# The one after it, for which the first drains.
THIRD = SOURCE.replace('-NAME")', '-NAME", flush=True)')
# A second generation whose instances fail at once: it is rolled back.
FAILS = 'def work(number):\n    raise ValueError("rollback-of-NAME")\n'
# An edit that is rejected, and leaves a thread behind.
BREAKS = """
import threading
threading.Thread(target=threading.Event().wait, name="left-by-NAME", daemon=True).start()
raise ValueError("rejection-of-NAME")
"""
SECRETS = ("source-of-", "log-of-", "error-of-", "stack-of-", "rollback-of-", "left-by-", "rejection-of-")
GIVEN: dict[str, Any] = {
    "module": "NAME",
    "modules": ["NAME"],
    "target": "NAME",
    "revision": 1,
    "from": 1,
    "generation": 1,
    "replicas": 1,
    "until": "healthy",
    "entry": "NAME:work",
}
ROLES = f'viewers = ["{ANN}"]\noperators = {{"mi*" = ["{BOB}"]}}\ngroup = "{GUESTS}"'


@pytest.fixture(scope="module")
def daemon() -> Iterator[Running]:
    """Two modules, ``mine`` and ``theirs``, to each of which everything has happened that can be told of."""
    names = ("mine", "theirs")
    sources = {f"{name}.py": SOURCE.replace("NAME", name) for name in names}
    more = 'args = ["{instance}"]\nrestart = "never"\n'
    modules = "".join(hosted(name, f"{name}:work", 2, more) for name in names)
    with running(sources, modules, control=ROLES, watch="enabled = false") as daemon:
        daemon.folder.chmod(0o711)
        with connect(str(daemon.socket), timeout=60) as root:
            for name in names:
                daemon.until(lambda m: m["errors"] == 1 and m["serving"]["current"] == 1, name)
                daemon.write(f"{name}.py", FAILS.replace("NAME", name))
                root.reload(name)
                for _ in range(3):
                    root.run(name)
                daemon.until(lambda m: m["generation"] == 1, name)
                daemon.write(f"{name}.py", THIRD.replace("NAME", name))
                root.reload(name)
                daemon.write(f"{name}.py", BREAKS.replace("NAME", name))
                with pytest.raises(HotdError, match=f"rejection-of-{name}"):
                    root.reload(name)
        yield daemon


def asked(path: Path, *texts: tuple[str, dict[str, Any]]) -> list[str]:
    """What the daemon answers to each, as one text; errors too."""
    said = []
    with connect(str(path), timeout=60) as client:
        for verb, request in texts:
            try:
                said.append(codec.to_text(client.ask(codec.decode(VERBS[verb].request, request))))
            except HotdError as error:
                said.append(f"{error.code}: {error} {error.hint} {error.traceback}")
    return said


def questions(name: str, verbs: list[Verb]) -> list[tuple[str, dict[str, Any]]]:
    """Each verb about the module, and about nothing in particular, where that can be asked."""
    every = []
    for verb in verbs:
        known = {"from" if field.name == "previous" else field.name for field in fields(verb.request)}
        dropped = {"generation"} if verb.name == "wait" else {"revision"} if verb.name == "undo" else set()
        asked = {key: GIVEN[key] for key in known & GIVEN.keys() - dropped}
        every.append((verb.name, json.loads(json.dumps(asked).replace("NAME", name))))
    every += [(verb, {}) for verb in ("status", "instances", "history", "blocking")]
    every += [("events", {"limit": 1000}), ("why", {"module": name})]
    return every + [("outcome", {"revision": number}) for number in range(2, 10)]


def told(texts: list[str], of: str) -> set[str]:
    """The secrets of a module among the answers."""
    return {secret for secret in SECRETS for text in texts if f"{secret}{of}" in text}


def test_a_viewer_never_reads_sources_logs_errors_or_stacks(daemon: Running) -> None:
    """Whatever verb it asks: status, history and events tell that something failed, and no word of what."""
    every = [*VERBS.values()]

    said = as_user(ANN, [GUESTS], lambda: asked(daemon.socket, *questions("mine", every), *questions("theirs", every)))

    assert told(said, "mine") == told(said, "theirs") == set()
    assert "note of mine" in "".join(said), "what a module shows of itself is for all to see"


def test_an_operator_reads_all_of_its_own_and_is_a_viewer_of_others(daemon: Running) -> None:
    """The same questions, and the secrets of one module are answered: else this test would prove nothing."""
    looks = [verb for verb in VERBS.values() if not verb.changes]

    mine, theirs = as_user(
        BOB,
        [GUESTS],
        lambda: (asked(daemon.socket, *questions("mine", looks)), asked(daemon.socket, *questions("theirs", looks))),
    )

    assert told(mine, "mine") == {*SECRETS}
    assert told([*mine, *theirs], "theirs") == set()


def test_who_operates_a_module_changes_that_one_and_no_other(daemon: Running) -> None:
    """By real uids and groups: pattern ``mi*``; refusals stand in the log with uid, verb, arguments."""

    def act(client: Daemon) -> list[str]:
        client.pin("mine", reason="mine to pin")
        client.unpin("mine")
        refusals = []
        for refused in (
            lambda: client.pin("theirs"),
            lambda: client.stop("theirs-1"),
            lambda: client.reload("mine", "theirs"),
            lambda: client.reload(all=True),
            lambda: client.undo(revision=1),
            client.pause,
            lambda: client.ask(requests.Deploy(())),
            lambda: client.add("new", "new:work"),
        ):
            try:
                refused()
            except NotPermitted as error:
                refusals.append(error.message)
        return refusals

    def as_bob() -> list[str]:
        with connect(str(daemon.socket), timeout=60) as client:
            return act(client)

    refusals = as_user(BOB, [GUESTS], as_bob)

    assert [text.partition(":")[0].removeprefix(f"uid {BOB} may not ") for text in refusals] == [
        "pin theirs",
        "stop theirs",
        "reload theirs",
        "reload all modules at once",
        "undo --revision 1",
        "pause all modules at once",
        "deploy all modules at once",
        "add",
    ]
    assert f'uid {BOB}: stop {{"target":"theirs-1"}}: not-permitted' in daemon.log
    with connect(str(daemon.socket)) as root:
        pinned = [event for event in root.events() if event.event == "module.pinned"]
    assert [(event.actor, event.cause) for event in pinned] == [(f"uid {BOB}", "hotctl pin: mine to pin")]


def test_who_is_not_in_the_sockets_group_does_not_even_connect(daemon: Running) -> None:
    """And who is, and stands in no list, is told so."""

    def ask() -> str:
        with connect(str(daemon.socket)) as client, pytest.raises(NotPermitted) as caught:
            client.hello()
        return f"{caught.value.message} ({caught.value.hint})"

    assert f"may not use the socket {daemon.socket}" in as_user(ANN, [], ask)
    assert f"uid {ANN + 5} may not hello: that needs the role viewer" in as_user(ANN + 5, [GUESTS], ask)
    assert eventually(lambda: f"uid {ANN + 5}: hello" in daemon.log)
    assert VERBS["hello"].role is Role.VIEWER
