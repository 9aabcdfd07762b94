"""What generations run over besides their own sources: this Python, and the distributions it finds."""

from __future__ import annotations

import functools
import importlib.metadata
import platform

from hotd.core.environment import Environment


@functools.cache  # what is imported stays as it was when it was imported
def environment() -> Environment:
    """Versions as of the first time this is asked, which is when the first generation is kept."""
    found = {name: one.version for one in importlib.metadata.distributions() if (name := one.metadata["Name"])}
    return Environment(platform.python_version(), found)
