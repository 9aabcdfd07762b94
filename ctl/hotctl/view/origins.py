"""Where code came from: the commit that was checked out, the release that a link led to."""

from __future__ import annotations

from hotctl.view.page import Cell, Page, dim, line, phrase
from hotctl.view.words import short
from hotd.contract.views import Origin


def origins(known: tuple[Origin, ...]) -> Page:
    """A line for each root of which something is known."""
    return [line(dim("from "), _told(one), indent=2) for one in known]


def whence(known: tuple[Origin, ...], commit: str | None = None) -> Cell:
    """Commits, each once, as git shows them to people; then where links led."""
    commits = dict.fromkeys((commit, *(one.commit for one in known)))
    led = dict.fromkeys(_step(one) for one in known if one.target is not None)
    return (*(phrase(short(one)) for one in commits if one), *(phrase(dim(f"→ {one}")) for one in led))


def _told(one: Origin) -> str:
    led = f" → {one.target}" if one.target is not None else ""
    return f"{one.root}{led}{f', commit {one.commit}' if one.commit is not None else ''}"


def _step(one: Origin) -> str:
    """``releases/7`` of /srv/current/ops → /srv/releases/7/ops: what is not the same on either side."""
    here, there = one.root.split("/"), (one.target or "").split("/")
    while here and there and here[0] == there[0]:
        del here[0], there[0]
    while len(there) > 1 and here and here[-1] == there[-1]:
        del here[-1], there[-1]
    return "/".join(there) or one.target or ""
