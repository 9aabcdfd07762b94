"""Folders that come and go, roots that are links, are nested, or vanish."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tests.integration.watching.rig import Rig, watching_threads
from tests.support.eventually import eventually


def package(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("VERSION = 1\n", "utf-8")
    return folder


def test_a_root_may_come_later(rig: Rig) -> None:
    """What lies in it is told, and what changes there from then on; the others go on as they were."""
    package(rig.elsewhere, "late.py", "deep/m.py")
    watcher = rig.start()
    threads = set(watching_threads())

    watcher.watch([rig.root, rig.elsewhere])
    rig.first_told("../elsewhere/late.py")
    assert rig.told == {str(rig.elsewhere), *(str(rig.elsewhere / name) for name in ("late.py", "deep/m.py"))}
    rig.forget()
    rig.write(rig.elsewhere / "deep" / "m.py", "VERSION = 2\n")
    assert rig.told_of("../elsewhere/deep/m.py") == [{"../elsewhere/deep/m.py"}]
    rig.write(rig.root / "m.py")
    assert rig.told_of("m.py") == [{"m.py"}]
    assert threads <= set(watching_threads())


def test_a_root_may_go(rig: Rig) -> None:
    """And come back, whatever became of the folder meanwhile."""
    package(rig.elsewhere, "late.py")
    watcher = rig.start(rig.root, rig.elsewhere)
    watcher.watch([rig.root])
    rig.write(rig.elsewhere / "late.py", "VERSION = 2\n")
    rig.catch_up()
    assert rig.batches == []
    shutil.rmtree(rig.elsewhere)
    package(rig.elsewhere, "late.py")
    watcher.watch([rig.root, rig.elsewhere])
    rig.first_told("../elsewhere/late.py")
    rig.catch_up()
    rig.forget()
    rig.write(rig.elsewhere / "late.py", "VERSION = 3\n")
    assert rig.told_of("../elsewhere/late.py") == [{"../elsewhere/late.py"}]


def test_a_root_that_was_replaced_just_before_the_others_changed_is_noticed(rig: Rig) -> None:
    """``mv ops old; mv new ops; hotctl add …``: of the renames nobody was told, and the next look comes after it."""
    package(rig.root, "m.py")
    new = package(rig.folder / "new", "m.py", "n.py")
    watcher = rig.start()
    rig.root.rename(rig.folder / "old")
    new.rename(rig.root)
    watcher.watch([rig.root, rig.elsewhere])
    rig.first_told("n.py")
    rig.catch_up()
    rig.forget()
    rig.write(rig.root / "n.py", "VERSION = 3\n")
    assert rig.told_of("n.py") == [{"n.py"}]


def test_a_root_that_comes_later_may_not_be_there_yet(rig: Rig) -> None:
    """It is waited for. Below a root that is watched already nothing has to be done."""
    watcher = rig.start()
    watcher.watch([rig.root, rig.folder / "new", rig.root / "sub"])
    package(rig.folder / "new", "late.py")
    rig.first_told("../new/late.py")
    assert not rig.degraded


def test_roots_may_be_changed_before_the_start(rig: Rig) -> None:
    """It is with those that it starts."""
    watcher = rig.watcher()
    watcher.watch([rig.elsewhere, rig.root])
    watcher.start()
    rig.write(rig.elsewhere / "late.py")
    assert rig.told_of("../elsewhere/late.py") == [{"../elsewhere/late.py"}]


def test_a_folder_moved_in_brings_its_files(rig: Rig) -> None:
    """``mv build/pkg ops/`` is one change of all its sources."""
    made = package(rig.elsewhere / "pkg", "__init__.py", "deep/m.py", "notes.txt", "__pycache__/m.py")
    rig.start()

    made.rename(rig.root / "pkg")

    assert rig.told_of("pkg/__init__.py") == [{"pkg/__init__.py", "pkg/deep/m.py"}]


def test_a_new_folder_is_watched_from_then_on(rig: Rig) -> None:
    """Nothing that appears in the moment between ``mkdir`` and the watch is lost, nor anything later."""
    rig.start()

    package(rig.root, *(f"a{number}/b/c/m.py" for number in range(20)))
    rig.told_of("a19/b/c/m.py")
    assert {path for batch in rig.batches for path in batch} == {f"a{number}/b/c/m.py" for number in range(20)}

    rig.write(rig.root / "a7" / "b" / "c" / "later.py")
    assert rig.told_of("a7/b/c/later.py") == [{"a7/b/c/later.py"}]


def test_a_folder_deeper_than_a_path_may_be_long_is_nobodys_trouble(rig: Rig) -> None:
    """No code can be read from there; to be told of it for ever, also when it is gone, would help nobody."""
    watcher = rig.start()
    above, name = os.open(rig.root, os.O_RDONLY), "d" * 200
    for _ in range(25):
        os.mkdir(name, dir_fd=above)
        below = os.open(name, os.O_RDONLY, dir_fd=above)
        os.close(above)
        above = below
    os.close(above)

    rig.write(rig.root / "m.py")

    assert rig.told_of("m.py") == [{"m.py"}]
    assert watcher.describe()["folders"] > 10
    assert watcher.describe()["unwatched"] == 0
    shutil.rmtree(rig.root / name)


def test_a_folder_that_is_removed_is_told_itself(rig: Rig) -> None:
    """``rm -r pkg``: who loaded something from there is told where it was."""
    package(rig.root / "pkg", "__init__.py", "deep/m.py")
    rig.start()

    shutil.rmtree(rig.root / "pkg")

    assert rig.told_of("pkg") == [{"pkg", "pkg/deep", "pkg/__init__.py", "pkg/deep/m.py"}]


def test_a_folder_that_is_moved_away_is_told_itself(rig: Rig) -> None:
    """The kernel names the folder only; its files are not known any more."""
    package(rig.root / "pkg", "__init__.py", "deep/m.py")
    rig.start()

    (rig.root / "pkg").rename(rig.elsewhere / "pkg")

    assert rig.told_of("pkg") == [{"pkg"}]


def test_a_renamed_folder_is_told_under_both_names(rig: Rig) -> None:
    """The old one is gone, the files of the new one are there, and it is still watched."""
    package(rig.root / "old", "m.py")
    rig.start()

    (rig.root / "old").rename(rig.root / "new")
    (batch,) = rig.told_of("new/m.py")
    assert batch >= {"old", "new/m.py"}

    rig.write(rig.root / "new" / "later.py")
    assert rig.told_of("new/later.py") == [{"new/later.py"}]


def test_a_package_replaced_by_another_is_one_batch(rig: Rig) -> None:
    """``mv pkg pkg.old && mv pkg.new pkg``."""
    package(rig.root / "pkg", "m.py")
    package(rig.root / "pkg_new", "m.py", "added.py")
    rig.start()

    (rig.root / "pkg").rename(rig.elsewhere / "pkg_old")
    (rig.root / "pkg_new").rename(rig.root / "pkg")

    (batch,) = rig.told_of("pkg/added.py")
    assert batch >= {"pkg", "pkg_new", "pkg/m.py", "pkg/added.py"}


def test_folders_that_were_replaced_do_not_end_the_watching(rig: Rig) -> None:
    """watchdog loses count of the watches of a folder that another one replaced, and raises when both are gone."""
    names = [f"pkg_{number}" for number in range(6)]
    for name in names:
        package(rig.root / name, "m.py")
    rig.start()

    # In which order watchdog walked the folders decides which of the two it forgets: both orders are here.
    for old, new in (names[0:2], names[3:1:-1], names[4:6]):
        (rig.root / old).rename(rig.elsewhere / old)
        (rig.root / new).rename(rig.root / old)
        rig.catch_up()
        shutil.rmtree(rig.root / old)
        shutil.rmtree(rig.elsewhere / old)

    rig.write(rig.root / "m.py")
    assert rig.told_of("m.py")[-1] >= {"m.py"}
    assert rig.degraded == []


def test_a_link_to_a_folder_that_is_swapped_brings_the_files_behind_it(rig: Rig) -> None:
    """``ln -sfn`` of a package inside the tree: to the kernel a file, to Python a whole package."""
    for version in ("1", "2"):
        package(rig.elsewhere / version, "m.py")
    (rig.root / "pkg").symlink_to(rig.elsewhere / "1")
    rig.start()

    (rig.root / ".n").symlink_to(rig.elsewhere / "2")
    (rig.root / ".n").rename(rig.root / "pkg")

    assert rig.told_of("pkg/m.py")[-1] >= {"pkg/m.py"}


def test_a_root_that_is_a_link_is_told_by_its_name(rig: Rig) -> None:
    """``current -> releases/7``: paths stay as they were configured."""
    link = rig.folder / "current"
    link.symlink_to(rig.root)
    rig.start(link)

    rig.write(rig.root / "pkg" / "m.py")
    rig.catch_up()

    assert rig.told == {str(link / "pkg" / "m.py")}


def test_nested_and_repeated_roots_are_watched_once(rig: Rig) -> None:
    """Two modules with roots in each other cost one tree and give one batch."""
    inner = rig.root / "inner"
    inner.mkdir()
    watcher = rig.start(inner, rig.root, rig.root)

    assert watcher.describe()["folders"] == 2
    rig.write(inner / "m.py")

    assert rig.told_of("inner/m.py") == [{"inner/m.py"}]


def test_two_roots_settle_together(rig: Rig) -> None:
    """A deployment over several roots is one batch."""
    rig.start(rig.root, rig.elsewhere)

    rig.write(rig.elsewhere / "b.py")
    rig.write(rig.root / "a.py")

    assert rig.told_of("a.py") == [{"a.py", "../elsewhere/b.py"}]


def test_folders_without_sources_cost_no_watch(rig: Rig) -> None:
    """A virtual environment beside the code does not eat the user's limit, ignored folders neither."""
    package(rig.root, "pkg/m.py", ".venv/lib/a/m.py", ".git/objects/x.py", "build/b/m.py")

    watcher = rig.start(ignore=["build"])

    assert watcher.describe()["folders"] == 2
    package(rig.root, "pkg/new/m.py", "node_modules/a/m.py")
    rig.told_of("pkg/new/m.py")
    assert watcher.describe()["folders"] == 3
    shutil.rmtree(rig.root / "pkg")
    rig.told_of("pkg")
    assert watcher.describe()["folders"] == 1


