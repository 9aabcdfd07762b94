"""One daemon for the attacks of a file, each of which has to leave it as it was."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from tests.support.attacker import Attacker
from tests.support.daemons import Running, running
from tests.support.honest import Honest
from tests.support.ops import hosted, waiter


@pytest.fixture(scope="module")
def attacked() -> Iterator[Running]:
    """The daemon under attack. What it logs as a defect is one, whichever test was the cause."""
    with running({"long_op.py": waiter("one")}, hosted(), control='viewers = ["*"]') as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 1)
        yield daemon
        assert daemon.process.poll() is None
        assert "defect" not in daemon.log
        assert "Traceback" not in daemon.log


@pytest.fixture(autouse=True)
def as_it_was(attacked: Running) -> Iterator[None]:
    """It serves the same generation, to whoever asks, before and after each attack."""
    yield
    module = attacked.module()
    assert (module["generation"], module["health"], module["watch"]) == (1, "Healthy", "auto")


@pytest.fixture
def attacker(attacked: Running) -> Iterator[Attacker]:
    with Attacker(str(attacked.socket)) as attacker:
        yield attacker


@pytest.fixture
def connected(attacked: Running) -> Iterator[Callable[[], Attacker]]:
    """As many as are wanted, all gone afterwards."""
    them: list[Attacker] = []

    def one() -> Attacker:
        them.append(Attacker(str(attacked.socket)))
        return them[-1]

    yield one
    for attacker in them:
        attacker.sock.close()


@pytest.fixture
def honest(attacked: Running) -> Iterator[Honest]:
    """Somebody else who asks for ``status`` all the while, and is to be answered within 50 ms, but for bursts."""
    with Honest(str(attacked.socket)) as honest:
        yield honest


def answered(attacker: Attacker, verb: str = "status", text: str = "{}") -> dict[str, object]:
    """What a verb says to the attacker, who is a caller like others."""
    reply = attacker.call(verb, text)
    found = json.loads(reply[1][1])
    assert isinstance(found, dict)
    return found
