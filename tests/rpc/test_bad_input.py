"""What a tired operator, a broken module or another program may do to us: each gets a sentence, nothing is lost."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.daemons import (
    Running,
    config,
    environment,
    folder_for_sockets,
    hotctl,
    hotd,
    launch,
    ready,
    running,
)
from tests.support.eventually import eventually
from tests.support.ops import hosted, waiter


def test_every_mistake_of_a_config_is_told_at_once(tmp_path: Path) -> None:
    """Missing, duplicate and unknown keys, "10 parsecs", roots that are not there: one run tells them all."""
    path = tmp_path / "hotd.toml"
    path.write_text(
        'roots = ["nowhere"]\n[daemon]\ndrain_deadline = "10 parsecs"\n[modules.a]\nreplica = 2\n'
        '[modules.b]\nentry = "nocolon"\n'
    )
    ran = hotd("serve", "-c", str(path))
    assert ran.status == 78
    for told in ("nowhere", "10 parsecs", "hotd.toml:3", "replica", "replicas", "entry", "nocolon"):
        assert told in ran.err, ran.err


@pytest.mark.parametrize("verb", ["serve", "check"])
def test_a_root_with_the_name_of_a_standard_module_is_refused(tmp_path: Path, verb: str) -> None:
    """queue.py would take the standard library's place for somebody."""
    (tmp_path / "ops").mkdir()
    (tmp_path / "ops" / "queue.py").write_text("")
    (tmp_path / "hotd.toml").write_text(config(hosted()))
    ran = hotd(verb, "-c", str(tmp_path / "hotd.toml"))
    assert ran.status == 78 and "queue.py" in ran.err


def test_a_world_writable_root_is_refused(tmp_path: Path) -> None:
    """Who may write a root runs code as the daemon's user."""
    (tmp_path / "ops").mkdir()
    (tmp_path / "ops").chmod(0o777)
    (tmp_path / "hotd.toml").write_text(config(hosted()))
    ran = hotd("serve", "-c", str(tmp_path / "hotd.toml"))
    assert ran.status == 78 and "writable" in ran.err


@pytest.mark.parametrize(
    ("source", "entry", "words"),
    [
        ("x = 1\n", "long_op:work", "work"),
        ("work = 1\n", "long_op:work", "call"),
        ("def work(a, b): ...\n", "long_op:work", "argument"),
        ("import torch_is_not_here\ndef work(): ...\n", "long_op:work", sys.executable),
        ("def work(:\n", "long_op:work", "long_op.py:1"),
        ("import sys\nsys.exit(3)\n", "long_op:work", "SystemExit"),
    ],
    ids=["missing", "not-callable", "wrong-arity", "missing-dependency", "syntax", "exits"],
)
def test_a_first_load_that_fails_leaves_the_daemon_serving(source: str, entry: str, words: str) -> None:
    """``generation: null``, Degraded, the reason named; the repair heals it by itself."""
    with running({"long_op.py": source}, hosted(entry=entry)) as daemon:
        seen = daemon.until(lambda m: m["rejected"])
        assert seen["generation"] is None and seen["health"] == "Degraded"
        errors = daemon.hotctl("errors", "long_op")
        assert words in daemon.hotctl("status").out + errors.out
        assert hotd("check", "-c", str(daemon.folder / "hotd.toml")).status == 3
        daemon.write("long_op.py", waiter("fixed"))
        daemon.until(lambda m: m["generation"] == 1 and m["health"] == "Healthy")


def test_a_source_that_is_missing_heals_when_it_appears() -> None:
    """Found in no root is a rejected load, not a bad config."""
    with running({"other.py": ""}, hosted()) as daemon:
        assert daemon.until(lambda m: m["rejected"])["generation"] is None
        daemon.write("long_op.py", waiter("one"))
        daemon.until(lambda m: m["generation"] == 1)


def test_a_missing_dependency_heals_when_it_appears() -> None:
    """The rejected load is tried again by itself."""
    with running({"long_op.py": "import helper\n" + waiter("one")}, hosted()) as daemon:
        assert daemon.until(lambda m: m["rejected"])["rejected"]["reason"] == "missing-dependency"
        daemon.write("helper.py", "")
        daemon.until(lambda m: m["generation"] == 1)


