"""Every key of hotd.toml. What is not here is unknown."""

from __future__ import annotations

ROOTS = "roots"
PACKAGES = "packages"

TABLES = {
    "daemon": ("state_dir", "max_instances", "drain_deadline", "executor", "plain_file_names"),
    "control": ("socket", "mode", "group", "admins", "operators", "viewers", "tls"),
    "watch": ("enabled", "settle", "settle_max", "backend", "interval", "ignore", "also"),
    "logs": ("keep",),
}

TLS = ("listen", "ca", "certificate", "key", "revoked")
MODULES = "modules"
MODULE = (
    "entry",
    "args",
    "kwargs",
    "replicas",
    "surge",
    "max_unavailable",
    "restart",
    "on_change",
    "stop_method",
    "drain_deadline",
    "after_deadline",
    "watch",
    "keep",
    "max_generations",
    "load_deadline",
    "standby",
    "auto_permanent",
    "canary",
)
CANARY = ("instances", "bake", "max_failures")

TOP = (ROOTS, PACKAGES, *TABLES, MODULES)


def home_of(key: str) -> str | None:
    """Where a key belongs, in words, for one that stands in the wrong table; None when there is no such key."""
    if key in (ROOTS, PACKAGES):
        return "at the top of the file, before the first [table]"
    homes = [f"in [{table}]" for table, keys in TABLES.items() if key in keys]
    if key in TLS:
        homes.append("in [control.tls]")
    if key in MODULE:
        homes.append("in [modules.NAME]")
    if key in CANARY:
        homes.append("in canary = {…} of [modules.NAME]")
    return " or ".join(homes) or None
