"""IPython's autoreload extension without its newer patcher: every changed module is superreloaded."""

from __future__ import annotations

from tests.bench.engines import ipython_engine


class Adapter(ipython_engine.Adapter):
    note = "superreload"
    deduper = False
