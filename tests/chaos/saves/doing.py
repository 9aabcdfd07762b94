"""Carries deeds out."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

from tests.chaos.saves.draw import Deed
from tests.chaos.saves.patterns import SAVES, in_place, renamed
from tests.chaos.saves.tree import UNITS, Tree

KEPT = 3
"""Releases that are not deleted yet."""


class Doing:
    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._outbox = tree.folder / "outbox"
        self._writing: list[tuple[Path, threading.Thread]] = []
        self._made = 0

    def do(self, deed: Deed) -> None:
        path = self._tree.folder / deed.file
        if deed.what not in SAVES:
            self.finish()
            getattr(self, f"_{deed.what.replace(' ', '_')}")(path, deed)
            return
        for other, _ in self._writing:
            if other == path:
                self.finish()
                break
        content = self._tree.content(deed.file, deed.number)
        if deed.pause < 0.1:
            SAVES[deed.what](path, content, deed.pause)
            return
        writer = threading.Thread(target=SAVES[deed.what], args=(path, content, deed.pause))
        self._writing.append((path, writer))
        writer.start()

    def finish(self) -> None:
        """Until nobody writes any more."""
        writing, self._writing = self._writing, []
        for _, writer in writing:
            writer.join()

    # --- nothing changes ---

    def _touch(self, path: Path, deed: Deed) -> None:
        path.touch()

    def _chmod(self, path: Path, deed: Deed) -> None:
        path.chmod(path.stat().st_mode ^ 0o020)

    def _same(self, path: Path, deed: Deed) -> None:
        path.write_bytes(path.read_bytes())

    def _read(self, path: Path, deed: Deed) -> None:
        path.read_bytes()

    # --- links ---

    def _through_the_hard_link(self, path: Path, deed: Deed) -> None:
        in_place(self._other(path), self._tree.content(deed.file, deed.number), 0)

    def _behind_the_link(self, path: Path, deed: Deed) -> None:
        in_place(path.resolve(), self._tree.content(deed.file, deed.number), 0)

    def _another_behind_the_link(self, path: Path, deed: Deed) -> None:
        renamed(path.resolve(), self._tree.content(deed.file, deed.number), 0)

    def _link_swapped(self, path: Path, deed: Deed) -> None:
        target = self._other(path).with_name(f"link-{path.parent.name}-{deed.number}.py")
        target.write_text(self._tree.content(deed.file, deed.number))
        before = path.resolve()
        self._point(path, target)
        before.unlink()

    def _other(self, path: Path) -> Path:
        return self._tree.folder / "elsewhere" / f"{path.name[:4]}-{path.parent.name}.py"

    @staticmethod
    def _point(link: Path, target: Path) -> None:
        new = link.with_name(f".{link.name}.new")
        new.symlink_to(target)
        new.replace(link)

    # --- away and back ---

    def _away(self, path: Path, deed: Deed) -> None:
        path.rename(self._outbox / deed.file.replace("/", "%"))

    def _back(self, path: Path, deed: Deed) -> None:
        away = self._outbox / deed.file.replace("/", "%")
        self._edit(away, deed)
        away.rename(path)

    def _edit(self, there: Path, deed: Deed) -> None:
        """Every file in the folder, or the one, while it lies elsewhere."""
        files = sorted(there.rglob("*.py")) if there.is_dir() else [there]
        for number, file in enumerate(file for file in files if not file.is_symlink() and "more" not in str(file)):
            name = deed.file if file == there else f"{deed.file}/{file.relative_to(there)}"
            file.unlink()  # a hard link stays where it is
            file.write_text(self._tree.content(name, deed.number + number))

    # --- folders ---

    def _copy(self, path: Path, deed: Deed) -> Path:
        self._made += 1
        new = self._outbox / f"new{self._made}"
        shutil.copytree(path, new, symlinks=True)
        self._edit(new, deed)
        return new

    def _folder_replaced(self, path: Path, deed: Deed) -> None:
        new = self._copy(path, deed)
        path.rename(old := self._outbox / "old")
        new.rename(path)
        shutil.rmtree(old)

    def _folder_recreated(self, path: Path, deed: Deed) -> None:
        new = self._copy(path, deed)
        shutil.rmtree(path)
        shutil.copytree(new, path, symlinks=True)
        shutil.rmtree(new)

    def _folder_out_and_in(self, path: Path, deed: Deed) -> None:
        path.rename(away := self._outbox / "away")
        self._edit(away, deed)
        away.rename(path)

    def _folder_away(self, path: Path, deed: Deed) -> None:
        self._away(path, deed)

    def _new_folder(self, path: Path, deed: Deed) -> None:
        if path.exists():
            shutil.rmtree(path)
            return
        (path / "inner").mkdir(parents=True)
        for name in ("__init__.py", "x.py", "inner/__init__.py"):
            (path / name).write_text(self._tree.content("", deed.number))

    # --- all at once ---

    def _release(self, path: Path, deed: Deed) -> None:
        self._tree.release(int(deed.name), deed.number)
        self._point(path, Path("releases") / deed.name)
        shutil.rmtree(self._tree.folder / "releases" / str(int(deed.name) - KEPT), ignore_errors=True)

    def _checkout(self, path: Path, deed: Deed) -> None:
        self._tree.git("checkout", "-q", deed.name)


def units_of(deed: Deed) -> set[str]:
    """The modules that are another after it."""
    return {name for name, unit in UNITS.items() if any(_lies_in(deed.file, file) for file in (unit.file, *unit.parts))}


def _lies_in(outer: str, file: str) -> bool:
    return os.path.commonpath((outer, file)) == outer
