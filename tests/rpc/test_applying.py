"""``hotctl apply``, which systemd's ExecReload calls, and SIGHUP, against a real daemon."""

from __future__ import annotations

import signal
import stat
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from hotd.contract.errors import Refused
from hotd.contract.requests import Apply, Instances, Modules, Pause, Restart
from tests.support.daemons import Ran, Running, config, folder_for_sockets, launch, ready, running
from tests.support.eventually import eventually
from tests.support.ops import hosted, waiter

SOURCES = {"long_op.py": waiter("one"), "other.py": waiter("one"), "late.py": waiter("one")}
OTHER, LATE = hosted("other", "other:work"), hosted("late", "late:work")


def rewrite(over: Running, modules: str, **sections: str) -> None:
    (over.folder / "hotd.toml").write_text(config(modules, **sections), "utf-8")


def names(daemon: Running) -> set[str]:
    return {module["name"] for module in daemon.status()["modules"]}


def ids(daemon: Running) -> set[str]:
    return {one["id"] for one in daemon.ask(Instances())["instances"]}


def conditions(daemon: Running) -> list[tuple[str, str]]:
    return [(one["type"], one["reason"]) for one in daemon.status()["daemon"]["conditions"]]


def effects(change: Any) -> dict[str, str]:
    return {one["key"]: one["effect"] for one in change["settings"]}


def mode_of(daemon: Running) -> int:
    return stat.S_IMODE(daemon.socket.stat().st_mode)


def test_all_of_it_takes_effect_without_a_restart() -> None:
    """Modules come, go and change, settings are others; who ran before runs on. A dry run only tells."""
    with running(SOURCES, hosted() + OTHER) as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 1)
        before = ids(daemon)
        assert daemon.hotctl("apply").out.startswith("2 modules unchanged")
        rewrite(
            daemon, hosted(replicas=3) + LATE, daemon='max_instances = 9\ndrain_deadline = "1s"',
            control='mode = "0600"\nviewers = ["root"]', watch='settle = "20ms"',
        )  # fmt: skip
        wanted = {
            "daemon.max_instances": "now",
            "control.mode": "now",
            "control.viewers": "now",
            "watch.settle": "now",
            "modules.other": "removed",
            "modules.late": "added",
            "modules.long_op.replicas": "now",
        }
        dry = daemon.ask(Apply(dry_run=True))
        assert effects(dry) == wanted and dry["outcome"] == "planned" and names(daemon) == {"long_op", "other"}
        said = daemon.hotctl("apply", "--reason", "two more")
        assert said.status == 0, said.err
        assert said.out.startswith("1 module added, 1 removed, 5 settings changed\n")
        daemon.until(lambda m: m["serving"]["current"] == 3)
        daemon.until(lambda m: m["serving"]["current"] == 1, "late")
        eventually(lambda: "other" not in names(daemon), what="other to have drained")
        assert mode_of(daemon) == 0o600
        assert {one for one in before if one.startswith("long_op")} <= ids(daemon)
        daemon.write("late.py", waiter("two"))
        daemon.until(lambda m: m["generation"] == 2, "late")
        assert daemon.ask(Apply())["outcome"] == "unchanged"


