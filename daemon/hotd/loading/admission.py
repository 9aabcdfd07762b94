"""Which name may be an entry: told before anything of it is read."""

from __future__ import annotations

from hotd.contract.errors import BadEntry
from hotd.contract.nearest import nearest
from hotd.core import names
from hotd.loading.sources.disk import Disk, Kind, Location
from hotd.loading.sources.roots import Roots


def admit(name: str, roots: Roots) -> None:
    """Raise BadEntry unless the dotted name means one Python module, in one root."""
    if not name or not names.is_dotted(name):
        raise BadEntry(f"{name!r} is no name of a module", hint="write it as in an import: pkg.mod")
    disk = roots.disk()
    homes = disk.homes(name) if "." not in name else []
    if len(homes) > 1:
        files = " and ".join(place.path for place in homes)
        raise BadEntry(f"{name} is in two roots: {files}", hint="rename one of them")
    found = _locate(name, disk)
    if found is None:
        guess = nearest(name, disk.modules())
        where = ", ".join(roots.folders) or "no root at all"
        hint = f"did you mean {guess}?" if guess else "check the name and the roots"
        raise BadEntry(f"there is no module {name} under {where}", hint=hint)
    if found.kind in (Kind.NAMESPACE, Kind.EXTENSION):
        what = "a folder without __init__.py" if found.kind is Kind.NAMESPACE else "native code"
        raise BadEntry(f"{name} is {what}: it cannot be an entry", hint="name a module of Python code")


def _locate(name: str, disk: Disk) -> Location | None:
    found: Location | None = None
    for prefix in names.prefixes(name):
        found = disk.locate(prefix, None if prefix == names.top(name) else found.folders if found else ())
    return found
