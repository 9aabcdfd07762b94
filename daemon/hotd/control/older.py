"""RPyC 4 and 5 put a message together in another way, so that either side reads garbage: its clients get a sentence.

They send, and take, ``brine.dump((kind, seq, body))``; since RPyC 6 the kind is a byte before ``brine.dump((seq,
body))``. The numbers of kinds are the same.
"""

from __future__ import annotations

from rpyc import __version__ as ours
from rpyc.core import brine, consts

_BEGINS = brine.TAG_TUP3 + brine.dump(consts.MSG_REQUEST)
"""No message of RPyC 6 begins so: its first byte is 1, 2 or 3."""
_LONGEST = 64
"""The first message of such a client asks for the root, in eight bytes. Nothing longer is decoded."""


def refusal(data: bytes) -> bytes | None:
    """The exception that a client of RPyC 4 or 5 raises where it gets this for its request; None for all others'."""
    if not data.startswith(_BEGINS) or len(data) > _LONGEST:
        return None
    try:
        _, seq, _ = brine.load(data)
    except Exception:  # noqa: BLE001 - RPyC's decoder fails on garbage in any way there is
        return None
    sentence = (
        f"this client speaks RPyC 4 or 5, the daemon at the other end speaks RPyC 6 (it has {ours}): "
        "install 'rpyc>=6,<7' here, or use hotctl"
    )
    said = (consts.MSG_EXCEPTION, seq, (("builtins", "ConnectionError"), (sentence,), (), ""))
    return brine.dump(said)  # type: ignore[no-any-return] # rpyc has no types