def test_a_root_that_is_removed_is_said_to_go_unseen(rig: Rig) -> None:
    """The watch dies with the folder; that is told, never silent."""
    other = rig.elsewhere
    rig.start(other, rig.root)

    shutil.rmtree(other)
    rig.told_of("../elsewhere")

    assert rig.degraded == [f"source root {other} was removed; changes below it go unseen until it is there again"]
    assert rig.reasons == {"root-missing"}


def test_a_root_that_comes_back_is_watched_again(rig: Rig) -> None:
    """``rm -r ops && git clone … ops``: what is in the new folder is told, and so is every later save."""
    rig.start()
    shutil.rmtree(rig.root)
    rig.first_told(".")

    package(rig.root, "a.py")

    rig.first_told("a.py")
    eventually(lambda: rig.restored == [f"source root {rig.root} is watched again"])
    assert rig.troubles == ()
    rig.write(rig.root / "b.py")
    rig.first_told("b.py")


def test_a_root_that_is_replaced_at_once_is_watched_again(rig: Rig) -> None:
    """The new folder may have the number of the old one, and nobody sees that they are two; the watch is over."""
    rig.start()
    for number in range(3):
        shutil.rmtree(rig.root)
        package(rig.root, f"a{number}.py")
        rig.first_told(f"a{number}.py")
        rig.write(rig.root / f"b{number}.py")
        rig.first_told(f"b{number}.py")