@pytest.mark.parametrize("number", ["9" * 5_000, "007", "\u0661", "-1"], ids=["huge", "zeros", "arabic", "negative"])
def test_an_instance_is_meant_by_its_id_as_it_is_written(one_daemon: Running, number: str) -> None:
    """int() takes digits of other scripts, and fails on more than 4300: neither is an instance."""
    ran = one_daemon.hotctl("stop", f"long_op-{number}")
    assert ran.status == 66, ran.err
    assert one_daemon.module()["serving"]["current"] == 1


def test_a_sigterm_while_the_first_load_hangs_leaves_no_socket() -> None:
    """From the moment there is a socket file, a signal is an orderly end."""
    with running({"long_op.py": "import time\ntime.sleep(1000)\n"}, hosted(), wait=False) as daemon:
        eventually(daemon.socket.exists, within=90)
        assert daemon.stop() == 0
        assert not daemon.socket.exists()


def test_a_second_daemon_is_refused_with_the_pid_of_the_first(one_daemon: Running) -> None:
    """One daemon for one socket and one state folder."""
    second = hotd("serve", "-c", str(one_daemon.folder / "hotd.toml"))
    assert second.status == 5
    assert str(one_daemon.process.pid) in second.err
    assert one_daemon.module()["generation"] == 1


def test_the_stale_socket_of_a_killed_daemon_is_replaced() -> None:
    """kill -9 leaves a socket file that nobody listens on."""
    with running({"long_op.py": waiter("one")}, hosted()) as daemon:
        daemon.process.kill()
        daemon.process.wait()
        assert daemon.socket.exists()
        (daemon.folder / "daemon.log").unlink()
        again = launch(daemon.folder)
        try:
            ready(again)
            assert again.module()["generation"] == 1
        finally:
            assert again.stop() == 0


def test_a_socket_path_that_the_kernel_cannot_take_is_a_bad_config(tmp_path: Path) -> None:
    """107 bytes."""
    ran = hotd("serve", "long_op:work", "--root", str(tmp_path), "--socket", str(tmp_path / ("s" * 120)))
    assert ran.status == 78 and "107" in ran.err
    asked = hotctl("status", "--socket", "/tmp/" + "s" * 120)
    assert asked.status == 2 and "107" in asked.err


def test_a_socket_in_a_missing_folder_is_a_bad_config(tmp_path: Path) -> None:
    """The folder is named."""
    ran = hotd("serve", "long_op:work", "--root", str(tmp_path), "--socket", "/nowhere-at-all/s")
    assert ran.status == 78 and "/nowhere-at-all" in ran.err


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to become somebody else")
def test_no_permission_is_77_and_says_what_is_missing(one_daemon: Running) -> None:
    """The socket is 0660: others cannot even connect."""
    one_daemon.folder.chmod(0o755)
    # The test's own Python may lie where nobody else may look, so everything is imported before the change of user.
    program = (
        "import os, sys; from hotctl.cli import main; argv = ['status', '--socket', sys.argv[1]];"
        "main(argv); main([*argv, '--socket', '/nowhere']); import grp, pwd;"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534); sys.exit(main(argv))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(one_daemon.socket)],
        capture_output=True, text=True, check=False, env=environment(), timeout=30,
    )  # fmt: skip
    assert ran.returncode == 77, ran
    assert "65534" in ran.stderr


def test_another_protocol_version_is_76_naming_both(one_daemon: Running) -> None:
    """One sentence, both versions."""
    from rpyc.utils.factory import unix_connect

    connection = unix_connect(str(one_daemon.socket))
    try:
        answer = json.loads(connection.root.status('{"protocol": 99, "version": "9.9", "args": {}}'))
        assert answer["error"]["code"] == "protocol-mismatch"
        assert "99" in answer["error"]["message"] and "1" in answer["error"]["message"]
    finally:
        connection.close()


