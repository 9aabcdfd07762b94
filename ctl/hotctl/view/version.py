"""``hotctl version``: both sides."""

from __future__ import annotations

from dataclasses import dataclass

from hotctl.view.page import Page, line, strong
from hotd.contract.views import ErrorView, Version


@dataclass(frozen=True, slots=True)
class ClientVersion:
    version: str
    protocol: int
    python: str


@dataclass(frozen=True, slots=True)
class Versions:
    """The JSON of ``hotctl version``; ``error`` says why ``daemon`` is null."""

    client: ClientVersion
    daemon: Version | None
    error: ErrorView | None = None


def version(both: Versions) -> Page:
    client = both.client
    page: Page = [
        line(strong(f"hotctl {client.version}"), f"  protocol {client.protocol}, Python {client.python}"),
    ]
    if (daemon := both.daemon) is not None:
        page.append(
            line(
                strong(f"hotd {daemon.version}"),
                f"  protocol {daemon.protocol}, Python {daemon.python} ({daemon.interpreter}), pid {daemon.pid}",
            )
        )
    return page