def test_a_root_that_is_renamed_is_said_to_go_unseen(rig: Rig) -> None:
    """The kernel tells nobody of it: the watch follows the folder, while Python asks for the name."""
    rig.start()

    rig.root.rename(rig.folder / "away")

    eventually(lambda: rig.reasons == {"root-missing"})
    rig.first_told(".")


def test_a_root_that_is_a_link_is_followed_to_its_new_target(rig: Rig) -> None:
    """``ln -sfn releases/8 current``: all of the new release is told, and saves in it; those in the old one are not."""
    package(rig.folder, "releases/7/a.py", "releases/8/b.py")
    rig.root.rmdir()
    rig.root.symlink_to(rig.folder / "releases/7")
    rig.start()

    link = rig.folder / "next"
    link.symlink_to(rig.folder / "releases/8")
    link.rename(rig.root)

    rig.first_told("b.py")
    rig.forget()
    rig.write(rig.folder / "releases/7/old.py")
    rig.write(rig.root / "new.py")
    rig.first_told("new.py")
    assert not any("old.py" in batch for batch in rig.batches)


def test_a_root_that_is_no_folder_any_more_is_told_as_what_it_is(rig: Rig) -> None:
    """A release that was cleaned away under its link, a file in the place of the folder."""
    package(rig.folder, "releases/7/a.py")
    rig.root.rmdir()
    rig.root.symlink_to(rig.folder / "releases/7")
    rig.start()
    unseen = "changes below it go unseen until it is there again"

    def said() -> list[str]:
        return [trouble.message for trouble in rig.troubles]

    shutil.rmtree(rig.folder / "releases/7")
    leads = f"leads to {rig.folder / 'releases/7'}, which is not there"
    eventually(lambda: said() == [f"source root {rig.root} {leads}; {unseen}"])
    rig.root.unlink()
    rig.root.write_text("")
    eventually(lambda: said() == [f"source root {rig.root} is no folder any more; {unseen}"])


def test_patterns_of_the_user_are_kept(rig: Rig) -> None:
    """``also`` brings data files, ``ignore`` hides sources."""
    rig.start(also=["*.sql"], ignore=["gen/*", "secret.sql"])

    package(rig.root, "gen/m.py", "secret.sql", "query.sql", "m.py", "x.log")

    assert rig.told_of("query.sql") == [{"query.sql", "m.py"}]