def test_what_is_wrong_changes_nothing_and_says_so_until_it_is_applied() -> None:
    """Errors of the file: all of them, with their lines (78). What cannot be loaded (3), or not be called so."""
    with running({**SOURCES, "late.py": "def ("}, hosted()) as daemon:
        before = mode_of(daemon)
        rewrite(daemon, hosted(replicas=3, more='colour = "red"') + LATE, watch='settel = "20ms"')
        refused = daemon.hotctl("apply")
        place = f"{daemon.folder}/hotd.toml"
        assert refused.status == 78
        assert refused.err.startswith(f"hotctl: {place}:9: watch.settel: no such key")
        assert f"{place}:14: modules.long_op.colour: no such key" in refused.err
        assert "nothing was changed" in refused.err
        assert names(daemon) == {"long_op"} and conditions(daemon) == [("Rejected", "not-applied")]

        rewrite(daemon, hosted(replicas=3) + LATE, control='mode = "0600"', watch='settle = "20ms"')
        refused = daemon.hotctl("apply")
        assert refused.status == 3 and "late.py:1" in refused.err and "nothing of hotd.toml was applied" in refused.err
        assert names(daemon) == {"long_op"} and daemon.module()["replicas"] == 1 and mode_of(daemon) == before

        rewrite(daemon, hosted(more='args = ["{instance}"]'))
        rejected = daemon.ask(Apply())
        assert (rejected["outcome"], rejected["modules"][0]["error"]["code"]) == ("rejected", "bad-entry")
        daemon.ask(Restart("long_op"))
        daemon.until(lambda m: m["serving"]["current"] == 1 and m["errors"] == 1)

        daemon.write("late.py", waiter("one"))
        rewrite(daemon, hosted(replicas=3) + LATE)
        assert daemon.ask(Apply())["outcome"] == "promoted" and conditions(daemon) == []
        daemon.until(lambda m: m["serving"]["current"] == 1, "late")


def test_a_file_that_is_being_written_is_not_applied() -> None:
    """What is in it may be half of what it will be, and valid: exit 78, and again when it is whole."""
    with running(SOURCES, hosted() + OTHER) as daemon:
        file, done = daemon.folder / "hotd.toml", threading.Event()

        def write() -> None:
            while not done.wait(0.001):
                rewrite(daemon, hosted() + OTHER + "# goes on\n" * (time.monotonic_ns() % 100))

        def refused() -> Ran | None:
            ran = daemon.hotctl("apply")
            return ran if "is being written" in ran.err else None

        writer = threading.Thread(target=write)
        writer.start()
        try:
            ran = eventually(refused)
            assert ran is not None and ran.status == 78
            assert ran.err.startswith(f"hotctl: {file}: is being written\n") and "`hotctl apply` again" in ran.err
            assert conditions(daemon) == [("Rejected", "not-applied")]
        finally:
            done.set()
            writer.join()
        assert daemon.hotctl("apply").status == 0 and conditions(daemon) == []
        assert names(daemon) == {"long_op", "other"}


def test_another_entry_is_for_those_that_start_from_now_on() -> None:
    """In the code that is loaded already, and in other code: then what was only the old entry's is watched no more."""
    both = waiter("one") + "\n\ndef again():\n    print('again')\n    work()\n"
    with running({**SOURCES, "long_op.py": both}, hosted()) as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 1)
        rewrite(daemon, hosted(entry="long_op:nothing"))
        assert daemon.ask(Apply())["modules"][0]["error"]["code"] == "bad-entry"
        rewrite(daemon, hosted(entry="long_op:again"))
        assert daemon.ask(Apply())["outcome"] == "done"
        assert "again" not in daemon.output and daemon.module()["generation"] == 1
        daemon.ask(Restart("long_op"))
        eventually(lambda: "again" in daemon.output, what="the new entry to run")
        rewrite(daemon, hosted(entry="other:work"))
        assert daemon.ask(Apply())["outcome"] == "promoted"
        daemon.ask(Restart("long_op"))
        daemon.until(lambda m: m["serving"] == {"current": 1, "old": 0})
        (module,) = daemon.ask(Modules())["modules"]
        assert [one["part"] for one in module["closure"]] == ["other"]
        daemon.write("other.py", waiter("two"))
        daemon.until(lambda m: m["generation"] == 3)


