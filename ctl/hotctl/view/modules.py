"""``hotctl modules``: what is hosted, and what it is made of."""

from __future__ import annotations

from hotctl.view.page import Column, Page, Row, Table, phrase, row, strong
from hotctl.view.words import gen, short
from hotd.contract.views import HostedModule, Modules

COLUMNS = (
    Column("MODULE", flexible=True),
    Column("ENTRY", flexible=True),
    Column("GEN"),
    Column("DIGEST"),
    Column("PARTS", right=True),
    Column("ROOTS", flexible=True),
)


def modules(view: Modules) -> Page:
    return [Table(COLUMNS, tuple(_row(one) for one in view.modules))]


def _row(one: HostedModule) -> Row:
    roots = tuple(phrase(root) for root in one.roots)
    return row(
        (phrase(strong(one.name)),), one.entry, gen(one.generation), short(one.digest), str(len(one.closure)), roots
    )