def test_a_hotctl_of_another_protocol_ends_with_76_and_one_sentence(one_daemon: Running) -> None:
    """An old hotctl against a new daemon: what is wrong is named, not guessed at."""
    program = (
        "import sys; from hotd.contract import protocol; protocol.PROTOCOL = 99; from hotctl.cli import main;"
        "sys.exit(main(['status', '--socket', sys.argv[1]]))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(one_daemon.socket)],
        capture_output=True, text=True, check=False, env=environment(), timeout=30,
    )  # fmt: skip
    assert ran.returncode == 76, ran
    assert "speaks protocol 99, the daemon speaks protocol 1" in ran.stderr and "Traceback" not in ran.stderr


def test_something_that_is_no_daemon_behind_the_socket_is_told() -> None:
    """A socket that talks something else."""
    with folder_for_sockets() as folder, socket.socket(socket.AF_UNIX) as other:
        other.bind(str(folder / "s"))
        other.listen()
        asked = subprocess.Popen(
            [sys.executable, "-m", "hotctl", "status", "--socket", str(folder / "s")],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(),
        )  # fmt: skip
        peer, _ = other.accept()
        with peer:
            peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        out, err = asked.communicate(timeout=30)
        assert asked.returncode in (69, 76), (out, err)
        assert "Traceback" not in err


def test_bytes_that_are_no_utf8_are_recorded_and_harm_nobody() -> None:
    """A module prints what it likes."""
    source = (
        "import sys\nfrom hotd import api\n\n\ndef work():\n    sys.stdout.buffer.write(b'caf\\xe9 \\xff\\n')\n"
        "    sys.stdout.flush()\n    print('lone \\udce9 surrogate')\n    api.wait(60)\n"
    )
    with running({"long_op.py": source}, hosted()) as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 1)
        eventually(lambda: "surrogate" in daemon.hotctl("logs", "long_op").out)
        ran = daemon.hotctl("logs", "long_op", "--json")
        assert ran.status == 0
        assert "caf" in json.loads(ran.out.splitlines()[0])["text"]
        assert daemon.module()["errors"] == 0


@pytest.mark.attack(
    "names, log lines and errors with escape sequences for the terminal of whoever looks", outcome="spelt out"
)
def test_names_and_messages_cannot_drive_the_terminal() -> None:
    """``[/red]`` and escape sequences are data."""
    source = (
        "from hotd import api\nprint('[/red] \\x1b[2J')\n\n\ndef work():\n"
        "    raise RuntimeError('[/red]\\x1b]0;owned\\x07')\n"
    )
    with running({"long_op.py": source}, hosted()) as daemon:
        daemon.until(lambda m: m["errors"] >= 1)
        for verb in (["status"], ["errors", "long_op"], ["events"], ["logs", "long_op"], ["history"]):
            for env in ({}, {"FORCE_COLOR": "1"}):
                ran = daemon.hotctl(*verb, env=env)
                assert ran.status == 0, ran
                assert "\x1b]0;" not in ran.out and "\x1b[2J" not in ran.out
        assert "[/red]" in daemon.hotctl("errors", "long_op").out


def test_a_closed_stdout_is_no_traceback(one_daemon: Running) -> None:
    """``hotctl status | head -0`` and ``>&-``."""
    command = f"{sys.executable} -m hotctl events --socket {one_daemon.socket}"
    for shell in (f"{command} | head -c0", f"{command} >&-", f"{command} --json | head -c0"):
        ran = subprocess.run(
            ["sh", "-c", shell], capture_output=True, text=True, check=False, env=environment(), timeout=30
        )
        assert "Traceback" not in ran.stderr and "Exception" not in ran.stderr, ran


