"""Who is told of what."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from hotd.core.messages import Stale, StaleReport
from hotd.loading.slow_look import Uses, report

SITE = "/site"
USERS = {
    "a": Uses(("/a",), frozenset({"pydantic", "fast", "pkg.fast", "hotd", "os"})),
    "b": Uses(("/b/", "/a"), frozenset({"pydantic", "numpy"})),
}


def one(name: str, path: str = "") -> Any:
    return SimpleNamespace(name=name, path=path or f"{SITE}/{name.replace('.', '/')}.py")


def told(*differing: Any) -> StaleReport:
    return report(differing, lambda: USERS)


def test_a_package_is_one_thing_however_many_files_changed() -> None:
    """For each module whose code imports it."""
    files = [one(f"pydantic.m{number}") for number in range(63)]
    stale = Stale("package", "pydantic", 63, f"{SITE}/pydantic/m0.py")
    assert told(*files, one("numpy")) == StaleReport(
        (), {"a": (stale,), "b": (Stale("package", "numpy", 1, f"{SITE}/numpy.py"), stale)}
    )


def test_native_code_is_told_by_its_name_to_who_imports_it() -> None:
    """Not to others who have the same root; to the daemon where nobody is known to."""
    stale = Stale("extension", "pkg.fast", 1, "/a/pkg/fast.so")
    assert told(one("pkg.fast", "/a/pkg/fast.so")) == StaleReport((), {"a": (stale,)})
    unused = Stale("extension", "other", 1, "/b/other.so")
    assert told(one("other", "/b/other.so")) == StaleReport((unused,), {})


def test_what_is_hotd_s_own_or_everybody_s_is_the_daemon_s() -> None:
    """hotd, hotctl, the standard library, and what only other packages import."""
    files = [one("hotd.core.book"), one("__main__", "/bin/hotd"), one("os"), one("json.decoder"), one("rpyc.core")]
    assert told(*files) == StaleReport(
        (
            Stale("hotd", "hotd", 2, "/bin/hotd"),
            Stale("package", "rpyc", 1, f"{SITE}/rpyc/core.py"),
            Stale("python", "Python's standard library", 2, f"{SITE}/json/decoder.py"),
        )
    )


def test_where_nothing_differs_nobody_is_asked() -> None:
    """The usual case, every second."""

    def never() -> Any:
        raise AssertionError

    assert report([], never) == StaleReport()
    assert str(Path(SITE)) == SITE
