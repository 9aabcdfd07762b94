"""What is said by nobody who means it: mutated frames, by the thousand and by the million."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from random import Random

import pytest

from tests.rpc.attacks.conftest import answered
from tests.support.attacker import Attacker
from tests.support.daemons import Running
from tests.support.honest import Honest
from tests.support.memory import grows_at_most
from tests.support.mutants import mutant
from tests.support.seeds import seed_of

AT_ONCE = 40
"""Frames on one connection before its end is looked for: after the first that is refused nothing is read."""


def assault(daemon: Running, frames: int, seed: int) -> None:
    """So many mutants, on as many connections as it takes."""
    draw = Random(seed)
    sent = 0
    while sent < frames:
        with Attacker(str(daemon.socket)) as attacker:
            for _ in range(AT_ONCE):
                sent += 1
                attacker.sock.settimeout(0.2)
                with suppress(TimeoutError):
                    try:
                        attacker.send_bytes(mutant(draw))
                        attacker.sock.settimeout(0.0)
                        with suppress(BlockingIOError):
                            if not attacker.sock.recv(1 << 20):
                                break
                    except ConnectionError:
                        break


@pytest.mark.slow
@pytest.mark.attack(
    "20,000 mutated frames (a million with `make fuzz`)",
    outcome="no crash, no growth; every other client is answered meanwhile",
)
def test_mutated_frames_end_nothing_but_their_connection(attacked: Running, honest: Honest) -> None:
    """Beside somebody who asks for ``status``, and somebody who was connected before."""
    seed = seed_of("FUZZ_SEED", 7)
    print(f"FUZZ_SEED={seed}")  # noqa: T201 - shown where the test fails
    with Attacker(str(attacked.socket)) as before, grows_at_most(attacked.process.pid, 24):
        assert "answer" in answered(before)
        assault(attacked, 20_000, seed)
        assert "answer" in answered(before)


@pytest.mark.soak
def test_a_million_mutated_frames_change_nothing(attacked: Running) -> None:
    """After the first hundred thousand nothing grows any more."""
    seed = seed_of("FUZZ_SEED", 7)
    print(f"FUZZ_SEED={seed}")  # noqa: T201 - shown where the test fails
    assault(attacked, 100_000, seed)
    with ExitStack() as stack:
        stack.enter_context(Honest(str(attacked.socket)))
        stack.enter_context(grows_at_most(attacked.process.pid, 8))
        assault(attacked, 900_000, seed + 1)
