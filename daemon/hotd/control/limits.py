"""Every number that bounds what callers may cost, together; SECURITY.md lists them.

Beside these: ``LONGEST_REQUEST`` and ``LONGEST_ANSWER`` (contract/protocol.py), ``LONGEST_WAIT`` of a call that parks
(contract/requests.py), ``MOST_VALUES`` of a message (contract/frames.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hotd.core.fairness import Pace


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds."""

    idle: float = 300.0
    """Between two requests. hotctl calls and goes; a program that holds a connection reopens it without noticing."""
    begun: float = 10.0
    """From the first byte of a request to its last."""
    answer: float = 10.0
    """For the caller to take its answer."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many of what."""

    callers: int = 256
    """Connections, each with a thread and a descriptor. Never more than a quarter of the descriptors there may be."""
    queue: int = 64
    """Connections that the kernel keeps until they are accepted; who comes then waits in ``connect``."""
    door_queue: int = 128
    """The same at the door for other machines; who comes then tries again a second later."""
    answered: int = 4
    """Requests answered at once. More would only wait for the interpreter, and make who is first wait for it too."""
    answered_for_admins: int = 1
    """Of these, how many are for admins alone: what others ask for may take a while to write."""
    waiting: int = 128
    """Calls that wait: for an event, a line, an outcome, the decision of a change."""
    waiting_for_admins: int = 32
    """Of these, how many are for admins alone."""
    waiting_each: int = 32
    """Of these, how many one user may have who is no admin."""
    admins: Pace = field(default_factory=lambda: Pace(4_000, 1_000))
    """Requests of one admin, over all its connections: more than a daemon answers. Who asks more often waits."""
    others: Pace = field(default_factory=lambda: Pace(250, 100))
    """Requests of one user who is no admin."""