def test_a_root_may_come_later() -> None:
    """With what needs it, in one apply; who was hosted before finds it, too, and it is watched."""
    with running(SOURCES, hosted()) as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 1)
        more = daemon.folder / "more"
        more.mkdir()
        (more / "extra.py").write_text(waiter("extra"))
        daemon.write("long_op.py", waiter("two") + "import extra\n")
        daemon.until(lambda m: m["rejected"] is not None)
        text = config(hosted() + hosted("extra", "extra:work")).replace('["ops"]', '["ops", "more"]')
        (daemon.folder / "hotd.toml").write_text(text)
        change = daemon.ask(Apply())
        assert (change["outcome"], effects(change)["roots"]) == ("promoted", "now")
        daemon.until(lambda m: m["generation"] == 2 and m["rejected"] is None)
        daemon.until(lambda m: m["serving"]["current"] == 1, "extra")
        (more / "extra.py").write_text(waiter("newer"))
        daemon.until(lambda m: m["generation"] == 3)
        daemon.until(lambda m: m["generation"] == 2, "extra")
        assert daemon.ask(Apply())["settings"] == []


def test_sighup_is_apply_and_names_what_needs_a_restart(tmp_path: Path) -> None:
    """Of the file of the start, whatever code of the daemon made of its folder; what is on disk is loaded with it."""
    wanders = waiter("one") + f"\nimport os\nos.chdir({str(tmp_path)!r})\n"
    (tmp_path / "hotd.toml").write_text("nonsense")
    with running({**SOURCES, "long_op.py": wanders}, hosted()) as daemon:
        daemon.ask(Pause())
        daemon.write("long_op.py", waiter("two"))
        rewrite(daemon, hosted() + OTHER)
        text = (daemon.folder / "hotd.toml").read_text().replace('"state"', '"elsewhere"')
        (daemon.folder / "hotd.toml").write_text(text)
        daemon.process.send_signal(signal.SIGHUP)
        daemon.until(lambda m: m["generation"] == 2)
        daemon.until(lambda m: m["serving"]["current"] == 1, "other")
        eventually(lambda: conditions(daemon) == [("RestartRequired", "configuration")], what="the condition")
        assert "daemon.state_dir" in daemon.status()["daemon"]["conditions"][0]["message"]
        assert daemon.module()["watch"] == "paused", "what was decided at run time stays decided"
        assert not (daemon.folder / "elsewhere").exists()


def test_watching_is_switched_off_and_on() -> None:
    """And what was saved in between is loaded with the apply."""
    with running(SOURCES, hosted()) as daemon:
        rewrite(daemon, hosted(), watch="enabled = false")
        # Who does not want to wait does until there is something to ask for.
        assert daemon.ask(Apply(max_wait=0.0))["revision"]
        eventually(lambda: daemon.status()["daemon"]["watching"]["backend"] == "off")
        daemon.write("long_op.py", waiter("two"))
        assert daemon.status()["daemon"]["watching"]["folders"] == 0
        assert "watch off" in daemon.hotctl("status").out
        rewrite(daemon, hosted(), watch='backend = "polling"\ninterval = "100ms"')
        assert daemon.ask(Apply())["outcome"] == "promoted"
        assert daemon.module()["generation"] == 2
        assert daemon.status()["daemon"]["watching"]["backend"] == "polling"
        daemon.write("long_op.py", waiter("three"))
        daemon.until(lambda m: m["generation"] == 3)


def test_a_daemon_without_a_file_says_so() -> None:
    """And SIGHUP loads what is on disk."""
    with folder_for_sockets() as folder:
        (folder / "ops").mkdir()
        (folder / "ops" / "long_op.py").write_text(waiter("one"))
        daemon = launch(folder, "long_op:work", "--root", str(folder / "ops"), "--socket", str(folder / "s"))
        try:
            ready(daemon)
            with pytest.raises(Refused, match="started without a hotd"):
                daemon.ask(Apply())
            daemon.ask(Pause())
            daemon.write("long_op.py", waiter("two"))
            daemon.process.send_signal(signal.SIGHUP)
            daemon.until(lambda m: m["generation"] == 2)
        finally:
            daemon.process.kill()
            daemon.process.wait()