def test_ctrl_c_during_a_reload_leaves_it_to_the_daemon() -> None:
    """The rollout goes on; its number and the command that tells its result are printed."""
    with running({"long_op.py": waiter("one")}, hosted(), watch="enabled = false") as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 1)
        gate = daemon.folder / "gate"
        daemon.write(
            "long_op.py",
            f"import pathlib, time\nwhile not pathlib.Path({str(gate)!r}).exists():\n    time.sleep(0.01)\n"
            + waiter("two"),
        )
        asked = subprocess.Popen(
            [sys.executable, "-m", "hotctl", "reload", "long_op", "--socket", str(daemon.socket)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(),
        )  # fmt: skip
        eventually(lambda: daemon.log.count("loading long_op") == 2)
        # By the time that two more commands were answered it has been told the number of its rollout.
        assert [daemon.hotctl("status").status for _ in range(2)] == [0, 0]
        asked.send_signal(signal.SIGINT)
        _, err = asked.communicate(timeout=30)
        assert asked.returncode == 130 and "hotctl outcome" in err and "Traceback" not in err
        revision = err.partition("hotctl outcome ")[2].split()[0].rstrip(".;,`")
        gate.touch()
        daemon.until(lambda m: m["generation"] == 2)
        assert daemon.hotctl("outcome", revision, "--json").json["outcome"] == "promoted"


def test_an_import_that_hangs_is_abandoned_and_nothing_else_waits() -> None:
    """load_deadline; ``status`` answers meanwhile, other modules reload, and the repair loads."""
    modules = hosted(more='load_deadline = "1s"') + hosted("other", "other:work")
    with running({"long_op.py": waiter("one"), "other.py": waiter("one")}, modules) as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 1)
        daemon.write("long_op.py", "import threading\nthreading.Event().wait()\n")
        eventually(lambda: daemon.log.count("loading long_op") == 2)
        daemon.write("other.py", waiter("two"))
        daemon.until(lambda m: m["generation"] == 2, "other")
        seen = daemon.until(lambda m: m["rejected"])
        assert seen["rejected"]["reason"] == "load-timeout" and seen["generation"] == 1
        daemon.write("long_op.py", waiter("three"))
        daemon.until(lambda m: m["generation"] == 2)


def test_a_vanished_source_leaves_current_serving() -> None:
    """SourceMissing; it heals when the file is back."""
    with running({"long_op.py": waiter("one")}, hosted()) as daemon:
        daemon.until(lambda m: m["serving"]["current"] == 1)
        (daemon.folder / "ops" / "long_op.py").unlink()
        seen = daemon.until(lambda m: any(c["type"] == "SourceMissing" for c in m["conditions"]))
        assert seen["generation"] == 1 and seen["serving"]["current"] == 1
        daemon.write("long_op.py", waiter("two"))
        daemon.until(lambda m: m["generation"] == 2)


def test_serve_with_one_entry_needs_no_config() -> None:
    """``hotd serve long_op:LongOp``."""
    with folder_for_sockets() as folder:
        (folder / "ops").mkdir()
        (folder / "ops" / "long_op.py").write_text(waiter("one"))
        daemon = launch(folder, "long_op:work", "--replicas", "2", "--root", "ops", "--socket", str(folder / "s"))
        try:
            ready(daemon)
            daemon.until(lambda m: m["serving"]["current"] == 2)
        finally:
            assert daemon.stop() == 0


def test_init_writes_what_serves_and_never_overwrites() -> None:
    """The example is a working one."""
    with folder_for_sockets() as folder:
        assert hotd("init", str(folder)).status == 0
        assert hotd("check", "-c", str(folder / "hotd.toml"), env={"XDG_RUNTIME_DIR": str(folder)}).status == 0
        before = (folder / "hotd.toml").read_text()
        again = hotd("init", str(folder))
        assert again.status != 0 and "hotd.toml" in again.err
        assert (folder / "hotd.toml").read_text() == before


def test_check_warns_of_a_name_in_keep_that_is_no_part() -> None:
    """What is misspelt keeps nothing: told before the edit that it should have stopped."""
    with folder_for_sockets() as folder:
        assert hotd("init", str(folder)).status == 0
        text = (folder / "hotd.toml").read_text()
        (folder / "hotd.toml").write_text(text.replace('#keep = ["model"]', 'keep = ["long_up"]'))
        ran = hotd("check", "-c", str(folder / "hotd.toml"), env={"XDG_RUNTIME_DIR": str(folder)})
        assert ran.status == 0
        assert ran.out.endswith(
            "long_op: ok\nwarning: keep names long_up, which is no part of long_op; did you mean 'long_op'?\n"
        )


def test_a_misspelt_command_gets_did_you_mean() -> None:
    """For both programs, exit 2."""
    assert (ran := hotd("serv")).status == 2 and "serve" in ran.err
    assert (ran := hotctl("relaod")).status == 2 and "reload" in ran.err
