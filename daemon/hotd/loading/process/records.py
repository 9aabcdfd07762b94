"""Log records name files as people know them: ``m.py``, whatever content of it the code was compiled from.

Records take the name from the code object, where it carries a mark (`hotd.core.marks`), and logging asks a factory for
each record: that is the one place between the two. Formats like ``%(filename)s:%(lineno)d``, and whoever groups by
them, see no difference to code that is not managed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from hotd.core.marks import plain
from hotd.loading.patches import Patch

Factory = Callable[..., logging.LogRecord]


def with_plain_paths(factory: Factory) -> Factory:
    """A factory that makes the records of this one, whose ``pathname`` has no mark."""

    def record(name: str, level: int, pathname: str, *args: Any, **kwargs: Any) -> logging.LogRecord:
        return factory(name, level, plain(pathname) if "@" in pathname else pathname, *args, **kwargs)

    return record


PATCHES = (Patch("logging", "_logRecordFactory", with_plain_paths),)
