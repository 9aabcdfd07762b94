"""What takes minutes runs when it is asked for: ``--soak``, or ``make test-soak``."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

from tests.support.seeds import FRESH

# Hypothesis holds examples against the wall clock: on a machine that is busy with something else that says nothing.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=not FRESH)
settings.load_profile("busy")

LONGEST = 1800
"""Seconds for one test that is marked soak, unless it has a timeout of its own."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--soak", action="store_true", help="run the tests marked soak too: minutes, not seconds")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is marked soak, whatever ``-m`` and ``-k`` select."""
    soaks = [item for item in items if item.get_closest_marker("soak") is not None]
    if config.getoption("--soak"):
        for item in soaks:
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(LONGEST))
    elif soaks:
        config.hook.pytest_deselected(items=soaks)
        items[:] = [item for item in items if item not in soaks]
