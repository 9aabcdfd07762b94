"""``hotctl diff``: what tells one generation's source from another's."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from hotctl.view.page import Block, Page, Span, Verbatim, dim, line, strong
from hotctl.view.words import counted, gen
from hotd.contract.views import Diff, FileDiff

STYLES = {"+": "good", "-": "bad", "@": "command", "\\": "dim"}
HEADS = 2
"""Lines of a diff that name the file."""


def diff(view: Diff) -> Page:
    """A sentence, then the files."""
    page: Page = [line(strong(view.module), f" {gen(view.previous)} → {gen(view.to)}: {_summary(view)}")]
    if view.moved:
        page.append(line(Span("over other versions: ", "warn"), view.moved))
    several = len({one.root for one in view.files}) > 1
    for one in view.files:
        if several:
            page.append(line(dim(f"in {one.root or 'a root that the module has no more'}")))
        page += _file(one)
    return page


def _summary(view: Diff) -> str:
    """``2 files changed, 1 added``."""
    counts = [(sum(one.change == kind for one in view.files), kind) for kind in ("changed", "added", "removed")]
    told = [(number, kind) for number, kind in counts if number]
    return (
        ", ".join(
            f"{counted(number, 'file') if place == 0 else number} {kind}" for place, (number, kind) in enumerate(told)
        )
        or "no file differs"
    )


def _file(one: FileDiff) -> Iterator[Block]:
    if not one.diff:
        yield line(strong(one.path), f" {_sizes(one)}")
        return
    lines = one.diff.removesuffix("\n").split("\n")
    yield Verbatim("\n".join(lines[:HEADS]), style="strong", exact=True)
    for sign, run in groupby(lines[HEADS:], key=lambda text: text[:1]):
        yield Verbatim("\n".join(run), style=STYLES.get(sign, ""), exact=True)


def _sizes(one: FileDiff) -> str:
    """Of what cannot be shown line by line."""
    if one.before is not None and one.after is not None:
        return f"differs, {one.before} -> {one.after} bytes"
    return f"{one.change}, {counted((one.before or 0) + (one.after or 0), 'byte')}"
