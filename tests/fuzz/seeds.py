"""``python -m tests.fuzz.seeds``: writes the seeds from what is really said, by each side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rpyc.core import brine, consts

from hotd.contract.frames import framed
from tests.fuzz.targets import SEQ
from tests.support.attacker import value
from tests.support.mutants import HONEST

CORPUS = Path(__file__).parent / "corpus"
GOLDEN = Path(__file__).parents[1] / "contract" / "golden"


def message(kind: int, said: Any) -> bytes:
    packed: bytes = brine.dump(said)
    return bytes((kind,)) + packed


def seeds() -> dict[str, list[bytes]]:
    """For either side, without names."""
    texts = [path.read_text("utf-8") for path in sorted(GOLDEN.glob("answers/status*.json"))]
    texts += [path.read_text("utf-8") for path in sorted(GOLDEN.glob("errors/*.json"))[:4]]
    replies = [message(consts.MSG_REPLY, (SEQ, value(text))) for text in ("{}", *texts)]
    replies += [message(consts.MSG_EXCEPTION, (SEQ, (("builtins", "ValueError"), ("no",), (("x", 1),), "tb")))]
    asked = [message(consts.MSG_REQUEST, said) for said in HONEST[::7] + HONEST[-6:]]
    return {"daemon": [*_both(asked)], "client": [*_both(replies)]}


def _both(messages: list[bytes]) -> Iterator[bytes]:
    """Most as they are, a few as whole frames: the target is told by the first byte which of them it gets."""
    for number, one in enumerate(messages):
        yield b"\xff" + framed(one) if number % 5 == 0 else b"\x00" + one


if __name__ == "__main__":
    for side, them in seeds().items():
        for number, data in enumerate(them):
            (CORPUS / side / f"{number:02}").write_bytes(data)
