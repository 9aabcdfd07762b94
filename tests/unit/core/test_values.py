"""The small values."""

from __future__ import annotations

from hotd.core.values import InstanceId, Instant, Spec


def test_an_instance_is_called_by_module_and_number() -> None:
    """``long_op-7``."""
    assert str(InstanceId("long_op", 7)) == "long_op-7"


def test_a_stepped_wall_clock_moves_nothing() -> None:
    """Moments are ordered by the monotonic clock alone."""
    earlier, later = Instant(1.0, 2_000_000_000.0), Instant(2.0, 1_000_000_000.0)
    assert earlier < later
    assert Instant(1.0, 5.0) == Instant(1.0, 6.0)


def test_sources_lie_in_roots_and_in_packages() -> None:
    """Of a package its folder is watched, and what it is in is where its names are looked for: once, and last."""
    spec = Spec("a", "a:Op", ("/ops", "/site"), packages=("/site/one", "/other/two", "/other/three"))
    assert spec.watched == ("/ops", "/site", "/site/one", "/other/two", "/other/three")
    assert spec.folders == ("/ops", "/site", "/other")
